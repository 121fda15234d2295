"""Grouping as the service does it, as a program: `python -m tests.resilience.grouping DATA`.

Says GROUPING when it begins and exits when it is done; tests kill it between.  Transactions are small here, so that a
kill falls between any two of them, and few faces are many, so that their index is sorted into cells too.
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
from appliance.library import face_groups, face_index
from appliance.steps.runner import Runner
from ml.faces import bulk

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK = 40


def settings(data: Path) -> Settings:
    return Settings(data=data, compute_workers=1, compute_memory_mb=512)


async def group(data: Path) -> None:
    async with open_home(settings(data)) as home:
        runner, scheduler = Runner(home, ()), Scheduler(home, JOBS)
        await runner.start()  # which clears away what a kill left lying
        await scheduler.start()
        print("GROUPING", flush=True)  # noqa: T201 - for the test that waits for it
        await scheduler.run_unless_paused("cluster_faces")
        await scheduler.wait("cluster_faces")
        await scheduler.stop()
        await runner.stop()


def main(words: Sequence[str]) -> None:
    logging.basicConfig(level=logging.WARNING)
    face_groups.CHUNK = face_index.MOVED_AT_ONCE = CHUNK
    face_index.MANY, face_index.PER_CELL, bulk.MANY = 400, 50, 400
    asyncio.run(group(Path(words[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
