"""Delete for good what a person trashed long enough ago: the only way a file ever leaves the disk."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.library.face_index import ids_json
from appliance.protection import clock
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config import Settings
    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.jobs.base import Progress

log = logging.getLogger(__name__)


class EmptyTrash:
    name = "empty_trash"
    title = "Empty the trash"
    reads_disks = True

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600 if settings.trash_days else None

    async def run(
        self, home: Home, progress: Progress, *, everything: bool = False, only: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """everything: do not wait for `trash_days`; someone pressed the button.   only: of these files alone."""
        pressed = everything or only is not None
        age = timedelta(days=home.settings.trash_days)
        if not pressed and (waits := await clock.why_not_old(home.db, age)):
            log.warning("job=empty_trash nothing is deleted: %s", waits)
            return {"deleted": 0, "kept": 0, "waits": waits}
        before = now() if pressed else now() - age
        rows = await home.db.fetch(
            """SELECT f."id", l."root" AS root FROM "stored_file" f JOIN "library" l ON l."id" = f."library"
               WHERE f."trashed_at" IS NOT NULL AND f."trashed_at" <= ?1 AND l."status" = 'ready'
               AND (?2 IS NULL OR f."id" IN (SELECT value FROM json_each(?2))) ORDER BY f."id" """,
            [before, None if only is None else ids_json(only)],
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
        file = str(row["id"])
        paths = await home.db.fetch('SELECT * FROM "file_path" WHERE "file" = ?', [file])
        versions = await home.db.fetch(
            'SELECT "kept_as" FROM "file_version" WHERE "file" = ? AND "kept_as" IS NOT NULL', [file]
        )
        kept_as = [home.paths.versions / version["kept_as"] for version in versions]
        try:
            await asyncio.to_thread(_remove, row["root"], paths, kept_as)
        except _KeptError as reason:
            log.warning("file_id=%s job=empty_trash not deleted: %s", file, reason)
            return False
        except OSError as error:
            log.warning("file_id=%s job=empty_trash cannot be deleted: %s", file, error.strerror)
            return False
        async with home.db.write(durable=True):
            await home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [file])
        return True


class _KeptError(Exception):
    """Why a trashed file is not deleted."""


def _remove(root: str, paths: list[Row], versions: list[Path]) -> None:
    """Remove a file at each of its paths, and its old contents.  All or, when one path gives reason to doubt, nothing.

    Raises _KeptError or OSError; then something is left, and so must its row be.
    """
    # What cannot be seen is not gone: an unmounted disk shows an empty folder.
    with os.scandir(root) as entries:
        if next(entries, None) is None:
            raise _KeptError("its library's folder is empty")
    originals = [Path(root, path["folder"], path["name"]) for path in paths]
    there: list[Path] = []
    for original, path in zip(originals, paths, strict=True):
        try:
            stat = original.lstat()
        except FileNotFoundError:
            continue
        if (stat.st_size, stat.st_mtime_ns) != (path["size_bytes"], path["mtime_ns"]):
            raise _KeptError("it changed since it was trashed")
        there.append(original)
    for found in [*there, *versions]:
        found.unlink(missing_ok=True)
