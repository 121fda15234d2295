"""What is on disk below a root: folders in a fixed order, files with size and time, nothing opened."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.files import mtime_ns
from appliance.media.sniff import KINDS_BY_EXTENSION, extension_of
from appliance.paths import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Folders of other programs: thumbnails, recycle bins, snapshots, what a repair of the disk found.
IGNORED_FOLDERS = frozenset(
    {"@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "network trash folder", "temporary items"}
    | {"$recycle.bin", "recycler", "recycled", "system volume information", "lost+found", "lost.dir", "__macosx"}
)
#: Lightroom's previews, smaller copies of what lies elsewhere.
IGNORED_ENDINGS = (".lrdata",)
#: Apple's libraries are folders: originals lie in one of these, all else is copies, faces and indexes.
_APPLE_LIBRARIES = (".photoslibrary", ".photolibrary", ".aplibrary", ".migratedphotolibrary")
_APPLE_ORIGINALS = frozenset({"originals", "masters"})


def is_ignored(name: str, within: str = "") -> bool:
    """Whether a folder of this name, and all below it, is none of our business: hidden, or another program's.

    within: the name of the folder that it lies in.
    """
    lower = name.lower()
    return (
        name.startswith(".")
        or lower in IGNORED_FOLDERS
        or lower.endswith(IGNORED_ENDINGS)
        or (within.lower().endswith(_APPLE_LIBRARIES) and lower not in _APPLE_ORIGINALS)
    )


def leads_to_ignored(root: str, parts: Sequence[str]) -> bool:
    """Whether a way from the root comes through a folder that is ignored."""
    ways = zip(parts, (os.path.basename(root), *parts), strict=False)  # noqa: PTH119 - asked for every change
    return any(is_ignored(name, within) for name, within in ways)


class Folder(msgspec.Struct, kw_only=True):
    """One folder's files that concern us: name -> (size in bytes, mtime in ns).

    `error` is set when the folder could not be listed; nothing may then be concluded from what is not seen below it,
    unless it is simply `gone`.
    """

    path: str
    files: dict[str, tuple[int, int]]
    error: str = ""
    gone: bool = False
    unnameable: int = 0


def walk(root: str, start: str = "") -> Iterator[Folder]:
    """Yield `start` (a folder below root, "" for root itself) and all below it, sorted by name.

    Symbolic links are not followed: a link could lead out of the library.  Hidden names are left out, and what Homeroll
    keeps itself.
    """
    try:
        inside = _is_inside(root, start)
    except OSError as error:  # a folder on the way is closed to the service
        yield Folder(path=start, files={}, error=error.strerror or str(error))
        return
    if not inside:
        yield Folder(path=start, files={}, gone=True)
        return
    waiting = [start]
    while waiting:
        path = waiting.pop()
        folder, below = _list(root, path)
        yield folder
        waiting += sorted(below, reverse=True)


def _is_inside(root: str, start: str) -> bool:
    """Whether a walk from the root would come to `start`: no part of it ignored, ours, or a link."""
    parts = start.split("/") if start else []
    if leads_to_ignored(root, parts):
        return False
    on_the_way = [Path(root, *parts[: end + 1]) for end in range(len(parts))]
    return not any(folder.is_symlink() or is_ours(folder) for folder in on_the_way)


def _list(root: str, path: str) -> tuple[Folder, list[str]]:
    files: dict[str, tuple[int, int]] = {}
    below: list[str] = []
    folder = Folder(path=path, files=files)
    own_name = (path or root).rpartition("/")[2]
    try:
        with os.scandir(os.path.join(root, path) if path else root) as entries:  # noqa: PTH118 - a Path for each is slow
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not is_ignored(name, own_name):
                        below.append(f"{path}/{name}" if path else name)
                elif (
                    not name.startswith(".")
                    and extension_of(name) in KINDS_BY_EXTENSION
                    and entry.is_file(follow_symlinks=False)
                ):
                    # A file may go between being listed and being asked about; the folder is still there.
                    with contextlib.suppress(FileNotFoundError):
                        stat = entry.stat(follow_symlinks=False)
                        files[name] = (stat.st_size, mtime_ns(stat))
    except (FileNotFoundError, NotADirectoryError):
        folder.gone = True
    except OSError as error:
        folder.error = error.strerror or str(error)
    if below and path and _may_be_ours(path, below) and is_ours(Path(root, path)):
        return Folder(path=path, files={}), []
    _drop_unnameable(folder, below)
    folder.files = dict(sorted(files.items()))
    return folder, below


def _may_be_ours(path: str, below: list[str]) -> bool:
    """As far as names tell, which cost nothing: few folders are asked further."""
    return f"{path}/originals" in below or f"{path}/incoming" in below


def _drop_unnameable(folder: Folder, below: list[str]) -> None:
    """Names that are not UTF-8 cannot be written down; they are counted, so that someone can be told."""
    bad_files = [name for name in folder.files if not _is_text(name)]
    bad_folders = [name for name in below if not _is_text(name)]
    for name in bad_files:
        del folder.files[name]
    for name in bad_folders:
        below.remove(name)
    folder.unnameable = len(bad_files) + len(bad_folders)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
