"""Group photos into events by time and place; what people said of events holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import event_grouping

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress

TIMEOUT_S = 600.0


class GroupEvents:
    name = "group_events"
    title = "Group events"

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600

    async def run(self, home: Home, progress: Progress, *, quick: bool = False) -> dict[str, Any]:
        """quick: asked for because something changed; then nothing is done where files neither came, went nor moved."""
        changes = await event_grouping.changes_to_see(home.db)
        if quick and not changes.pending:
            return {"events": 0}
        known = event_grouping.Known([], {}, {})
        after = ""
        while after := await event_grouping.read_some(home.db, known, after):
            await progress.check_in()
        plan = await home.compute.run(event_grouping.planned, known, timeout_s=TIMEOUT_S)
        total = len(plan.parts)
        for done, part in enumerate(plan.parts):
            await progress.check_in()
            await event_grouping.write(home.db, part)
            progress.update(done + 1, total)
        await event_grouping.note_grouped(home.db, changes)
        return {"events": plan.events, "changed": plan.changed}
