"""Remove what nothing refers to any more: renditions of content that is gone, half-written files, stale uploads."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from appliance.files import remove_temporaries
from appliance.importing import guests, versions
from appliance.importing.uploads import Uploads
from appliance.library import sessions, thumbnails
from appliance.protection import clock

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress

#: Younger files may belong to work whose transaction has not ended yet.
SETTLED_S = 3600.0


class TidyData:
    name = "tidy_data"
    title = "Remove leftovers"

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        removed = await asyncio.to_thread(remove_temporaries, home.paths.previews, older_than_s=SETTLED_S)
        previews = 0
        folders = await asyncio.to_thread(_subfolders, home.paths.previews)
        for done, folder in enumerate(folders):
            await progress.check_in()
            previews += await self._sweep(home, folder)
            progress.update(done + 1, len(folders))
        result = {
            "temporaries": removed,
            "previews": previews,
            "thumbnails": await thumbnails.forget_orphans(home.db),
        }
        if not await clock.why_not_old(home.db, timedelta(days=home.settings.session_days)):
            await sessions.forget_expired(home.db)
        result["quarantine"] = await guests.tidy(home)
        result["versions"] = await versions.find_lost(home)
        return result | {"uploads": await Uploads(home).tidy()}

    async def _sweep(self, home: Home, folder: Path) -> int:
        """Previews are named by content (and recipe), in folders of its first two digits."""
        # Listed before the tables are asked: a preview that is made in between is not on the list.
        listed = await asyncio.to_thread(_names, folder)
        rows = await home.db.fetch(
            """SELECT "content_sha" AS "name" FROM "stored_file" WHERE "content_sha" >= ?1 AND "content_sha" < ?2
               UNION ALL SELECT "content_sha" || '-' || "adjusted" FROM "stored_file"
               WHERE "content_sha" >= ?1 AND "content_sha" < ?2 AND "adjusted" <> '' """,
            [folder.name, folder.name + "g"],
        )
        orphans = listed - {row["name"] for row in rows}
        return await asyncio.to_thread(_remove_settled, folder, orphans)


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _remove_settled(folder: Path, names: set[str]) -> int:
    latest = time.time() - SETTLED_S
    orphans = [path for name in sorted(names) if (path := folder / name).stat().st_mtime <= latest]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)
