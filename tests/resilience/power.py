"""A power cut, played back: what a folder would hold if the power had gone at any moment of a program's life.

`record_writes.c` notes, in order, everything a program does to files below a folder.  `Disk` replays that up to a
moment and keeps what a file system must keep by the letter of fsync(2): bytes that were synced, and names in folders
that were synced.  Everything later may be there or not: `Disk.survivors` leaves it out, or draws it by lot.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

HEADER = struct.Struct("=IIQQQ")
SOURCE = Path(__file__).with_name("record_writes.c")


class Event(NamedTuple):
    """kind: o(pened to create) w(ritten) t(runcated to `offset`) s(ynced file) d (synced folder) r(enamed) l(inked)
    u(nlinked) m(ade folder) a(nswered)."""

    kind: str
    inode: int
    offset: int
    names: tuple[str, ...]
    data: bytes


def build(folder: Path) -> Path:
    """The recorder, compiled; raises FileNotFoundError where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("no C compiler")
    library = folder / "record_writes.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-w", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, timeout=60)
    return library


def read_events(log: Path) -> Iterator[Event]:
    with log.open("rb") as file:
        while head := file.read(HEADER.size):
            kind, names, inode, offset, size = HEADER.unpack(head)
            told = file.read(names).decode()
            yield Event(chr(kind), inode, offset, tuple(told.split("\0")) if told else (), file.read(size))


class File:
    """One file's bytes: those on the disk, and what was done to it since the last fsync."""

    def __init__(self, data: bytes = b"") -> None:
        self.synced = bytearray(data)
        self.later: list[tuple[str, int, bytes]] = []

    def sync(self) -> None:
        for kind, offset, data in self.later:
            apply(self.synced, kind, offset, data)
        self.later.clear()


def apply(content: bytearray, kind: str, offset: int, data: bytes) -> None:
    if kind == "t":
        del content[offset:]
        content.extend(bytes(offset - len(content)))
    else:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


class Disk:
    """What is below `root`: as the program sees it, and as it would be after a power cut."""

    def __init__(self, root: Path) -> None:
        """Takes what is there now for safe."""
        self.root = root
        self.files: dict[int, File] = {}  # by inode, the one that has that number now
        self.names: dict[str, File | None] = {str(root): None}  # path -> file, None for a folder
        for path in sorted(root.rglob("*")):
            self.names[str(path)] = None if path.is_dir() else File(path.read_bytes() if path.is_file() else b"")
            if (file := self.names[str(path)]) is not None:
                self.files[path.stat().st_ino] = file
        self.safe_names = dict(self.names)

    def play(self, event: Event) -> None:
        match event.kind:
            case "o":
                if event.names[0] not in self.names:
                    self.files[event.inode] = self.names[event.names[0]] = File()
            case "w" | "t":
                self.files[event.inode].later.append((event.kind, event.offset, event.data))
            case "s":
                if event.inode in self.files:
                    self.files[event.inode].sync()
            case "d":
                self._sync_folder(event.names[0])
            case "r":
                self.names[event.names[1]] = self.names.pop(event.names[0])
            case "l":
                self.names[event.names[1]] = self.names[event.names[0]]
            case "u":
                self.names.pop(event.names[0], None)
            case "m":
                self.names[event.names[0]] = None

    def _sync_folder(self, folder: str) -> None:
        inside = {path for path in (*self.names, *self.safe_names) if path.rpartition("/")[0] == folder}
        for path in inside:
            if path in self.names:
                self.safe_names[path] = self.names[path]
            else:
                self.safe_names.pop(path)

    def survivors(self, target: Path, chance: random.Random | None = None) -> None:
        """Write what is left after a power cut now to the empty folder `target`.

        chance: without it nothing survives that was not synced; with it, each write and each name by lot.
        """
        names = dict(self.safe_names)
        if chance is not None:
            for path in {*self.names, *self.safe_names}:
                if self.names.get(path) is not self.safe_names.get(path) and chance.random() < 0.5:
                    if path in self.names:
                        names[path] = self.names[path]
                    else:
                        names.pop(path, None)
        target.mkdir(parents=True, exist_ok=True)
        for path, file in sorted(names.items()):
            there = target / Path(path).relative_to(self.root)
            if path != str(self.root) and not there.parent.is_dir():
                continue  # its folder is gone, and it with it
            if file is None:
                there.mkdir(exist_ok=True)
                continue
            content = bytearray(file.synced)
            for kind, offset, data in file.later if chance else ():
                if chance is not None and chance.random() < 0.5:
                    apply(content, kind, offset, data)
            there.write_bytes(content)
