"""What people said of files that go is said of the one that stays: marks, words, tags, albums, people.  And back.
How it is turned, cropped and lit: `duplicate_recipe`.

What somebody wrote on a file of their own is not put on one that more people see.
"""

from __future__ import annotations

import uuid
from array import array
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ConflictError
from appliance.library import duplicate_recipe, face_index, files
from appliance.library.face_index import ids_json
from appliance.library.faces import visible_people
from appliance.library.found_faces import matched
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

MANUAL = "manual"
_FACE = (
    *("x", "y", "width", "height", "score", "quality", "usable", "reason", "embedding", "engine", "engine_version"),
    *("person", "source", "confirmed"),
)


class Taken(msgspec.Struct):
    """What one file has from others.  faces: id -> who it was, None for one that was not there; covers: by album."""

    tags: list[tuple[str, str]] = msgspec.field(default_factory=list)  # (file, tag)
    albums: list[tuple[str, str]] = msgspec.field(default_factory=list)  # (album, file)
    covers: dict[str, str | None] = msgspec.field(default_factory=dict)
    faces: dict[str, dict[str, Any] | None] = msgspec.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tags or self.albums or self.covers or self.faces)


async def take_over(
    db: Database,
    viewer: Viewer,
    kept: uuid.UUID,
    rest: Sequence[uuid.UUID],
    rows: dict[str, dict[str, Any]],
    *,
    copies: bool = True,
    owned: bool = True,
) -> tuple[Taken, Taken]:
    """Before and after; inside `db.write()`.  rows: what the marks of each file are; copies: no frames of a series;
    owned: `kept` is the viewer's to change, otherwise it takes the others' place in albums and nothing else."""
    before, after = Taken(), Taken()
    if not rest:
        return before, after
    readable = [str(file) for file in rest if owned and await _no_more_read(db, kept, file)]
    if owned:
        await _marks(db, kept, rest, readable, rows)
    if copies:
        await duplicate_recipe.take_over(db, kept, readable)
    after.tags = await _tags(db, kept, readable)
    after.albums = await _albums(db, kept, rest)
    for album in await db.fetch(
        'SELECT "id", "cover" FROM "album" WHERE "cover" IN (SELECT value FROM json_each(?))', [ids_json(rest)]
    ):
        before.covers[str(album["id"])], after.covers[str(album["id"])] = str(album["cover"]), str(kept)
    await _set_covers(db, after.covers)
    before.faces, after.faces = await _people(db, viewer, kept, readable)
    return before, after


async def check_there(db: Database, after: Taken) -> None:
    """Raises ConflictError when what was left is not there any more."""
    faces = await _said(db, list(after.faces))
    albums = await db.fetch(
        'SELECT "id", "cover" FROM "album" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(after.covers)]
    )
    if any(face in faces and faces[face] != left for face, left in after.faces.items()) or any(
        str(album["cover"]) != after.covers[str(album["id"])] for album in albums
    ):
        raise ConflictError("One of the files was changed since", hint="Undo what was done after it first.")


