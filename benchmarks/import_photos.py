"""What importing 12 megapixel photos costs, in units of Y (see `yardstick` below), and what a browsable row costs.

    python -m benchmarks.import_photos FOLDER [--repeat 3] [--workers 2]

CPU seconds (user + system) of this process and its compute children, from the start of the scan until every step of
every file is done; database, hashes, metadata, renditions and files on disk included.  Y is the CPU per photo of
"Pillow draft 1/2, Lanczos to 1440 px, JPEG q80; from it 250 px WebP method 4" on the same photos in the same run.
The row alone (hashes, EXIF, table rows; no pixels) is measured with the renditions step left out: `row_ms` is all of
it by photo, the start of the children included; `row_marginal_ms` leaves that start out (every child has read a photo
before the measuring begins), so it is what each further photo costs; `row_parent_ms` is this process's part of that.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import resource
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from PIL import Image, ImageOps

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.importing.ingest import Wanted, examine_many
from appliance.importing.scan import scan_library
from appliance.library import libraries
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner

METADATA = [step for step in STEPS if step.name == "metadata"]
PICTURES = [step for step in STEPS if step.name in ("metadata", "renditions")]


def cpu_s() -> float:
    """User and system seconds of this process and of its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


async def row_costs(folder: Path, workers: int) -> tuple[float, float]:
    """(CPU seconds of all processes, of this one) of registering `folder` when the children have been started."""
    async with contextlib.AsyncExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        home = await stack.enter_async_context(open_home(settings_of(scratch, workers), METADATA))
        library = await libraries.add_library(home.db, name="photos", root=str(folder))
        first = next(path for path in sorted(folder.rglob("*")) if path.is_file())
        # Two at once for each worker, so that none is left without.
        await asyncio.gather(
            *(home.compute.run(examine_many, [Wanted(path=first)] * 3) for _ in range(2 * home.compute.workers))
        )
        began_all, began = living_cpu_s(), own_cpu_s()
        await scan_library(home, library)
        return living_cpu_s() - began_all, own_cpu_s() - began


def own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def living_cpu_s() -> float:
    """User and system seconds of this process and of its children that are still there."""
    children = (child.cpu_times() for child in psutil.Process().children(recursive=True))
    return own_cpu_s() + sum(times.user + times.system for times in children)


def yardstick(photos: list[Path]) -> float:
    """CPU seconds per photo of the fixed reference work."""
    began = cpu_s()
    for path in photos:
        image: Image.Image = Image.open(io.BytesIO(path.read_bytes()))
        image.draft("RGB", (image.width // 2, image.height // 2))
        image = ImageOps.exif_transpose(image).convert("RGB")
        image.thumbnail((1440, 1440), Image.Resampling.LANCZOS, reducing_gap=None)
        image.save(io.BytesIO(), "JPEG", quality=80)
        image.thumbnail((250, 250), Image.Resampling.LANCZOS)
        image.save(io.BytesIO(), "WEBP", quality=80, method=4)
    return (cpu_s() - began) / len(photos)


def settings_of(scratch: str, workers: int) -> Settings:
    return Settings(data=Path(scratch), compute_workers=workers)


async def import_all(folder: Path, workers: int, *, renditions: bool) -> tuple[float, float]:
    """(CPU seconds, wall seconds) of one import into an empty data directory."""
    steps = PICTURES if renditions else METADATA
    async with contextlib.AsyncExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        home = await stack.enter_async_context(open_home(settings_of(scratch, workers), steps))
        library = await libraries.add_library(home.db, name="photos", root=str(folder))
        began_cpu, began = cpu_s(), time.perf_counter()
        runner = Runner(home, steps)
        await runner.start()
        await scan_library(home, library)
        while any(  # noqa: ASYNC110 - polled, as clients do
            item["running"] or (item["pending"] and not item["waits"]) for item in await runner.progress()
        ):
            await asyncio.sleep(0.05)
        wall = time.perf_counter() - began
        await runner.stop()
        await home.compute.close()  # its children have ended, so their CPU is counted
        return cpu_s() - began_cpu, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    photos = sorted(path for path in args.folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    yardstick(photos[:3])
    y_s, import_s, row_s, wall_s, marginal_s, parent_s = [], [], [], [], [], []
    for _ in range(args.repeat):
        y_s.append(yardstick(photos))
        cpu, wall = asyncio.run(import_all(args.folder, args.workers, renditions=True))
        import_s.append(cpu / len(photos))
        wall_s.append(wall)
        row_s.append(asyncio.run(import_all(args.folder, args.workers, renditions=False))[0] / len(photos))
        marginal, parent = asyncio.run(row_costs(args.folder, args.workers))
        marginal_s.append(marginal / len(photos))
        parent_s.append(parent / len(photos))
    print(
        json.dumps(
            {
                "photos": len(photos),
                "repeats": args.repeat,
                "workers": args.workers,
                "y_ms": round(statistics.median(y_s) * 1000, 1),
                "import_ms": round(statistics.median(import_s) * 1000, 1),
                "import_in_y": round(statistics.median(i / y for i, y in zip(import_s, y_s, strict=True)), 3),
                "row_ms": round(statistics.median(row_s) * 1000, 2),
                "row_marginal_ms": round(statistics.median(marginal_s) * 1000, 2),
                "row_parent_ms": round(statistics.median(parent_s) * 1000, 2),
                "wall_s": round(statistics.median(wall_s), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
