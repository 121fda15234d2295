"""Contents that a changed upload had before: which there are, where their bytes lie, and giving one back."""

from __future__ import annotations

import asyncio
import re
import shutil
from typing import TYPE_CHECKING, Any

from appliance.errors import ConflictError, NotFoundError
from appliance.library import edits, files
from appliance.values import new_id

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.importing.uploads import Uploads
    from appliance.library.viewers import Viewer

#: As `uploads.version_name` makes them.
_NAME = re.compile(r"(?P<file>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})-(?P<sha>[0-9a-f]{16})(\..*)?")


async def list_versions(home: Home, viewer: Viewer, file: uuid.UUID) -> list[dict[str, Any]]:
    """The content of now, then older ones, the latest first; raises NotFoundError for what the viewer may not see."""
    await files.require_changeable(home.db, viewer, file)  # what it was before is its owner's business
    original = await files.get_original(home.db, viewer, file)
    rows = await home.db.fetch(
        'SELECT "id", "content_sha", "size_bytes", "kept_as", "created" FROM "file_version" WHERE "file" = ?'
        ' ORDER BY "id" DESC',
        [str(file)],
    )
    now_here = {
        "id": None,
        "content_sha": original.content_sha,
        "size_bytes": original.size_bytes,
        "kept": True,
        "replaced": None,
    }
    older = [
        {
            "id": row["id"],
            "content_sha": row["content_sha"],
            "size_bytes": row["size_bytes"],
            "kept": row["kept_as"] is not None,
            "replaced": row["created"],
        }
        for row in rows
    ]
    return [now_here, *older]


async def kept_content(home: Home, viewer: Viewer, file: uuid.UUID, version: uuid.UUID) -> tuple[Path, Row]:
    """The path of a kept version and its row; raises NotFoundError where it was not kept."""
    await files.require_changeable(home.db, viewer, file)  # what it was before is its owner's business
    await files.get_original(home.db, viewer, file)
    row = await home.db.fetch_one(
        'SELECT * FROM "file_version" WHERE "file" = ? AND "id" = ?', [str(file), str(version)]
    )
    if row is None:
        raise NotFoundError("There is no such version", hint="It may have been given back meanwhile.")
    if row["kept_as"] is None:
        raise NotFoundError(
            "The bytes of this version are gone",
            hint="The file was changed where it lies, by another program; only uploads keep what they were.",
        )
    return home.paths.versions / row["kept_as"], row


async def restore_version(home: Home, uploads: Uploads, viewer: Viewer, file: uuid.UUID, version: uuid.UUID) -> None:
    """Make an older content the file's again; what it has now becomes a version in its place."""
    await edits.changeable_ids(home.db, viewer, [file])
    path, row = await kept_content(home, viewer, file, version)
    original = await files.get_original(home.db, viewer, file)
    copy = home.paths.incoming / f"version-{new_id()}"
    try:
        await asyncio.to_thread(shutil.copyfile, path, copy)
        await uploads.replace(copy, viewer=viewer, original=original)
    except FileNotFoundError as error:
        raise ConflictError("The bytes of this version are not where they were kept") from error
    finally:
        await asyncio.to_thread(copy.unlink, missing_ok=True)
    # The row first: bytes that nobody knows are tidied away, a row without bytes would be a promise nobody can keep.
    async with home.db.write():
        await home.db.fetch('DELETE FROM "file_version" WHERE "id" = ?', [str(row["id"])])
    await asyncio.to_thread(path.unlink, missing_ok=True)


async def find_lost(home: Home) -> int:
    """Old contents that were kept, and of which nobody knows: a kill came while they were replaced, and the next scan
    took them for gone.  Returns how many were found."""
    names = await asyncio.to_thread(_names, home.paths.versions)
    known = {
        row["kept_as"] for row in await home.db.fetch('SELECT "kept_as" FROM "file_version" WHERE "kept_as" NOT NULL')
    }
    found = 0
    for name in sorted(names - known):
        if (parts := _NAME.fullmatch(name)) is None:
            continue
        async with home.db.write():
            rows = await home.db.fetch(
                """UPDATE "file_version" SET "kept_as" = ?
                   WHERE "file" = ? AND "kept_as" IS NULL AND substr("content_sha", 1, 16) = ? RETURNING "id" """,
                [name, parts["file"], parts["sha"]],
            )
        found += bool(rows)
    return found


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}
