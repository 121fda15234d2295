"""What people changed on one file, the latest first: each an entry of the journal, in words instead of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.library import files, pages, undo_rights
from appliance.library.face_index import ids_json
from appliance.media import recipe as recipes

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

MAX_LIMIT = 200
_FLAGS = ("favourite", "archived", "hidden")
_AS_THEY_ARE = ("rating", "description")


async def history_of(db: Database, viewer: Viewer, file: uuid.UUID, *, limit: int = 50) -> list[dict[str, Any]]:
    """Raises NotFoundError for a file that the viewer may not see, PermissionDeniedError for what they may only
    look at: what it said before is its owner's own business."""
    pages.check_limit(limit, MAX_LIMIT)
    async with db.read():
        await files.require_changeable(db, viewer, file)
        rows = await db.fetch(
            """SELECT j."id", j."user", a."name" AS "by", j."verb", j."created", j."undone_at", c."before", c."after"
               FROM "file_change" c JOIN "journal" j ON j."id" = c."entry"
               LEFT JOIN "account" a ON a."id" = j."user"
               WHERE c."file" = ? ORDER BY c."id" DESC LIMIT ?""",
            [str(file), limit],
        )
        changes = [(msgspec.json.decode(row["before"]), msgspec.json.decode(row["after"])) for row in rows]
        names = await _tag_names(db, changes)
        theirs = await undo_rights.can_undo(db, viewer, rows)
    return [
        {
            "id": row["id"],
            "by": row["by"] or "",
            "verb": row["verb"],
            "created": row["created"],
            "undone_at": row["undone_at"],
            "can_undo": row["undone_at"] is None and str(row["id"]) in theirs,
            "before": _in_words(before, names),
            "after": _in_words(after, names),
        }
        for row, (before, after) in zip(rows, changes, strict=True)
    ]


async def _tag_names(db: Database, changes: list[tuple[Row, Row]]) -> dict[str, str]:
    wanted = {tag for sides in changes for side in sides for tag, *_ in side.get("tags", ())}
    rows = await db.fetch(
        'SELECT "id", "name" FROM "tag" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(wanted)]
    )
    return {str(row["id"]): row["name"] for row in rows}


def _in_words(side: Row, names: dict[str, str]) -> dict[str, Any]:
    """`tags` are those that went (before) or came (after)."""
    shown: dict[str, Any] = {name: bool(side[name]) for name in _FLAGS if name in side}
    shown |= {name: side[name] for name in _AS_THEY_ARE if name in side}
    if "local_start" in side:
        shown["date"] = side["local_start"][:19] or None
    if "latitude" in side or "longitude" in side:
        place = msgspec.json.decode(side["place"]) if side.get("place") else {}
        shown["place"] = place.get("city", "")
        shown["latitude"], shown["longitude"] = side.get("latitude"), side.get("longitude")
    if "trashed_at" in side:
        shown["trashed"] = side["trashed_at"] is not None
    if "adjustments" in side:
        shown["adjusted"] = recipes.in_words(side["adjustments"])
    if "tags" in side:
        shown["tags"] = sorted({names[tag] for tag, *_ in side["tags"] if tag in names})
    return shown
