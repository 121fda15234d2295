"""Who did what: one row for each change a person makes, with what was there before, so that it can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.tables import Journal
from appliance.library import pages
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

MAX_LIMIT = 1000
#: What admins see of what others did: how the house is run, never what somebody does with their photos.
OF_THE_HOUSE = ("user", "session", "key", "setting", "library", "model", "backup")
#: What `undo.py` can take back.
UNDOABLE = ("person", "face", "duplicates", "files", "event", "album", "sharing")


async def record(
    viewer: Viewer,
    verb: str,
    noun: str,
    noun_id: object,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> uuid.UUID:
    """Write one entry and return its id; only inside the `db.write()` of the change itself: both happen or neither.

    `before` and `after` hold only the fields that changed.
    """
    entry_id = new_id()
    await Journal.insert(
        Journal(
            id=entry_id,
            user=viewer.user_id,
            verb=verb,
            noun=noun,
            noun_id=str(noun_id),
            before=dict(before) if before is not None else None,
            after=dict(after) if after is not None else None,
            created=now(),
        )
    )
    return entry_id


async def list_entries(
    db: Database, viewer: Viewer, *, limit: int = 100, cursor: str | None = None, noun: str | None = None
) -> dict[str, Any]:
    """The viewer's own entries, for admins everyone's about the house too, the latest first: items, total, next."""
    pages.check_limit(limit)
    conditions, arguments = ["1"], []
    if viewer.user_id is not None:
        of_the_house = "', '".join(OF_THE_HOUSE)
        conditions.append(f"""("user" = ? OR "noun" IN ('{of_the_house}'))""" if viewer.is_admin else '"user" = ?')
        arguments.append(str(viewer.user_id))
    if noun is not None:
        conditions.append('"noun" = ?')
        arguments.append(noun)
    where = " AND ".join(conditions)
    total = await db.value(f'SELECT count(*) FROM "journal" WHERE {where}', arguments)
    if cursor is not None:
        where, arguments = f'{where} AND "id" < ?', [*arguments, *pages.decode_cursor(cursor, tuple[pages.Id])]
    rows = await db.fetch(f'SELECT * FROM "journal" WHERE {where} ORDER BY "id" DESC LIMIT ?', [*arguments, limit + 1])
    following = pages.encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"items": [shown(row) for row in rows[:limit]], "total": total, "next": following}


def shown(row: Row) -> dict[str, Any]:
    """An entry as the API shows it: not what it changed, which may be on photos that not everybody sees."""
    undoable = row["noun"] in UNDOABLE and row["before"] is not None and row["after"] is not None
    return {
        "id": row["id"],
        "user": row["user"],
        "verb": row["verb"],
        "noun": row["noun"],
        "noun_id": row["noun_id"],
        "name": _name(row) if undoable else "",
        "created": row["created"],
        "undone_at": row["undone_at"],
        "can_undo": undoable and row["undone_at"] is None,
    }


def _name(row: Row) -> str:
    """What the person was called afterwards, or before that."""
    for side in ("after", "before"):
        people = msgspec.json.decode(row[side]).get("people", {})
        for person in (people.get(row["noun_id"]), *people.values()):
            if person and person.get("name"):
                return str(person["name"])
    return ""
