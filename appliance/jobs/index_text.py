"""Bring the text index up to date: what is said of files in words, for search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import text_index

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress


class IndexText:
    name = "index_text"
    title = "Index words"

    def interval_s(self, settings: Settings) -> float | None:
        return 600

    async def run(self, home: Home, progress: Progress, *, quick: bool = False) -> dict[str, Any]:
        """quick: asked for because something changed; the same work."""
        total = int(await home.db.value('SELECT count(*) FROM "text_stale"'))
        done = 0
        while indexed := await text_index.refresh(home.db):
            done += indexed
            progress.update(done, max(done, total))
            await progress.check_in()
        return {"files": done}
