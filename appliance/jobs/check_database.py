"""Every night, and at once after a bad end: every page of the database is read, so that damage is found while the
snapshots from before it are still there."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from appliance.library import kept
from appliance.protection import database
from appliance.values import now

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress

log = logging.getLogger(__name__)

STATE = "last_database_check"
TIMEOUT_S = 3600.0


class CheckDatabase:
    name = "check_database"
    title = "Check the database"

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        paths = home.paths
        problem = await home.compute.run(database.examine, paths.database, timeout_s=TIMEOUT_S)
        await progress.check_in()
        thumbnails = await home.compute.run(database.examine, paths.thumbnails, timeout_s=TIMEOUT_S)
        if thumbnails:
            log.error("job=check_database thumbnails.db is damaged: %s", thumbnails)
            # Only a start can throw them away: they are open.
            await asyncio.to_thread(paths.suspect.touch)
        home.db.damage = problem
        if problem:
            log.error("job=check_database homeroll.db is damaged: %s", problem)
            await asyncio.to_thread(paths.suspect.touch)
            return {"sound": False, "problem": problem}
        async with home.db.write():
            await kept.remember(home.db, STATE, {"at": now()})
        return {"sound": True, "thumbnails": not thumbnails}
