"""What a person says of people and faces, by hand: each is one entry of the journal, which can be undone."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

from appliance.errors import ConflictError, InvalidInputError
from appliance.library import face_index, faces, people, renditions
from appliance.library.faces import SAME_BOX, get_face, get_faces, no_such_face, visible_people
from appliance.library.naming import clean_name, create, hold, move_faces, person_to_be, reject
from appliance.library.people import check_person, get_person, name_key
from appliance.library.undo import Recording
from appliance.messages import FileChanged, PeopleChanged
from appliance.values import new_id, now
from ml.faces.analyse import overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus
    from ml.base import Box

#: What a person may change by hand.
MARKS = ("name", "hidden", "favourite", "ignored", "private", "birthday", "cover_face")
SMALLEST_SIDE = 0.002  # of the picture's: 3 px of a preview


async def change_person(
    db: Database, bus: Bus, viewer: Viewer, person: uuid.UUID, marks: Mapping[str, Any]
) -> uuid.UUID | None:
    """Set some of `MARKS`; returns the journal's entry, None when nothing changed."""
    before = await get_person(db, viewer, person)
    values = await _cleaned(db, viewer, person, marks)
    if all(before.get(name) == value for name, value in marks.items()):
        return None
    async with db.write():
        recording = Recording(db, viewer)
        await recording.touch(people=[person])
        await hold(db, recording, person)
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        await db.fetch(
            f'UPDATE "person" SET {assignments}, "modified" = ? WHERE "id" = ?', [*values.values(), now(), str(person)]
        )
        verb = "name" if set(marks) == {"name"} else "change"
        entry = await recording.record(verb, "person", person)
    _announce(bus)
    return entry


async def merge(
    db: Database, bus: Bus, viewer: Viewer, into: uuid.UUID, others: Sequence[uuid.UUID]
) -> uuid.UUID | None:
    """`others` are `into`: their faces become its faces; a name, birthday or cover that it lacks is taken over."""
    sources = [other for other in dict.fromkeys(others) if other != into]
    if not sources:
        raise InvalidInputError("Choose at least two people")
    async with db.write():
        for person in (into, *sources):
            await check_person(db, viewer, person)
        recording = Recording(db, viewer)
        everyone = face_index.ids_json([into, *sources])
        await recording.touch(people=[into, *sources])
        members = await db.fetch(
            'SELECT "id" FROM "face" WHERE "person" IN (SELECT value FROM json_each(?))', [everyone]
        )
        await recording.touch(faces=[row["id"] for row in members])
        await _take_over(db, into, sources)
        await db.fetch(
            """UPDATE "face" SET "person" = ?, "confirmed" = 1, "modified" = ?
               WHERE "person" IN (SELECT value FROM json_each(?))""",
            [str(into), now(), everyone],
        )
        await _move_rejections(db, into, sources)
        await _move_apart(db, into, sources)
        await db.fetch(
            'DELETE FROM "person" WHERE "id" IN (SELECT value FROM json_each(?))', [face_index.ids_json(sources)]
        )
        entry = await recording.record("merge", "person", into)
    _announce(bus)
    return entry


async def split(
    db: Database, bus: Bus, viewer: Viewer, person: uuid.UUID, some: Sequence[uuid.UUID], *, name: str = ""
) -> tuple[uuid.UUID, uuid.UUID | None]:
    """`some` of this person's faces are somebody else: a new person, whose id is returned with the journal's entry."""
    rows = await get_faces(db, viewer, some)
    if (
        not rows
        or len(rows) != len(set(some))
        or any(not row["person"] or row["person"]["id"] != person for row in rows)
    ):
        raise InvalidInputError("Choose faces of this person")
    async with db.write():
        recording = Recording(db, viewer)
        new = await create(db, recording, clean_name(name))
        await move_faces(db, recording, some, new)
        await _keep_apart(db, person, new)
        entry = await recording.record("split", "person", person)
    await announce(db, bus, [row["file"] for row in rows])
    _announce(bus)
    return new, entry


