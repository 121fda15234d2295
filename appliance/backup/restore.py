"""The way back: an empty machine becomes the one that was backed up, from the folder of a backup.

The database is put in place last: a restore that was cut off has not happened, and doing it again goes on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.backup.database import give_to_owner, note_put_back, set_aside
from appliance.backup.folder import GUESTS
from appliance.backup.originals import Item, copy_originals, read_sums
from appliance.backup.snapshots import list_snapshots, newest_sound, unpack_snapshot
from appliance.errors import ConflictError, NotFoundError, StorageError
from appliance.files import TEMPORARY_PREFIX, mtime_ns, raise_storage_error, sync_folder
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from appliance.backup.folder import BackupFolder
    from appliance.backup.snapshots import Snapshot
    from appliance.paths import DataPaths

_BATCH = 64


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where one library goes.  `kept`: its folder has files already, so only what is missing there is written."""

    id: str
    name: str
    root: Path
    kept: bool


class Restored(msgspec.Struct, kw_only=True):
    """What a restore did: files written and already there, and what could not be had, with the reason.

    `snapshot` is the newest sound one, `bad` those after it that are not.
    """

    snapshot: str = ""
    bad: list[str] = msgspec.field(default_factory=list)
    files: int = 0
    there: int = 0
    problems: list[str] = msgspec.field(default_factory=list)


def plan(backup: BackupFolder, paths: DataPaths, *, libraries_in: Path | None = None) -> tuple[Snapshot, list[Place]]:
    """What would be restored, and where to: the newest snapshot, and a folder for each library.

    Uploads go below the data directory; a library goes where it was, or below `libraries_in`.
    Raises NotFoundError for a folder that is no backup, ConflictError for a data directory with a library in it.
    """
    if backup.mark() is None:
        raise NotFoundError(
            f"{backup.root} is no backup by Homeroll", hint="Name the folder with homeroll-backup.json."
        )
    if paths.database.exists() and not _is_unused(paths.database):
        raise ConflictError(
            f"There is a library in {paths.root} already", hint="Restore into an empty directory: --data DIR"
        )
    snapshots = list_snapshots(backup.database)
    if not snapshots:
        raise NotFoundError(f"There is no snapshot of the database in {backup.database}")
    described: list[dict[str, Any]] = msgspec.json.decode(backup.libraries.read_bytes())
    places = []
    names: set[str] = set()
    for library in described:
        root = Path(library["root"])
        if library["kind"] == "uploads":
            root = paths.uploads / root.name
        elif library["kind"] == GUESTS:
            root = paths.quarantine
        elif libraries_in is not None:
            root = libraries_in / _free(_plain(library["name"]) or library["id"], names)
        kept = root.is_dir() and any(root.iterdir())
        places.append(Place(id=library["id"], name=library["name"], root=root, kept=kept))
    return snapshots[0], places


