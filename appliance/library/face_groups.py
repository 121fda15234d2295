"""What grouping reads and writes: faces with what people said of them, and afterwards who they were taken for.

Numbers stand for rows while it is computed.  What a person said in the meantime stays: every write looks again.
"""

from __future__ import annotations

import uuid
from array import array
from typing import TYPE_CHECKING

import msgspec

from appliance.library import face_index
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from appliance.db.engine import Database
    from appliance.library.face_index import Engine

CHUNK = 2000
NONE = -1
ID_BYTES = 16


class Faces(msgspec.Struct):
    """Usable faces in the order of their ids; parallel arrays, `NONE` where there is no such thing.

    ids: 16 bytes each.   confirmed: number of a held person that somebody confirmed.   group: number of the group that
    grouping itself made before.   was: number of whoever it is taken for at present.
    """

    ids: bytearray = msgspec.field(default_factory=bytearray)
    photos: array[int] = msgspec.field(default_factory=lambda: array("q"))
    confirmed: array[int] = msgspec.field(default_factory=lambda: array("q"))
    group: array[int] = msgspec.field(default_factory=lambda: array("q"))
    was: array[int] = msgspec.field(default_factory=lambda: array("q"))
    people: list[uuid.UUID] = msgspec.field(default_factory=list)
    rejected: list[tuple[int, int]] = msgspec.field(default_factory=list)
    changes: int = 0

    def __len__(self) -> int:
        return len(self.photos)

    def id(self, number: int) -> uuid.UUID:
        return uuid.UUID(bytes=bytes(self.ids[number * ID_BYTES : (number + 1) * ID_BYTES]))


class Asked(msgspec.Struct, frozen=True):
    """Is this face, and the group or the person that it stands for if it is anybody's, that person (or group)?"""

    face: uuid.UUID
    group: uuid.UUID | None
    person: uuid.UUID
    confidence: float


class Written(msgspec.Struct):
    """What a grouping changed: faces, and groups that it made and dissolved."""

    moved: int = 0
    made: int = 0
    dissolved: int = 0


async def is_due(db: Database) -> bool:
    return bool(await db.value('SELECT "changes" > "grouped" FROM "face_index"'))


async def changes_so_far(db: Database) -> int:
    return int(await db.value('SELECT "changes" FROM "face_index"') or 0)


async def count_faces(db: Database, engine: Engine) -> int:
    return int(
        await db.value(
            """SELECT count(*) FROM "face"
               WHERE "engine" = ? AND "engine_version" = ? AND "usable" AND NOT "removed" """,
            [engine.name, engine.version],
        )
    )


async def read(db: Database, engine: Engine, each: Callable[[bytes, int], Awaitable[None]]) -> Faces:
    """Read all faces that can be grouped; `each` gets the embeddings of a chunk, and how many there were so far."""
    faces = Faces(changes=await changes_so_far(db))
    photos: dict[uuid.UUID, int] = {}
    numbers: dict[uuid.UUID, int] = {}
    last = ""
    while True:
        rows = await db.fetch(
            """SELECT fa."id", fa."file", fa."person", fa."confirmed", fa."embedding", p."held" FROM "face" fa
               LEFT JOIN "person" p ON p."id" = fa."person"
               WHERE fa."engine" = ? AND fa."engine_version" = ? AND fa."id" > ? AND fa."usable" AND NOT fa."removed"
               AND length(fa."embedding") = ? ORDER BY fa."id" LIMIT ?""",
            [engine.name, engine.version, last, 4 * engine.dimensions, CHUNK],
        )
        for row in rows:
            person = NONE
            if row["person"] is not None:
                person = numbers.setdefault(row["person"], len(numbers))
            faces.ids += row["id"].bytes
            faces.photos.append(photos.setdefault(row["file"], len(photos)))
            faces.confirmed.append(person if row["confirmed"] else NONE)
            faces.group.append(person if not row["held"] and not row["confirmed"] else NONE)
            faces.was.append(person)
        if rows:
            await each(b"".join(row["embedding"] for row in rows), len(faces))
            last = str(rows[-1]["id"])
        if len(rows) < CHUNK:
            break
    faces.people = list(numbers)
    await _read_rejections(db, faces, numbers)
    return faces


async def _read_rejections(db: Database, faces: Faces, numbers: dict[uuid.UUID, int]) -> None:
    rows = await db.fetch('SELECT "face", "person" FROM "face_rejection"')
    wanted = {row["face"].bytes for row in rows}
    places = {
        face: number
        for number in range(len(faces))
        if wanted and (face := bytes(faces.ids[number * ID_BYTES : (number + 1) * ID_BYTES])) in wanted
    }
    for row in rows:
        if row["face"].bytes in places and row["person"] in numbers:
            faces.rejected.append((places[row["face"].bytes], numbers[row["person"]]))


