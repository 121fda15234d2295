"""Taking back what a person said of people and faces: an entry of the journal holds what was touched, before and after.
Entries about other things are handed to those who wrote them (`PUT_BACK`).

An entry can be undone while what it left is still there; what was changed after it must be undone first.  Faces that
went with their file meanwhile stay gone, faces that grouping added meanwhile are grouped anew.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ConflictError, InvalidInputError
from appliance.library import (
    album_changes,
    duplicate_choices,
    event_changes,
    face_index,
    file_changes,
    journal,
    ownership,
)
from appliance.library.undo_rights import check_theirs
from appliance.messages import FacesChanged, PeopleChanged
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

PERSON_COLUMNS = ("name", "name_key", "user", "held", "hidden", "favourite", "ignored", "birthday", "cover_face")
FACE_COLUMNS = ("person", "confirmed", "removed")

#: table -> id -> column -> value, or None for a row that was not there.
Rows = dict[str, dict[str, Any] | None]


class State(msgspec.Struct):
    """Some people and faces as they are at one moment, and what was said of them in pairs."""

    people: Rows
    faces: Rows
    rejections: list[tuple[str, str]]  # (face, person)
    apart: list[tuple[str, str]]


class Recording:
    """One change by hand: `touch` what it is going to touch, do it, then `record`.  Inside one `db.write()`."""

    def __init__(self, db: Database, viewer: Viewer) -> None:
        self._db, self._viewer = db, viewer
        self._before = State({}, {}, [], [])

    async def touch(self, *, people: Iterable[object] = (), faces: Iterable[object] = ()) -> None:
        """Before a change; what is touched twice counts as it was the first time."""
        new_people = [str(person) for person in people if str(person) not in self._before.people]
        new_faces = [str(face) for face in faces if str(face) not in self._before.faces]
        now_here = await _state(self._db, new_people, new_faces)
        self._before.people |= now_here.people
        self._before.faces |= now_here.faces
        self._before.rejections = _union(self._before.rejections, now_here.rejections)
        self._before.apart = _union(self._before.apart, now_here.apart)

    async def record(self, verb: str, noun: str, noun_id: object) -> uuid.UUID | None:
        """Write the journal's entry; None when nothing has changed."""
        before = self._before
        after = await _state(self._db, list(before.people), list(before.faces))
        old_people, new_people = _differing(before.people, after.people)
        old_faces, new_faces = _differing(before.faces, after.faces)
        old = State(
            old_people, old_faces, _without(before.rejections, after.rejections), _without(before.apart, after.apart)
        )
        new = State(
            new_people, new_faces, _without(after.rejections, before.rejections), _without(after.apart, before.apart)
        )
        if old == new:
            return None
        await face_index.note_change(self._db)
        return await journal.record(
            self._viewer, verb, noun, noun_id, before=msgspec.to_builtins(old), after=msgspec.to_builtins(new)
        )


async def undo(db: Database, viewer: Viewer, entry_id: uuid.UUID) -> Row:
    """Put back what this entry changed; returns the entry.

    Raises ConflictError when it is undone already or its people or faces were changed since, NotFoundError for another
    person's entry (`undo_rights.py`), InvalidInputError for what cannot be undone.
    """
    async with db.write():
        found = await db.fetch_one('SELECT * FROM "journal" WHERE "id" = ?', [str(entry_id)])
        entry = await check_theirs(db, viewer, found)
        if entry["noun"] not in journal.UNDOABLE or not entry["before"] or not entry["after"]:
            raise InvalidInputError("This cannot be undone here")
        if entry["undone_at"] is not None:
            raise ConflictError("That is undone already")
        await PUT_BACK.get(entry["noun"], _undo_people)(db, entry)
        moment = now()
        await db.fetch('UPDATE "journal" SET "undone_at" = ? WHERE "id" = ?', [moment, str(entry_id)])
        return entry | {"undone_at": moment}


async def announce_undone(db: Database, bus: Bus, entry: Row) -> None:
    """Tell everyone who may see it that something is as it was before; after `undo`."""
    if entry["noun"] in ANNOUNCE:
        await ANNOUNCE[entry["noun"]](db, bus, entry)
    else:
        bus.publish(PeopleChanged())
        bus.publish(FacesChanged())


async def _undo_people(db: Database, entry: Row) -> None:
    before = msgspec.json.decode(entry["before"], type=State)
    after = msgspec.json.decode(entry["after"], type=State)
    current = await _state(db, list(after.people), list(after.faces))
    await _check_untouched(db, before, after, current)
    await _put_back(db, before, after, current)
    await face_index.keep_vectors(db, [uuid.UUID(face) for face in before.faces])
    await face_index.note_change(db)


#: noun of an entry -> who takes it back, and who tells of that.
PUT_BACK = {
    duplicate_choices.NOUN: duplicate_choices.put_back,
    file_changes.NOUN: file_changes.put_back,
    album_changes.NOUN: album_changes.put_back,
    event_changes.NOUN: event_changes.put_back,
    ownership.NOUN: ownership.put_back,
}
ANNOUNCE = {
    duplicate_choices.NOUN: duplicate_choices.announce_undone,
    file_changes.NOUN: file_changes.announce_undone,
    album_changes.NOUN: album_changes.announce_undone,
    event_changes.NOUN: event_changes.announce_undone,
    ownership.NOUN: ownership.announce_undone,
}


