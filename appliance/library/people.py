"""People: who somebody is, for the whole family; naming, merging, splitting.  Every change is an entry of the journal.

The first word that a person says of a group makes it *held* and its faces confirmed: from then on grouping adds faces
to it, and never takes one of those away, dissolves it or joins it with another.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.engine import Row
from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import face_index, faces
from appliance.library.faces import visible_faces, visible_people
from appliance.library.undo import Recording
from appliance.messages import PeopleChanged
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

MAX_LIMIT = 1000
MAX_NAME = 200
#: What a person may change by hand.
MARKS = ("name", "hidden", "favourite", "ignored", "private", "birthday", "cover_face")
#: From so many of a person's faces is asked who else may be them.
ASKING_FACES = 12


class People(msgspec.Struct, frozen=True):
    items: list[Row]
    total: int
    next: str | None


async def list_people(
    db: Database,
    viewer: Viewer,
    *,
    limit: int = 100,
    cursor: str | None = None,
    named: bool | None = None,
    hidden: bool = False,
    ignored: bool = False,
    q: str = "",
) -> People:
    """Those who are on a photo that the viewer sees: favourites, then the named, then groups, most photos first.

    hidden, ignored: only those, instead of only the others.   q: beginning of any word of the name.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError(f"limit must be between 1 and {MAX_LIMIT}")
    visible, face_arguments = visible_faces(viewer)
    allowed, people_arguments = visible_people(viewer)
    conditions = [allowed, f'{"" if hidden else "NOT "}p."hidden"', f'{"" if ignored else "NOT "}p."ignored"']
    arguments = [*face_arguments, *people_arguments]
    if named is not None:
        conditions.append(f"p.\"name\" {'<>' if named else '='} ''")
    if q.strip():
        beginning = _like(name_key(q))
        conditions.append("(p.\"name_key\" LIKE ? ESCAPE '\\' OR p.\"name_key\" LIKE ? ESCAPE '\\')")
        arguments += [f"{beginning}%", f"% {beginning}%"]
    listed = f"""WITH c AS (
            SELECT fa."person" AS "person", count(*) AS "faces" FROM "face" fa
            WHERE fa."shown" AND NOT fa."removed" AND fa."person" IS NOT NULL AND {visible} GROUP BY fa."person"
        ), listed AS (
            SELECT p.*, c."faces", -p."favourite" AS k1, p."name" = '' AS k2, -c."faces" AS k3
            FROM c CROSS JOIN "person" p ON p."id" = c."person" WHERE {" AND ".join(conditions)}
        )"""
    after, after_arguments, total = "", [], None
    if cursor is not None:
        *last, total = _decode(cursor)
        after, after_arguments = 'WHERE (k1, k2, k3, "id") > (?, ?, ?, ?)', last
    async with db.read():
        if total is None:
            total = int(await db.value(f"{listed} SELECT count(*) FROM listed", arguments))
        rows = await db.fetch(
            f'{listed} SELECT * FROM listed {after} ORDER BY k1, k2, k3, "id" LIMIT ?',
            [*arguments, *after_arguments, limit + 1],
        )
        items = await _shown(db, viewer, rows[:limit])
    following = None
    if len(rows) > limit:
        last_row = rows[limit - 1]
        following = _encode([last_row["k1"], last_row["k2"], last_row["k3"], str(last_row["id"]), total])
    return People(items=items, total=total, next=following)


async def get_person(db: Database, viewer: Viewer, person: uuid.UUID) -> Row:
    """Raises NotFoundError for somebody who is on no photo that the viewer may see."""
    async with db.read():
        await check_person(db, viewer, person)
        return await get_changed_person(db, viewer, person)


async def get_changed_person(db: Database, viewer: Viewer, person: uuid.UUID) -> Row:
    """For whoever has just changed this person, which may have left them on no photo any more."""
    async with db.read():
        found = await _with_ids(db, viewer, [person])
    if not found:
        raise no_such_person()
    return found[0]


