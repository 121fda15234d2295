"""Where a folder's disk is mounted and how, as the kernel tells it (proc(5), mountinfo)."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import NamedTuple


class Mount(NamedTuple):
    point: str
    kind: str
    source: str
    options: frozenset[str]


def mount_of(path: Path, table: Path = Path("/proc/self/mountinfo")) -> Mount | None:
    """The mount that holds `path`; None where the system does not tell."""
    try:
        lines = table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    resolved, best = path.resolve(), None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        point = _plain(fields[4])
        # A later line hides an earlier one of the same point.
        if resolved.is_relative_to(point) and (best is None or len(point) >= len(best.point)):
            options = frozenset(fields[5].split(",")) | frozenset(rest[2].split(","))
            best = Mount(point, rest[0], _plain(rest[1]), options)
    return best


def _plain(told: str) -> str:
    """Spaces and the like are written as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), told)


def is_read_only(folder: Path) -> bool:
    """Whether nothing below `folder` can be written at present, also where the kernel stopped it after an error: newer
    ones do that without marking the file system as read-only for statvfs(2)."""
    with contextlib.suppress(OSError):
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return True
        mount = mount_of(folder)
        return mount is not None and not mount.options.isdisjoint(("ro", "emergency_ro", "shutdown"))
    return False
