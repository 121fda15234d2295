"""What a trace notes: statements, transactions, computing and waiting, of its own request and of no other."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import pytest

from appliance.compute import Compute
from appliance.config import Settings
from appliance.db.engine import READERS, Database
from appliance.db.trace_plan import plan_of
from appliance.errors import ConflictError
from appliance.trace import LONGEST_STATEMENT, MOST_STATEMENTS, Trace, current

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "homeroll.db", tmp_path / "thumbnails.db")
    await database.open()
    async with database.write():
        await database.fetch("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)")
        await database.execute_many("INSERT INTO thing (name) VALUES (?)", [[f"thing {n}"] for n in range(10)])
    yield database
    await database.close()


@pytest.fixture
def trace() -> Iterator[Trace]:
    """In force for the test, as for a request."""
    made = Trace()
    token = current.set(made)
    yield made
    current.reset(token)


async def test_statements_are_counted_by_their_text_with_time_and_rows(db: Database, trace: Trace) -> None:
    await db.fetch("SELECT * FROM thing")
    for n in range(3):
        await db.fetch("SELECT name FROM thing WHERE id = ?", [n + 1])
    every, one = trace.statements.values()
    assert (every.sql, every.count, every.rows) == ("SELECT * FROM thing", 1, 10)
    assert (one.sql, one.count, one.rows) == ("SELECT name FROM thing WHERE id = ?", 3, 3)
    assert 0 < one.slowest <= one.seconds
    assert trace.waited_thread_s > 0
    assert trace.transactions == 0


async def test_changes_count_the_rows_they_touch_and_transactions_are_counted_apart(db: Database, trace: Trace) -> None:
    async with db.write():
        await db.fetch("UPDATE thing SET name = ? WHERE id > ?", ["x", 4])
        await db.execute_many("INSERT INTO thing (name) VALUES (?)", ([name] for name in "ab"))
    async with db.read():
        await db.fetch("SELECT 1")
    assert [(one.count, one.rows) for one in trace.statements.values()] == [(1, 6), (1, 2), (1, 1)]
    assert trace.transactions == 2
    assert trace.transaction_s > 0


async def test_a_statement_that_fails_is_noted_as_failed(db: Database, trace: Trace) -> None:
    async with db.write():
        with pytest.raises(ConflictError):
            await db.fetch("INSERT INTO thing (id) VALUES (?)", [1])
    (one,) = trace.statements.values()
    assert (one.count, one.failed, one.rows) == (1, 1, 0)


async def test_requests_at_the_same_time_do_not_mix_and_their_tasks_belong_to_them(db: Database) -> None:
    async def request(number: int) -> Trace:
        mine = Trace()
        current.set(mine)
        sql = f"SELECT {number}"
        await asyncio.gather(*(db.fetch(sql) for _ in range(number)))
        async with db.read():
            await asyncio.create_task(db.fetch(sql))
        mine.shut()
        return mine

    traces = await asyncio.gather(*(asyncio.create_task(request(number)) for number in range(2, 8)))
    for number, mine in enumerate(traces, start=2):
        assert {sql: one.count for sql, one in mine.statements.items()} == {f"SELECT {number}": number + 1}


async def test_what_a_request_leaves_running_is_not_its_own_any_more(db: Database, trace: Trace) -> None:
    answered = asyncio.Event()

    async def work_on() -> None:
        await answered.wait()
        await db.fetch("SELECT 'later'")

    task = asyncio.create_task(work_on())
    await db.fetch("SELECT 'now'")
    trace.shut()
    answered.set()
    await task
    assert list(trace.statements) == ["SELECT 'now'"]


async def test_waiting_for_a_connection_is_told_apart_from_what_sqlite_does(db: Database, trace: Trace) -> None:
    taken = [await db.engine.borrow(writes=False) for _ in range(READERS)]
    waiting = asyncio.create_task(db.fetch("SELECT 1"))
    await asyncio.sleep(0.2)
    for connection in taken:
        db.engine.give_back(connection, writes=False)
    await waiting
    assert trace.waited_connection_s >= 0.1
    assert sum(one.seconds for one in trace.statements.values()) < 0.04


async def test_statements_beyond_the_limit_are_only_counted(db: Database, trace: Trace) -> None:
    for n in range(MOST_STATEMENTS + 5):
        await db.fetch(f"SELECT {n}")
    assert len(trace.statements) == MOST_STATEMENTS
    assert trace.left_out == 5


async def test_computing_is_noted_by_the_name_of_its_function_without_arguments(tmp_path: Path, trace: Trace) -> None:
    compute = Compute(Settings(data=tmp_path, compute="inline", compute_workers=1))
    try:
        await compute.run(len, "a secret word")
        await compute.run(functools.partial(sorted, "another secret"))
    finally:
        await compute.close()
    assert {name: work.count for name, work in trace.works.items()} == {"len": 1, "partial": 1}
    assert all(work.seconds > 0 for work in trace.works.values())


async def test_a_plan_is_told_by_the_statement_alone_and_says_what_is_notable(db: Database, trace: Trace) -> None:
    await db.fetch("SELECT name FROM thing WHERE id = ?", [7])
    await db.fetch("SELECT name FROM thing WHERE name > ? ORDER BY name", ["x"])
    async with db.write():
        await db.fetch("DELETE FROM thing WHERE name = ?", ["nobody"])
    by_id, sorted_by_name, deleting = trace.statements.values()
    trace.shut()
    (line,) = await plan_of(db, by_id)
    assert ("SEARCH thing USING INTEGER PRIMARY KEY" in line.text, line.notable) == (True, "")
    assert [line.notable for line in await plan_of(db, sorted_by_name)] == ["scan", "sort"]
    assert [line.notable for line in await plan_of(db, deleting)] == ["scan"]
    assert await db.value("SELECT count(*) FROM thing") == 10  # explained, not run


async def test_no_plan_is_told_of_what_cannot_be_prepared_again(db: Database, trace: Trace) -> None:
    async with db.write():
        await db.fetch("CREATE TEMP TABLE short_lived (n)")
        await db.fetch("SELECT n FROM short_lived")
    await db.fetch(f"SELECT 1 /* {'x' * LONGEST_STATEMENT} */")
    _, temporary, long = trace.statements.values()
    trace.shut()
    with pytest.raises(ConflictError, match="short_lived"):
        await plan_of(db, temporary)
    with pytest.raises(ConflictError, match="too long"):
        await plan_of(db, long)
    assert len(long.sql) == LONGEST_STATEMENT
