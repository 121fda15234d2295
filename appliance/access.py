"""What keeps an account here from Homeroll's files, said so that one command mends it."""

from __future__ import annotations

import grp
import pwd
import stat
from typing import TYPE_CHECKING

from appliance.errors import PermissionDeniedError

if TYPE_CHECKING:
    import os
    from pathlib import Path

ROOT = 0


def not_allowed(data: Path) -> PermissionDeniedError:
    """One line that names the group to join, or whom to ask where no group would help.

    data: the data directory, or a file of settings, that this account may not open.  Blocks shortly.
    """
    start = f"Only admins may manage the Homeroll in {data}"
    closed = _closed(data)
    if closed is None:
        return PermissionDeniedError(f"{start}: use sudo")
    opens = stat.S_IXGRP if stat.S_ISDIR(closed.st_mode) else stat.S_IRGRP
    if not closed.st_mode & opens:
        return PermissionDeniedError(f"{start}: do it as {_account(closed.st_uid)} (sudo -u {_account(closed.st_uid)})")
    if closed.st_gid == ROOT:  # who joins that one has more than Homeroll
        return PermissionDeniedError(f"{start}: use sudo")
    group = _group(closed.st_gid)
    return PermissionDeniedError(
        f"{start}: join the group {group} (sudo usermod -aG {group} $USER, then log in again), or use sudo"
    )


def _closed(path: Path) -> os.stat_result | None:
    """The folder that is shut, as far as can be seen from outside."""
    for folder in (path, *path.parents):
        try:
            return folder.stat()
        except OSError:
            continue
    return None


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"'#{number}'"
