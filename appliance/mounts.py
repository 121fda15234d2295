"""Where a folder's disk is mounted and how, as the kernel tells it (proc(5), mountinfo)."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


TABLE = Path("/proc/self/mountinfo")


class Mount(NamedTuple):
    """`device`: the kernel's numbers of it, such as 8:1; 0:N where it is no single disk or partition."""

    point: str
    kind: str
    source: str
    options: frozenset[str]
    device: str = ""


def mount_of(path: Path, table: Path = TABLE) -> Mount | None:
    """The mount that holds `path`; None where the system does not tell."""
    resolved, best = path.resolve(), None
    for mount in _mounts(table):
        # A later line hides an earlier one of the same point.
        if resolved.is_relative_to(mount.point) and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def mounts_of(path: Path, table: Path = TABLE) -> list[Mount]:
    """The mount that holds `path`, and those below it; [] where the system does not tell."""
    holds, resolved = mount_of(path, table), path.resolve()
    below = (mount for mount in _mounts(table) if Path(mount.point).is_relative_to(resolved))
    return [holds, *(mount for mount in below if mount.point != str(resolved))] if holds else []


def _mounts(table: Path) -> Iterator[Mount]:
    with contextlib.suppress(OSError):
        for line in table.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            before, _, after = line.partition(" - ")
            fields, rest = before.split(" "), after.split(" ")
            options = frozenset(fields[5].split(",")) | frozenset(rest[2].split(","))
            yield Mount(_plain(fields[4]), rest[0], _plain(rest[1]), options, fields[2])


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