async def put_back(db: Database, before: Taken, after: Taken) -> None:
    """Undo it, inside `db.write()`."""
    await db.execute_many(
        'DELETE FROM "file_tag" WHERE "file" = ? AND "tag" = ? AND "source" = ?',
        [[file, tag, MANUAL] for file, tag in after.tags],
    )
    await db.execute_many('DELETE FROM "album_file" WHERE "album" = ? AND "file" = ?', after.albums)
    await _set_covers(db, before.covers)
    new = [face for face in after.faces if before.faces.get(face) is None]
    await db.fetch('DELETE FROM "face" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(new)])
    await _say(db, {face: was for face, was in before.faces.items() if was is not None})
    await _tell_grouping(db, after.faces)


async def _marks(
    db: Database,
    kept: uuid.UUID,
    rest: Sequence[uuid.UUID],
    readable: Sequence[str],
    rows: dict[str, dict[str, Any]],
) -> None:
    """A favourite stays one, the highest rating counts, descriptions that differ are put one below the other."""
    own, others = rows[str(kept)], [rows[str(file)] for file in rest]
    ratings = [row["rating"] for row in (own, *others) if row["rating"] is not None]
    written = [own["description"], *(rows[file]["description"] for file in readable)]
    description = "\n\n".join(dict.fromkeys(text.strip() for text in written if text.strip()))
    await db.fetch(
        'UPDATE "stored_file" SET "favourite" = ?, "rating" = ?, "description" = ?, "modified" = ? WHERE "id" = ?',
        [
            own["favourite"] or any(row["favourite"] for row in others),
            max(ratings, default=None),
            description[: files.MAX_DESCRIPTION] if description != own["description"].strip() else own["description"],
            now(),
            str(kept),
        ],
    )


async def _tags(db: Database, kept: uuid.UUID, readable: Sequence[str]) -> list[tuple[str, str]]:
    """Those by hand that it did not have.  A tag that somebody took off it stays off."""
    wanted = await db.fetch(
        """SELECT DISTINCT "tag" FROM "file_tag" t WHERE "source" = ?1 AND "file" IN (SELECT value FROM json_each(?2))
           AND NOT EXISTS (SELECT 1 FROM "file_tag" k WHERE k."file" = ?3 AND k."tag" = t."tag" AND k."source" = ?1)
           AND NOT EXISTS (SELECT 1 FROM "tag_rejection" r WHERE r."file" = ?3 AND r."tag" = t."tag")""",
        [MANUAL, ids_json(readable), str(kept)],
    )
    tags = [(str(kept), str(row["tag"])) for row in wanted]
    await db.execute_many(
        'INSERT INTO "file_tag" ("id", "file", "tag", "source") VALUES (?, ?, ?, ?)',
        [[str(new_id()), file, tag, MANUAL] for file, tag in tags],
    )
    return tags


async def _albums(db: Database, kept: uuid.UUID, rest: Sequence[uuid.UUID]) -> list[tuple[str, str]]:
    """Albums by hand that it was not in, anybody's: no album loses a picture.  It stands where the other stood, and is
    shown to others there where the other was, and is its owner's too."""
    wanted = await db.fetch(
        """SELECT a."album", min(a."position") AS "position", max(a."granted" AND f."user" IS k."user") AS "granted"
           FROM "album_file" a JOIN "stored_file" f ON f."id" = a."file" JOIN "stored_file" k ON k."id" = ?1
           WHERE a."file" IN (SELECT value FROM json_each(?2)) AND NOT EXISTS
           (SELECT 1 FROM "album_file" o WHERE o."album" = a."album" AND o."file" = ?1) GROUP BY a."album" """,
        [str(kept), ids_json(rest)],
    )
    moment = now()
    await db.execute_many(
        """INSERT INTO "album_file" ("id", "album", "file", "created", "position", "granted")
           VALUES (?, ?, ?, ?, ?, ?)""",
        [
            [str(new_id()), str(row["album"]), str(kept), moment, row["position"], bool(row["granted"])]
            for row in wanted
        ],
    )
    return [(str(row["album"]), str(kept)) for row in wanted]


async def _set_covers(db: Database, covers: dict[str, str | None]) -> None:
    await db.execute_many(
        """UPDATE "album" SET "cover" = (SELECT "id" FROM "stored_file" WHERE "id" = ?) WHERE "id" = ?""",
        [[cover, album] for album, cover in covers.items()],
    )


async def _people(
    db: Database, viewer: Viewer, kept: uuid.UUID, readable: Sequence[str]
) -> tuple[dict[str, dict[str, Any] | None], dict[str, dict[str, Any] | None]]:
    """Faces about which somebody said who it is, where the same picture shows the same face; of the very same bytes
    also faces that only the other has.  Who is said already on the kept one is not said again."""
    own = await _faces(db, viewer, str(kept))
    known = {str(face["person"]) for face in own if face["confirmed"] and face["person"]}
    before: dict[str, dict[str, Any] | None] = {}
    after: dict[str, dict[str, Any] | None] = {}
    for file in readable:
        others = [face for face in await _faces(db, viewer, file) if face["confirmed"] and face["allowed"]]
        same_bytes, same_shape = await _sameness(db, kept, file)
        pairs = matched([_box(face) for face in others], [_box(face) for face in own]) if same_shape else {}
        for place, face in enumerate(others):
            who = str(face["person"])
            if who in known:
                continue
            here = own[pairs[place]] if place in pairs else None
            if here is not None and _may_become(here, face, own):
                changed = str(here["id"])
                before[changed] = {"person": _text(here["person"]), "confirmed": 0}
            elif here is None and same_bytes:
                changed = await _copied(db, str(face["id"]), kept)
                before[changed] = None
            else:
                continue
            known.add(who)
            after[changed] = {"person": who, "confirmed": 1}
    await _say(db, {face: said for face, said in after.items() if said is not None})
    await _tell_grouping(db, after)
    return before, after


async def _faces(db: Database, viewer: Viewer, file: str) -> list[Row]:
    """`allowed`: the viewer may know the person.  `refused`: whom somebody said that it is not."""
    allowed, arguments = visible_people(viewer)
    return await db.fetch(
        f"""SELECT fa.*, (p."id" IS NOT NULL AND {allowed}) AS "allowed",
                   (SELECT json_group_array(r."person") FROM "face_rejection" r WHERE r."face" = fa."id") AS "refused"
            FROM "face" fa LEFT JOIN "person" p ON p."id" = fa."person" WHERE fa."file" = ? ORDER BY fa."id" """,
        [*arguments, file],
    )


async def _sameness(db: Database, kept: uuid.UUID, file: str) -> tuple[bool, bool]:
    """Whether two files have the same bytes, and whether their pictures, as taken, have the same shape."""
    rows = await db.fetch(
        """SELECT "content_sha", "width", "height", "original_width", "original_height" FROM "stored_file"
           WHERE "id" IN (?, ?)""",
        [str(kept), file],
    )
    return (
        len({row["content_sha"] for row in rows}) == 1,
        len(rows) == 2 and duplicate_recipe.same_shape(*rows),
    )


def _may_become(here: Row, face: Row, own: Sequence[Row]) -> bool:
    """Nobody has said anything else of it, and by its looks too it is the same face: a picture may be mirrored."""
    if here["confirmed"] or here["removed"] or str(face["person"]) in msgspec.json.decode(here["refused"]):
        return False
    alike = [one for one in own if _vector(one) and _engine(one) == _engine(face)]
    if not _vector(face) or here not in alike:
        return True
    return max(alike, key=lambda one: _likeness(one, face)) is here


def _likeness(one: Row, other: Row) -> float:
    return -sum((left - right) ** 2 for left, right in zip(_vector(one), _vector(other), strict=False))


def _vector(face: Row) -> array[float]:
    found = array("f")
    found.frombytes(face["embedding"] or b"")
    return found


def _engine(face: Row) -> tuple[str, str]:
    return face["engine"], face["engine_version"]


async def _copied(db: Database, face: str, file: uuid.UUID) -> str:
    """The same face on another file; its id."""
    new, moment, names = str(new_id()), now(), ", ".join(f'"{name}"' for name in _FACE)
    await db.fetch(
        f"""INSERT INTO "face" ("id", "file", {names}, "created", "modified")
            SELECT ?, ?, {names}, ?, ? FROM "face" WHERE "id" = ?""",
        [new, str(file), moment, moment, face],
    )
    return new


async def _say(db: Database, faces: dict[str, dict[str, Any]]) -> None:
    await db.execute_many(
        """UPDATE "face" SET "person" = (SELECT "id" FROM "person" WHERE "id" = ?), "confirmed" = ?, "modified" = ?
           WHERE "id" = ?""",
        [[said["person"], said["confirmed"], now(), face] for face, said in faces.items()],
    )


async def _said(db: Database, faces: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = await db.fetch(
        'SELECT "id", "person", "confirmed" FROM "face" WHERE "id" IN (SELECT value FROM json_each(?))',
        [ids_json(faces)],
    )
    return {str(row["id"]): {"person": _text(row["person"]), "confirmed": int(row["confirmed"])} for row in rows}


async def _tell_grouping(db: Database, faces: Iterable[str]) -> None:
    some = [uuid.UUID(face) for face in faces]
    if some:
        await face_index.keep_vectors(db, some)
        await face_index.note_change(db)


async def _no_more_read(db: Database, kept: uuid.UUID, file: uuid.UUID) -> bool:
    """True when everybody who sees `kept` sees `file`."""
    return bool(
        await db.value(
            """SELECT f."audience" IN ('', k."audience") FROM "stored_file" f, "stored_file" k
               WHERE f."id" = ? AND k."id" = ?""",
            [str(file), str(kept)],
        )
    )


def _box(face: Row) -> tuple[float, float, float, float]:
    return face["x"], face["y"], face["width"], face["height"]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