async def keep_apart(db: Database, bus: Bus, viewer: Viewer, one: uuid.UUID, other: uuid.UUID) -> uuid.UUID | None:
    """These two are not the same: it is not asked again."""
    if one == other:
        raise InvalidInputError("Choose two people")
    async with db.write():
        recording = Recording(db, viewer)
        for person in (one, other):
            await check_person(db, viewer, person)
            await hold(db, recording, person)
        await _keep_apart(db, one, other)
        entry = await recording.record("keep_apart", "person", one)
    _announce(bus)
    return entry


async def add_face(
    db: Database,
    bus: Bus,
    viewer: Viewer,
    file: uuid.UUID,
    box: Box,
    *,
    person: uuid.UUID | None = None,
    name: str = "",
) -> tuple[uuid.UUID, uuid.UUID | None]:
    """A face that somebody drew; returns its id and the journal's.  It is embedded by the step `faces`, soon.

    Raises ConflictError where there is one already.
    """
    x, y, width, height = box
    if not (0 <= x < 1 and 0 <= y < 1 and width >= SMALLEST_SIDE and height >= SMALLEST_SIDE):
        raise InvalidInputError("That box is not on the picture", hint="left, top, width, height; all from 0 to 1.")
    box = (x, y, min(width, 1 - x), min(height, 1 - y))
    await faces.check_nameable(db, viewer, file)
    for other in await faces.faces_of_file(db, viewer, file):
        if other["box"] and overlap(tuple(other["box"]), box) > SAME_BOX:
            raise ConflictError("There is a face already", hint="Say who it is, instead of drawing it again.")
    face, moment = new_id(), now()
    async with db.write():
        box = await renditions.box_as_taken(db, file, box)
        recording = Recording(db, viewer)
        await recording.touch(faces=[face])
        who = await person_to_be(db, viewer, recording, person=person, name=name)
        if who is not None:
            await _make_room(db, recording, who, [face], file)
        await db.fetch(
            """INSERT INTO "face" ("id", "file", "x", "y", "width", "height", "score", "quality", "source", "person",
                                   "confirmed", "reason", "created", "modified")
               VALUES (?, ?, ?, ?, ?, ?, 1, 0, 'manual', ?, ?, ?, ?, ?)""",
            [
                str(face),
                str(file),
                *box,
                who,
                who is not None,
                "It was drawn and is still to be looked at",
                moment,
                moment,
            ],
        )
        await look_again(db, [file])
        entry = await recording.record("add", "face", face)
    await announce(db, bus, [file])
    return face, entry


async def say_who(
    db: Database,
    bus: Bus,
    viewer: Viewer,
    some: Sequence[uuid.UUID],
    *,
    person: uuid.UUID | None = None,
    name: str = "",
) -> uuid.UUID | None:
    """These faces are that person, known by id or by name; a name nobody has yet makes a new one."""
    rows = await _all_of(db, viewer, some)
    async with db.write():
        recording = Recording(db, viewer)
        who = await person_to_be(db, viewer, recording, person=person, name=name)
        if who is None:
            raise InvalidInputError("Say who it is: a person or a name")
        await move_faces(db, recording, some, who)
        for file in {row["file"] for row in rows}:
            await _make_room(db, recording, who, some, file)
        entry = await recording.record("name", *(("face", some[0]) if len(some) == 1 else ("person", who)))
    await announce(db, bus, {row["file"] for row in rows})
    return entry


async def take_away(db: Database, bus: Bus, viewer: Viewer, face: uuid.UUID) -> uuid.UUID | None:
    """It is not who it is taken for."""
    row = await get_face(db, viewer, face)
    if row["person"] is None:
        return None
    return await say_who_not(db, bus, viewer, [face], row["person"]["id"])


async def say_who_not(
    db: Database, bus: Bus, viewer: Viewer, faces: Sequence[uuid.UUID], person: uuid.UUID
) -> uuid.UUID | None:
    """None of these faces is that person, for ever; those that were taken for them are nobody's now."""
    rows = await _all_of(db, viewer, faces)
    async with db.write():
        await check_person(db, viewer, person)
        recording = Recording(db, viewer)
        await reject(db, recording, faces, person)
        entry = await recording.record("reject", "person", person)
    await announce(db, bus, [row["file"] for row in rows])
    return entry


