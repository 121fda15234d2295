"""A scheduler of its own for a test's jobs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from appliance.jobs.schedule import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from appliance.home import Home
    from appliance.jobs.base import Job


@contextlib.asynccontextmanager
async def scheduling(home: Home, *jobs: Job) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(home, jobs)
    await scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()
