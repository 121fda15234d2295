"""Is the database whole?  Asked before anything is written to it, and every night.

A damaged database is never opened: writing to it makes it worse, and a new one in its place would look like a library
that lost everything.  The photos are files of their own and have no part in this.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.backup.snapshots import check_snapshot, list_snapshots
from appliance.errors import DatabaseDamagedError, StorageError
from appliance.files import TEMPORARY_PREFIX

if TYPE_CHECKING:
    from appliance.backup.snapshots import Snapshot
    from appliance.home import Home
    from appliance.paths import DataPaths

MAGIC = b"SQLite format 3\x00"
#: Reading a larger database takes longer than anyone waits for a start: the check then runs as a job, at once.
LARGEST_AT_START_BYTES = 1 << 30


def check_at_start(paths: DataPaths, *, closely: bool) -> bool:
    """Raise DatabaseDamagedError, with the way back, unless the database is whole; True when it was read completely.

    closely: the last run ended badly, so every page is read.  Otherwise only what a start reads anyway.
    Thumbnails that are damaged are thrown away: they are made again from the photos.
    """
    closely = closely or paths.suspect.exists()
    large = paths.database.is_file() and paths.database.stat().st_size > LARGEST_AT_START_BYTES
    closely = closely and not large
    problem = _what_is_missing(paths) or (examine(paths.database) if closely else glance(paths.database))
    if problem:
        why = refusal(paths, problem)
        with contextlib.suppress(OSError):  # on a disk that fails, the log has to do
            paths.suspect.write_text(f"{why.message}.\n{why.hint}\n", encoding="utf-8")
        raise why
    if paths.thumbnails.is_file() and (examine(paths.thumbnails) if closely else glance(paths.thumbnails)):
        for path in _with_logs(paths.thumbnails):
            path.unlink(missing_ok=True)
    if closely:
        paths.suspect.unlink(missing_ok=True)
    return closely


async def remember_damage(home: Home) -> None:
    """Before the database is closed: what was met while it was open makes the next start look closely."""
    if home.db.damage:
        await asyncio.to_thread(home.paths.suspect.touch)


def examine(database: Path) -> str:
    """Read every page: what is wrong with it, "" when nothing is.  For a thread or the compute process."""
    return _asked(database, "PRAGMA quick_check(5)")


def glance(database: Path) -> str:
    """Look at its head, its size and its list of tables; takes no longer for a large database than for a small one."""
    if not database.is_file():
        return ""
    with database.open("rb") as file:
        head = file.read(100)
    if head and not head.startswith(MAGIC):
        return "its first page is something else"
    logged = database.with_name(f"{database.name}-wal")
    if len(head) == 100 and not (logged.is_file() and logged.stat().st_size):
        page_bytes, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
        if database.stat().st_size < pages * (65536 if page_bytes == 1 else page_bytes):
            return "its end is missing"
    return _asked(database, "SELECT 'ok' FROM (SELECT count(*) FROM sqlite_master)")


def _asked(database: Path, sql: str) -> str:
    if not database.is_file():
        return ""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=60)) as db:
            told = [str(row[0]) for row in db.execute(sql)]
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "malformed" in text or "not a database" in text:
            return text
        raise StorageError(f"The database cannot be read: {text}", hint="Look at the disk: `dmesg`.") from error
    return "" if told == ["ok"] else told[0]


def _what_is_missing(paths: DataPaths) -> str:
    """An empty place where a library was is not a new library."""
    if paths.database.is_file() and paths.database.stat().st_size:
        return ""
    if any(path.is_file() and path.stat().st_size for path in _with_logs(paths.database)[1:]):
        return "its file is gone, its log is there"
    if list_snapshots(paths.backups):
        return "its file is gone, and there are snapshots of it"
    return ""


def refusal(paths: DataPaths, problem: str) -> DatabaseDamagedError:
    """What to say instead of starting: what is wrong, and the newest snapshot that is good."""
    snapshot = newest_good(paths)
    if snapshot is None:
        way = "There is no good snapshot here.  With a backup on another disk: `homeroll restore --database BACKUP`"
    else:
        files = snapshot.rows.get("stored_file", 0)
        way = (
            f"`homeroll restore --database` goes back to {snapshot.taken:%Y-%m-%d %H:%M} UTC ({files:,} files);"
            " what was added since is found again, and the damaged database is kept aside"
        )
    return DatabaseDamagedError(f"The database is damaged ({problem}).  The photos are untouched", hint=f"{way}.")


def newest_good(paths: DataPaths, folder: Path | None = None) -> Snapshot | None:
    """The newest snapshot in `folder` (by default the data's own) that opens and holds what it should."""
    folder = folder or paths.backups
    for snapshot in list_snapshots(folder):
        with (
            contextlib.suppress(StorageError, OSError),
            tempfile.TemporaryDirectory(dir=paths.root, prefix=TEMPORARY_PREFIX) as scratch,
        ):
            check_snapshot(folder / snapshot.name, snapshot, scratch=Path(scratch))
            return snapshot
    return None


def _with_logs(database: Path) -> tuple[Path, Path, Path]:
    return database, database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")
