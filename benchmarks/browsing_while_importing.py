"""How browsing feels while the import runs at full load.

    python -m benchmarks.browsing_while_importing PHOTOS [--files 20000]

GET /api/v1/timeline of a library of `--files` small files, over loopback with a key: the median while the service is
idle, then the 95th percentile while PHOTOS (such as 100 of 12 MP) are imported beside them.  The promise is p95 <= 2
times the idle median.  Afterwards the idle median again, because the machine may have changed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.memory import make_files
from benchmarks.service import Service, running

PAUSE_S = 0.02  # someone who scrolls asks some dozen times a second


def times(client: httpx.Client, path: str, *, count: int = 0, while_importing: Service | None = None) -> list[float]:
    """Milliseconds of each request, `count` of them or until nothing is left to import."""
    found: list[float] = []
    looked_at = time.monotonic()
    while True:
        began = time.perf_counter()
        client.get(path).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_S)
        if while_importing is None:
            if len(found) >= count:
                return found
        elif time.monotonic() - looked_at > 1:
            looked_at = time.monotonic()
            if not while_importing.steps_left() and not while_importing.is_scanning():
                return found


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def measure(photos: Path, files: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch, "library")
        make_files(library, files)
        with running(Path(scratch, "data")) as service:
            service.without_models()
            service.add_library(library)
            service.wait(until_steps_are_done=True)
            admin = service.ask("GET", "/users")["items"][0]
            key = service.ask("POST", "/keys", name="benchmark", scopes=["all"], user=admin["id"])["key"]
            with httpx.Client(base_url=f"{service.url}/api/v1", headers={"x-api-key": key}) as client:
                times(client, "/timeline", count=50)
                idle = times(client, "/timeline", count=300)
                service.add_library(photos)
                busy = times(client, "/timeline", while_importing=service)
                again = times(client, "/timeline", count=300)
    median = statistics.median(idle + again)
    return {
        "idle_median_ms": round(statistics.median(idle), 2),
        "idle_again_median_ms": round(statistics.median(again), 2),
        "idle_p95_ms": round(percentile(idle + again, 0.95), 2),
        "busy_median_ms": round(statistics.median(busy), 2),
        "busy_p95_ms": round(percentile(busy, 0.95), 2),
        "busy_requests": len(busy),
        "busy_p95_in_idle_medians": round(percentile(busy, 0.95) / median, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--files", type=int, default=20_000)
    args = parser.parse_args()
    print(json.dumps(measure(args.photos, args.files)))


if __name__ == "__main__":
    main()
