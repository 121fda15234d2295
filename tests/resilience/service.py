"""The service without its doors, as a program: `python -m tests.resilience.service DATA LIBRARY [STEP ...]`.

Scans LIBRARY, works until nothing is due, and exits; tests kill it before that.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.jobs.registry import JOBS
from appliance.jobs.schedule import Scheduler
from appliance.library import libraries
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.steps.base import Step


async def import_all(settings: Settings, library: Path, steps: Sequence[Step]) -> None:
    """Bring the library below `library` up to date and do every step of it."""
    async with open_home(settings, steps) as home:
        if await home.db.value('SELECT 1 FROM "library" WHERE "root" = ?', [str(library)]) is None:
            await libraries.add_library(home.db, name=library.name, root=str(library))
        runner, scheduler = Runner(home, steps), Scheduler(home, JOBS)
        await runner.start()
        await scheduler.start()
        await scheduler.run_unless_paused("scan_libraries")
        await scheduler.wait("scan_libraries")
        while any(  # noqa: ASYNC110 - polled
            item["running"] or (item["pending"] and not item["waits"]) for item in await runner.progress()
        ):
            await asyncio.sleep(0.05)
        await scheduler.stop()
        await runner.stop()


def main(words: Sequence[str]) -> None:
    logging.basicConfig(level=logging.WARNING)
    data, library, *names = words
    settings = Settings(data=Path(data), compute_workers=2, compute_memory_mb=512)
    steps = [step for step in STEPS if not names or step.name in names]
    asyncio.run(import_all(settings, Path(library), steps))


if __name__ == "__main__":
    main(sys.argv[1:])