async def _check_untouched(db: Database, before: State, after: State, current: State) -> None:
    for person, left in after.people.items():
        here = current.people[person]
        if (left is None) != (here is None) or _changed(left, here):
            raise _changed_since(_name(here) or _name(left) or _name(before.people[person]))
    for face, left in after.faces.items():
        here = current.faces[face]
        # What grouping did with a face since is no one's word.
        said = here is not None and (here["confirmed"] or here["removed"])
        if _changed(left, here) and (said or (left or {}).get("confirmed") or (left or {}).get("removed")):
            raise _changed_since("")
    created = [person for person, was in before.people.items() if was is None]
    if created:
        more = await db.value(
            """SELECT count(*) FROM "face" WHERE "confirmed" AND "person" IN (SELECT value FROM json_each(?))
               AND "id" NOT IN (SELECT value FROM json_each(?))""",
            [face_index.ids_json(created), face_index.ids_json(after.faces)],
        )
        if more:
            raise _changed_since(_name(after.people[created[0]]))


async def _put_back(db: Database, before: State, after: State, current: State) -> None:
    moment = now()
    for person, was in before.people.items():
        if was is not None and current.people[person] is None:
            columns = ", ".join(f'"{name}"' for name in was)
            marks = ", ".join("?" * len(was))
            await db.fetch(
                f'INSERT INTO "person" ("id", {columns}, "created", "modified") VALUES (?, {marks}, ?, ?)',
                [person, *was.values(), moment, moment],
            )
        elif was is not None:
            await _set(db, "person", person, was)
    for face, was in before.faces.items():
        if was is None:
            await db.fetch('DELETE FROM "face" WHERE "id" = ?', [face])
        elif current.faces[face] is not None:
            await _set(db, "face", face, was)
    for person, was in before.people.items():
        if was is None:
            await db.fetch('DELETE FROM "person" WHERE "id" = ?', [person])
    for table, left, right, old, new in (
        ("face_rejection", "face", "person", before.rejections, after.rejections),
        ("person_apart", "person", "other", before.apart, after.apart),
    ):
        await db.execute_many(f'DELETE FROM "{table}" WHERE "{left}" = ? AND "{right}" = ?', new)
        await db.execute_many(
            f"""INSERT OR IGNORE INTO "{table}" ("id", "{left}", "{right}", "created")
                SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM "{left}" WHERE "id" = ?)""",
            [[str(new_id()), one, other, moment, one] for one, other in old],
        )


async def _set(db: Database, table: str, row: str, values: dict[str, Any]) -> None:
    assignments = ", ".join(f'"{name}" = ?' for name in values)
    await db.fetch(f'UPDATE "{table}" SET {assignments}, "modified" = ? WHERE "id" = ?', [*values.values(), now(), row])


async def _state(db: Database, people: list[str], faces: list[str]) -> State:
    who, which = face_index.ids_json(people), face_index.ids_json(faces)
    return State(
        people=await _rows(db, "person", PERSON_COLUMNS, people),
        faces=await _rows(db, "face", FACE_COLUMNS, faces),
        rejections=[
            (str(row["face"]), str(row["person"]))
            for row in await db.fetch(
                """SELECT "face", "person" FROM "face_rejection" WHERE "face" IN (SELECT value FROM json_each(?))
                   UNION SELECT "face", "person" FROM "face_rejection"
                   WHERE "person" IN (SELECT value FROM json_each(?)) ORDER BY 1, 2""",
                [which, who],
            )
        ],
        apart=[
            (str(row["person"]), str(row["other"]))
            for row in await db.fetch(
                """SELECT "person", "other" FROM "person_apart" WHERE "person" IN (SELECT value FROM json_each(?1))
                   OR "other" IN (SELECT value FROM json_each(?1)) ORDER BY 1, 2""",
                [who],
            )
        ],
    )


async def _rows(db: Database, table: str, columns: tuple[str, ...], ids: list[str]) -> Rows:
    names = ", ".join(f'"{name}"' for name in columns)
    rows = await db.fetch(
        f'SELECT "id", {names} FROM "{table}" WHERE "id" IN (SELECT value FROM json_each(?))',
        [face_index.ids_json(ids)],
    )
    found: Rows = dict.fromkeys(ids)
    for row in rows:
        found[str(row["id"])] = {name: _plain(row[name]) for name in columns}
    return found


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def _differing(before: Rows, after: Rows) -> tuple[Rows, Rows]:
    """Only the rows, and of rows that were and are there only the columns, that are not the same."""
    old: Rows = {}
    new: Rows = {}
    for row, was in before.items():
        is_now = after[row]
        if was is None or is_now is None:
            if was != is_now:
                old[row], new[row] = was, is_now
            continue
        names = [name for name in was if was[name] != is_now[name]]
        if names:
            old[row] = {name: was[name] for name in names}
            new[row] = {name: is_now[name] for name in names}
    return old, new


def _changed(left: dict[str, Any] | None, here: dict[str, Any] | None) -> bool:
    return left is not None and here is not None and any(here[name] != value for name, value in left.items())


def _changed_since(name: str) -> ConflictError:
    who = f"“{name}”" if name else "Something of this"
    return ConflictError(f"{who} was changed since", hint="Undo what was done after it first.")


def _name(row: dict[str, Any] | None) -> str:
    return str(row.get("name") or "") if row else ""


def _union(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted({*one, *other})


def _without(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> list[tuple[str, str]]:
    gone = set(other)
    return [pair for pair in one if pair not in gone]