async def remove_face(db: Database, bus: Bus, viewer: Viewer, face: uuid.UUID) -> uuid.UUID | None:
    """It is no face; it is not found again."""
    (row,) = await _all_of(db, viewer, [face])
    async with db.write():
        recording = Recording(db, viewer)
        await recording.touch(faces=[face])
        await db.fetch(
            """UPDATE "face" SET "removed" = 1, "person" = NULL, "confirmed" = 0, "modified" = ? WHERE "id" = ?""",
            [now(), str(face)],
        )
        await face_index.keep_vectors(db, [face])
        entry = await recording.record("remove", "face", face)
    await announce(db, bus, [row["file"]])
    return entry


# ------------------------------------------------------------------------------------------------- parts of the above


async def look_again(db: Database, files: Sequence[object]) -> None:
    """The step `faces` is due again for these files.  Inside `db.write()`."""
    await db.fetch(
        """UPDATE "file_step" SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
           WHERE "step" = ? AND "file" IN (SELECT value FROM json_each(?))
           AND "status" IN ('done', 'failed', 'ignored', 'running')""",
        [face_index.FACES_STEP, face_index.ids_json(files)],
    )


async def announce(db: Database, bus: Bus, files: Iterable[object]) -> None:
    """Tell everyone who may see these files that their faces are others now."""
    rows = await db.fetch(
        'SELECT "id", "local_start", "audience" FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))',
        [face_index.ids_json(files)],
    )
    by_user: dict[str | None, list[Row]] = {}
    for row in rows:
        by_user.setdefault(row["audience"] or None, []).append(row)
    for user, some in by_user.items():
        months = sorted({row["local_start"][:7] for row in some} - {""})
        bus.publish(FileChanged(ids=[str(row["id"]) for row in some], months=months, user=user))


async def _all_of(db: Database, viewer: Viewer, some: Sequence[uuid.UUID]) -> list[Row]:
    """Raises NotFoundError unless the viewer may see every one of them."""
    rows = await get_faces(db, viewer, some)
    if not rows or len(rows) != len(some):
        raise no_such_face()
    await _check_not_private(db, viewer, some)
    return rows


async def _check_not_private(db: Database, viewer: Viewer, some: Sequence[uuid.UUID]) -> None:
    """What somebody said for themselves alone is not changed by others who do not see it."""
    allowed, arguments = visible_people(viewer)
    kept = await db.value(
        f"""SELECT 1 FROM "face" fa JOIN "person" p ON p."id" = fa."person"
            WHERE fa."id" IN (SELECT value FROM json_each(?)) AND NOT {allowed} LIMIT 1""",
        [face_index.ids_json(some), *arguments],
    )
    if kept is not None:
        raise ConflictError("Somebody keeps this person to themselves", hint="Ask them who it is.")


async def _make_room(db: Database, recording: Recording, person: object, faces: Sequence[object], file: object) -> None:
    """Two faces of a photo are not one person: what only grouping took for `person` there is nobody's now."""
    others = await db.fetch(
        """SELECT "id" FROM "face" WHERE "file" = ? AND "person" = ? AND NOT "confirmed"
           AND "id" NOT IN (SELECT value FROM json_each(?))""",
        [str(file), str(person), face_index.ids_json(faces)],
    )
    await recording.touch(faces=[row["id"] for row in others])
    await db.execute_many('UPDATE "face" SET "person" = NULL WHERE "id" = ?', [[str(row["id"])] for row in others])


async def _cleaned(db: Database, viewer: Viewer, person: uuid.UUID, marks: Mapping[str, Any]) -> dict[str, Any]:
    """Columns and values of what a person wants to change."""
    values: dict[str, Any] = {
        name: value for name, value in marks.items() if name in ("hidden", "favourite", "ignored")
    }
    for name, value in marks.items():
        if name not in ("birthday", "cover_face") and value is None:
            raise InvalidInputError(f"{name} cannot be null")
    if "name" in marks:
        values["name"] = clean_name(marks["name"])
        values["name_key"] = name_key(marks["name"])
    if "private" in marks:
        if marks["private"] and viewer.user_id is None:
            raise InvalidInputError("Only a person can keep somebody to themselves", hint="Log in as that person.")
        values["user"] = str(viewer.user_id) if marks["private"] else None
    if "birthday" in marks:
        values["birthday"] = _birthday(marks["birthday"])
    if "cover_face" in marks:
        cover = marks["cover_face"]
        if cover is not None:
            face = await get_face(db, viewer, cover)
            if face["person"] is None or face["person"]["id"] != person:
                raise InvalidInputError("That is not a face of this person")
        values["cover_face"] = str(cover) if cover is not None else None
    return values