async def write(
    db: Database,
    faces: Faces,
    people: Sequence[int],
    groups: Sequence[int],
    each: Callable[[int, int], Awaitable[None]],
) -> tuple[Written, dict[int, uuid.UUID]]:
    """Make the tables say what was found: `people` known persons' numbers, `groups` those of groups, `NONE` for none.

    Confirmed faces, and faces that somebody said something of since they were read, are left as they are.  In small
    transactions: a kill in between leaves faces of nobody, which the next run, due until the last one, takes up again.
    Returns what changed, and group number -> person.
    """
    written = Written()
    ids: dict[int, uuid.UUID] = dict(enumerate(faces.people))
    made = {number: new_id() for number in {*groups} - {NONE} if number not in ids}
    ids |= made
    wanted = [person if person != NONE else group for person, group in zip(people, groups, strict=True)]
    moving = [n for n in range(len(faces)) if faces.confirmed[n] == NONE and wanted[n] != faces.was[n]]
    written.moved, written.made = len(moving), len(made)
    moment = now()
    # Away from where they were first: whoever leaves a person makes room on that photo for who really is that person.
    leaving = [n for n in moving if faces.was[n] != NONE]
    arriving = [n for n in moving if wanted[n] != NONE]
    async with db.write():
        await db.execute_many(
            'INSERT INTO "person" ("id", "created", "modified") VALUES (?, ?, ?)',
            [[str(person), moment, moment] for person in made.values()],
        )
    for begin in range(0, len(leaving), CHUNK):
        async with db.write():
            await db.execute_many(
                'UPDATE "face" SET "person" = NULL WHERE "id" = ? AND "person" = ? AND NOT "confirmed"',
                [[str(faces.id(n)), str(ids[faces.was[n]])] for n in leaving[begin : begin + CHUNK]],
            )
        await each(begin, len(moving) + len(leaving))
    for begin in range(0, len(arriving), CHUNK):
        async with db.write():
            await db.execute_many(
                """UPDATE "face" SET "person" = ?1 WHERE "id" = ?2 AND "person" IS NULL AND NOT "confirmed"
                   AND NOT "removed" AND EXISTS (SELECT 1 FROM "person" p WHERE p."id" = ?1)
                   AND NOT EXISTS (SELECT 1 FROM "face_rejection" r WHERE r."face" = ?2 AND r."person" = ?1)
                   AND NOT EXISTS (SELECT 1 FROM "face" o WHERE o."file" = "face"."file" AND o."person" = ?1
                                   AND NOT o."removed")""",
                [[str(ids[wanted[n]]), str(faces.id(n))] for n in arriving[begin : begin + CHUNK]],
            )
        await each(len(leaving) + begin, len(moving) + len(leaving))
    return written, ids


async def finish(db: Database, faces: Faces, suggestions: Sequence[Asked], written: Written) -> None:
    """Dissolve groups that nobody is in any more, keep what is worth asking, and note what this run had seen."""
    async with db.write():
        gone = await db.fetch(
            """DELETE FROM "person" WHERE NOT "held"
               AND NOT EXISTS (SELECT 1 FROM "face" fa WHERE fa."person" = "person"."id") RETURNING "id" """
        )
        written.dissolved = len(gone)
        await db.fetch('DELETE FROM "person_suggestion"')
        await db.execute_many(
            """INSERT OR IGNORE INTO "person_suggestion" ("id", "face", "person", "other", "confidence")
               SELECT ?1, fa."id", fa."person", ?4, ?5 FROM "face" fa JOIN "person" p ON p."id" = ?4
               WHERE fa."id" = ?2 AND fa."person" IS ?3 AND NOT EXISTS (
                   SELECT 1 FROM "face" a JOIN "face" b ON b."file" = a."file"
                   WHERE (a."id" = ?2 OR a."person" = ?3) AND b."person" = ?4)""",
            [
                [
                    str(new_id()),
                    str(asked.face),
                    str(asked.group) if asked.group else None,
                    str(asked.person),
                    asked.confidence,
                ]
                for asked in suggestions
            ],
        )
        await face_index.forget_orphans(db)
        await db.fetch('DELETE FROM thumbs.face_thumbnail WHERE "face" NOT IN (SELECT "id" FROM "face")')
        await db.fetch('UPDATE "face_index" SET "grouped" = ?', [faces.changes])
