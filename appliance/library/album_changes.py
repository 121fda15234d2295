"""What a person changes on albums, as entries of the journal that can be undone: rows before and after, exactly.

An entry can be undone while what it left is still there; what was changed after it must be undone first.  Files that
went for good meanwhile stay gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ConflictError, PermissionDeniedError
from appliance.library import journal
from appliance.library.album_rights import EDITOR
from appliance.library.face_index import ids_json
from appliance.library.share_links import require_unshown
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

NOUN = "album"
COLUMNS = ("user", "name", "query", "parent", "family", "sorting", "cover", "created")


class State(msgspec.Struct):
    """One album at one moment; None: it is not there.  files: file -> [position, granted]."""

    columns: dict[str, Any] | None
    members: dict[str, str | None]
    files: dict[str, tuple[int, int] | None]


class AlbumRecording:
    """One change by hand: `touch` the albums that it is going to touch, do it, then `record`.  Inside `db.write()`."""

    def __init__(self, db: Database, viewer: Viewer) -> None:
        self._db, self._viewer = db, viewer
        self._before: dict[str, State] = {}

    async def touch(self, *albums: object) -> None:
        for album in albums:
            self._before[str(album)] = await _state(self._db, str(album))

    async def record(self, verb: str, album: object) -> uuid.UUID | None:
        """Write the journal's entry; None when nothing has changed."""
        old: dict[str, State] = {}
        new: dict[str, State] = {}
        for one, before in self._before.items():
            after = await _state(self._db, one)
            if before != after:
                old[one], new[one] = _differing(before, after)
        if not new:
            return None
        return await journal.record(
            self._viewer, verb, NOUN, album, before=msgspec.to_builtins(old), after=msgspec.to_builtins(new)
        )


async def put_back(db: Database, entry: Row) -> None:
    """Undo an entry of the journal, inside its `db.write()`; raises ConflictError when its albums were changed since,
    PermissionDeniedError where whoever did it may not change that album any more."""
    before = msgspec.json.decode(entry["before"], type=dict[str, State])
    after = msgspec.json.decode(entry["after"], type=dict[str, State])
    for album, left in after.items():
        here = await _state(db, album)
        await _check_right(db, entry["user"], album, here)
        if (left.columns is None) != (here.columns is None) or not _holds(left, here):
            raise ConflictError("The album was changed since", hint="Undo what was done after it first.")
    for album, was in before.items():
        await _put_columns(db, album, was)
    for album in before:
        if await is_in_itself(db, album):
            raise ConflictError(
                "An album cannot lie in itself", hint="What was moved since lies in it: move that out first."
            )
    for album, was in before.items():
        await _put_rows(db, album, was)


async def is_in_itself(db: Database, album: object) -> bool:
    """Whether an album lies in one that lies in it.  Inside the `db.write()` that put it there."""
    return bool(
        await db.value(
            """WITH RECURSIVE "above" ("id") AS (
                   SELECT "parent" FROM "album" WHERE "id" = ?1
                   UNION SELECT a."parent" FROM "above" b JOIN "album" a ON a."id" = b."id"
               ) SELECT EXISTS (SELECT 1 FROM "above" WHERE "id" = ?1)""",
            [str(album)],
        )
    )


async def announce_undone(db: Database, bus: Bus, entry: Row) -> None:
    """Pages ask for albums when they show them; nothing has to be told."""


async def _check_right(db: Database, user: object, album: str, here: State) -> None:
    if here.columns is None or user is None:
        return
    level = await db.value(
        """SELECT max("level") FROM "album_right" WHERE "album" = ? AND "who" IN ('', ?)""", [album, str(user)]
    )
    if (level or 0) < EDITOR:
        raise PermissionDeniedError("You may not change this album any more", hint="Its owner can let you.")


