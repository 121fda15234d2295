"""How browsing feels while faces are grouped, and while they are being looked for.

    python -m benchmarks.browsing_while_grouping [--faces 20000] [--of 1000] [--photos FOLDER]

A service on a library of generated faces (as `benchmarks.people`), asked over loopback with a key for the timeline and
the people: idle, while the job cluster_faces runs from nothing, and, with FOLDER (such as 100 photos of 12 MP), while
those are imported and looked at by the engine in use.  The promise is a 95th percentile of at most twice the idle one.
Idle is measured before and after, because the machine may have changed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from appliance.compute import Compute
from appliance.config import Settings
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.db.tables import FileStep
from appliance.home import Home
from appliance.library import face_index
from appliance.messages import Bus
from appliance.paths import DataPaths
from appliance.steps.registry import STEPS
from appliance.values import new_id, now
from benchmarks.browsing_while_importing import PAUSE_S, percentile
from benchmarks.people import make_library
from benchmarks.service import Service, running

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = ("/timeline", "/people?limit=100")
IDLE_ROUNDS = 300

Times = dict[str, list[float]]


async def make_data(data: Path, faces: int, of: int) -> None:
    paths = DataPaths(data)
    paths.create()
    (data / "photos").mkdir()
    settings = Settings(data=data)
    db = Database(paths.database, paths.thumbnails)
    await db.open()
    await migrate(db)
    await face_index.prepare(db)
    compute = Compute(settings)
    home = Home(settings=settings, paths=paths, db=db, bus=Bus(), compute=compute, steps=())
    await make_library(home, faces, of)
    await pretend_done(db)
    await compute.close()
    await db.close()


async def pretend_done(db: Database) -> None:
    """There are no files behind the generated photos: no step is due for them."""
    moment = now()
    files = await db.fetch('SELECT "id" FROM "stored_file"')
    async with db.write():
        for step in STEPS:
            rows = [
                {
                    "id": new_id(),
                    "file": file["id"],
                    "step": step.name,
                    "version": step.version,
                    "status": "done",
                    "modified": moment,
                }
                for file in files
            ]
            await db.insert(FileStep, rows)


def ask(client: httpx.Client, goes_on: Callable[[int], bool]) -> Times:
    """Milliseconds of each request, for as long as `goes_on(rounds so far)`."""
    found: Times = {path: [] for path in ASKED}
    rounds = 0
    while goes_on(rounds):
        for path in ASKED:
            began = time.perf_counter()
            client.get(path).raise_for_status()
            found[path].append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_S)
        rounds += 1
    return found


def while_busy(is_busy: Callable[[], bool]) -> Callable[[int], bool]:
    """Looked at every tenth round, so that looking is not what is measured; at least thirty rounds."""
    return lambda rounds: rounds < 30 or bool(rounds % 10) or is_busy()


def group(service: Service, client: httpx.Client) -> Times:
    service.ask("POST", "/jobs/cluster_faces/run")

    def is_grouping() -> bool:
        jobs = service.ask("GET", "/jobs")["items"]
        return any(item["name"] == "cluster_faces" and item["status"] == "running" for item in jobs)

    return ask(client, while_busy(is_grouping))


def measure(faces: int, of: int, photos: Path | None) -> dict[str, dict[str, object]]:
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch, "data")
        asyncio.run(make_data(data, faces, of))
        with running(data) as service:
            admin = service.ask("GET", "/users")["items"][0]
            key = service.ask("POST", "/keys", name="benchmark", scopes=["all"], user=admin["id"])["key"]
            with httpx.Client(base_url=f"{service.url}/api/v1", headers={"x-api-key": key}, timeout=60) as client:
                service.wait(until_steps_are_done=False)  # grouping begins by itself: let that be over
                parts: dict[str, Times] = {}
                parts["idle"] = ask(client, lambda rounds: rounds < IDLE_ROUNDS)
                parts["grouping"] = group(service, client)
                parts["idle again"] = ask(client, lambda rounds: rounds < IDLE_ROUNDS)
                if photos is not None:
                    service.add_library(photos)
                    parts["looking for faces"] = ask(
                        client, while_busy(lambda: service.is_scanning() or service.steps_left() > 0)
                    )
    report: dict[str, dict[str, object]] = {}
    for path in ASKED:
        idle = percentile(parts["idle"][path] + parts["idle again"][path], 0.95)
        report[path] = {
            name: {
                "requests": len(times[path]),
                "p95_ms": round(percentile(times[path], 0.95), 2),
                "of_idle": round(percentile(times[path], 0.95) / idle, 2),
            }
            for name, times in parts.items()
        }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--of", type=int, default=1000)
    parser.add_argument("--photos", type=Path)
    args = parser.parse_args()
    print(json.dumps(measure(args.faces, args.of, args.photos), indent=1))


if __name__ == "__main__":
    main()
