"""How full the disks are that hold the data, the libraries and the backup, and how fast they and the library grow.

Once a day free space and the number of files are written down, and kept for a month: when a disk will be full is known
to whoever asks, whenever they ask.  Looking at a disk (statvfs(2)) reads nothing from it.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.library import kept, libraries
from appliance.library.settings import get_setting
from appliance.library.viewers import LOCAL_ADMIN
from appliance.values import now

if TYPE_CHECKING:
    from appliance.home import Home

STATE = "growth"
DAY_S = 86_400.0
#: A look is one of another day this long after the last one: what is switched on every morning looks every morning.
DUE_S = 20 * 3600.0
KEPT_S = 31 * DAY_S
#: Fewer say nothing about how it goes on: the first is that of the first import.
LEAST_DAYS = 3
LEAST_BYTES = 10 << 20
#: A share that does not answer keeps one thread, and nobody waiting.
PATIENCE_S = 2.0


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """`holds`: names of libraries, "data", "backup".  `days_left`: until it is full at the rate of the last weeks; null
    while that is not known, or it does not fill up."""

    holds: list[str]
    mount: str
    free_bytes: int
    total_bytes: int
    days_left: float | None = None


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """`files_added`: how many more photos and videos there are than at `since`, a month ago at most; null on the first
    day."""

    disks: list[Disk]
    files_added: int | None
    since: datetime | None


#: Moments in seconds, and what was there; the newest last.
Series = list[tuple[float, int]]


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """`disks`: by mount, its size and its free bytes; another size is another disk."""

    files: Series = []
    disks: dict[str, tuple[int, Series]] = {}


async def note(home: Home) -> bool:
    """Write down how full the disks are; False when that was done today."""
    noted, at = await _noted(home), now().timestamp()
    if noted.files and at - noted.files[-1][0] < DUE_S:
        return False
    disks = {
        disk.mount: (disk.total_bytes, [*_of(noted, disk), (at, disk.free_bytes)]) for disk in await _measured(home)
    }
    # A disk that is not there just now is remembered as long as what is known of it is of use.
    kept_disks = {mount: told for mount, told in noted.disks.items() if mount not in disks and told[1]} | disks
    files = [*noted.files, (at, await _files(home))]
    async with home.db.write():
        await kept.remember(home.db, STATE, msgspec.to_builtins(Noted(files=files, disks=kept_disks)))
    return True


async def tell(home: Home) -> Growth:
    noted = await _noted(home)
    disks = [
        msgspec.structs.replace(disk, days_left=days_left(_of(noted, disk), disk.free_bytes))
        for disk in await _measured(home)
    ]
    if not noted.files:
        return Growth(disks=disks, files_added=None, since=None)
    since, before = noted.files[0]
    return Growth(disks=disks, files_added=await _files(home) - before, since=datetime.fromtimestamp(since, UTC))


def days_left(series: Series, free_bytes: int) -> float | None:
    """series: free bytes, a look a day.  The busiest day is left out: an import is not how it goes on."""
    days = sorted(
        ((before - after) / (end - start), end - start)
        for (start, before), (end, after) in pairwise(series)
        if end > start
    )
    if len(days) < LEAST_DAYS:
        return None
    usual = days[:-1]
    taken = sum(rate * seconds for rate, seconds in usual)
    if taken < LEAST_BYTES:
        return None
    return free_bytes / (taken / sum(seconds for _, seconds in usual)) / DAY_S


def _of(noted: Noted, disk: Disk) -> Series:
    total_bytes, series = noted.disks.get(disk.mount, (0, []))
    return series if total_bytes == disk.total_bytes else []


async def _noted(home: Home) -> Noted:
    """Without what is older than a month, or from a clock that was ahead."""
    told = msgspec.convert(await kept.remembered(home.db, STATE) or {}, Noted)
    at = now().timestamp()

    def fresh(series: Series) -> Series:
        return [one for one in series if at - KEPT_S < one[0] <= at]

    disks = {mount: (total, fresh(series)) for mount, (total, series) in told.disks.items()}
    return Noted(files=fresh(told.files), disks=disks)


async def _files(home: Home) -> int:
    return int(await home.db.value('SELECT ifnull(sum("files"), 0) FROM "month_count"'))


async def _measured(home: Home) -> list[Disk]:
    """One for each disk that is there and answers."""
    disks: dict[int, Disk] = {}
    for name, path in await _places(home):
        found = await _look(home, path)
        if found is not None:
            device, disk = found
            disks.setdefault(device, disk).holds.append(name)
    return list(disks.values())


async def _places(home: Home) -> list[tuple[str, str]]:
    roots = [(row["name"], row["root"]) for row in await libraries.list_libraries(home.db, LOCAL_ADMIN)]
    backup = str(await get_setting(home.db, "backup_folder"))
    return [("data", str(home.paths.root)), *roots, *([("backup", backup)] if backup else [])]


async def _look(home: Home, path: str) -> tuple[int, Disk] | None:
    """None where nothing is, or nothing answers; a disk that hangs is waited for by one thread, however many ask."""
    asked = home.disks_asked.get(path)
    if asked is None:
        asked = home.disks_asked[path] = asyncio.get_running_loop().run_in_executor(None, _disk_of, path)
        asked.add_done_callback(lambda _: home.disks_asked.pop(path, None))
    try:
        # Not `wait_for`: that of Python 3.11 forgets that it was cancelled when the answer comes at the same moment.
        async with asyncio.timeout(PATIENCE_S):
            device, disk = await asyncio.shield(asked) or (0, None)
    except TimeoutError:
        return None
    return (device, msgspec.structs.replace(disk, holds=[])) if disk else None


def _disk_of(path: str) -> tuple[int, Disk] | None:
    try:
        device, disk = Path(path).stat().st_dev, os.statvfs(path)
        mount = _mount_of(Path(path))
    except OSError:
        return None
    free_bytes, total_bytes = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    return device, Disk(holds=[], mount=str(mount), free_bytes=free_bytes, total_bytes=total_bytes)


def _mount_of(path: Path) -> Path:
    path = path.resolve()
    while not path.is_mount():
        path = path.parent
    return path