async def check_person(db: Database, viewer: Viewer, person: uuid.UUID) -> None:
    """Raise NotFoundError unless the viewer may see this person: one of the family's or their own, on a photo they may
    see or on none at all."""
    allowed, arguments = visible_people(viewer)
    visible, face_arguments = visible_faces(viewer)
    row = await db.fetch_one(
        f"""SELECT 1 FROM "person" p WHERE p."id" = ? AND {allowed} AND (
                EXISTS (SELECT 1 FROM "face" fa WHERE fa."person" = p."id" AND {visible})
                OR NOT EXISTS (SELECT 1 FROM "face" fa WHERE fa."person" = p."id"))""",
        [str(person), *arguments, *face_arguments],
    )
    if row is None:
        raise no_such_person()


async def list_faces(
    db: Database, viewer: Viewer, person: uuid.UUID, *, limit: int = 100, cursor: str | None = None
) -> People:
    """Faces of one person, the best pictures first."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError(f"limit must be between 1 and {MAX_LIMIT}")
    visible, arguments = visible_faces(viewer)
    where = f'fa."person" = ? AND fa."shown" AND NOT fa."removed" AND {visible}'
    async with db.read():
        await check_person(db, viewer, person)
        after, after_arguments, total = "", [], None
        if cursor is not None:
            *last, total = _decode(cursor)
            after, after_arguments = 'AND (fa."quality", fa."id") < (?, ?)', last
        if total is None:
            total = int(await db.value(f'SELECT count(*) FROM "face" fa WHERE {where}', [str(person), *arguments]))
        rows = await db.fetch(
            f"""SELECT fa."id", fa."quality" FROM "face" fa WHERE {where} {after}
                ORDER BY fa."quality" DESC, fa."id" DESC LIMIT ?""",
            [str(person), *arguments, *after_arguments, limit + 1],
        )
        items = await faces.get_faces(db, viewer, [row["id"] for row in rows[:limit]])
    following = None
    if len(rows) > limit:
        following = _encode([rows[limit - 1]["quality"], str(rows[limit - 1]["id"]), total])
    return People(items=items, total=total, next=following)


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
    rows = await faces.get_faces(db, viewer, some)
    if (
        not rows
        or len(rows) != len(set(some))
        or any(not row["person"] or row["person"]["id"] != person for row in rows)
    ):
        raise InvalidInputError("Choose faces of this person")
    async with db.write():
        recording = Recording(db, viewer)
        new = await _create(db, recording, clean_name(name))
        await move_faces(db, recording, some, new)
        await _keep_apart(db, person, new)
        entry = await recording.record("split", "person", person)
    await faces.announce(db, bus, [row["file"] for row in rows])
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


async def merge_suggestions(db: Database, viewer: Viewer, *, limit: int = 20) -> list[Row]:
    """Pairs that the last grouping thought may be one: `person`, `other`, `confidence`, the surest first."""
    first, arguments = visible_people(viewer, "a")
    second, _ = visible_people(viewer, "b")
    async with db.read():
        rows = await db.fetch(
            f"""SELECT s."person", s."other", s."confidence" FROM "person_suggestion" s
                JOIN "person" a ON a."id" = s."person" AND NOT a."hidden" AND NOT a."ignored" AND {first}
                JOIN "person" b ON b."id" = s."other" AND NOT b."hidden" AND NOT b."ignored" AND {second}
                WHERE NOT EXISTS (SELECT 1 FROM "person_apart" x WHERE x."person" = min(s."person", s."other")
                                  AND x."other" = max(s."person", s."other"))
                ORDER BY s."confidence" DESC, s."person" LIMIT ?""",
            [*arguments, *arguments, limit * 4],
        )
        people = {item["id"]: item for item in await _with_ids(db, viewer, {one for row in rows for one in _pair(row)})}
    return [
        {"person": people[row["person"]], "other": people[row["other"]], "confidence": round(row["confidence"], 3)}
        for row in rows
        if all(one in people and people[one]["faces"] for one in _pair(row))
    ][:limit]


async def face_suggestions(db: Database, viewer: Viewer, person: uuid.UUID, *, limit: int = 20) -> list[Row]:
    """Faces that may be this person and are nobody's, or an unnamed group's: `face`, `confidence`, the surest first."""
    visible, arguments = visible_faces(viewer)
    async with db.read():
        await check_person(db, viewer, person)
        engine = await face_index.engine_in_use(db)
        own = await db.fetch(
            """SELECT "embedding" FROM "face" WHERE "person" = ? AND "usable" AND NOT "removed"
               AND "engine" = ? AND "engine_version" = ? AND "embedding" IS NOT NULL
               ORDER BY "confirmed" DESC, "quality" DESC LIMIT ?""",
            [str(person), engine.name, engine.version, ASKING_FACES],
        )
        distances: dict[str, float] = {}
        for row in own:
            for hit in await face_index.nearest(db, row["embedding"], count=faces.NEIGHBOURS):
                if hit["distance"] <= engine.rules.suggest:
                    distances[hit["face"]] = min(hit["distance"], distances.get(hit["face"], hit["distance"]))
        candidates = await db.fetch(
            f"""SELECT fa."id" FROM "face" fa LEFT JOIN "person" p ON p."id" = fa."person"
                WHERE fa."id" IN (SELECT value FROM json_each(?)) AND NOT fa."removed" AND fa."shown" AND {visible}
                AND (p."id" IS NULL OR NOT p."held")
                AND NOT EXISTS (SELECT 1 FROM "face_rejection" r WHERE r."face" = fa."id" AND r."person" = ?)
                AND NOT EXISTS (SELECT 1 FROM "face" o WHERE o."file" = fa."file" AND o."person" = ?
                                AND NOT o."removed")""",
            [face_index.ids_json(distances), *arguments, str(person), str(person)],
        )
        nearest = sorted((str(row["id"]) for row in candidates), key=lambda face: (distances[face], face))[:limit]
        shown = await faces.get_faces(db, viewer, nearest)
    return [{"face": face, "confidence": engine.confidence(distances[str(face["id"])])} for face in shown]


# ------------------------------------------------------------------------------------------ parts of changes by hand


async def person_to_be(
    db: Database, viewer: Viewer, recording: Recording, *, person: uuid.UUID | None, name: str
) -> uuid.UUID | None:
    """Whom a person means, by id or by name; a name that nobody has makes somebody new.  Inside `db.write()`."""
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
    return row["id"] if row else await _create(db, recording, cleaned)


async def hold(db: Database, recording: Recording, person: object) -> None:
    """A person has said something of this group: grouping keeps its hands off what is in it.  Inside `db.write()`."""
    await recording.touch(people=[person])
    if await db.value('SELECT "held" FROM "person" WHERE "id" = ?', [str(person)]):
        return
    members = await db.fetch('SELECT "id" FROM "face" WHERE "person" = ? AND NOT "confirmed"', [str(person)])
    await recording.touch(faces=[row["id"] for row in members])
    await db.fetch('UPDATE "person" SET "held" = 1 WHERE "id" = ?', [str(person)])
    await db.fetch('UPDATE "face" SET "confirmed" = 1 WHERE "person" = ?', [str(person)])


async def move_faces(db: Database, recording: Recording, some: Sequence[object], person: uuid.UUID) -> None:
    """These are `person`, and not whoever they were taken for.  Inside `db.write()`."""
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
    """These are not `person`.  Inside `db.write()`."""
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


async def find_by_name(db: Database, name: str) -> uuid.UUID:
    """The family's person of the name that a file's metadata gives; a new one if need be.  Inside `db.write()`."""
    cleaned = clean_name(name[:MAX_NAME])
    found = await db.value(
        """SELECT "id" FROM "person" WHERE "name_key" = ? AND "name_key" <> '' AND "user" IS NULL
           ORDER BY "id" LIMIT 1""",
        [name_key(cleaned)],
    )
    return found if found is not None else await _insert(db, cleaned)


def clean_name(name: str) -> str:
    """Raises InvalidInputError for what is no name; "" is none."""
    cleaned = unicodedata.normalize("NFC", " ".join(name.split()))
    if len(cleaned) > MAX_NAME or any(not character.isprintable() for character in cleaned):
        raise InvalidInputError(f"A name has at most {MAX_NAME} characters, and no line breaks")
    return cleaned


def name_key(name: str) -> str:
    """Names that differ only in case or in how accents are encoded are one."""
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())


async def _create(db: Database, recording: Recording, name: str) -> uuid.UUID:
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
            face = await faces.get_face(db, viewer, cover)
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
    for third in {one for row in rows for one in _pair(row)} - merged:
        await _keep_apart(db, into, third)
    first, second = face_index.ids_json([into]), face_index.ids_json(sources)
    await db.fetch(
        """DELETE FROM "person_apart" WHERE
           ("person" IN (SELECT value FROM json_each(?1)) AND "other" IN (SELECT value FROM json_each(?2)))
           OR ("other" IN (SELECT value FROM json_each(?1)) AND "person" IN (SELECT value FROM json_each(?2)))""",
        [first, second],
    )


def _pair(row: Row) -> tuple[uuid.UUID, uuid.UUID]:
    return row["person"], row["other"]


async def _with_ids(db: Database, viewer: Viewer, ids: Iterable[uuid.UUID]) -> list[Row]:
    visible, arguments = visible_faces(viewer)
    rows = await db.fetch(
        f"""SELECT p.*, (SELECT count(*) FROM "face" fa WHERE fa."person" = p."id" AND fa."shown"
                         AND NOT fa."removed" AND {visible}) AS "faces"
            FROM "person" p WHERE p."id" IN (SELECT value FROM json_each(?))""",
        [*arguments, face_index.ids_json(ids)],
    )
    return await _shown(db, viewer, rows)


async def _shown(db: Database, viewer: Viewer, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """As the API shows them, each with the best of their faces that the viewer may see as cover."""
    visible, arguments = visible_faces(viewer)
    covers = await db.fetch(
        f"""SELECT k."person", fa."id", fa."x", fa."y", fa."width", fa."height", f."content_sha" FROM (
                SELECT p."id" AS "person", ifnull(
                    (SELECT fa."id" FROM "face" fa WHERE fa."id" = p."cover_face" AND fa."person" = p."id"
                     AND fa."shown" AND NOT fa."removed" AND {visible}),
                    (SELECT fa."id" FROM "face" fa WHERE fa."person" = p."id" AND fa."shown" AND NOT fa."removed"
                     AND {visible} ORDER BY fa."quality" DESC, fa."id" DESC LIMIT 1)) AS "cover"
                FROM json_each(?) j JOIN "person" p ON p."id" = j."value"
            ) k JOIN "face" fa ON fa."id" = k."cover" JOIN "stored_file" f ON f."id" = fa."file" """,
        [*arguments, *arguments, face_index.ids_json([row["id"] for row in rows])],
    )
    by_person = {str(row["person"]): row for row in covers}
    items = []
    for row in rows:
        cover = by_person.get(str(row["id"]))
        items.append(
            {
                "id": row["id"],
                "name": row["name"],
                "faces": row["faces"],
                "hidden": bool(row["hidden"]),
                "favourite": bool(row["favourite"]),
                "ignored": bool(row["ignored"]),
                "private": row["user"] is not None,
                "birthday": row["birthday"],
                "cover_face": cover["id"] if cover else None,
                "cover_chosen": row["cover_face"] is not None,
                "thumbnail_url": faces.thumbnail_url(cover["id"], cover) if cover else None,
                "created": row["created"],
                "modified": row["modified"],
            }
        )
    return items


def _announce(bus: Bus) -> None:
    bus.publish(PeopleChanged())


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _encode(values: list[object]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def _decode(cursor: str) -> list[Any]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=list[Any])
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidInputError("The cursor cannot be understood", hint="Start again without one.") from error
    if len(found) not in (3, 5):
        raise InvalidInputError("The cursor cannot be understood", hint="Start again without one.")
    return found


def no_such_person() -> NotFoundError:
    return NotFoundError("There is no such person", hint="They may have been merged, or be somebody's own.")
