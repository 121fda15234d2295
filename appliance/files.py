"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from typing import TYPE_CHECKING, NoReturn

from appliance.errors import DiskFullError, ReadOnlyError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

TEMPORARY_PREFIX = ".part-"
_LATEST_NS = (1 << 63) - 1


def write_atomically(path: Path, data: bytes, *, temporary_in: Path) -> None:
    """Write in `temporary_in`, a folder on the same disk, then rename to `path`; replaces what is there.

    Not fsynced: for what can be made again (`sync_folder` is for what cannot).  Raises DiskFullError or ReadOnlyError;
    nothing is left behind then.  What a kill leaves behind, `remove_temporaries` finds without a long search.
    """
    temporary = ""
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        fd, temporary = tempfile.mkstemp(dir=temporary_in, prefix=TEMPORARY_PREFIX)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.replace(temporary, path)  # noqa: PTH105 - strings straight from mkstemp
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - as above
        raise_storage_error(error)


def raise_storage_error(error: OSError) -> NoReturn:
    """Raise the storage error that `error` means, or `error` itself."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise DiskFullError("The disk that holds Homeroll's data is full", hint="Free some space.") from error
    if error.errno == errno.EROFS:
        raise ReadOnlyError("The data directory cannot be written", hint="Is its disk mounted read-only?") from error
    raise error


def as_storage_error(error: OSError) -> StorageError:
    """What a disk said of a library's or a guest's file, for people."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFullError("The disk is full", hint="Free some space, then try again.")
    if error.errno == errno.EROFS:
        return ReadOnlyError("The disk cannot be written to", hint="Is it mounted read-only?")
    return StorageError(f"The disk refused: {error.strerror}", hint="The log of the service tells more.")


def mtime_ns(stat: os.stat_result) -> int:
    """A file's time as tables can hold it: a file system knows years (2400) that no column of nanoseconds does."""
    return max(-_LATEST_NS, min(stat.st_mtime_ns, _LATEST_NS))


def sync_folder(folder: Path) -> None:
    """fsync a directory, so that a rename in it survives a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_temporaries(folder: Path, *, older_than_s: float = 0.0) -> int:
    """Remove what an interrupted `write_atomically` left in `folder`; returns how many.

    older_than_s: leave younger ones alone, because they may be in the middle of being written.
    """
    removed = 0
    latest = time.time() - older_than_s
    for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if leftover.stat().st_mtime <= latest:
                leftover.unlink()
                removed += 1
    return removed
