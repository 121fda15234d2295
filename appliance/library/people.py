"""People as their viewers see them: lists, one person, their faces, and who may be who.

What people say of them is in `decisions.py`.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from appliance.errors import NotFoundError
from appliance.library import face_index, faces, pages
from appliance.library.faces import visible_faces, visible_people

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer


class _AfterPerson(NamedTuple):
    k1: pages.Whole
    k2: pages.Whole
    k3: pages.Whole
    last: pages.Id
    total: pages.Whole


class _AfterFace(NamedTuple):
    quality: float
    last: pages.Id
    total: pages.Whole


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
) -> pages.Page:
    """Those who are on a photo that the viewer sees: favourites, then the named, then groups, most photos first.

    hidden, ignored: only those, instead of only the others; hidden strangers are among the strangers.
    q: beginning of any word of the name.
    """
    pages.check_limit(limit)
    visible, face_arguments = visible_faces(viewer, "c")
    allowed, people_arguments = visible_people(viewer)
    conditions = [allowed, f'{"" if ignored else "NOT "}p."ignored"']
    if hidden or not ignored:
        conditions.append(f'{"" if hidden else "NOT "}p."hidden"')
    arguments = [*face_arguments, *people_arguments]
    if named is not None:
        conditions.append(f"p.\"name\" {'<>' if named else '='} ''")
    if q.strip():
        beginning = _like(name_key(q))
        conditions.append("(p.\"name_key\" LIKE ? ESCAPE '\\' OR p.\"name_key\" LIKE ? ESCAPE '\\')")
        arguments += [f"{beginning}%", f"% {beginning}%"]
    listed = f"""WITH c AS (
            SELECT c."person", sum(c."faces") AS "faces" FROM "person_count" c WHERE {visible} GROUP BY c."person"
        ), listed AS MATERIALIZED (
            SELECT p."id", c."faces", -p."favourite" AS k1, p."name" = '' AS k2, -c."faces" AS k3
            FROM c CROSS JOIN "person" p ON p."id" = c."person" WHERE {" AND ".join(conditions)}
        )"""
    counted, after, after_arguments, total = ', (SELECT count(*) FROM listed) AS "total"', "", [], None
    if cursor is not None:
        *last, total = pages.decode_cursor(cursor, _AfterPerson)
        counted, after, after_arguments = "", 'WHERE (k1, k2, k3, "id") > (?, ?, ?, ?)', last
    async with db.read():
        # Sorted by what order needs alone: a row of a person is wide.
        rows = await db.fetch(
            f"""{listed} SELECT p.*, o.*{counted} FROM (
                    SELECT * FROM listed {after} ORDER BY k1, k2, k3, "id" LIMIT ?
                ) o JOIN "person" p ON p."id" = o."id" ORDER BY k1, k2, k3, o."id" """,
            [*arguments, *after_arguments, limit + 1],
        )
        if total is None:
            total = int(rows[0]["total"]) if rows else 0
        items = await _shown(db, viewer, rows[:limit])
    following = None
    if len(rows) > limit:
        last_row = rows[limit - 1]
        following = pages.encode_cursor(last_row["k1"], last_row["k2"], last_row["k3"], last_row["id"], total)
    return pages.Page(items=items, total=total, next=following)


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
) -> pages.Page:
    """Faces of one person, the best pictures first."""
    pages.check_limit(limit)
    visible, arguments = visible_faces(viewer)
    where = f'fa."person" = ? AND fa."shown" AND NOT fa."removed" AND {visible}'
    async with db.read():
        await check_person(db, viewer, person)
        after, after_arguments, total = "", [], None
        if cursor is not None:
            *last, total = pages.decode_cursor(cursor, _AfterFace)
            after, after_arguments = 'AND (fa."quality", fa."id") < (?, ?)', last
        if total is None:
            total = await _count_faces(db, viewer, person)
        rows = await db.fetch(
            f"""SELECT fa."id", fa."quality" FROM "face" fa WHERE {where} {after}
                ORDER BY fa."quality" DESC, fa."id" DESC LIMIT ?""",
            [str(person), *arguments, *after_arguments, limit + 1],
        )
        items = await faces.get_faces(db, viewer, [row["id"] for row in rows[:limit]])
    following = None
    if len(rows) > limit:
        following = pages.encode_cursor(rows[limit - 1]["quality"], rows[limit - 1]["id"], total)
    return pages.Page(items=items, total=total, next=following)


async def merge_suggestions(db: Database, viewer: Viewer, *, limit: int = 20) -> list[Row]:
    """Pairs that the last grouping thought may be one: `person`, `other`, `confidence`, the surest first."""
    first, arguments = visible_people(viewer, "a")
    second, _ = visible_people(viewer, "b")
    visible, seen = visible_faces(viewer, "c")
    on_photos = f"""EXISTS (SELECT 1 FROM "person_count" c WHERE c."person" = {{}} AND c."faces" > 0 AND {visible})"""
    async with db.read():
        rows = await db.fetch(
            f"""SELECT s."person", s."other", s."confidence" FROM "person_suggestion" s
                JOIN "person" a ON a."id" = s."person" AND NOT a."hidden" AND NOT a."ignored" AND {first}
                JOIN "person" b ON b."id" = s."other" AND NOT b."hidden" AND NOT b."ignored" AND {second}
                WHERE NOT EXISTS (SELECT 1 FROM "person_apart" x WHERE x."person" = min(s."person", s."other")
                                  AND x."other" = max(s."person", s."other"))
                AND {on_photos.format('a."id"')} AND {on_photos.format('b."id"')}
                ORDER BY s."confidence" DESC, s."person" LIMIT ?""",
            [*arguments, *arguments, *seen, *seen, limit],
        )
        people = {item["id"]: item for item in await _with_ids(db, viewer, {one for row in rows for one in pair(row)})}
    return [
        {"person": people[row["person"]], "other": people[row["other"]], "confidence": round(row["confidence"], 3)}
        for row in rows
        if all(one in people for one in pair(row))
    ]


async def face_suggestions(db: Database, viewer: Viewer, person: uuid.UUID, *, limit: int = 20) -> list[Row]:
    """Faces that may be this person, as the last grouping thought: `face`, `confidence`, the surest first.

    They are nobody's, or stand for a group without a name (the face's person), which may be merged as a whole.
    """
    visible, arguments = visible_faces(viewer)
    async with db.read():
        await check_person(db, viewer, person)
        rows = await db.fetch(
            f"""SELECT s."face", s."confidence" FROM "person_suggestion" s JOIN "face" fa ON fa."id" = s."face"
                LEFT JOIN "person" p ON p."id" = fa."person"
                WHERE s."other" = ? AND NOT fa."removed" AND fa."shown" AND {visible}
                AND (p."id" IS NULL OR NOT p."held")
                AND NOT EXISTS (SELECT 1 FROM "face_rejection" r WHERE r."face" = fa."id" AND r."person" = s."other")
                AND NOT EXISTS (SELECT 1 FROM "face" o WHERE o."file" = fa."file" AND o."person" = s."other")
                ORDER BY s."confidence" DESC, s."face" LIMIT ?""",
            [str(person), *arguments, limit],
        )
        shown = await faces.get_faces(db, viewer, [row["face"] for row in rows])
    confidence = {row["face"]: round(row["confidence"], 3) for row in rows}
    return [{"face": face, "confidence": confidence[face["id"]]} for face in shown]


def name_key(name: str) -> str:
    """Names that differ only in case or in how accents are encoded are one."""
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())


def pair(row: Row) -> tuple[uuid.UUID, uuid.UUID]:
    return row["person"], row["other"]


async def _count_faces(db: Database, viewer: Viewer, person: uuid.UUID) -> int:
    visible, arguments = visible_faces(viewer, "c")
    return int(
        await db.value(
            f'SELECT ifnull(sum(c."faces"), 0) FROM "person_count" c WHERE c."person" = ? AND {visible}',
            [str(person), *arguments],
        )
    )


async def _with_ids(db: Database, viewer: Viewer, ids: Iterable[uuid.UUID]) -> list[Row]:
    visible, arguments = visible_faces(viewer, "c")
    rows = await db.fetch(
        f"""SELECT p.*, (SELECT ifnull(sum(c."faces"), 0) FROM "person_count" c
                         WHERE c."person" = p."id" AND {visible}) AS "faces"
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


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def no_such_person() -> NotFoundError:
    return NotFoundError("There is no such person", hint="They may have been merged, or be somebody's own.")
