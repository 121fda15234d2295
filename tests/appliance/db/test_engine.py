"""One writer, a few readers, and no transaction left behind by whoever went away."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextvars import Context
from typing import TYPE_CHECKING

import pytest

from appliance.db import engine as engine_module
from appliance.db.engine import READERS, Database
from appliance.db.migrations import migrate
from appliance.db.tables import Tag
from appliance.errors import (
    ConfigError,
    ConflictError,
    DatabaseBusyError,
    DatabaseDamagedError,
    DiskFullError,
    ReadOnlyError,
    StorageError,
)
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "test.db", tmp_path / "thumbnails.db")
    await database.open()
    await migrate(database)
    yield database
    await database.close()


async def add(db: Database, name: str) -> None:
    await db.insert(Tag, [{"id": new_id(), "name": name, "created": now()}])


async def names(db: Database) -> list[str]:
    return [row["name"] for row in await db.fetch('SELECT "name" FROM "tag" ORDER BY "name"')]


async def test_every_connection_has_wal_foreign_keys_and_vectors(db: Database) -> None:
    async def look() -> tuple[str, int, str]:
        assert await db.value("PRAGMA busy_timeout") == engine_module.BUSY_TIMEOUT_MS
        return (
            await db.value("PRAGMA journal_mode"),
            await db.value("PRAGMA foreign_keys"),
            await db.value("SELECT vec_version()"),
        )

    answers = []
    async with db.write():
        answers.append(await look())
    readers = [db.read() for _ in range(READERS)]
    for reader in readers:  # each in turn gets the one that was given back last, so hold them all
        async with reader:
            answers.append(await look())
    assert {(mode, keys) for mode, keys, _ in answers} == {("wal", 1)}
    assert {version[:1] for _, _, version in answers} == {"v"}


async def test_foreign_keys_are_enforced_and_tell_of_a_clash(db: Database) -> None:
    async def tag_nothing() -> None:
        async with db.write():
            await db.fetch(
                """INSERT INTO "file_tag" ("id", "file", "tag", "source") VALUES (?, ?, ?, 'manual')""",
                [str(new_id()), str(new_id()), str(new_id())],
            )

    with pytest.raises(ConflictError):
        await tag_nothing()


async def test_writers_take_turns_and_lose_nothing(db: Database) -> None:
    await Tag.insert(Tag(name="0", created=now()))
    inside = 0

    async def count_up() -> None:
        nonlocal inside
        async with db.write():
            inside += 1
            assert inside == 1
            value = int(await db.value('SELECT "name" FROM "tag"'))
            await asyncio.sleep(0)
            await Tag.update({Tag.name: str(value + 1)}, force=True)
            inside -= 1

    await asyncio.gather(*(count_up() for _ in range(50)))
    assert await names(db) == ["50"]


async def test_an_error_rolls_everything_back_and_is_the_one_that_is_told(db: Database) -> None:
    async def fail() -> None:
        async with db.write():
            await add(db, "never")
            raise ZeroDivisionError

    async def clash() -> None:
        async with db.write():
            await add(db, "once")
            await add(db, "once")

    with pytest.raises(ZeroDivisionError):
        await fail()
    with pytest.raises(ConflictError):
        await clash()
    assert await names(db) == []


async def test_an_error_after_sqlite_rolled_back_by_itself_is_not_hidden(db: Database) -> None:
    async def fail() -> None:
        async with db.write():
            await db.fetch("ROLLBACK")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with db.write():
        await add(db, "goes on")
    assert await names(db) == ["goes on"]


async def test_a_nested_write_joins_the_outer_one(db: Database) -> None:
    async def fail_after_inner_ones() -> None:
        async with db.write():
            async with db.write(durable=True):
                await add(db, "inner")
            async with db.read():
                assert await names(db) == ["inner"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_inner_ones()
    assert await names(db) == []


async def test_a_write_inside_a_read_is_a_mistake_that_is_told_at_once(db: Database) -> None:
    async with db.read():
        with pytest.raises(RuntimeError, match=r"inside db\.read"):
            async with db.write():
                pass
        with pytest.raises(AssertionError):
            await add(db, "x")


async def test_readers_cannot_write(db: Database) -> None:
    async with db.read():
        with pytest.raises(ReadOnlyError):
            await db.fetch("""INSERT INTO "tag" ("id", "name") VALUES ('1', 'x')""")
    with pytest.raises(ReadOnlyError):
        await db.fetch('WITH x AS (SELECT 1) DELETE FROM "tag"')


async def test_a_read_sees_one_moment_whatever_is_written_meanwhile(db: Database) -> None:
    async with db.read():
        assert await names(db) == []

        async def write() -> None:
            async with db.write():
                await add(db, "new")

        await asyncio.create_task(write(), context=Context())
        assert await names(db) == []
    assert await names(db) == ["new"]


@pytest.mark.parametrize("steps", range(12))
async def test_a_cancelled_task_leaves_no_transaction_open(db: Database, steps: int) -> None:
    """Cancelled after a few turns of the loop: waiting for the writer, in BEGIN, in a statement, in COMMIT."""

    async def write() -> None:
        async with db.write():
            await add(db, "one")
            await add(db, "two")

    for _ in range(5):
        task = asyncio.create_task(write())
        for _ in range(steps):
            await asyncio.sleep(0.0002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with db.write():
            assert await names(db) in ([], ["one", "two"])
            await db.fetch('DELETE FROM "tag"')
    assert db.engine._writers.qsize() == 1
    assert db.engine._readers.qsize() == READERS


async def test_a_cancelled_read_gives_its_connection_back(db: Database) -> None:
    async def read() -> None:
        async with db.read():
            await db.fetch(
                "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 20000) SELECT * FROM n"
            )

    tasks = [asyncio.create_task(read()) for _ in range(10)]
    await asyncio.sleep(0.003)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert db.engine._readers.qsize() == READERS
    assert await names(db) == []


async def test_a_task_that_outlives_the_transaction_it_was_started_in_gets_a_connection_of_its_own(
    db: Database,
) -> None:
    release = asyncio.Event()

    async def later() -> list[str]:
        await release.wait()
        async with db.write():
            await add(db, "later")
        return await names(db)

    async with db.write():
        task = asyncio.create_task(later())
        await add(db, "first")
    release.set()
    assert await task == ["first", "later"]


async def test_a_durable_write_reaches_the_disk_before_it_returns(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    real = engine_module._fsync

    def fsync(path: Path) -> None:
        other = sqlite3.connect(db.path)
        committed = other.execute("""SELECT count(*) FROM "tag" WHERE "name" = 'kept'""").fetchone() == (1,)
        other.close()
        synced.append((path.name, committed))
        real(path)

    monkeypatch.setattr(engine_module, "_fsync", fsync)
    async with db.write():
        await add(db, "quick")
    assert synced == []
    async with db.write(durable=True):
        await add(db, "kept")
    assert synced == [("test.db-wal", True)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("database or disk is full", DiskFullError),
        ("disk I/O error", StorageError),
        ("database disk image is malformed", DatabaseDamagedError),
        ("file is not a database", DatabaseDamagedError),
        ("database is locked", DatabaseBusyError),
        ("attempt to write a readonly database", ReadOnlyError),
        ("unable to open database file", StorageError),
    ],
)
def test_what_sqlite_says_becomes_an_error_of_ours(text: str, error: type[StorageError]) -> None:
    with pytest.raises(error) as caught, engine_module.translated():
        raise sqlite3.DatabaseError(text)
    assert caught.value.hint
    with pytest.raises(sqlite3.OperationalError, match="syntax"), engine_module.translated():
        raise sqlite3.OperationalError("syntax error")


async def test_a_full_disk_is_told_and_the_database_goes_on(db: Database) -> None:
    async with db.write():
        pages = await db.value("PRAGMA page_count")
        await db.fetch(f"PRAGMA max_page_count = {pages + 4}")

    async def add_much() -> None:
        async with db.write():
            for number in range(2000):
                await add(db, f"{number}" * 50)

    with pytest.raises(DiskFullError):
        await add_much()
    async with db.write():
        await db.fetch("PRAGMA max_page_count = 1000000")
        await add(db, "after")
    assert await names(db) == ["after"]


async def test_closing_twice_is_closing_once_and_no_thread_is_left(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    database = Database(tmp_path / "twice.db", tmp_path / "thumbnails.db")
    await database.open()
    assert len(set(threading.enumerate()) - before) == READERS + 1
    await database.close()
    await database.close()
    async with asyncio.timeout(60):
        while set(threading.enumerate()) - before:  # noqa: ASYNC110 - a thread sets no event when it ends
            await asyncio.sleep(0.01)
    await database.open()
    assert await database.value("SELECT 1") == 1
    await database.close()


async def test_a_place_that_cannot_hold_a_database_is_told_and_leaves_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    database = Database(tmp_path / "no" / "such" / "folder.db", tmp_path / "thumbnails.db")
    with pytest.raises(StorageError):
        await database.open()
    async with asyncio.timeout(60):
        while set(threading.enumerate()) - before:  # noqa: ASYNC110 - a thread sets no event when it ends
            await asyncio.sleep(0.01)


def test_a_python_whose_sqlite_loads_no_extensions_is_refused_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    class Connection:
        pass

    monkeypatch.setattr(sqlite3, "Connection", Connection)
    with pytest.raises(ConfigError) as caught:
        engine_module.check_sqlite()
    assert "python3" in caught.value.hint
