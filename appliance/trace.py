"""What one request asks of the house: its statements, its computing, what it waited for.

Whoever records a request puts a `Trace` into `current`; the database and the compute processes note there what they do
for it.  Tasks and threads that a request starts inherit it; once the request is answered it is shut, and takes nothing
more from what goes on.  With nobody recording, all of it costs one look at a context variable for each statement.

Values are never kept: a statement is its text with placeholders, and computing is the name of a function.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import aiosqlite

#: Different statements that one trace keeps; more of them are only counted.
MOST_STATEMENTS = 100
#: The same statement this often in one request: most likely one for each row of another one (N+1).
REPEATED = 5
#: Characters kept of one statement; of a longer one no plan can be told.
LONGEST_STATEMENT = 10_000


class Statement:
    """One text, however often it ran.  `rows`: read or changed, all times together."""

    __slots__ = ("arguments", "count", "failed", "rows", "seconds", "slowest", "sql")

    def __init__(self, sql: str, arguments: int) -> None:
        self.sql, self.arguments = sql[:LONGEST_STATEMENT], arguments
        self.count = self.rows = self.failed = 0
        self.seconds = self.slowest = 0.0

    @property
    def whole(self) -> bool:
        return len(self.sql) < LONGEST_STATEMENT


class Work:
    """One function in the compute processes, however often it ran."""

    __slots__ = ("count", "seconds")

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0


class Trace:
    """`characters`: of all its statements.   `waited_*`: seconds until there was a connection, until its thread and
    this one had a moment, until there was a turn to compute."""

    __slots__ = (
        "characters",
        "left_out",
        "open",
        "statements",
        "transaction_s",
        "transactions",
        "waited_compute_s",
        "waited_connection_s",
        "waited_thread_s",
        "works",
    )

    def __init__(self) -> None:
        self.open = True
        self.statements: dict[str, Statement] = {}
        self.characters = self.left_out = self.transactions = 0
        self.works: dict[str, Work] = {}
        self.transaction_s = self.waited_connection_s = self.waited_thread_s = self.waited_compute_s = 0.0

    def shut(self) -> None:
        self.open = False

    # what the database does for it

    async def fetch_all(self, connection: aiosqlite.Connection, sql: str, arguments: Sequence[object]) -> Any:
        """As `connection.execute_fetchall`."""
        return await self._run(connection, sql, len(arguments), lambda database: database.execute(sql, arguments))

    async def execute_many(self, connection: aiosqlite.Connection, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """As `connection.executemany`."""
        every = list(rows)
        arguments = len(every[0]) if every else 0
        await self._run(connection, sql, arguments, lambda database: database.executemany(sql, every))

    async def _run(
        self, connection: aiosqlite.Connection, sql: str, arguments: int, execute: Callable[[Any], Any]
    ) -> Any:
        """Timed where it runs, in the connection's own thread: that this loop was busy is none of SQLite's doing."""
        seconds, rows, failed = 0.0, 0, True

        def timed() -> Any:
            nonlocal seconds
            began = perf_counter()
            try:
                cursor = execute(connection._conn)
                return cursor.fetchall(), cursor.rowcount
            finally:
                seconds = perf_counter() - began

        asked = perf_counter()
        try:
            found, changed = await connection._execute(timed)  # type: ignore[no-untyped-call]  # aiosqlite's own
            rows, failed = max(len(found), changed), False
            return found
        finally:
            self.waited_thread_s += max(0.0, perf_counter() - asked - seconds)
            self._note(sql, arguments, seconds, rows, failed=failed)

    def _note(self, sql: str, arguments: int, seconds: float, rows: int, *, failed: bool) -> None:
        statement = self.statements.get(sql)
        if statement is None:
            if len(self.statements) >= MOST_STATEMENTS:
                self.left_out += 1
                return
            statement = self.statements[sql] = Statement(sql, arguments)
            self.characters += len(statement.sql)
        statement.count += 1
        statement.rows += rows
        statement.failed += failed
        statement.seconds += seconds
        if seconds > statement.slowest:
            statement.slowest = seconds

    # what the compute processes do for it

    def computed(self, function: Callable[..., object], *, waited_s: float, seconds: float) -> None:
        # Of what has no name, such as a partial, the text would hold its arguments.
        name = getattr(function, "__qualname__", None) or type(function).__name__
        work = self.works.get(name)
        if work is None:
            work = self.works[name] = Work()
        work.count += 1
        work.seconds += seconds
        self.waited_compute_s += waited_s


current: ContextVar[Trace | None] = ContextVar("trace of a request", default=None)
