"""CPU of renditions per photo in units of Y, the yardstick, measured in the same run on the same photos.

    python benchmarks/renditions.py FOLDER [--limit 100] [--repeat 3]

Y is the CPU of one process that decodes with Pillow's draft mode at 1/2, turns upright, scales with Lanczos to a
1440 px JPEG of quality 80 and from that makes a 250 px WebP of method 4.  Each of the two has a process of its own,
ours set up like the compute child; their rounds alternate, so that a busy machine hits both.
Prints JSON: photos, y_ms, render_ms, ratio (medians) and all runs.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from appliance.compute_child import keep_freed_memory
from appliance.media.renditions import render  # the path must be set first

_ORIENTATION_TAG = 0x0112


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def make_yardstick(path: Path) -> None:
    image: Image.Image = Image.open(io.BytesIO(path.read_bytes()))
    image.draft("RGB", (image.width // 2, image.height // 2))
    image = ImageOps.exif_transpose(image).convert("RGB")
    image.thumbnail((1440, 1440), Image.Resampling.LANCZOS, reducing_gap=None)
    image.save(io.BytesIO(), "JPEG", quality=80)
    image.thumbnail((250, 250), Image.Resampling.LANCZOS)
    image.save(io.BytesIO(), "WEBP", quality=80, method=4)


def make_renditions(path: Path, orientation: int) -> None:
    render(path, kind="photo", mime_type="image/jpeg", orientation=orientation)


def yardstick_ms(photos: list[tuple[Path, int]]) -> float:
    """CPU per photo, after three to warm up."""
    for path, _ in photos[:3]:
        make_yardstick(path)
    start = cpu_s()
    for path, _ in photos:
        make_yardstick(path)
    return (cpu_s() - start) / len(photos) * 1000


def renditions_ms(photos: list[tuple[Path, int]]) -> float:
    """CPU per photo, after three to warm up."""
    for path, orientation in photos[:3]:
        make_renditions(path, orientation)
    start = cpu_s()
    for path, orientation in photos:
        make_renditions(path, orientation)
    return (cpu_s() - start) / len(photos) * 1000


def orientation_of(path: Path) -> int:
    """In the service it comes from the metadata step, so reading it is not part of the cost measured here."""
    with Image.open(path) as image:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    paths = sorted(p for p in args.folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))[: args.limit]
    if not paths:
        parser.error(f"no JPEG below {args.folder}")
    photos = [(path, orientation_of(path)) for path in paths]
    yardstick_runs, render_runs = [], []
    spawn = get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=spawn) as plain,
        ProcessPoolExecutor(1, mp_context=spawn, initializer=keep_freed_memory) as child,
    ):
        for _ in range(args.repeat):
            yardstick_runs.append(plain.submit(yardstick_ms, photos).result())
            render_runs.append(child.submit(renditions_ms, photos).result())
    y_ms, ours_ms = statistics.median(yardstick_runs), statistics.median(render_runs)
    result = {
        "photos": len(photos),
        "y_ms": round(y_ms, 2),
        "render_ms": round(ours_ms, 2),
        "ratio": round(ours_ms / y_ms, 3),
        "y_runs_ms": [round(ms, 2) for ms in yardstick_runs],
        "render_runs_ms": [round(ms, 2) for ms in render_runs],
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
