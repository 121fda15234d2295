"""Whether what cannot be made again is somewhere else too: snapshots, the copy, its rehearsal, and the originals' own
state."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.doctor.base import House, Said

DAY_S = 24 * 3600.0
OLD_SNAPSHOT_S = OLD_COPY_S = OLD_SCRUB_S = 3 * DAY_S
OLD_REHEARSAL_S = 45 * DAY_S


def check_copies(house: House) -> Iterator[Said]:
    """Snapshots of the database, the copy on another disk, and whether a restore was rehearsed."""
    from appliance.backup.snapshots import list_snapshots

    if not house.rows("SELECT 1 FROM stored_file LIMIT 1"):
        yield "ok", "nothing to copy yet", ""
        return
    snapshots = list_snapshots(house.paths.backups)
    if not snapshots:
        yield "warning", "there is no snapshot of the database yet", "One is taken every night; or now: homeroll backup"
    elif time.time() - snapshots[0].taken.timestamp() > OLD_SNAPSHOT_S:
        hint = "Is the job “Back up” paused, or does it fail?  Try: homeroll backup"
        yield "warning", f"the newest snapshot of the database is of {snapshots[0].taken:%F %R} UTC", hint
    else:
        yield "ok", f"{len(snapshots)} snapshots of the database, the newest of {snapshots[0].taken:%F %R} UTC", ""
    folder = _kept(house, "site_setting", "backup_folder") or ""
    if not folder:
        yield (
            "warning",
            "there is no copy on another disk",
            "homeroll backup --to DIR: now, and every night from now on",
        )
        return
    if not Path(folder).is_dir():
        yield "warning", f"the folder for backups, {folder}, is not there", "Is its disk plugged in and mounted?"
    elif Path(folder).stat().st_dev == house.paths.root.stat().st_dev:
        hint = "When that disk fails, both are gone: name a folder on another disk with homeroll backup --to DIR"
        yield "warning", f"{folder} is on the same disk as the data", hint
    yield from _check_copy(house, folder)
    yield from _check_rehearsal(house)


def _check_copy(house: House, folder: str) -> Iterator[Said]:
    last = _kept(house, "kept_state", "last_backup") or {}
    if last.get("folder") != folder or "copied" not in last:
        yield "warning", f"nothing was copied to {folder} yet", "It is done every night; or now: homeroll backup"
        return
    at, age_s = _when(last)
    if age_s > OLD_COPY_S:
        hint = "Is the job “Back up” paused, or does it fail?  Try: homeroll backup"
        yield "warning", f"the copy in {folder} is of {at:%F %R} UTC", hint
    elif last.get("unreadable"):
        hint = "homeroll verify names them; the disk with the photos may be failing."
        yield "warning", f"{last['unreadable']:,} originals could not be read for the copy of {at:%F %R} UTC", hint
    else:
        yield "ok", f"copied to {folder}, last on {at:%F %R} UTC", ""


def _check_rehearsal(house: House) -> Iterator[Said]:
    last = _kept(house, "kept_state", "last_drill")
    if last is None:
        yield "ok", "a restore is rehearsed once a month; or now: homeroll drill", ""
        return
    at, age_s = _when(last)
    if last.get("failed"):
        hint = "homeroll backup replaces damaged copies; then: homeroll drill --all"
        yield "broken", f"a restore as rehearsed on {at:%F} would lose {last['failed']:,} files", hint
    elif age_s > OLD_REHEARSAL_S:
        yield "warning", f"the last rehearsal of a restore was on {at:%F}", "homeroll drill"
    else:
        yield "ok", f"a restore was rehearsed on {at:%F}: {last.get('files', 0):,} files came back as they were", ""


def check_originals(house: House) -> Iterator[Said]:
    """When originals were last read again, and what their disk has lost."""
    if not house.rows("SELECT 1 FROM stored_file LIMIT 1"):
        yield "ok", "none yet", ""
        return
    damaged = (house.rows("SELECT count(*) FROM file_check WHERE verdict IN ('changed', 'unreadable')") or [(0,)])[0][0]
    if damaged:
        yield (
            "broken",
            f"{damaged:,} are not what they were: their disk has lost them",
            "homeroll verify --no-scrub names them, homeroll verify --heal puts the backup's copies in their place.",
        )
    last = _kept(house, "kept_state", "last_scrub")
    if last is None:
        yield "ok", "some are read again every night; or all of them now: homeroll verify --all", ""
        return
    at, age_s = _when(last)
    if age_s > OLD_SCRUB_S:
        hint = "Is the job “Check originals” paused, or scrub_gb_per_night 0?  Try: homeroll verify"
        yield "warning", f"last read again on {at:%F %R} UTC", hint
    elif not damaged:
        yield "ok", f"last read again on {at:%F %R} UTC, {last.get('checked', 0):,} files", ""


def _kept(house: House, table: str, name: str) -> Any:
    import msgspec

    found = house.rows(f"SELECT CAST(value AS TEXT) FROM {table} WHERE name = '{name}'")
    return msgspec.json.decode(found[0][0]) if found else None


def _when(last: dict[str, Any]) -> tuple[datetime, float]:
    """Its time, and how many seconds ago that was."""
    at = datetime.fromisoformat(last["at"]).astimezone(UTC)
    return at, time.time() - at.timestamp()
