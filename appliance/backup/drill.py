"""A rehearsal of the day on which all is lost: files of the backup are restored into a scratch folder, and compared.

Pure functions for the compute process: `open_backup` once, then `try_files` for some at a time.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.backup.folder import GUESTS
from appliance.backup.originals import Item, copy_originals, doubt, read_sums
from appliance.backup.snapshots import list_snapshots, newest_sound, unpack_snapshot
from appliance.errors import NotFoundError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.backup.folder import BackupFolder

SAMPLE_FILES = 200
SAMPLE_BYTES = 2 << 30
PREFIX = ".drill-"
_WHY = {
    "changed": "the copy is damaged",
    "missing": "the copy is gone",
    "unreadable": "the copy cannot be read:",
}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One file to try, as the database in the snapshot has it: what a restored Homeroll would believe."""

    library: str
    path: str
    sha256: str
    size_bytes: int
    called: str
    """For people: the library's name and the path below it."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot that opened, how many files it knows, those to try, and what is wrong already."""

    snapshot: str
    rows: int
    samples: list[Sample]
    problems: list[str]


class Tried(msgspec.Struct, kw_only=True):
    """Files that came back as they were, their bytes, and what went wrong with the others."""

    files: int = 0
    bytes: int = 0
    problems: list[str] = msgspec.field(default_factory=list)


def open_backup(backup: BackupFolder, scratch_in: Path, seed: int, *, everything: bool = False) -> Opened:
    """Restore the newest sound snapshot below `scratch_in`, and choose the files to try: a random sample, or all.

    Raises NotFoundError when there is no backup, StorageError when none of its snapshots is sound.
    """
    if backup.mark() is None:
        raise NotFoundError(f"The backup is not in {backup.root}", hint="Is its disk plugged in and mounted?")
    snapshots = list_snapshots(backup.database)
    if not snapshots:
        raise NotFoundError(f"There is no snapshot of the database in {backup.database}")
    for leftover in scratch_in.glob(f"{PREFIX}*"):  # of a drill that was killed; there is one at a time
        shutil.rmtree(leftover, ignore_errors=True)
    bad: list[str] = []
    with tempfile.TemporaryDirectory(dir=scratch_in, prefix=PREFIX) as folder:
        snapshot = newest_sound(backup.database, snapshots, scratch=Path(folder), bad=bad)
        if snapshot is None:
            raise StorageError(
                f"No snapshot of the database in {backup.database} is sound",
                hint="Back up again, to another disk: this one is failing.",
            )
        database = Path(folder, "restored.db")
        unpack_snapshot(backup.database / snapshot.name, database)
        believed = list(_believed(database))
    problems = [f"database/{name}: the snapshot is damaged" for name in bad]
    listed = {library: read_sums(backup.sums(library)) for library in {sample.library for sample in believed}}
    missing = [sample for sample in believed if sample.path not in listed[sample.library]]
    problems += [f"{sample.called}: is in the database and not in the copy" for sample in missing]
    there = [sample for sample in believed if sample.path in listed[sample.library]]
    return Opened(
        snapshot=snapshot.name,
        rows=len(believed),
        samples=there if everything else _some(there, seed),
        problems=problems,
    )


def try_files(backup: BackupFolder, scratch_in: Path, samples: Sequence[Sample]) -> Tried:
    """Restore `samples` below `scratch_in`, one after the other, and compare each with its hash.

    A copy that is not what it should be is made anew by the next backup.  Raises StorageError where there is no room.
    """
    tried = Tried()
    with tempfile.TemporaryDirectory(dir=scratch_in, prefix=PREFIX) as folder:
        for sample in samples:
            item = Item(path=sample.path, size_bytes=sample.size_bytes, mtime_ns=0, sha256=sample.sha256)
            source = backup.originals / sample.library
            (copied,) = copy_originals(source, Path(folder), [item], {})
            if copied.what == "copied":
                tried.files += 1
                tried.bytes += sample.size_bytes
                Path(folder, sample.path).unlink()
            else:
                doubt(source / sample.path)
                tried.problems.append(f"{sample.called}: {_WHY[copied.what]} {copied.why}".rstrip())
    return tried


def _believed(database: Path) -> Iterator[Sample]:
    """What must be in the backup: every path of every file, and what guests sent."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute(
            """SELECT p."library", CASE p."folder" WHEN '' THEN p."name" ELSE p."folder" || '/' || p."name" END,
                      f."content_sha", p."size_bytes", l."name" FROM "file_path" p
               JOIN "stored_file" f ON f."id" = p."file" JOIN "library" l ON l."id" = p."library" ORDER BY 1, 2"""
        )
        for library, path, sha256, size, name in rows:
            yield Sample(library=library, path=path, sha256=sha256, size_bytes=size, called=f"{name}/{path}")
        rows = db.execute('SELECT "id", "content_sha", "size_bytes", "filename" FROM "guest_upload" ORDER BY "id"')
        for upload, sha256, size, name in rows:
            yield Sample(
                library=GUESTS, path=upload, sha256=sha256, size_bytes=size, called=f"{GUESTS}/{upload} ({name})"
            )


def _some(samples: list[Sample], seed: int) -> list[Sample]:
    """At random, as many as take a while and no more."""
    random.Random(seed).shuffle(samples)
    chosen: list[Sample] = []
    size = 0
    for sample in samples:
        if len(chosen) == SAMPLE_FILES:
            break
        if not chosen or size + sample.size_bytes <= SAMPLE_BYTES:
            chosen.append(sample)
            size += sample.size_bytes
    return chosen
