"""Delete for good what a person trashed long enough ago: the only way a file ever leaves the disk."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.db.tables import StoredFile
from appliance.values import now

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.jobs.base import Progress

log = logging.getLogger(__name__)


class EmptyTrash:
    name = "empty_trash"
    title = "Empty the trash"

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600 if settings.trash_days else None

    async def run(self, home: Home, progress: Progress, *, everything: bool = False) -> dict[str, Any]:
        """everything: do not wait for `trash_days`; someone pressed the button."""
        before = now() if everything else now() - timedelta(days=home.settings.trash_days)
        rows = await home.db.fetch(
            """SELECT f."id", l."root" AS root FROM "stored_file" f JOIN "library" l ON l."id" = f."library"
               WHERE f."trashed_at" IS NOT NULL AND f."trashed_at" <= ? AND l."status" = 'ready' ORDER BY f."id" """,
            [before],
        )
        deleted = kept = 0
        for done, row in enumerate(rows):
            await progress.check_in()
            if await self._delete(home, row):
                deleted += 1
            else:
                kept += 1
            progress.update(done + 1, len(rows))
        return {"deleted": deleted, "kept": kept}

    async def _delete(self, home: Home, row: Row) -> bool:
        """Files first, row last: a kill between the two leaves a row whose file is absent, and the next run ends it."""
        paths = await home.db.fetch('SELECT * FROM "file_path" WHERE "file" = ?', [str(row["id"])])
        versions = await home.db.fetch(
            'SELECT "kept_as" FROM "file_version" WHERE "file" = ? AND "kept_as" IS NOT NULL', [str(row["id"])]
        )
        if not await asyncio.to_thread(_remove_originals, row["root"], paths):
            return False
        for version in versions:
            await asyncio.to_thread((home.paths.versions / version["kept_as"]).unlink, missing_ok=True)
        async with home.db.write(durable=True):
            await StoredFile.delete().where(StoredFile.id == row["id"])
        return True


def _remove_originals(root: str, paths: list[Row]) -> bool:
    """Remove the file at each path, unless it is not what was trashed any more; True when none is left."""
    for path in paths:
        original = Path(root, path["folder"], path["name"])
        try:
            stat = original.lstat()
            if (stat.st_size, stat.st_mtime_ns) != (path["size_bytes"], path["mtime_ns"]):
                log.warning("file_id=%s job=empty_trash not deleted: it changed since it was trashed", path["file"])
                return False
            original.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("file_id=%s job=empty_trash cannot be deleted: %s", path["file"], error.strerror)
            return False
    return True
