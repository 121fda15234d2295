"""Grid thumbnails as rows of thumbnails.db, named by content, and by the recipe where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.db.engine import Database


async def get_thumbnail(db: Database, name: str) -> bytes | None:
    """WebP bytes, or None when none was made yet; `name` as `renditions.name_of` makes it."""
    found: bytes | None = await db.value("SELECT webp FROM thumbs.thumbnail WHERE content_sha = ?", [name])
    return found


async def keep_thumbnail(db: Database, name: str, webp: bytes) -> None:
    """Only inside `db.write()`."""
    await db.fetch("INSERT OR REPLACE INTO thumbs.thumbnail (content_sha, webp) VALUES (?, ?)", [name, webp])


async def forget_orphans(db: Database) -> int:
    """Remove thumbnails whose content no stored file has any more; returns how many."""
    async with db.write():
        gone = await db.fetch(
            """DELETE FROM thumbs.thumbnail WHERE content_sha NOT IN (SELECT content_sha FROM stored_file)
               AND content_sha NOT IN
                   (SELECT "content_sha" || '-' || "adjusted" FROM stored_file WHERE "adjusted" <> '')
               RETURNING content_sha"""
        )
    return len(gone)
