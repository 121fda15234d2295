"""What it costs to find that nothing has changed: a rescan of a library of many unchanged files.

    python -m benchmarks.rescan [--files 20000] [--folders 200] [--repeat 5]

CPU (user + system) of this process per file, the median of some rescans, database included; the files are tiny, because
nothing of them is read.  That no file is opened is proven with inotify: the kernel reports every open below the root.
Their rows have as much metadata as those of a camera's photos.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.importing.scan import ScanResult, scan_library
from appliance.library import intake, libraries
from appliance.media.values import FileHashes, MediaMetadata

if TYPE_CHECKING:
    from appliance.home import Home

IN_OPEN, IN_ISDIR, IN_NONBLOCK = 0x20, 0x40000000, 0o4000
EVENT_BYTES = 16  # of struct inotify_event without its name: wd, mask, cookie, len, four bytes each


class OpensBelow:
    """Counts the files (not folders) below a root that anyone opens."""

    def __init__(self, root: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(IN_NONBLOCK)
        for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
            if libc.inotify_add_watch(self._fd, os.fsencode(folder), IN_OPEN) < 0:
                raise OSError(ctypes.get_errno(), "inotify cannot watch", str(folder))

    def count(self) -> int:
        """How many since the last call."""
        files = 0
        while True:
            try:
                data = os.read(self._fd, 1 << 16)
            except BlockingIOError:
                return files
            at = 0
            while at < len(data):
                mask = int.from_bytes(data[at + 4 : at + 8], "little")
                files += not mask & IN_ISDIR
                at += EVENT_BYTES + int.from_bytes(data[at + 12 : at + 16], "little")


def make_files(root: Path, files: int, folders: int) -> None:
    for number in range(files):
        folder = root / f"{2000 + number % folders // 12}" / f"{number % folders:03}"
        if number < folders:
            folder.mkdir(parents=True)
        (folder / f"IMG_{number:06}.jpg").write_bytes(str(number).encode())


def metadata(number: int) -> MediaMetadata:
    moment = datetime.fromtimestamp(1_500_000_000 + number * 600, UTC)
    return MediaMetadata(
        kind="photo",
        mime_type="image/jpeg",
        reader="pillow",
        width=4000,
        height=3000,
        start=moment,
        start_local=moment.replace(tzinfo=None),
        camera_make="Maker",
        camera_model="Model 7",
        tags={f"Tag{index}": "a value of thirty characters...." for index in range(60)},
    )


async def register_all(home: Home, library: dict[str, object], root: Path) -> None:
    """Rows for all files without reading any: what an import would have left."""
    import uuid

    paths = sorted(path for path in root.rglob("*") if path.is_file())
    for begin in range(0, len(paths), 500):
        sightings = [
            intake.Sighting(
                folder=str(path.parent.relative_to(root)),
                name=path.name,
                mtime_ns=path.stat().st_mtime_ns,
                hashes=FileHashes(sha256=f"{number:064x}", sha1=f"{number:040x}", size_bytes=path.stat().st_size),
                kind="photo",
                mime_type="image/jpeg",
                metadata=metadata(number),
            )
            for number, path in enumerate(paths[begin : begin + 500], begin)
        ]
        async with home.db.write():
            await intake.register(
                home.db, library=uuid.UUID(str(library["id"])), owner=None, sightings=sightings, steps=home.steps
            )


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(root: Path, data: Path, repeat: int) -> tuple[list[float], list[float], int, ScanResult]:
    """CPU and wall seconds of each rescan, files opened in all of them, and what the last one found."""
    async with open_home(Settings(data=data, compute="inline", compute_workers=2)) as home:
        library = await libraries.add_library(home.db, name="many", root=str(root))
        await register_all(home, library, root)
        await scan_library(home, library)
        opens = OpensBelow(root)
        opens.count()
        cpu, wall, result = [], [], ScanResult()
        for _ in range(repeat):
            began_cpu, began = cpu_s(), time.perf_counter()
            result = await scan_library(home, library)
            cpu.append(cpu_s() - began_cpu)
            wall.append(time.perf_counter() - began)
        opened = opens.count()
    return cpu, wall, opened, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--folders", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "photos")
        make_files(root, args.files, args.folders)
        probe = next(path for path in root.rglob("*") if path.is_file())
        opens = OpensBelow(root)
        probe.read_bytes()
        assert opens.count() == 1, "inotify does not report opened files here"
        cpu, wall, opened, result = asyncio.run(measure(root, Path(scratch, "data"), args.repeat))
    assert (result.found, result.added, result.changed, result.missing) == (args.files, 0, 0, 0), result
    print(
        json.dumps(
            {
                "files": args.files,
                "folders": args.folders,
                "repeats": args.repeat,
                "cpu_ms_per_file": round(statistics.median(cpu) * 1000 / args.files, 4),
                "wall_s": round(statistics.median(wall), 3),
                "files_opened": opened,
            }
        )
    )


if __name__ == "__main__":
    main()
