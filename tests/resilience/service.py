"""The service without its doors, as a program: `python -m tests.resilience.service DATA LIBRARY`.

Scans LIBRARY, works until nothing is due, and exits; tests kill it before that.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.compute import Compute
from appliance.config import Settings
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.home import Home
from appliance.jobs.registry import JOBS
from appliance.jobs.schedule import Scheduler
from appliance.library import libraries
from appliance.messages import Bus
from appliance.paths import DataPaths
from appliance.steps.base import spec
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner

if TYPE_CHECKING:
    from appliance.values import StepSpec


async def import_all(data: Path, library: Path, *, settings: Settings) -> None:
    """Bring the library below `library` up to date and do every step of it."""
    paths = DataPaths(data)
    paths.create()
    db = Database(paths.database, paths.thumbnails)
    await db.open()
    await migrate(db)
    specs: tuple[StepSpec, ...] = tuple(spec(step) for step in STEPS)
    home = Home(settings=settings, paths=paths, db=db, bus=Bus(), compute=Compute(settings), steps=specs)
    if await db.value('SELECT 1 FROM "library" WHERE "root" = ?', [str(library)]) is None:
        await libraries.add_library(db, name=library.name, root=str(library))
    runner, scheduler = Runner(home, STEPS), Scheduler(home, JOBS)
    await runner.start()
    await scheduler.start()
    await scheduler.run_unless_paused("scan_libraries")
    await scheduler.wait("scan_libraries")
    while any(item["pending"] or item["running"] for item in await runner.progress()):  # noqa: ASYNC110 - polled, as clients do
        await asyncio.sleep(0.05)
    await scheduler.stop()
    await runner.stop()
    await home.compute.close()
    await db.close()


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    data, library = Path(sys.argv[1]), Path(sys.argv[2])
    settings = Settings(data=data, compute_workers=2, compute_memory_mb=512)
    asyncio.run(import_all(data, library, settings=settings))


if __name__ == "__main__":
    main()
