"""What is on disk below a root: folders in a fixed order, files with size and time, nothing opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from appliance.media.sniff import KINDS_BY_EXTENSION, extension_of

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Folders of other programs: thumbnails, recycle bins, synchronisation state.
IGNORED_FOLDERS = frozenset(
    {"@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information", "#snapshot"}
)


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

    Symbolic links are not followed: a link could lead out of the library.  Hidden names are left out.
    """
    waiting = [start]
    while waiting:
        path = waiting.pop()
        folder, below = _list(root, path)
        yield folder
        waiting += sorted(below, reverse=True)


def _list(root: str, path: str) -> tuple[Folder, list[str]]:
    files: dict[str, tuple[int, int]] = {}
    below: list[str] = []
    folder = Folder(path=path, files=files)
    try:
        with os.scandir(os.path.join(root, path) if path else root) as entries:  # noqa: PTH118 - a Path for each is slow
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if name.lower() not in IGNORED_FOLDERS:
                        below.append(f"{path}/{name}" if path else name)
                elif extension_of(name) in KINDS_BY_EXTENSION and entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    files[name] = (stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError:
        folder.gone = True
    except OSError as error:
        folder.error = error.strerror or str(error)
    _drop_unnameable(folder, below)
    folder.files = dict(sorted(files.items()))
    return folder, below


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
