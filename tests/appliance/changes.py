"""All that people say of files, as one value: what an undo must bring back exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library.file_changes import COLUMNS, columns_of

if TYPE_CHECKING:
    from appliance.home import Home


async def state(home: Home) -> dict[str, Any]:
    """Of every file: what a person may change, its tags, what was taken off it; and what is counted from that."""
    db = home.db
    ids = [row["id"] for row in await db.fetch('SELECT "id" FROM "stored_file"')]
    assert "trashed_at" in COLUMNS
    return {
        "files": await columns_of(db, ids),
        "sizes": await db.fetch(
            """SELECT "id", "width", "height", "original_width", "original_height" FROM "stored_file" ORDER BY 1"""
        ),
        "tags": await db.fetch(
            """SELECT ft."file", t."name", ft."source", ft."score" FROM "file_tag" ft
               JOIN "tag" t ON t."id" = ft."tag" ORDER BY 1, 2, 3"""
        ),
        "rejected": await db.fetch(
            """SELECT r."file", t."name" FROM "tag_rejection" r JOIN "tag" t ON t."id" = r."tag" ORDER BY 1, 2"""
        ),
        "events": await db.fetch(
            """SELECT "id", "name", "start", "end", "source", "local_start", "around_s", "latitude", "longitude",
               "around_km" FROM "event" ORDER BY 1"""
        ),
        "no events": await db.fetch('SELECT "user", "start", "end" FROM "event_dismissed" ORDER BY "id"'),
        "in events": await db.fetch('SELECT "file", "event", "source" FROM "file_event" ORDER BY 1, 2'),
        "months": await db.fetch('SELECT "owner", "month", "files" FROM "month_count" ORDER BY 1, 2'),
        "tag counts": await db.fetch(
            """SELECT t."name", c."owner", c."files" FROM "tag_count" c JOIN "tag" t ON t."id" = c."tag"
               WHERE c."files" <> 0 ORDER BY 1, 2"""
        ),
    }
