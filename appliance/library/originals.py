"""Opens originals for reading, and only what really lies below their library's root."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from appliance.errors import NotFoundError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.library.files import Original

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def open_original(original: Original) -> int:
    """A file descriptor that the caller closes.  Blocks: call it in a thread.

    Raises StorageError when the whole library is out of reach, NotFoundError when this file is gone.
    """
    try:
        root = os.open(original.root, _FOLDER)
    except OSError as error:
        raise StorageError(
            f"The folder of the library “{original.library}” cannot be reached",
            hint=f"Is the disk with {original.root} switched on and mounted?",
        ) from error
    try:
        return open_below(root, original.content)
    except OSError as error:
        if error.errno in (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.ETIMEDOUT):
            raise StorageError(
                f"The disk of the library “{original.library}” does not answer", hint="Check its connection."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM):
            raise StorageError(
                f"Homeroll may not read {original.filename}", hint="Give the service's user permission to read it."
            ) from error
        raise NotFoundError(
            f"{original.filename} is not on the disk any more",
            hint=f"It was in the library “{original.library}”; scan that library to find where it went.",
        ) from error
    finally:
        os.close(root)


def open_below(root: int, content: str) -> int:
    """Open `content` step by step below the open folder `root`, following no symbolic link on the way.

    Raises OSError; a path that tries to climb out is ENOENT, a link is ELOOP or ENOTDIR.
    """
    parts = content.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), content)
    folder = os.dup(root)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(parts[-1], _FILE | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def path_of(root: str, content: str) -> Path:
    """Where an original lies, for the compute process; nothing is checked."""
    from pathlib import Path

    return Path(root, content)
