"""Remove what nothing refers to any more: renditions of content that is gone, half-written files, stale uploads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from appliance.files import remove_temporaries
from appliance.library import thumbnails

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress


class TidyData:
    name = "tidy_data"
    title = "Remove leftovers"

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        removed = await asyncio.to_thread(remove_temporaries, home.paths.previews)
        previews = 0
        folders = await asyncio.to_thread(_subfolders, home.paths.previews)
        for done, folder in enumerate(folders):
            await progress.check_in()
            previews += await self._sweep(home, folder)
            progress.update(done + 1, len(folders))
        return {
            "temporaries": removed,
            "previews": previews,
            "thumbnails": await thumbnails.forget_orphans(home.db),
        }

    async def _sweep(self, home: Home, folder: Path) -> int:
        """Previews are named by content in folders of its first two digits."""
        rows = await home.db.fetch(
            'SELECT "content_sha" FROM "stored_file" WHERE "content_sha" >= ? AND "content_sha" < ?',
            [folder.name, folder.name + "g"],
        )
        return await asyncio.to_thread(_remove_others, folder, {row["content_sha"] for row in rows})


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _remove_others(folder: Path, wanted: set[str]) -> int:
    orphans = [path for path in folder.iterdir() if path.name not in wanted]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)
