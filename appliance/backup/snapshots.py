"""Snapshots of the database: taken while it is in use, compressed, proven by opening them, thinned out by age.

Pure functions for the compute process: paths in, plain results out.  A snapshot is a gzip file that any SQLite reads
once it is unpacked; beside it lies a small JSON file that says what must be found in it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import DiskFullError, StorageError
from appliance.files import TEMPORARY_PREFIX, raise_storage_error, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENDING = ".db.gz"
_NAME = re.compile(r"homeroll-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)\.db\.gz")
_COMPRESSION = 3  # a tenth larger than 9, in a quarter of the time
#: Counted in every snapshot; more tables may be there.
COUNTED = ("stored_file", "file_path", "library", "account", "person", "face", "file_tag", "journal")
_KEPT_DAYS, _KEPT_WEEKS, _KEPT_MONTHS = 7, 4, 12
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What its JSON file says: size and SHA-256 of the compressed file, rows of each counted table, and when."""

    name: str
    taken: datetime
    size_bytes: int
    sha256: str
    rows: dict[str, int]


def take_snapshot(database: Path, folder: Path, moment: datetime) -> Snapshot:
    """Write a snapshot of `database` into `folder` and prove it.

    Others may write to the database meanwhile: the copy is of one moment.  Raises StorageError (a full disk, a copy
    that does not hold what the original holds); nothing is left behind then.
    """
    name = f"homeroll-{moment.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}{ENDING}"
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=TEMPORARY_PREFIX) as scratch:
            copy, packed = Path(scratch, "copy.db"), Path(scratch, "packed")
            rows = _copy(database, copy)
            _pack(copy, packed)
            copy.unlink()
            snapshot = Snapshot(
                name=name, taken=moment, size_bytes=packed.stat().st_size, sha256=sha256_of(packed), rows=rows
            )
            check_snapshot(packed, snapshot, scratch=Path(scratch))
            described = Path(scratch, "described")
            described.write_bytes(msgspec.json.format(msgspec.json.encode(snapshot)))
            _sync(described)
            described.rename(folder / f"{name}.json")
            packed.rename(folder / name)
            sync_folder(folder)
    except OSError as error:
        raise_storage_error(error)
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise DiskFullError("The disk for snapshots of the database is full", hint="Free some space.") from error
        raise StorageError(f"The database could not be copied: {error}", hint="`homeroll doctor` checks it.") from error
    return snapshot


def check_snapshot(packed: Path, snapshot: Snapshot, *, scratch: Path) -> None:
    """Unpack it in `scratch`, open it, and count: raises StorageError unless it holds what it must."""
    if sha256_of(packed) != snapshot.sha256:
        raise StorageError(f"The snapshot {snapshot.name} is damaged", hint="Use another one; the disk may be failing.")
    opened = scratch / "opened.db"
    try:
        unpack_snapshot(packed, opened)
        with contextlib.closing(sqlite3.connect(f"file:{opened}?mode=ro", uri=True)) as db:
            told = db.execute("PRAGMA quick_check(5)").fetchall()
            if told != [("ok",)]:
                raise StorageError(f"The snapshot {snapshot.name} is not sound: {told[0][0]}")
            found = _count(db, snapshot.rows)
    except (sqlite3.Error, gzip.BadGzipFile, EOFError) as error:
        raise StorageError(f"The snapshot {snapshot.name} cannot be opened: {error}") from error
    finally:
        opened.unlink(missing_ok=True)
    if found != snapshot.rows:
        raise StorageError(f"The snapshot {snapshot.name} does not hold what it should: {found}, not {snapshot.rows}")


def newest_sound(folder: Path, snapshots: Iterable[Snapshot], *, scratch: Path, bad: list[str]) -> Snapshot | None:
    """The first of `snapshots` in `folder` that opens and holds what it must; names of those before it go to `bad`."""
    for snapshot in snapshots:
        try:
            check_snapshot(folder / snapshot.name, snapshot, scratch=scratch)
        except (StorageError, OSError):
            bad.append(snapshot.name)
        else:
            return snapshot
    return None


def unpack_snapshot(packed: Path, database: Path) -> None:
    """Write the database that a snapshot holds to a new file, fsynced."""
    with gzip.open(packed, "rb") as source, database.open("xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())


def list_snapshots(folder: Path) -> list[Snapshot]:
    """Those in `folder`, the newest first; a file without its description is none."""
    found: list[Snapshot] = []
    for path in folder.glob(f"homeroll-*{ENDING}"):
        with contextlib.suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            found.append(msgspec.json.decode(path.with_name(f"{path.name}.json").read_bytes(), type=Snapshot))
    return sorted((one for one in found if _NAME.fullmatch(one.name)), key=lambda one: one.taken, reverse=True)


def superfluous(snapshots: Sequence[Snapshot], *, moment: datetime | None = None) -> list[Snapshot]:
    """Those that may go: kept are the newest of each of the last 7 days, 4 weeks and 12 months that have one.

    Counted by what is there and not by the clock, so that a machine that was off for a year, or whose clock is wrong,
    loses nothing.  Those that a clock which was wrong has dated in the future (of `moment`, now by default) or before
    there was a Homeroll are kept, and take nobody's place.
    """
    latest = (moment or datetime.now(UTC)) + timedelta(days=1)
    snapshots = [one for one in snapshots if _EARLIEST <= one.taken <= latest]
    kept: set[str] = set()
    for count, period in ((_KEPT_DAYS, "%Y-%m-%d"), (_KEPT_WEEKS, "%G-%V"), (_KEPT_MONTHS, "%Y-%m")):
        newest_of: dict[str, str] = {}
        for snapshot in sorted(snapshots, key=lambda one: one.taken, reverse=True):
            newest_of.setdefault(snapshot.taken.strftime(period), snapshot.name)
        kept |= set(list(newest_of.values())[:count])
    return [snapshot for snapshot in snapshots if snapshot.name not in kept]


def remove_snapshots(folder: Path, snapshots: Iterable[Snapshot]) -> int:
    """The file first: a description alone is no snapshot."""
    removed = 0
    for snapshot in snapshots:
        for name in (snapshot.name, f"{snapshot.name}.json"):
            (folder / name).unlink(missing_ok=True)
        removed += 1
    return removed


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(database: Path, copy: Path) -> dict[str, int]:
    """VACUUM INTO copies one moment without keeping anyone from writing, and leaves out what was deleted."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as db:
        db.execute("VACUUM main INTO ?", [str(copy)])
    with contextlib.closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as db:
        return _count(db, COUNTED)


def _count(db: sqlite3.Connection, tables: Iterable[str]) -> dict[str, int]:
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables if name in there}


def _pack(copy: Path, packed: Path) -> None:
    with copy.open("rb") as source, packed.open("wb") as target:
        # No name and no time inside: equal databases make equal files.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=target, mtime=0) as zipped:
            shutil.copyfileobj(source, zipped, 1 << 20)
        target.flush()
        os.fsync(target.fileno())


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
