"""The copy of the originals: plain files under their own names, with a list of hashes that `sha256sum -c` reads.

Pure functions for the compute process.  Nothing here deletes: what has left the library is moved to `removed/`.

    originals/<library>/<path>      the files, as they lie in the library
    originals/<library>.sha256      their hashes, relative to originals/
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.errors import StorageError
from appliance.files import TEMPORARY_PREFIX, mtime_ns, raise_storage_error, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_BLOCK = 4 << 20
#: What a disk says that cannot take this one file, for its name or its size; the next one it can.
_REFUSED = frozenset(
    {
        *(errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG, errno.EFBIG),
        *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY),
    }
)
_SUM = re.compile(rb"(?P<escaped>\\?)(?P<sha256>[0-9a-f]{64})  (?P<name>.+)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
What = Literal["copied", "same", "changed", "missing", "unreadable"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be in the copy: `path` below its library's root, and what the library knows of it."""

    path: str
    size_bytes: int
    mtime_ns: int
    sha256: str


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item.  changed: its bytes are not those that the library knows; a scan will find out."""

    path: str
    what: What
    size_bytes: int = 0
    why: str = ""


def copy_originals(
    root: Path, target: Path, items: Sequence[Item], known: Mapping[str, str], *, removed: Path | None = None
) -> list[Copied]:
    """Bring `items` of the library at `root` into the folder `target`.

    known: path -> SHA-256 of what the copy holds already.  A file is there when it was copied with that hash and has
    its size and time; each other is written under a temporary name, hashed while it is read, fsynced, renamed.
    removed: where other content that has its name is kept; None: it is replaced, because the caller has looked.
    Raises StorageError when the disk of the copy cannot take more, or is gone.
    """
    copied = []
    for item in items:
        if not target.is_dir():  # made by the caller: a disk that was unplugged leaves its mount point
            raise StorageError(f"The folder {target} is gone", hint="Was its disk unplugged?")
        copied.append(_copy_one(root, target, item, known.get(item.path), removed))
    return copied


def move_away(target: Path, removed: Path, paths: Iterable[str]) -> int:
    """What the library has no more is kept for a while, under the same names below `removed`."""
    moved = 0
    for path in paths:
        try:
            _keep_aside(target, removed, path)
            moved += 1
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise_storage_error(error)
    return moved


def _keep_aside(target: Path, removed: Path, path: str) -> None:
    """Where a file of that day has its name already, beside it: removed/2026-11-21 (2)/..."""
    source, number, place = target / path, 1, removed / path
    source.lstat()
    while os.path.lexists(place):
        number += 1
        place = removed.parent.with_name(f"{removed.parent.name} ({number})") / removed.name / path
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, place)  # noqa: PTH105 - where nothing is
    sync_folder(place.parent)


def read_sums(path: Path) -> dict[str, str]:
    """path below the library -> SHA-256, as `write_sums` wrote; empty when there is no list yet.

    Lines that the disk has damaged are left out: their files are copied anew, and nothing is moved on their word.
    """
    known: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError), path.open("rb") as lines:  # in text a carriage return would end a line
        for line in lines:
            found = _SUM.fullmatch(line.rstrip(b"\n"))
            with contextlib.suppress(UnicodeDecodeError):
                name = found["name"].decode() if found else ""
                if found and found["escaped"]:
                    name = _ESCAPED.sub(lambda one: "\n" if one[1] == "n" else one[1], name)
                below = name.partition("/")[2]
                if found and not {"", ".", ".."} & set(below.split("/")):
                    known[below] = found["sha256"].decode()
    return known


def write_sums(path: Path, sums: Mapping[str, str]) -> None:
    """In the format of GNU coreutils: run `sha256sum -c` in the folder of `path`."""
    try:
        fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
        with os.fdopen(fd, "w", encoding="utf-8", newline="\n") as file:
            for name, sha256 in sorted(sums.items()):
                told = f"{path.stem}/{name}"
                if "\n" in told or "\\" in told:
                    escaped = told.replace("\\", "\\\\").replace("\n", "\\n")
                    file.write(f"\\{sha256}  {escaped}\n")
                else:
                    file.write(f"{sha256}  {told}\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - a string straight from mkstemp
        sync_folder(path.parent)
    except OSError as error:
        raise_storage_error(error)


def _copy_one(root: Path, target: Path, item: Item, known: str | None, removed: Path | None) -> Copied:
    there = target / item.path
    with contextlib.suppress(OSError):
        found = there.stat()
        if known == item.sha256 and (found.st_size, mtime_ns(found)) == (item.size_bytes, item.mtime_ns):
            return Copied(path=item.path, what="same", size_bytes=item.size_bytes)
    try:
        source = (root / item.path).open("rb")
    except FileNotFoundError:
        return Copied(path=item.path, what="missing")
    except OSError as error:
        return Copied(path=item.path, what="unreadable", why=error.strerror or "")
    with source:
        if os.path.lexists(there) and not _is_called(target, item.path):
            return Copied(path=item.path, what="unreadable", why="it differs from another in capitals only")
        # A copy that is damaged is replaced; another content that had this name may be the last of its kind.
        aside = removed if known != item.sha256 else None
        return _write(source.fileno(), target, item, aside)


def _is_called(target: Path, path: str) -> bool:
    """Whether what lies at `path` has that very name: there are disks for which A.JPG and a.jpg are one."""
    folder = target
    for part in path.split("/"):
        try:
            if part not in os.listdir(folder):  # noqa: PTH208 - names, not paths
                return False
        except NotADirectoryError:
            return True  # something else is in the way, and says so when it is written
        folder /= part
    return True


def doubt(copy: Path) -> None:
    """Have a copy that is not what it should be made anew: with another time, the next backup takes it for an old one.

    It stays where it is until sound bytes can take its place, and in the list of hashes.
    """
    with contextlib.suppress(OSError):
        os.utime(copy, ns=(0, 0))


def _write(source: int, target: Path, item: Item, removed: Path | None) -> Copied:
    temporary, there = "", target / item.path
    try:
        there.parent.mkdir(parents=True, exist_ok=True)
        fd, temporary = tempfile.mkstemp(dir=there.parent, prefix=TEMPORARY_PREFIX)
        with os.fdopen(fd, "wb") as copy:
            sha256 = hashlib.sha256()
            while block := _read(source):
                sha256.update(block)
                copy.write(block)
            if sha256.hexdigest() != item.sha256:
                os.unlink(temporary)  # noqa: PTH108 - a string straight from mkstemp
                return Copied(path=item.path, what="changed")
            with contextlib.suppress(OSError):  # a disk for whom all files are alike
                os.fchmod(copy.fileno(), stat.S_IMODE(os.fstat(source).st_mode) & 0o777)
            copy.flush()
            os.fsync(copy.fileno())
        os.utime(temporary, ns=(item.mtime_ns, item.mtime_ns))
        if removed is not None and there.is_file() and not _holds(there, item):
            _keep_aside(target, removed, item.path)
        os.replace(temporary, there)  # noqa: PTH105 - as above
        sync_folder(there.parent)
    except _ReadError as error:
        _discard(temporary)
        return Copied(path=item.path, what="unreadable", why=str(error))
    except OSError as error:
        _discard(temporary)
        if error.errno in _REFUSED:
            return Copied(path=item.path, what="unreadable", why=f"its copy cannot be written: {error.strerror}")
        raise_storage_error(error)
    return Copied(path=item.path, what="copied", size_bytes=item.size_bytes)


def _holds(there: Path, item: Item) -> bool:
    """Whether an earlier run that was cut off has copied it already."""
    if there.stat().st_size != item.size_bytes:
        return False
    with there.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == item.sha256


class _ReadError(Exception):
    """The original could not be read to its end: that is its own trouble, not the copy's."""


def _read(source: int) -> bytes:
    try:
        return os.read(source, _BLOCK)
    except OSError as error:
        raise _ReadError(error.strerror or "the disk gave no reason") from error


def _discard(temporary: str) -> None:
    if temporary:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - a string straight from mkstemp


def check_room(folder: Path, needed_bytes: int, reserve_bytes: int) -> None:
    """Raise StorageError with the numbers when the disk of the copy has no room for what is to come."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + reserve_bytes:
        raise StorageError(
            f"The copy needs {needed_bytes >> 20:,} MB more, its disk has {free >> 20:,} MB free",
            hint="Use a larger disk, or free some space on it.",
        )