def _holds(left: State, here: State) -> bool:
    columns = here.columns or {}
    return (
        all(columns.get(name) == value for name, value in (left.columns or {}).items())
        and all(here.members.get(user) == role for user, role in left.members.items())
        and all(here.files.get(file) == row for file, row in left.files.items())
    )


async def _put_columns(db: Database, album: str, was: State) -> None:
    if was.columns is None:
        await require_unshown(db, "album", [album])
        await db.fetch('DELETE FROM "album" WHERE "id" = ?', [album])
        return
    # What an album pointed to may be gone by now.
    values = dict(was.columns)
    for name, table in (("parent", "album"), ("cover", "stored_file")):
        if values.get(name) and not await db.value(f'SELECT 1 FROM "{table}" WHERE "id" = ?', [values[name]]):
            values[name] = None
    if await db.value('SELECT 1 FROM "album" WHERE "id" = ?', [album]):
        assignments = ", ".join(f'"{name}" = ?' for name in [*values, "modified"])
        await db.fetch(f'UPDATE "album" SET {assignments} WHERE "id" = ?', [*values.values(), now(), album])
        return
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * (len(values) + 2))
    await db.fetch(
        f'INSERT INTO "album" ("id", {names}, "modified") VALUES ({marks})', [album, *values.values(), now()]
    )


async def _put_rows(db: Database, album: str, was: State) -> None:
    if was.columns is None:
        return
    moment = now()
    await db.execute_many(
        'DELETE FROM "album_member" WHERE "album" = ? AND "user" = ?', [[album, user] for user in was.members]
    )
    await db.execute_many(
        """INSERT INTO "album_member" ("id", "album", "user", "role", "created")
           SELECT ?, ?, "id", ?, ? FROM "account" WHERE "id" = ?""",
        [[str(new_id()), album, role, moment, user] for user, role in was.members.items() if role],
    )
    await db.fetch(
        'DELETE FROM "album_file" WHERE "album" = ? AND "file" IN (SELECT value FROM json_each(?))',
        [album, ids_json([file for file, row in was.files.items() if row is None])],
    )
    await db.execute_many(
        """INSERT INTO "album_file" ("id", "album", "file", "created", "position", "granted")
           SELECT ?, ?, "id", ?, ?, ? FROM "stored_file" WHERE "id" = ?
           ON CONFLICT ("album", "file") DO UPDATE SET "position" = excluded."position",
           "granted" = excluded."granted" """,
        [[str(new_id()), album, moment, *row, file] for file, row in was.files.items() if row is not None],
    )


async def _state(db: Database, album: str) -> State:
    # The plus takes the declared type away: everything goes back as it was.
    names = ", ".join(f'+"{name}" AS "{name}"' for name in COLUMNS)
    columns = await db.fetch_one(f'SELECT {names} FROM "album" WHERE "id" = ?', [album])
    if columns is None:
        return State(None, {}, {})
    members = await db.fetch('SELECT "user", "role" FROM "album_member" WHERE "album" = ?', [album])
    files = await db.fetch(
        'SELECT "file", "position", +"granted" AS "granted" FROM "album_file" WHERE "album" = ?', [album]
    )
    return State(
        columns,
        {str(row["user"]): row["role"] for row in members},
        {str(row["file"]): (row["position"], int(row["granted"])) for row in files},
    )


def _differing(before: State, after: State) -> tuple[State, State]:
    """Only what is not the same."""
    members = _keys(before.members, after.members)
    files = _keys(before.files, after.files)
    old, new = before.columns, after.columns
    if old is not None and new is not None:
        names: Iterable[str] = [name for name in old if old[name] != new[name]]
        old, new = {name: old[name] for name in names}, {name: new[name] for name in names}
    return (
        State(old, {user: before.members.get(user) for user in members}, {one: before.files.get(one) for one in files}),
        State(new, {user: after.members.get(user) for user in members}, {one: after.files.get(one) for one in files}),
    )


def _keys(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(one for one in before.keys() | after.keys() if before.get(one) != after.get(one))
