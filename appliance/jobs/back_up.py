"""Every night: a proven snapshot of the database, and, on another disk, a copy of everything that cannot be made again.

The snapshot is made in any case, into the data directory.  The copy goes to the folder that the site setting
`backup_folder` names.  It is incremental, and nothing in it is ever deleted: what has left the libraries is moved to
`removed/`.  A kill at any moment leaves a copy that the next run completes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.backup import originals, snapshots
from appliance.backup.folder import GUESTS, BackupFolder
from appliance.backup.originals import Item
from appliance.errors import HomerollError
from appliance.files import TEMPORARY_PREFIX, raise_storage_error, sync_folder, write_atomically
from appliance.library import kept
from appliance.library.settings import get_setting
from appliance.protection import clock
from appliance.values import now

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.backup.snapshots import Snapshot
    from appliance.config import Settings
    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.jobs.base import Progress

log = logging.getLogger(__name__)

STATE, FOLDERS = "last_backup", "backup_folders"
BATCH_FILES = 64
BATCH_BYTES = 256 << 20
SNAPSHOT_TIMEOUT_S = 3600.0
SLOWEST_BYTES_PER_S = 1 << 20  # a tired USB disk


class _Source(msgspec.Struct, frozen=True):
    """A folder to copy, and what must be in it: path below `root` -> what the database knows of it.

    `absent` are paths that are missing at the moment: absent is not deleted.
    """

    name: str
    root: Path
    wanted: dict[str, Item]
    absent: set[str]


class BackUp:
    name = "back_up"
    title = "Back up"
    reads_disks = True

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        moment = now()
        appliance = await kept.appliance_id(home.db)  # before the snapshot: who restores it goes on with this copy
        folder = await get_setting(home.db, "backup_folder")
        backup, trouble = BackupFolder(Path(folder)), None
        if folder:
            try:
                await self._open(home, backup, appliance, moment)
            except (HomerollError, OSError) as error:
                trouble = error  # a snapshot is taken all the same
        snapshot = await home.compute.run(
            snapshots.take_snapshot, home.paths.database, home.paths.backups, moment, timeout_s=SNAPSHOT_TIMEOUT_S
        )
        # A snapshot is only taken for an old one by a clock that may be believed.
        if not await clock.why_not_old(home.db, clock.FORWARDS):
            await asyncio.to_thread(_thin_out, home.paths.backups)
        result: dict[str, Any] = {"snapshot": snapshot.name, "rows": snapshot.rows["stored_file"]}
        if trouble is not None:
            raise trouble
        if folder:
            result |= await self._copy(home, progress, backup, snapshot, moment)
        async with home.db.write(durable=True):
            await kept.remember(home.db, STATE, result | {"folder": folder, "at": moment})
        return result

    async def _open(self, home: Home, backup: BackupFolder, appliance: str, moment: datetime) -> None:
        """Every folder that was opened once is remembered from then on, whatever becomes of that run: where it is empty
        later, its disk is away."""
        last, here = await kept.remembered(home.db, STATE) or {}, str(backup.root)
        known = await kept.remembered(home.db, FOLDERS) or []
        used_before = here in known or last.get("folder") == here
        await asyncio.to_thread(backup.open, appliance, moment, used_before=used_before)
        if here not in known:
            async with home.db.write(durable=True):
                await kept.remember(home.db, FOLDERS, [*known, here])

    async def _copy(
        self, home: Home, progress: Progress, backup: BackupFolder, snapshot: Snapshot, moment: datetime
    ) -> dict[str, Any]:
        counts = {"copied": 0, "same": 0, "changed": 0, "missing": 0, "unreadable": 0, "removed": 0, "bytes": 0}
        libraries = await home.db.fetch('SELECT * FROM "library" ORDER BY "id"')
        total = await home.db.value('SELECT (SELECT count(*) FROM "file_path") + (SELECT count(*) FROM "guest_upload")')
        for library in libraries:
            await self._copy_source(home, progress, backup, await _library(home, library), counts, total, moment)
        await self._copy_source(home, progress, backup, await _guests(home), counts, total, moment)
        await asyncio.to_thread(_copy_rest, home, backup, snapshot, libraries)
        if not await clock.why_not_old(home.db, clock.FORWARDS):
            await asyncio.to_thread(_thin_out, backup.database)
        return counts

    async def _copy_source(
        self,
        home: Home,
        progress: Progress,
        backup: BackupFolder,
        source: _Source,
        counts: dict[str, int],
        total: int,
        moment: datetime,
    ) -> None:
        name, wanted = source.name, source.wanted
        removed = backup.removed / f"{moment:%Y-%m-%d}" / name
        known = await asyncio.to_thread(originals.read_sums, backup.sums(name))
        if name == GUESTS and not (wanted or known):
            return
        target, sums = backup.originals / name, dict(known)
        await asyncio.to_thread(target.mkdir, mode=0o750, exist_ok=True)
        try:
            for batch in _batches(list(wanted.values())):
                await progress.check_in()
                size = sum(item.size_bytes for item in batch)
                await asyncio.to_thread(
                    originals.check_room, backup.root, _new_bytes(batch, known), home.settings.reserve_mb << 20
                )
                copied = await home.compute.run(
                    originals.copy_originals,
                    source.root,
                    target,
                    batch,
                    {item.path: known[item.path] for item in batch if item.path in known},
                    removed=removed,
                    timeout_s=120 + size / SLOWEST_BYTES_PER_S,
                )
                for one in copied:
                    counts[one.what] += 1
                    counts["bytes"] += one.size_bytes if one.what == "copied" else 0
                    if one.what in ("copied", "same"):
                        sums[one.path] = wanted[one.path].sha256
                    if one.what == "unreadable":
                        log.warning("library=%s job=back_up %s cannot be read: %s", name, one.path, one.why)
                progress.update(progress.done + len(batch), total)
            # What a frozen or missing library lacks is not gone: only what has no row any more has left it.
            gone = sorted(set(sums) - set(wanted) - source.absent)
            if gone:
                counts["removed"] += await asyncio.to_thread(originals.move_away, target, removed, gone)
                for path in gone:
                    del sums[path]
        finally:
            await asyncio.to_thread(originals.write_sums, backup.sums(name), sums)


async def _library(home: Home, library: Row) -> _Source:
    rows = await home.db.fetch(
        """SELECT CASE p."folder" WHEN '' THEN p."name" ELSE p."folder" || '/' || p."name" END AS "path",
                  p."size_bytes", p."mtime_ns", f."content_sha" FROM "file_path" p
           JOIN "stored_file" f ON f."id" = p."file" WHERE p."library" = ? ORDER BY p."folder", p."name" """,
        [str(library["id"])],
    )
    wanted = {
        row["path"]: Item(
            path=row["path"], size_bytes=row["size_bytes"], mtime_ns=row["mtime_ns"], sha256=row["content_sha"]
        )
        for row in rows
    }
    absent = await home.db.fetch(
        'SELECT "content" FROM "stored_file" WHERE "library" = ? AND "missing_since" IS NOT NULL', [str(library["id"])]
    )
    return _Source(str(library["id"]), Path(library["root"]), wanted, {row["content"] for row in absent})


async def _guests(home: Home) -> _Source:
    """What guests sent and nobody has looked at: no stored file yet, and nowhere else."""
    rows = await home.db.fetch('SELECT "id", "size_bytes", "content_sha", "created" FROM "guest_upload" ORDER BY "id"')
    wanted = {
        str(row["id"]): Item(
            path=str(row["id"]),
            size_bytes=row["size_bytes"],
            mtime_ns=int(row["created"].timestamp()) * 1_000_000_000,
            sha256=row["content_sha"],
        )
        for row in rows
    }
    return _Source(GUESTS, home.paths.quarantine, wanted, set())


def _batches(items: list[Item]) -> list[list[Item]]:
    """Some dozen small files, or few large ones: each is one call, with a time limit of its own."""
    batches: list[list[Item]] = []
    size = BATCH_BYTES
    for item in items:
        if size + item.size_bytes > BATCH_BYTES or len(batches[-1]) >= BATCH_FILES:
            batches.append([])
            size = 0
        batches[-1].append(item)
        size += item.size_bytes
    return batches


def _new_bytes(batch: list[Item], known: dict[str, str]) -> int:
    return sum(item.size_bytes for item in batch if known.get(item.path) != item.sha256)


def _thin_out(folder: Path) -> None:
    snapshots.remove_snapshots(folder, snapshots.superfluous(snapshots.list_snapshots(folder)))


def _copy_rest(home: Home, backup: BackupFolder, snapshot: Snapshot, libraries: list[Row]) -> None:
    """Earlier versions of files, settings, which library is which, and then the snapshot, for it speaks of all that;
    whole files, by rename."""
    for version in home.paths.versions.rglob("*"):
        there = backup.versions / version.relative_to(home.paths.versions)
        if version.is_file() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            _copy_whole(version, there)
    for settings in (home.paths.root / "homeroll.toml", Path("/etc/homeroll/homeroll.toml")):
        if settings.is_file():
            _copy_whole(settings, backup.settings / settings.name)
            break
    described = [
        {"id": str(row["id"]), "name": row["name"], "root": row["root"], "kind": row["kind"]} for row in libraries
    ]
    if backup.sums(GUESTS).exists():
        described.append({"id": GUESTS, "name": GUESTS, "root": str(home.paths.quarantine), "kind": GUESTS})
    write_atomically(backup.libraries, msgspec.json.format(msgspec.json.encode(described)), temporary_in=backup.root)
    for name in (snapshot.name, f"{snapshot.name}.json"):
        _copy_whole(home.paths.backups / name, backup.database / name)


def _copy_whole(source: Path, target: Path) -> None:
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{target.name}")
    try:
        shutil.copy2(source, temporary)
        with temporary.open("rb") as copy:
            os.fsync(copy.fileno())
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise_storage_error(error)
