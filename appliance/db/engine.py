"""Piccolo's SQLite engine, made fit for one long-lived process.

Piccolo opens a connection for each query outside a transaction and has no hook for pragmas or extensions
(docs/decisions/0001-database.md).  Here connections are opened once: a small pool of readers, and one writer whose
transactions are IMMEDIATE and taken in turn.  Inside `db.read()` and `db.write()` every Piccolo query of the same task
uses that one connection; outside, a query borrows one for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sqlite3
from contextvars import ContextVar, Token
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import aiosqlite
from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction, TransactionType, dict_factory

from appliance.errors import (
    ConfigError,
    ConflictError,
    DatabaseBusyError,
    DatabaseDamagedError,
    DiskFullError,
    ReadOnlyError,
    StorageError,
)
from appliance.files import raise_storage_error
from appliance.mounts import is_read_only
from appliance.trace import current as current_trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence

    from piccolo.table import Table

BUSY_TIMEOUT_MS = 10_000
READERS = 3
#: Statements that a reader may run; everything else goes to the writer.
READS = ("SELECT", "WITH", "PRAGMA", "EXPLAIN")

NO_EXTENSIONS_HINT = "Use the distribution's own python3, or any build with loadable SQLite extensions."

Row = dict[str, Any]


class PooledTransaction(SQLiteTransaction):
    """A transaction on a borrowed connection, which goes back to its pool instead of being closed."""

    engine: PooledEngine
    _parent: PooledTransaction | None
    writes = False
    finished = False

    async def __aenter__(self) -> SQLiteTransaction:
        if self._parent is not None:
            if self.transaction_type is not TransactionType.deferred and not self._parent.writes:
                raise RuntimeError("db.write() inside db.read(): the snapshot cannot be written to")
            return self._parent
        self.writes = self.transaction_type is not TransactionType.deferred
        self.connection = await self.engine.borrow(writes=self.writes)
        try:
            await _control(self.connection, f"BEGIN {self.transaction_type.value}")
        except BaseException:
            # A cancelled BEGIN may still be carried out by the connection's thread, after this.
            await _to_its_end(self._finish(failed=True))
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, exception_type: object, exception: BaseException | None, traceback: object) -> bool:
        if self._parent is not None:
            return exception is None
        self.engine.current_transaction.reset(self.context)
        await _to_its_end(self._finish(failed=exception is not None))
        return False

    async def _finish(self, *, failed: bool) -> None:
        self.finished = True
        try:
            if failed:
                await self._roll_back()
                return
            try:
                await _control(self.connection, "COMMIT")
            except sqlite3.Error:
                await self._roll_back()
                raise
        finally:
            self.engine.give_back(self.connection, writes=self.writes)

    async def _roll_back(self) -> None:
        """After some errors (a full disk) SQLite has rolled back by itself: then there is nothing left to do, and the
        error that led here is the one to tell."""
        with contextlib.suppress(sqlite3.OperationalError):
            await self.connection.execute("ROLLBACK")


async def _control(connection: aiosqlite.Connection, sql: str) -> None:
    """Begin or commit."""
    trace = current_trace.get()
    if trace is None or not trace.open:
        await connection.execute(sql)
        return
    asked = perf_counter()
    await connection.execute(sql)
    trace.transactions += sql != "COMMIT"
    trace.transaction_s += perf_counter() - asked


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` even when cancelled: a request that goes away must not leave a transaction open on a connection
    that others will use."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class _CurrentTransaction:
    """Which transaction a query belongs to; one that is over is none, also for tasks that were started inside it."""

    def __init__(self, name: str) -> None:
        self._variable: ContextVar[SQLiteTransaction | None] = ContextVar(name, default=None)

    def get(self) -> PooledTransaction | None:
        transaction = self._variable.get()
        return transaction if isinstance(transaction, PooledTransaction) and not transaction.finished else None

    def set(self, transaction: PooledTransaction) -> Token[SQLiteTransaction | None]:
        return self._variable.set(transaction)

    def reset(self, token: Token[SQLiteTransaction | None]) -> None:
        self._variable.reset(token)


class PooledEngine(SQLiteEngine):
    """One file, `READERS` reading connections and one writer, all with WAL, foreign keys and sqlite-vec."""

    def __init__(self, path: Path, thumbnails: Path) -> None:
        super().__init__(path=str(path), timeout=BUSY_TIMEOUT_MS / 1000)
        self.current_transaction: _CurrentTransaction = _CurrentTransaction(  # type: ignore[assignment]  # stands in
            f"transaction on {path}"
        )
        self._thumbnails = thumbnails
        self._readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._writers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._open: list[aiosqlite.Connection] = []

    async def open(self) -> None:
        try:
            self._writers.put_nowait(await self._connect(writes=True))
            for _ in range(READERS):
                self._readers.put_nowait(await self._connect(writes=False))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection; safe to call twice."""
        while self._open:
            await self._open.pop().close()
        self._readers, self._writers = asyncio.LifoQueue(), asyncio.LifoQueue()

    async def _connect(self, *, writes: bool) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(**self.connection_kwargs)
        self._open.append(connection)
        connection.row_factory = dict_factory  # type: ignore[assignment]  # aiosqlite types it as sqlite3.Row only
        await connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        await connection.execute("PRAGMA journal_mode = WAL")
        await connection.execute("PRAGMA synchronous = NORMAL")
        await connection.execute("PRAGMA foreign_keys = ON")
        await connection.execute(f"PRAGMA cache_size = {-8000 if writes else -2000}")  # negative: KiB
        await connection.enable_load_extension(True)
        await connection.load_extension(str(sqlite_vec_path()))
        await connection.enable_load_extension(False)
        # Grid thumbnails live in a file of their own, so that the database a backup copies stays small.
        await connection.execute("ATTACH DATABASE ? AS thumbs", [str(self._thumbnails)])
        await connection.execute("PRAGMA thumbs.journal_mode = WAL")
        await connection.execute("PRAGMA thumbs.synchronous = NORMAL")
        if writes:
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS thumbs.thumbnail (content_sha TEXT PRIMARY KEY, webp BLOB NOT NULL)"
            )
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS thumbs.face_thumbnail"
                " (face TEXT PRIMARY KEY, box TEXT NOT NULL, webp BLOB NOT NULL)"
            )
        else:
            await connection.execute("PRAGMA query_only = ON")
        return connection

    async def borrow(self, *, writes: bool) -> aiosqlite.Connection:
        pool = self._writers if writes else self._readers
        trace = current_trace.get()
        if trace is None or not trace.open:
            return await pool.get()
        asked = perf_counter()
        connection = await pool.get()
        trace.waited_connection_s += perf_counter() - asked
        return connection

    def give_back(self, connection: aiosqlite.Connection, *, writes: bool) -> None:
        (self._writers if writes else self._readers).put_nowait(connection)

    async def _run_in_new_connection(
        self,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> Any:
        writes = not query.lstrip().upper().startswith(READS)
        connection = await self.borrow(writes=writes)
        try:
            return await self._run_in_existing_connection(connection, query, args, query_type, table)
        finally:
            self.give_back(connection, writes=writes)

    async def _run_in_existing_connection(
        self,
        connection: aiosqlite.Connection,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> Any:
        trace = current_trace.get()
        if trace is None or not trace.open:
            return await connection.execute_fetchall(query, args or [])
        return await trace.fetch_all(connection, query, args or [])

    def transaction(
        self, transaction_type: TransactionType = TransactionType.deferred, allow_nested: bool = True
    ) -> PooledTransaction:
        return PooledTransaction(engine=self, transaction_type=transaction_type, allow_nested=allow_nested)


class Database:
    """What the rest of the house holds: `read()`, `write()`, and plain SQL where Piccolo's builder would be slow."""

    def __init__(self, path: Path, thumbnails: Path) -> None:
        self.path = path
        self.damage = ""
        """What SQLite said when it met a page that is not what was written; "" while all is well."""
        self.on_damage: Callable[[], None] = lambda: None
        """Called when `damage` is set."""
        self.engine = PooledEngine(path, thumbnails)

    async def open(self) -> None:
        """Open connections and bind the tables to this database; raises ConfigError where SQLite cannot be used."""
        from appliance.db.tables import TABLES

        check_sqlite()
        with self._translated():
            await self.engine.open()
        for table in TABLES:
            table._meta.db = self.engine

    async def close(self) -> None:
        await self.engine.close()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """One snapshot for all queries inside."""
        with self._translated():
            async with self.engine.transaction(TransactionType.deferred):
                yield

    @contextlib.asynccontextmanager
    async def write(self, *, durable: bool = False) -> AsyncIterator[None]:
        """One IMMEDIATE transaction; an error rolls it back.  Nested calls join the outer one.

        durable: the commit reaches the disk before this returns (for answers that are promises); otherwise a power cut
        may lose the last moments, never the file's integrity.
        """
        nested = self.engine.current_transaction.get() is not None
        with self._translated():
            async with self.engine.transaction(TransactionType.immediate):
                yield
            if durable and not nested:
                await self.make_durable()

    async def make_durable(self) -> None:
        """Bring every commit so far to the disk: in WAL mode an fsync of the write-ahead log does."""
        wal = self.path.with_name(self.path.name + "-wal")
        try:
            await asyncio.to_thread(_fsync, wal)
        except OSError as error:
            raise_storage_error(error)

    async def fetch(self, sql: str, args: Sequence[object] = ()) -> list[Row]:
        """Rows of plain SQL as dictionaries."""
        with self._translated():
            return await self._run(sql, args)  # type: ignore[no-any-return]  # the engine is untyped

    async def fetch_one(self, sql: str, args: Sequence[object] = ()) -> Row | None:
        rows = await self.fetch(sql, args)
        return rows[0] if rows else None

    async def value(self, sql: str, args: Sequence[object] = ()) -> Any:
        """First column of the first row, or None."""
        row = await self.fetch_one(sql, args)
        return next(iter(row.values())) if row else None

    async def check(self) -> None:
        """Return when the database answers; raises what it says otherwise.  A disk that cannot be written is no reason
        to stop showing pictures, so nothing is written."""
        async with self.read():
            await self.fetch('SELECT count(*) FROM "migration"')

    async def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows; only inside `write()`."""
        transaction = self.engine.current_transaction.get()
        assert transaction is not None, "execute_many needs db.write()"
        assert transaction.writes, "execute_many needs db.write()"
        trace = current_trace.get()
        if trace is None or not trace.open:
            await transaction.connection.executemany(sql, rows)
        else:
            await trace.execute_many(transaction.connection, sql, rows)

    async def insert(self, table: type[Table], rows: Sequence[Mapping[str, object]]) -> None:
        """Insert dictionaries that share their keys; column values as SQLite stores them (`stored`)."""
        if not rows:
            return
        names = list(rows[0])
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        sql = f'INSERT INTO "{table._meta.tablename}" ({columns}) VALUES ({marks})'
        await self.execute_many(sql, [[row[name] for name in names] for row in rows])

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(self.path):
                yield
        except DatabaseDamagedError as error:
            if not self.damage:
                self.damage = str(error.__cause__)
                self.on_damage()
            raise

    async def _run(self, sql: str, args: Sequence[object]) -> Any:
        transaction = self.engine.current_transaction.get()
        if transaction is None:
            return await self.engine._run_in_new_connection(sql, list(args))
        trace = current_trace.get()
        if trace is None or not trace.open:
            return await transaction.connection.execute_fetchall(sql, args)
        return await trace.fetch_all(transaction.connection, sql, args)


@contextlib.contextmanager
def translated(path: Path | None = None) -> Iterator[None]:
    """SQLite's errors as ours, so that callers can tell a full disk from a bug.  path: the database, where known."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ConflictError(f"That clashes with what is already there ({error})") from error
    except sqlite3.DatabaseError as error:
        ours = _as_storage_error(str(error), path)
        if ours is None:
            raise
        raise ours from error


def _as_storage_error(text: str, path: Path | None) -> StorageError | None:
    if "disk is full" in text:
        return DiskFullError("The disk that holds the database is full", hint="Free some space.")
    if "disk I/O error" in text:
        return _failing_disk(path)
    if "locked" in text or "busy" in text:
        return DatabaseBusyError("The database is busy", hint="Is a second program using it?")
    if "readonly" in text:
        return ReadOnlyError("The database cannot be written", hint="Is the disk mounted read-only?")
    if "unable to open" in text:
        return StorageError("The database cannot be opened", hint="Check the data directory's permissions.")
    if "malformed" in text or "not a database" in text:
        return DatabaseDamagedError(
            "The database is damaged; the photos are untouched",
            hint="Restart Homeroll: it looks at the database as it starts, and says which snapshot to go back to.",
        )
    return None


def _failing_disk(path: Path | None) -> StorageError:
    """SQLite says no more than "disk I/O error" of a disk that became read-only, and of one too full for its index."""
    if path is not None and is_read_only(path.parent):
        return ReadOnlyError(
            "The disk that holds the database is read-only now",
            hint="The system does that to a disk that fails: look at `dmesg`, and save what is on it.",
        )
    with contextlib.suppress(OSError):
        if path is not None and not os.statvfs(path.parent).f_bavail:
            return DiskFullError("The disk that holds the database is full", hint="Free some space.")
    return StorageError(
        "The disk that holds the database gives errors",
        hint="Look at `dmesg`: the disk or its cable may be failing.  Save what is on it.",
    )


def check_sqlite() -> None:
    """Raise ConfigError when this Python's sqlite3 cannot load extensions."""
    if not hasattr(sqlite3.Connection, "enable_load_extension"):
        raise ConfigError("This Python's sqlite3 cannot load extensions", hint=NO_EXTENSIONS_HINT)
    if sqlite3.sqlite_version_info < (3, 38):
        raise ConfigError(f"SQLite {sqlite3.sqlite_version} is too old; 3.38 or newer is needed")


def sqlite_vec_path() -> Path:
    """Where sqlite-vec's library lies; found without importing the package, which would load numpy (12 MB)."""
    spec = importlib.util.find_spec("sqlite_vec")
    if spec is None or spec.origin is None:
        raise ConfigError("sqlite-vec is not installed", hint="Run ./install.sh deps")
    return Path(spec.origin).with_name("vec0")


def _fsync(path: Path) -> None:
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
