"""All that people say of files, as one value: what an undo must bring back exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import text_index
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


#: What follows from what people say, kept by triggers or made anew.  Sums move places of no consequence: none is empty.
DERIVED = {
    "seen in lists": """SELECT "file", "owner", "shown", "local_start", "kind", "rating", "favourite", "archived",
        "located" FROM "file_text_row" ORDER BY 1""",
    "texts": """SELECT r."file", t.* FROM "file_text_row" r JOIN "file_text" t ON t.rowid = r."id" ORDER BY 1""",
    "cells": """SELECT "level", "x", "y", "owner", "files", "east", "north" FROM "map_cell" WHERE "files" <> 0
        ORDER BY 1, 2, 3, 4""",
    "spots": """SELECT s."file", s."latitude", s."longitude", p."city", s."owner", s."shown" FROM "file_spot" s
        LEFT JOIN "place" p ON p."id" = s."place" ORDER BY 1""",
    "places": """SELECT p."city", p."region", p."country", c."owner", c."files" FROM "place_count" c
        JOIN "place" p ON p."id" = c."place" WHERE c."files" <> 0 ORDER BY 1, 2, 3, 4""",
    "faces": """SELECT "id", "file", "owner", "shown", "x", "y", "width", "height" FROM "face" ORDER BY 1""",
    "faces of people": """SELECT "person", "owner", "faces" FROM "person_count" WHERE "faces" <> 0 ORDER BY 1, 2""",
    "no duplicates": """SELECT "file", "other", "kind" FROM "duplicate_apart" ORDER BY 1, 2, 3""",
    "duplicates": """SELECT d."kind", group_concat(m."file") FROM "duplicate_group" d
        JOIN (SELECT * FROM "duplicate_member" ORDER BY "file") m ON m."group" = d."id"
        GROUP BY d."id" ORDER BY 1, 2""",
    "albums": """SELECT "id", "user", "name", "query", "parent", "family", "sorting", "cover" FROM "album"
        ORDER BY 1""",
    "in albums": 'SELECT "album", "file", "position", "granted" FROM "album_file" ORDER BY 1, 2',
    "rights": 'SELECT "album", "who", "level" FROM "album_right" ORDER BY 1, 2',
}


async def derived(home: Home) -> dict[str, Any]:
    """What lists, counts, maps and searches are made of, as it is when the index of texts is up to date."""
    await text_index.refresh_few(home.db)
    return {name: await home.db.fetch(select) for name, select in DERIVED.items()}
