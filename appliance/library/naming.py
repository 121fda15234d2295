"""Who is who, changed: what the decisions of people (`decisions.py`) and the names in files are carried out with.

Everything here is called inside `db.write()`.  The first word that somebody says of a group makes it *held* and its
faces confirmed: from then on grouping adds faces to it, and never takes one of those away, dissolves it or joins it
with another.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from appliance.errors import InvalidInputError
from appliance.library import face_index
from appliance.library.faces import visible_people
from appliance.library.people import check_person, name_key
from appliance.values import is_printable, new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database
    from appliance.library.undo import Recording
    from appliance.library.viewers import Viewer

MAX_NAME = 200


async def person_to_be(
    db: Database, viewer: Viewer, recording: Recording, *, person: uuid.UUID | None, name: str
) -> uuid.UUID | None:
    """Whom a person means, by id or by name; a name that nobody has makes somebody new."""
    if person is not None:
        await check_person(db, viewer, person)
        await hold(db, recording, person)
        return person
    cleaned = clean_name(name)
    if not cleaned:
        return None
    allowed, arguments = visible_people(viewer)
    row = await db.fetch_one(
        f"""SELECT p."id" FROM "person" p WHERE p."name_key" = ? AND p."name_key" <> '' AND {allowed}
            ORDER BY p."user" IS NULL, p."id" LIMIT 1""",
        [name_key(cleaned), *arguments],
    )
    return row["id"] if row else await create(db, recording, cleaned)


async def find_by_name(db: Database, name: str) -> uuid.UUID:
    """The family's person of the name that a file's metadata gives; a new one if need be."""
    cleaned = clean_name(name[:MAX_NAME])
    found = await db.value(
        """SELECT "id" FROM "person" WHERE "name_key" = ? AND "name_key" <> '' AND "user" IS NULL
           ORDER BY "id" LIMIT 1""",
        [name_key(cleaned)],
    )
    return found if found is not None else await _insert(db, cleaned)


async def hold(db: Database, recording: Recording, person: object) -> None:
    """A person has said something of this group: grouping keeps its hands off what is in it."""
    await recording.touch(people=[person])
    if await db.value('SELECT "held" FROM "person" WHERE "id" = ?', [str(person)]):
        return
    members = await db.fetch('SELECT "id" FROM "face" WHERE "person" = ? AND NOT "confirmed"', [str(person)])
    await recording.touch(faces=[row["id"] for row in members])
    await db.fetch('UPDATE "person" SET "held" = 1 WHERE "id" = ?', [str(person)])
    await db.fetch('UPDATE "face" SET "confirmed" = 1 WHERE "person" = ?', [str(person)])


async def move_faces(db: Database, recording: Recording, some: Sequence[object], person: uuid.UUID) -> None:
    """These are `person`, and not whoever they were taken for."""
    ids = face_index.ids_json(some)
    rows = await db.fetch(
        """SELECT "id", "person" FROM "face" WHERE "id" IN (SELECT value FROM json_each(?)) AND "person" IS NOT NULL""",
        [ids],
    )
    await recording.touch(faces=some)
    for former in {row["person"] for row in rows if row["person"] != person}:
        await reject(db, recording, [row["id"] for row in rows if row["person"] == former], former)
    await db.fetch(
        """UPDATE "face" SET "person" = ?, "confirmed" = 1, "modified" = ?
           WHERE "id" IN (SELECT value FROM json_each(?))""",
        [str(person), now(), ids],
    )
    await db.fetch(
        'DELETE FROM "face_rejection" WHERE "person" = ? AND "face" IN (SELECT value FROM json_each(?))',
        [str(person), ids],
    )


async def reject(db: Database, recording: Recording, some: Sequence[object], person: uuid.UUID) -> None:
    """These are not `person`."""
    await hold(db, recording, person)
    await recording.touch(faces=some)
    moment = now()
    await db.execute_many(
        'INSERT OR IGNORE INTO "face_rejection" ("id", "face", "person", "created") VALUES (?, ?, ?, ?)',
        [[str(new_id()), str(face), str(person), moment] for face in some],
    )
    await db.fetch(
        """UPDATE "face" SET "person" = NULL, "confirmed" = 0, "modified" = ?
           WHERE "person" = ? AND "id" IN (SELECT value FROM json_each(?))""",
        [moment, str(person), face_index.ids_json(some)],
    )
    await db.fetch(
        """UPDATE "person" SET "cover_face" = NULL
           WHERE "id" = ? AND "cover_face" IN (SELECT value FROM json_each(?))""",
        [str(person), face_index.ids_json(some)],
    )


def clean_name(name: str) -> str:
    """Raises InvalidInputError for what is no name; "" is none."""
    cleaned = unicodedata.normalize("NFC", " ".join(name.split()))
    if len(cleaned) > MAX_NAME or not is_printable(cleaned):
        raise InvalidInputError(f"A name has at most {MAX_NAME} characters, and no line breaks")
    return cleaned


async def create(db: Database, recording: Recording, name: str) -> uuid.UUID:
    person = new_id()
    await recording.touch(people=[person])
    return await _insert(db, name, person)


async def _insert(db: Database, name: str, person: uuid.UUID | None = None) -> uuid.UUID:
    person, moment = person or new_id(), now()
    await db.fetch(
        """INSERT INTO "person" ("id", "name", "name_key", "held", "created", "modified") VALUES (?, ?, ?, 1, ?, ?)""",
        [str(person), name, name_key(name), moment, moment],
    )
    return person
