"""What keeps a user from the admin's socket, said so that one command mends it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from typing import TYPE_CHECKING

from appliance.errors import PermissionDeniedError

if TYPE_CHECKING:
    from pathlib import Path


def refusal(data: Path) -> PermissionDeniedError | None:
    """Why this user may not manage the Homeroll in `data`, or None.  Blocking, for before the dashboard opens."""
    try:
        (data / "admin.sock").stat()
    except PermissionError:
        return not_allowed(data)
    except OSError:  # not there: that the service does not run is said on the screen
        return None
    return None if os.access(data / "admin.sock", os.R_OK | os.W_OK) else not_allowed(data)


def not_allowed(data: Path) -> PermissionDeniedError:
    """One line that names the group to join, or whom to ask where no group would help."""
    start = f"Only admins may manage the Homeroll in {data}"
    closed = _closed(data)
    if closed is None:
        return PermissionDeniedError(f"{start}: use sudo")
    if not closed.st_mode & stat.S_IXGRP:
        return PermissionDeniedError(f"{start}: do it as {_account(closed.st_uid)} (sudo -u {_account(closed.st_uid)})")
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