def _birthday(value: str | None) -> str | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise InvalidInputError("A birthday is written like 2019-04-23") from error


async def _take_over(db: Database, into: uuid.UUID, sources: Sequence[uuid.UUID]) -> None:
    """The first of `sources` that has a name, birthday or cover gives it to one who has none; a favourite stays one."""
    rows = await db.fetch(
        'SELECT * FROM "person" WHERE "id" IN (SELECT value FROM json_each(?))', [face_index.ids_json([into, *sources])]
    )
    by_id = {row["id"]: row for row in rows}
    target, others = by_id[into], [by_id[source] for source in sources]
    values: dict[str, Any] = {"held": True}
    for name, columns in (("name", ("name", "name_key")), ("birthday", ("birthday",)), ("cover_face", ("cover_face",))):
        if not target[name]:
            giver = next((other for other in others if other[name]), None)
            if giver is not None:
                values |= {column: giver[column] for column in columns}
    values["favourite"] = bool(target["favourite"]) or any(other["favourite"] for other in others)
    assignments = ", ".join(f'"{name}" = ?' for name in values)
    await db.fetch(
        f'UPDATE "person" SET {assignments}, "modified" = ? WHERE "id" = ?',
        [*(str(value) if isinstance(value, uuid.UUID) else value for value in values.values()), now(), str(into)],
    )


async def _move_rejections(db: Database, into: uuid.UUID, sources: Sequence[uuid.UUID]) -> None:
    """Faces that are not one of them are not the merged one; but those that are one of them now are."""
    rows = await db.fetch(
        'SELECT "face", "created" FROM "face_rejection" WHERE "person" IN (SELECT value FROM json_each(?))',
        [face_index.ids_json(sources)],
    )
    await db.execute_many(
        'INSERT OR IGNORE INTO "face_rejection" ("id", "face", "person", "created") VALUES (?, ?, ?, ?)',
        [[str(new_id()), str(row["face"]), str(into), row["created"]] for row in rows],
    )
    await db.fetch(
        """DELETE FROM "face_rejection" WHERE "person" = ?1
           AND "face" IN (SELECT "id" FROM "face" WHERE "person" = ?1)""",
        [str(into)],
    )


async def _keep_apart(db: Database, one: uuid.UUID, other: uuid.UUID) -> None:
    first, second = sorted((str(one), str(other)))
    await db.fetch(
        'INSERT OR IGNORE INTO "person_apart" ("id", "person", "other", "created") VALUES (?, ?, ?, ?)',
        [str(new_id()), first, second, now()],
    )


async def _move_apart(db: Database, into: uuid.UUID, sources: Sequence[uuid.UUID]) -> None:
    """Whom the merged ones are not, the merged one is not."""
    rows = await db.fetch(
        """SELECT "person", "other" FROM "person_apart" WHERE "person" IN (SELECT value FROM json_each(?1))
           OR "other" IN (SELECT value FROM json_each(?1))""",
        [face_index.ids_json([into, *sources])],
    )
    merged = {into, *sources}
    for third in {one for row in rows for one in people.pair(row)} - merged:
        await _keep_apart(db, into, third)
    first, second = face_index.ids_json([into]), face_index.ids_json(sources)
    await db.fetch(
        """DELETE FROM "person_apart" WHERE
           ("person" IN (SELECT value FROM json_each(?1)) AND "other" IN (SELECT value FROM json_each(?2)))
           OR ("other" IN (SELECT value FROM json_each(?1)) AND "person" IN (SELECT value FROM json_each(?2)))""",
        [first, second],
    )


def _announce(bus: Bus) -> None:
    bus.publish(PeopleChanged())
