"""What people do with tags: look through them, give them, take them away for ever.  Writing them is in `tags.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.errors import NotFoundError
from appliance.library import files, pages, tags
from appliance.library.conditions import found
from appliance.library.file_changes import FileRecording
from appliance.library.query import fold
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

MANUAL = "manual"


async def list_tags(
    db: Database, viewer: Viewer, *, limit: int = 100, cursor: str | None = None, q: str = ""
) -> pages.Page:
    """`name`, `count`, `sources`, `cover` of tags on files that the viewer may find, the most frequent first.

    q: beginning of any word of the tag.
    """
    pages.check_limit(limit)
    wanted = " ".join(fold(q).split())
    after = pages.decode_cursor(cursor, tuple[int, str]) if cursor is not None else None
    async with db.read():
        rows = await tags.count_tags(db, viewer)
        if wanted:
            rows = [row for row in rows if f" {wanted}" in f" {fold(row['name'])}"]
        total = len(rows)
        rows.sort(key=_place)
        if after is not None:
            rows = [row for row in rows if _place(row) > after]
        details = await _details(db, viewer, rows[:limit])
    items = [
        {"name": row["name"], "count": row["count"], **details.get(str(row["id"]), {"sources": [], "cover": None})}
        for row in rows[:limit]
    ]
    following = pages.encode_cursor(*_place(rows[limit - 1])) if len(rows) > limit else None
    return pages.Page(items=items, total=total, next=following)


async def _details(db: Database, viewer: Viewer, rows: Sequence[Row]) -> dict[str, Row]:
    """Who says each tag, and the newest file that has it; of what the viewer may find."""
    visible, arguments = found(viewer)
    # SQLite takes the other columns from the row that has the maximum (sqlite.org/lang_select.html#bareagg).
    said = await db.fetch(
        f"""SELECT ft."tag", group_concat(DISTINCT ft."source") AS "sources", r."file" AS "cover",
                   max(r."local_start" || r."id")
            FROM "file_tag" ft JOIN "file_text_row" r ON r."file" = ft."file"
            WHERE ft."tag" IN (SELECT value FROM json_each(?)) AND {tags.shown("ft")} AND {visible}
            GROUP BY ft."tag" """,
        [msgspec.json.encode([str(row["id"]) for row in rows]).decode(), *arguments],
    )
    return {str(row["tag"]): {"sources": sorted(row["sources"].split(",")), "cover": row["cover"]} for row in said}


async def set_by_hand(db: Database, bus: Bus, viewer: Viewer, file: uuid.UUID, names: Sequence[str]) -> Row:
    """Make `names` the tags that people gave this file; others' tags stay."""
    cleaned = [tags.clean_name(name) for name in names]
    async with db.write():
        await files.require_changeable(db, viewer, file)
        recording = FileRecording(db, viewer, [file], tags=True)
        await recording.begin()
        await tags.set_tags(db, file, await tags.spelled(db, viewer, cleaned), source=MANUAL)
        await recording.record("tag")
    await files.announce_change(db, bus, file)
    return await files.get_file(db, viewer, file)


async def reject(db: Database, bus: Bus, viewer: Viewer, file: uuid.UUID, name: str) -> Row:
    """Take a tag off a file, whoever gave it; only a person's hand brings it back.  Raises NotFoundError for a tag that
    is not on it."""
    async with db.write():
        await files.require_changeable(db, viewer, file)
        shown = await files.get_file(db, viewer, file)
        if not any(tag["name"] == name for tag in shown["tags"]):
            raise NotFoundError("This file has no such tag", hint="It may have been taken away already.")
        recording = FileRecording(db, viewer, [file], tags=True)
        await recording.begin()
        tag = await db.value('SELECT "id" FROM "tag" WHERE "name" = ?', [name])
        await db.fetch('DELETE FROM "file_tag" WHERE "file" = ? AND "tag" = ?', [str(file), str(tag)])
        await db.fetch(
            'INSERT INTO "tag_rejection" ("id", "file", "tag", "created") VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
            [str(new_id()), str(file), str(tag), now()],
        )
        await recording.record("untag")
    await files.announce_change(db, bus, file)
    return await files.get_file(db, viewer, file)


def _place(row: Row) -> tuple[int, str]:
    return -row["count"], row["name"]
