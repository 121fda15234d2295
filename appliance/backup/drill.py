"""A rehearsal of the day on which all is lost: part of the backup is restored into a scratch folder, and compared.

A pure function for the compute process.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.backup.originals import Item, copy_originals, read_sums
from appliance.backup.snapshots import check_snapshot, list_snapshots, unpack_snapshot
from appliance.errors import NotFoundError, StorageError

if TYPE_CHECKING:
    from appliance.backup.folder import BackupFolder

SAMPLE_FILES = 200
SAMPLE_BYTES = 2 << 30


class Drilled(msgspec.Struct, kw_only=True):
    """What was tried and what went wrong; no problems: a restore would have worked."""

    snapshot: str
    rows: int
    files: int = 0
    bytes: int = 0
    problems: list[str] = msgspec.field(default_factory=list)


def drill(backup: BackupFolder, scratch_in: Path, seed: int) -> Drilled:
    """Restore the newest snapshot and a random sample of files below `scratch_in`; compare them with the hashes that
    the database in that snapshot has, which is what a restored Homeroll would believe.

    Raises NotFoundError when there is no backup, StorageError when its newest snapshot is not sound.
    """
    if backup.mark() is None:
        raise NotFoundError(f"The backup is not in {backup.root}", hint="Is its disk plugged in and mounted?")
    snapshots = list_snapshots(backup.database)
    if not snapshots:
        raise NotFoundError(f"There is no snapshot of the database in {backup.database}")
    with tempfile.TemporaryDirectory(dir=scratch_in, prefix=".drill-") as folder:
        scratch = Path(folder)
        check_snapshot(backup.database / snapshots[0].name, snapshots[0], scratch=scratch)
        database = scratch / "restored.db"
        unpack_snapshot(backup.database / snapshots[0].name, database)
        believed = _believed(database)
        result = Drilled(snapshot=snapshots[0].name, rows=len(believed))
        listed = {key for library in {key[0] for key in believed} for key in _listed(backup, library)}
        for library, path in sorted(set(believed) - listed):
            result.problems.append(f"{library}/{path}: is in the database and not in the copy")
        _sample(backup, scratch, sorted(set(believed) & listed), believed, seed, result)
    return result


def _believed(database: Path) -> dict[tuple[str, str], tuple[str, int]]:
    """(library, path) -> (SHA-256, size), as the restored database has it."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute(
            """SELECT p."library", CASE p."folder" WHEN '' THEN p."name" ELSE p."folder" || '/' || p."name" END,
                      f."content_sha", p."size_bytes" FROM "file_path" p JOIN "stored_file" f ON f."id" = p."file" """
        ).fetchall()
    return {(str(library), path): (sha256, size) for library, path, sha256, size in rows}


def _listed(backup: BackupFolder, library: str) -> set[tuple[str, str]]:
    return {(library, path) for path in read_sums(backup.sums(library))}


def _sample(
    backup: BackupFolder,
    scratch: Path,
    there: list[tuple[str, str]],
    believed: dict[tuple[str, str], tuple[str, int]],
    seed: int,
    result: Drilled,
) -> None:
    random.Random(seed).shuffle(there)
    for library, path in there[:SAMPLE_FILES]:
        sha256, size = believed[library, path]
        if result.bytes + size > SAMPLE_BYTES and result.files:
            continue
        item = Item(path=path, size_bytes=size, mtime_ns=0, sha256=sha256)
        try:
            (copied,) = copy_originals(backup.originals / library, scratch / library, [item], {})
        except StorageError as error:
            result.problems.append(f"There is no room to try: {error.message}")
            return
        result.files += 1
        result.bytes += size
        if copied.what != "copied":
            result.problems.append(f"{library}/{path}: the copy is {copied.what} {copied.why}".rstrip())
        (scratch / library / path).unlink(missing_ok=True)