def restore(
    backup: BackupFolder,
    paths: DataPaths,
    places: Sequence[Place],
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Restored:
    """Write every library, then the database; each file is compared with its hash while it is copied.

    tell: called with files done and in all.   Raises StorageError when no snapshot is sound or the disk cannot take it.
    """
    paths.create()
    result = Restored()
    with tempfile.TemporaryDirectory(dir=paths.root, prefix=TEMPORARY_PREFIX) as scratch:
        fresh = _unpack_database(backup, Path(scratch), places, result)
        _write_files(backup, paths, places, _sums(backup, fresh, places), tell, result)
        note_put_back(paths, now())
        set_aside(paths, now())
        fresh.replace(paths.database)
        sync_folder(paths.root)
    for made in paths.root.rglob("*") if os.geteuid() == 0 else ():
        give_to_owner(made, paths.root)
    return result


def _write_files(
    backup: BackupFolder,
    paths: DataPaths,
    places: Sequence[Place],
    sums: dict[str, dict[str, str]],
    tell: Callable[[int, int], None],
    result: Restored,
) -> None:
    total = sum(len(known) for known in sums.values())
    for place in places:
        try:
            place.root.mkdir(mode=0o700 if place.root == paths.quarantine else 0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise_storage_error(error)
        for items in _items(backup.originals / place.id, sums[place.id]):
            wanted = [item for item in items if not os.path.lexists(place.root / item.path)]
            others = [item.path for item in items if _is_another(place.root / item.path, item)]
            result.there += len(items) - len(wanted) - len(others)
            result.problems += [
                f"{place.name}/{path}: another file is in its place, and stays there." for path in others
            ]
            for copied in copy_originals(backup.originals / place.id, place.root, wanted, {}):
                if copied.what == "copied":
                    result.files += 1
                    _give_away(place.root / copied.path, place, paths)
                else:
                    result.problems.append(f"{place.name}/{copied.path}: {_WHY[copied.what]} {copied.why}".rstrip())
            tell(result.files + result.there + len(result.problems), total)
    _copy_tree(backup.versions, paths.versions)


_WHY = {
    "changed": "the copy is damaged: its bytes are not those that were backed up.",
    "missing": "is not in the backup.",
    "unreadable": "cannot be read from the backup:",
}


def _is_another(there: Path, item: Item) -> bool:
    """Whether something is there that cannot be what was backed up; a scan reads the others again."""
    try:
        return there.lstat().st_size != item.size_bytes
    except OSError:
        return False


def _sums(backup: BackupFolder, database: Path, places: Sequence[Place]) -> dict[str, dict[str, str]]:
    """library -> path -> SHA-256: what is on the lists, and what lies there without a line, by the snapshot's word."""
    sums = {place.id: read_sums(backup.sums(place.id)) for place in places}
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute(
            """SELECT p."library", CASE p."folder" WHEN '' THEN p."name" ELSE p."folder" || '/' || p."name" END,
                      f."content_sha" FROM "file_path" p JOIN "stored_file" f ON f."id" = p."file" """
        )
        for library, path, sha256 in rows:
            known = sums.get(str(library))
            if known is not None and path not in known and (backup.originals / str(library) / path).is_file():
                known[path] = sha256
    return sums


def _items(folder: Path, known: dict[str, str]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for path, sha256 in sorted(known.items()):
        with contextlib.suppress(OSError):
            stat = (folder / path).stat()
            batch.append(Item(path=path, size_bytes=stat.st_size, mtime_ns=mtime_ns(stat), sha256=sha256))
            if len(batch) == _BATCH:
                yield batch
                batch = []
            continue
        batch.append(Item(path=path, size_bytes=0, mtime_ns=0, sha256=sha256))
    if batch:
        yield batch


def _give_away(file: Path, place: Place, paths: DataPaths) -> None:
    """What root writes is the service's, with the folders that had to be made for it; what was there is let alone."""
    if os.geteuid() == 0:
        give_to_owner(file, paths.root)
        for folder in file.parents:
            if folder.stat().st_uid == 0 and (folder == place.root or folder.is_relative_to(place.root)):
                give_to_owner(folder, paths.root)


def _is_unused(database: Path) -> bool:
    """Made by a first start: no photo, no folder of photos, nobody but the first admin."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database)) as db:
        counts = db.execute(
            """SELECT (SELECT count(*) FROM "stored_file"), (SELECT count(*) FROM "library" WHERE "kind" = 'folder'),
                      (SELECT count(*) FROM "account")"""
        ).fetchone()
        return bool(counts[:2] == (0, 0) and counts[2] <= 1)
    return False


def _unpack_database(backup: BackupFolder, scratch: Path, places: Sequence[Place], result: Restored) -> Path:
    """The newest sound snapshot, with every library where it goes now; before anything else is written."""
    snapshot = newest_sound(backup.database, list_snapshots(backup.database), scratch=scratch, bad=result.bad)
    if snapshot is None:
        raise StorageError(
            f"No snapshot of the database in {backup.database} is sound",
            hint="The photos are there as plain files: README.txt beside them says how to copy them by hand.",
        )
    result.snapshot = snapshot.name
    database = scratch / "homeroll.db"
    unpack_snapshot(backup.database / snapshot.name, database)
    # Nobody has it open yet: the one place beside `library` that writes a table.
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.executemany(
            'UPDATE "library" SET "root" = ? WHERE "id" = ?', [(str(place.root), place.id) for place in places]
        )
    return database


def _copy_tree(source: Path, target: Path) -> None:
    for path in source.rglob("*") if source.is_dir() else ():
        there = target / path.relative_to(source)
        if path.is_file() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, there)


def _free(name: str, names: set[str]) -> str:
    """`name`, or one like it that is none of `names`, to which it is added: libraries may be called alike."""
    free, number = name, 1
    while free.casefold() in names:
        number += 1
        free = f"{name} ({number})"
    names.add(free.casefold())
    return free


def _plain(name: str) -> str:
    """A library's name as the name of a folder; "" when nothing is left of it."""
    return "".join(c for c in name if c.isprintable() and c not in "/\\").strip(". ")[:100]
