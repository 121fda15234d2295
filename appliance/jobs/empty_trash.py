"""Delete for good what a person trashed long enough ago: the only way a file ever leaves the disk."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.backup.database import when_put_back
from appliance.errors import ComputeError
from appliance.files import mtime_ns
from appliance.library.face_index import ids_json
from appliance.media.hashes import hash_file
from appliance.protection import clock
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config import Settings
    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.jobs.base import Progress

log = logging.getLogger(__name__)

READ_TIMEOUT_S = 3600.0  # a 50 GB video on a slow disk


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
        if not pressed and (waits := await _why_not_old(home, age)):
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
            if await self._delete(home, row, pressed=pressed):
                deleted += 1
            else:
                kept += 1
            progress.update(done + 1, len(rows))
        return {"deleted": deleted, "kept": kept}

    async def _delete(self, home: Home, row: Row, *, pressed: bool) -> bool:
        """Files first, row last: a kill between the two leaves a row whose file is absent, and the next run ends it."""
        file = str(row["id"])
        try:
            if not pressed:
                await _check_copies(home, file)
            # Looked at before, too: a disk that must wake up first keeps nobody from writing meanwhile.
            there = await asyncio.to_thread(_there, row["root"], await _paths(home, file))
            await _check_bytes(home, file, there)
            async with home.db.write(durable=True):
                # Asked again, for the run may have been long: whoever takes it out of the trash writes, too.
                if await home.db.value('SELECT "trashed_at" FROM "stored_file" WHERE "id" = ?', [file]) is None:
                    raise _KeptError("it was taken out of the trash meanwhile")
                versions = await home.db.fetch(
                    'SELECT "kept_as" FROM "file_version" WHERE "file" = ? AND "kept_as" IS NOT NULL', [file]
                )
                kept_as = [home.paths.versions / version["kept_as"] for version in versions]
                await asyncio.to_thread(_remove, row["root"], await _paths(home, file), kept_as)
                await home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [file])
        except _KeptError as reason:
            log.warning("file_id=%s job=empty_trash not deleted: %s", file, reason)
            return False
        except OSError as error:
            log.warning("file_id=%s job=empty_trash cannot be deleted: %s", file, error.strerror)
            return False
        return True


class _KeptError(Exception):
    """Why a trashed file is not deleted."""


async def _why_not_old(home: Home, age: timedelta) -> str:
    """Why nothing in the trash can be taken for old enough, for people; "" when something may be."""
    if waits := await clock.why_not_old(home.db, age):
        return waits
    put_back = await asyncio.to_thread(when_put_back, home.paths)
    if put_back is not None and now() < put_back + age:
        return f"The database of an earlier day was put back on {put_back:%Y-%m-%d}: days in the trash count from then"
    return ""


async def _paths(home: Home, file: str) -> list[Row]:
    return await home.db.fetch('SELECT * FROM "file_path" WHERE "file" = ?', [file])


async def _check_copies(home: Home, file: str) -> None:
    """Whoever trashed it may have kept the same picture elsewhere.  Raises _KeptError where all those that were kept
    are away at present: this may be the last one."""
    copies = await home.db.fetch(
        """SELECT l."root", o."content", o."missing_since" IS NULL AND l."status" = 'ready' AS "here"
           FROM "stored_file" f JOIN "stored_file" o ON o."content_sha" = f."content_sha" AND o."id" <> f."id"
           JOIN "library" l ON l."id" = o."library" WHERE f."id" = ? AND o."trashed_at" IS NULL""",
        [file],
    )
    if copies and not await asyncio.to_thread(_any_there, copies):
        raise _KeptError("the copy that was kept is not there at the moment")


async def _check_bytes(home: Home, file: str, there: Sequence[Path]) -> None:
    """Size and time are not the picture: they are read again, for there is no way back.  Raises _KeptError where these
    are the bytes of another file, or reading them came to no end."""
    for path in there:
        try:
            hashes = await home.compute.run(hash_file, path, timeout_s=READ_TIMEOUT_S)
        except OSError:
            continue  # what cannot be read can still be thrown away
        except ComputeError as error:
            raise _KeptError(error.message) from error
        if await home.db.value(
            'SELECT 1 FROM "stored_file" WHERE "content_sha" = ? AND "size_bytes" > 0'
            ' AND "content_sha" <> (SELECT "content_sha" FROM "stored_file" WHERE "id" = ?)',
            [hashes.sha256, file],
        ):
            raise _KeptError("another picture lies where it was")


def _any_there(copies: list[Row]) -> bool:
    return any(copy["here"] and Path(copy["root"], copy["content"]).is_file() for copy in copies)


def _there(root: str, paths: list[Row]) -> list[Path]:
    """Where a trashed file still is.  Raises _KeptError when one path gives reason to doubt, or OSError."""
    # What cannot be seen is not gone: an unmounted disk shows an empty folder.
    with os.scandir(root) as entries:
        if next(entries, None) is None:
            raise _KeptError("its library's folder is empty")
    there: list[Path] = []
    for path in paths:
        original = Path(root, path["folder"], path["name"])
        try:
            stat = original.lstat()
        except FileNotFoundError:
            continue
        if original.parent.resolve() != Path(root).resolve() / path["folder"]:
            raise _KeptError("its folder is a link now: what lies behind it is not the library's")
        if (stat.st_size, mtime_ns(stat)) != (path["size_bytes"], path["mtime_ns"]):
            raise _KeptError("it changed since it was trashed")
        there.append(original)
    return there


def _remove(root: str, paths: list[Row], versions: list[Path]) -> None:
    """Remove a file at each of its paths, and its old contents.  All or, when one path gives reason to doubt, nothing.

    Raises _KeptError or OSError; then something is left, and so must its row be.
    """
    for found in [*_there(root, paths), *versions]:
        found.unlink(missing_ok=True)
