"""Whether the disk that holds the data can take more: room beside the reserve, and whether it can be written at all.

Asked before each piece is written and never remembered, so that everything goes on by itself when space returns.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from appliance.errors import DiskFullError, ReadOnlyError
from appliance.files import raise_storage_error
from appliance.mounts import is_read_only

if TYPE_CHECKING:
    from pathlib import Path


def check_disk(folder: Path, reserve_mb: int) -> None:
    """Raise ReadOnlyError when nothing can be written, DiskFullError when only the reserve is left.  Blocks shortly."""
    if is_read_only(folder):
        raise ReadOnlyError(
            "The disk that holds Homeroll's data is read-only now",
            hint="The system does that to a disk that fails: look at `dmesg`, and save what is on it.",
        )
    check_room(folder, 0, reserve_mb)


def check_room(folder: Path, more_bytes: int, reserve_mb: int) -> None:
    """Raise DiskFullError when `more_bytes` would touch the reserve.

    Blocks for the microseconds of a statvfs(2), for longer on a disk that is asleep or away.
    """
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        raise_storage_error(error)
    free = disk.f_bavail * disk.f_frsize
    if free - more_bytes < reserve_mb << 20:
        raise DiskFullError(
            f"The disk is almost full: {free >> 20} MB are free, and {reserve_mb} MB must stay so",
            hint="Free some space, or lower reserve_mb in homeroll.toml.",
        )
    if disk.f_files and not disk.f_favail:
        raise DiskFullError(
            "The disk that holds Homeroll's data can hold no more files, however small",
            hint="Remove small files from it: its inodes are used up.",
        )
