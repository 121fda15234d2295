"""Who may take back what: one's own doings, and for admins those of others with what they may change themselves.

An entry that somebody may not take back is not there for them: it would tell that there is something they do not see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import NotFoundError
from appliance.library import journal
from appliance.library.album_rights import OWNER, level_of
from appliance.library.face_index import ids_json
from appliance.library.faces import visible_faces, visible_people

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer


async def check_theirs(db: Database, viewer: Viewer, entry: Row | None) -> Row:
    """The entry, for whoever may take it back; raises NotFoundError for all others."""
    if entry is not None:
        if viewer.user_id is None or entry["user"] == viewer.user_id:
            return entry
        if viewer.is_admin and (entry["noun"] in journal.OF_THE_HOUSE or await _is_theirs(db, viewer, entry)):
            return entry
    raise NotFoundError("There is no such entry of yours in the journal", hint="Whoever did that can take it back.")


async def can_undo(db: Database, viewer: Viewer, entries: Iterable[Row]) -> set[str]:
    """Ids of those entries about files, with `id` and `user`, that the viewer may take back."""
    every = list(entries)
    own = {str(row["id"]) for row in every if viewer.user_id is None or row["user"] == viewer.user_id}
    if not viewer.is_admin:
        return own
    allowed, arguments = viewer.changeable("f")
    kept = await db.fetch(
        f"""SELECT DISTINCT c."entry" FROM "file_change" c JOIN "stored_file" f ON f."id" = c."file"
            WHERE c."entry" IN (SELECT value FROM json_each(?)) AND NOT {allowed}""",
        [ids_json(row["id"] for row in every), *arguments],
    )
    return own | ({str(row["id"]) for row in every} - {str(row["entry"]) for row in kept})


async def _is_theirs(db: Database, viewer: Viewer, entry: Row) -> bool:
    """Whether the viewer could have done it: they may change all the files of it, own its albums, know its people."""
    if entry["noun"] not in journal.UNDOABLE or not entry["before"] or not entry["after"]:
        return False
    before, after = msgspec.json.decode(entry["before"]), msgspec.json.decode(entry["after"])
    match entry["noun"]:
        case "files":
            rows = await db.fetch('SELECT "file" FROM "file_change" WHERE "entry" = ?', [str(entry["id"])])
            return await _may_change(db, viewer, [row["file"] for row in rows])
        case "sharing":
            return await _may_change(db, viewer, before["files"])
        case "duplicates":
            return await _may_change(db, viewer, {*after["files"], *(file for pair in after["apart"] for file in pair)})
        case "event":
            return await _may_change(db, viewer, after["members"])
        case "album":
            return all([await _owns_album(db, viewer, album, was) for album, was in before.items()])
        case _:
            return await _knows(db, viewer, before, after)


async def _may_change(db: Database, viewer: Viewer, files: Iterable[object]) -> bool:
    allowed, arguments = viewer.changeable("f")
    rows = await db.fetch(
        f"""SELECT {allowed} AS "allowed" FROM "stored_file" f WHERE f."id" IN (SELECT value FROM json_each(?))""",
        [*arguments, ids_json(files)],
    )
    return bool(rows) and all(row["allowed"] for row in rows)


async def _owns_album(db: Database, viewer: Viewer, album: str, was: dict[str, Any]) -> bool:
    """Of one that was deleted, whoever owned it."""
    if await db.value('SELECT 1 FROM "album" WHERE "id" = ?', [album]):
        return await level_of(db, viewer, album) >= OWNER
    return was["columns"] is not None and was["columns"].get("user") in (None, str(viewer.user_id))


async def _knows(db: Database, viewer: Viewer, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether its people are the family's or the viewer's own, or were before that, and on something that the viewer
    sees: whoever keeps one of the family's to themselves can be stopped."""
    were: dict[str, Any] = {person: row or {} for person, row in before["people"].items()}
    if any(row.get("user") not in (None, str(viewer.user_id)) for row in were.values()):
        return False
    people, arguments = visible_people(viewer)
    every = {*were, *after["people"]}
    private = await db.value(
        f'SELECT 1 FROM "person" p WHERE p."id" IN (SELECT value FROM json_each(?)) AND NOT {people} LIMIT 1',
        [ids_json(person for person in every if "user" not in were.get(person, ())), *arguments],
    )
    visible, seen = visible_faces(viewer)
    shown = await db.value(
        f"""SELECT 1 FROM "face" fa WHERE (fa."id" IN (SELECT value FROM json_each(?))
            OR fa."person" IN (SELECT value FROM json_each(?))) AND {visible} LIMIT 1""",
        [ids_json(before["faces"]), ids_json(every), *seen],
    )
    return private is None and shown is not None
