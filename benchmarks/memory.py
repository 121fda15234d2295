"""What the service keeps in memory: idle with many files, and one minute after an import.

    python -m benchmarks.memory [--files 20000] [--photos FOLDER]

PSS of all the service's processes, from smaps_rollup: shared pages are counted once.  The files are tiny JPEGs that
differ in a comment, registered by a real scan while the steps are paused; PHOTOS (such as 100 of 12 MP) are then
imported with every rendition.  The budget is 90 MB idle and 200 MB one minute after (DESIGN section 1.9).
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.service import Service, running

IDLE_BUDGET_MB, AFTER_BUDGET_MB = 90, 200


def make_files(folder: Path, count: int) -> None:
    """`count` small JPEGs that differ in date and comment, 200 to a folder."""
    for number in range(count):
        path = folder / f"{number // 200:04}" / f"{number:06}.jpg"
        if number % 200 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(_jpeg(number))


def _jpeg(number: int) -> bytes:
    exif = Image.Exif()
    day, second = number % 3000, number % 60
    exif.get_ifd(0x8769)[0x9003] = f"{2015 + day // 336}:{day // 28 % 12 + 1:02}:{day % 28 + 1:02} 12:00:{second:02}"
    exif[0x010F], exif[0x0110], exif[0x010E] = "Maker", f"Model {number % 7}", f"Picture number {number}"
    data = io.BytesIO()
    Image.new("L", (8, 8), number % 256).save(data, "JPEG", exif=exif)
    return data.getvalue()


def measure(files: int, photos: Path | None) -> dict[str, float]:
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        library, data = Path(scratch, "library"), Path(scratch, "data")
        make_files(library, files)
        with running(data) as service:
            found["empty_mb"] = service.pss_mb()
            service.ask("POST", "/steps/pause")
            began = time.monotonic()
            service.without_models()
            service.add_library(library)
            service.wait(until_steps_are_done=False)
            found["scan_s"] = time.monotonic() - began
            _look_around(service)
            service.wait_for_children_to_leave()
            found["idle_after_scan_mb"] = service.pss_mb()
        with running(data) as service:
            _look_around(service)
            time.sleep(5)
            service.wait_for_children_to_leave()
            found["idle_mb"] = service.pss_mb()
        if photos is not None:
            with running(Path(scratch, "import")) as service:
                service.without_models()
                service.add_library(photos)
                service.wait(until_steps_are_done=True)
                found["busy_mb"] = service.pss_mb()
                _look_around(service)
                time.sleep(60)
                found["minute_after_import_mb"] = service.pss_mb()
                service.wait_for_children_to_leave()
                found["idle_after_import_mb"] = service.pss_mb()
    return {name: round(value, 1) for name, value in found.items()}


def _look_around(service: Service) -> None:
    """What a browser asks for when someone opens the page."""
    months = service.ask("GET", "/timeline")["months"]
    for month in months[:12]:
        service.ask("GET", f"/timeline/{month['month']}")
    for path in ("/files?limit=100", "/jobs", "/steps", "/libraries", "/failures", "/health"):
        service.ask("GET", path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--photos", type=Path, help="a folder of photos of real size")
    args = parser.parse_args()
    found = measure(args.files, args.photos)
    print(json.dumps(found))
    if found["idle_mb"] > IDLE_BUDGET_MB or found.get("minute_after_import_mb", 0) > AFTER_BUDGET_MB:
        raise SystemExit("over budget")


if __name__ == "__main__":
    main()
