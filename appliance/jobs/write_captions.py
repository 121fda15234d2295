"""Have every photo described that is not yet; only when somebody asks for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from appliance.library import caption_requests, captions

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress

#: So many are planned at a time: a pause takes effect behind them, and what somebody asks for meanwhile is near.
BATCH = 8
POLL_S = 0.2


class WriteCaptions:
    name = "write_captions"
    title = "Write captions"

    def interval_s(self, settings: Settings) -> float | None:
        return None

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        """Once through the library by the model in use; raises ModelUnavailableError when that cannot be used.

        A file that fails is left at that, as `failed`, and is tried again by the next run.
        """
        model = await captions.model_in_use(home.db)
        before = await captions.count_without(home.db, model)
        progress.update(0, before)
        last, asked = "", 0
        while True:
            await progress.check_in()
            reason = await caption_requests.hindrance(home, model.name)
            if reason is not None:
                raise reason
            rows = await captions.without_caption(home.db, model, after=last, limit=BATCH)
            if not rows:
                break
            ids = [row["id"] for row in rows]
            await caption_requests.plan_for(home, model.name, ids)
            while await caption_requests.count_pending(home.db, ids):
                await asyncio.sleep(POLL_S)
                await progress.check_in()
            last, asked = str(ids[-1]), asked + len(ids)
            progress.update(asked, max(before, asked))
        left = await captions.count_without(home.db, model)
        return {"asked": asked, "failed": left}
