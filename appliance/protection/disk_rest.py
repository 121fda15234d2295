"""Which libraries need no look, because their disk has been at rest since we were last done with it.

The kernel counts what every disk and partition reads and writes; to look at that wakes none.  A disk whose counters are
where they were has nothing new on it, and may be asleep: an interval scan would wake it for nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from appliance.library import libraries
from appliance.library.viewers import LOCAL_ADMIN
from appliance.mounts import TABLE, mounts_of
from appliance.values import now

if TYPE_CHECKING:
    from appliance.home import Home
    from appliance.mounts import Mount

#: A disk is looked at so long after our work on it: until then the system writes down that files were read.
SETTLE_S = 120.0
#: However long a disk rests, its library is scanned once in so long.
LONGEST = timedelta(hours=23)
#: File systems of this machine's own, on one disk: what is written to them, inotify hears and the kernel counts.
LOCAL = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "bcachefs", "vfat", "exfat", "ntfs3", "fuseblk", "hfsplus"}
)
#: Documentation/block/stat.rst; the number of writes also counts requests that write nothing down (sync).
_READ_SECTORS, _WRITTEN_SECTORS = 2, 6


class Done(NamedTuple):
    """What a disk, or part of one, has done since it is known, in sectors of 512 bytes."""

    disk: str
    read: int
    written: int


class DiskRest:
    """`note` when our own work has settled; `libraries` says then, at any time, which of them rest.

    sys, mounts: where the kernel shows its disks and what is mounted; tests have their own.
    """

    def __init__(self, home: Home, *, sys: Path = Path("/sys"), mounts: Path = TABLE) -> None:
        self._home, self._sys, self._mounts = home, sys, mounts
        self._noted: dict[str, frozenset[Done]] = {}

    async def note(self) -> None:
        """Remember where every library's disks are now."""
        roots = [library["root"] for library in await self._folders()]
        self._noted = await asyncio.to_thread(self._look, roots)

    async def libraries(self) -> list[str]:
        """Ids of those that are watched, were scanned not long ago, and whose disks have done nothing since `note`."""
        if not self._noted:
            return []
        watched = [library for library in await self._folders() if self._is_known(library)]
        seen = await asyncio.to_thread(self._look, [library["root"] for library in watched])
        return [
            library["id"] for library in watched if seen.get(library["root"], self) == self._noted.get(library["root"])
        ]

    async def _folders(self) -> list[dict[str, Any]]:
        return [one for one in await libraries.list_libraries(self._home.db, LOCAL_ADMIN) if one["kind"] == "folder"]

    def _is_known(self, library: dict[str, Any]) -> bool:
        last = library["last_scan"]
        is_new = last is not None and now() - datetime.fromisoformat(last) < LONGEST
        return is_new and library["id"] in self._home.watched and library["status"] == libraries.READY

    def _look(self, roots: list[str]) -> dict[str, frozenset[Done]]:
        """By root; those of which the system does not tell are left out."""
        looks = {root: [self._done(mount) for mount in mounts_of(Path(root), self._mounts)] for root in roots}
        return {
            root: frozenset(one for one in found if one is not None)
            for root, found in looks.items()
            if found and None not in found
        }

    def _done(self, mount: Mount) -> Done | None:
        if mount.kind not in LOCAL:
            return None
        if not mount.device.startswith("0:"):
            folder = self._sys / "dev" / "block" / mount.device
        else:  # btrfs has no number of its own
            folder = self._sys / "class" / "block" / Path(mount.source).resolve().name
        try:
            fields = [int(word) for word in (folder / "stat").read_text(encoding="ascii").split()]
            return Done(mount.device, fields[_READ_SECTORS], fields[_WRITTEN_SECTORS])
        except (OSError, ValueError, IndexError):
            return None
