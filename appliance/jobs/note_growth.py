"""Once a day: write down how full the disks are, so that it is known when they will be full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.protection import growth

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress


class NoteGrowth:
    name = "note_growth"
    title = "Note how full the disks are"

    def interval_s(self, settings: Settings) -> float | None:
        return growth.DAY_S

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        return {"noted": await growth.note(home)}
