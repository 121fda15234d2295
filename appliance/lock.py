"""The data directory's lock: one process at a time opens the database, be it the service or a command.

The lock is an flock, so it ends with its process however that ends; the file's text only says who holds it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Self

import msgspec

from appliance.errors import ConflictError, DiskFullError, ReadOnlyError, StorageError
from appliance.values import now

if TYPE_CHECKING:
    from appliance.paths import DataPaths

LONGEST_NOTE = 4096  # bytes read of the holder's note
NOT_FOR_EVERYONE = 0o027  # the umask of whoever opens the data: other accounts here read neither photos nor passwords
GLANCES = 100  # tries, since `holder` in another process takes the lock for some microseconds to look


class Holder(msgspec.Struct, frozen=True):
    """Who holds a data directory; pid is 0 where the note could not be read."""

    pid: int = 0
    command: str = ""
    since: datetime | None = None

    def sentence(self) -> str:
        what = f"`homeroll {self.command}`" if self.command else "another Homeroll"
        return f"{what} (process {self.pid})" if self.pid else what


class DataLock:
    """Hold it while the database is open; entering raises ConflictError when another process (or lock) has it.

    command: the verb that holds it, for the message others get.  The data directory must exist.
    """

    def __init__(self, paths: DataPaths, *, command: str) -> None:
        self._paths = paths
        self._command = command
        self._fd: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        assert self._fd is None, "this lock is held already"
        fd = _open(self._paths)
        try:
            self._take(fd)
            note = {"pid": os.getpid(), "command": self._command, "since": now().isoformat(timespec="seconds")}
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps(note).encode(), 0)
        except OSError as error:
            os.close(fd)
            if error.errno == errno.ENOSPC:
                raise DiskFullError(
                    f"The disk that holds {self._paths.root} is full", hint="Free some space."
                ) from error
            raise StorageError(
                f"{self._paths.root} cannot be locked: {error.strerror}",
                hint="Keep the data directory on a local disk.",
            ) from error
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def _take(self, fd: int) -> None:
        for _ in range(GLANCES):
            try:
                return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                by = holder(self._paths)
                if by is not None:
                    raise _refusal(self._paths, by) from None
        raise _refusal(self._paths, None)

    def release(self) -> None:
        """Let go; safe to call twice.  The file stays: removing it would let two processes hold two different ones."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
        os.close(fd)


def holder(paths: DataPaths) -> Holder | None:
    """Who holds the data directory now, or None; takes nothing and creates nothing."""
    try:
        fd = os.open(paths.lock, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(
            f"{paths.lock} cannot be read: {error.strerror}", hint="Run this as the owner of the data directory."
        ) from error
    try:
        # A shared try: two programs that look at the same moment do not see each other.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _note(os.pread(fd, LONGEST_NOTE, 0))
    finally:
        os.close(fd)
    return None


def ended_badly(paths: DataPaths) -> bool:
    """Whether who held the data last died with it, or the power went: its note is there.  Ask before `acquire`."""
    with contextlib.suppress(OSError, StorageError):
        return holder(paths) is None and paths.lock.stat().st_size > 0
    return False


def _open(paths: DataPaths) -> int:
    try:
        return os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except FileNotFoundError as error:
        raise StorageError(f"There is no directory {paths.root}", hint="Is its disk mounted?") from error
    except PermissionError as error:
        raise ReadOnlyError(
            f"{paths.root} may not be written by this user", hint="Run this as the owner of the data directory."
        ) from error
    except OSError as error:
        if error.errno == errno.EROFS:
            raise ReadOnlyError(f"{paths.root} is read-only", hint="Is its disk mounted read-only?") from error
        raise StorageError(f"{paths.lock} cannot be opened: {error.strerror}") from error


def _note(text: bytes) -> Holder:
    try:
        return msgspec.json.decode(text, type=Holder)
    except msgspec.DecodeError:  # between the lock and its note, or an older version's
        return Holder()


def _refusal(paths: DataPaths, by: Holder | None) -> ConflictError:
    who = (by or Holder()).sentence()
    since = f" since {by.since:%Y-%m-%d %H:%M} UTC" if by and by.since else ""
    return ConflictError(
        f"The data directory {paths.root} is in use by {who}{since}",
        hint="Wait for it to end, or stop it; a second service needs a --data DIR of its own.",
    )
