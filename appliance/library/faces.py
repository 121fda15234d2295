"""Faces as their viewers see them: boxes on stored files, their pictures, and who they may be.

What people say of them is in `decisions.py`, what the step `faces` found is kept by `found_faces.py`.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any

from appliance.errors import NotFoundError
from appliance.library import face_index
from appliance.media import recipe as recipes

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from ml.base import Box

API = "/api/v1/faces"
#: Boxes that overlap by more are one face (intersection over union).
SAME_BOX = 0.35
#: How many nearest faces are asked who they are at first, to say who a face may be.
NEIGHBOURS = 64

COLUMNS = """
    fa."id", fa."file", fa."x", fa."y", fa."width", fa."height", fa."score", fa."quality", fa."usable", fa."reason",
    fa."confirmed", fa."source", f."content_sha", f."local_start", f."adjustments", f."original_width",
    f."original_height",
    p."id" AS "person_id", p."name" AS "person_name", p."birthday", p."hidden", p."ignored"
"""


class Crop:
    """Where a face's picture is cut from."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.box: Box = (row["x"], row["y"], row["width"], row["height"])
        self.key = crop_key(row)


def visible_faces(viewer: Viewer, table: str = "fa") -> tuple[str, list[object]]:
    """As `Viewer.visible`, for faces: those on files that are in the viewer's lists."""
    return viewer.owners(table)


def visible_people(viewer: Viewer, table: str = "p") -> tuple[str, list[object]]:
    """People of the family, and those that are private to the viewer."""
    return viewer.owning(table)


async def faces_of_files(db: Database, viewer: Viewer, files: Iterable[object]) -> dict[uuid.UUID, list[Row]]:
    """Faces on files that the caller has checked the viewer may see, from left to right and from above.

    Not on those that somebody let them see in an album: who is on them is for those who have them in their library.
    """
    people, arguments = visible_people(viewer)
    visible, face_arguments = visible_faces(viewer)
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM "face" fa JOIN "stored_file" f ON f."id" = fa."file"
            LEFT JOIN "person" p ON p."id" = fa."person" AND {people}
            WHERE fa."file" IN (SELECT value FROM json_each(?)) AND NOT fa."removed" AND {visible}
            ORDER BY fa."x", fa."y", fa."id" """,
        [*arguments, face_index.ids_json(files), *face_arguments],
    )
    found: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["file"], []).append(shown(row))
    return found


async def faces_of_file(db: Database, viewer: Viewer, file: uuid.UUID) -> list[Row]:
    """Raises NotFoundError for a file the viewer may not see."""
    reach, arguments = viewer.reach("f")
    async with db.read():
        if (
            await db.value(f'SELECT 1 FROM "stored_file" f WHERE f."id" = ? AND {reach}', [str(file), *arguments])
            is None
        ):
            raise NotFoundError("There is no such file", hint="It may have been removed, or belong to someone else.")
        return (await faces_of_files(db, viewer, [file])).get(file, [])


async def check_nameable(db: Database, viewer: Viewer, file: uuid.UUID) -> None:
    """Raise NotFoundError for a file that is not in the viewer's lists: who is on it is not theirs to say, even where
    they see it in an album."""
    visible, arguments = viewer.visible("f")
    if not await db.value(f'SELECT 1 FROM "stored_file" f WHERE f."id" = ? AND {visible}', [str(file), *arguments]):
        raise NotFoundError("There is no such file", hint="It may have been removed, or belong to someone else.")


async def get_faces(db: Database, viewer: Viewer, ids: Sequence[object]) -> list[Row]:
    """In the order of `ids`; what the viewer may not see is left out."""
    people, people_arguments = visible_people(viewer)
    visible, arguments = visible_faces(viewer)
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM "face" fa JOIN "stored_file" f ON f."id" = fa."file"
            LEFT JOIN "person" p ON p."id" = fa."person" AND {people}
            WHERE fa."id" IN (SELECT value FROM json_each(?)) AND NOT fa."removed" AND {visible}""",
        [*people_arguments, face_index.ids_json(ids), *arguments],
    )
    by_id = {str(row["id"]): shown(row) for row in rows}
    return [by_id[str(face)] for face in ids if str(face) in by_id]


async def get_face(db: Database, viewer: Viewer, face: uuid.UUID) -> Row:
    found = await get_faces(db, viewer, [face])
    if not found:
        raise no_such_face()
    return found[0]


async def get_crop(db: Database, viewer: Viewer, face: uuid.UUID) -> tuple[Crop, bytes | None]:
    """Where a face's picture comes from, and that picture (WebP) if it was made before; one query."""
    visible, arguments = visible_faces(viewer)
    row = await db.fetch_one(
        f"""SELECT fa."id", fa."x", fa."y", fa."width", fa."height", f."content_sha", f."kind", f."mime_type",
                   f."orientation", f."content", l."root", t."webp", t."box"
            FROM "face" fa JOIN "stored_file" f ON f."id" = fa."file" JOIN "library" l ON l."id" = f."library"
            LEFT JOIN thumbs.face_thumbnail t ON t."face" = fa."id"
            WHERE fa."id" = ? AND NOT fa."removed" AND {visible}""",
        [str(face), *arguments],
    )
    if row is None:
        raise no_such_face()
    crop = Crop(row)
    return crop, row["webp"] if row["box"] == crop.key else None


async def keep_crop(db: Database, crop: Crop, webp: bytes) -> None:
    async with db.write():
        await db.fetch(
            'INSERT OR REPLACE INTO thumbs.face_thumbnail ("face", "box", "webp") VALUES (?, ?, ?)',
            [str(crop.row["id"]), crop.key, webp],
        )


async def who_may_it_be(db: Database, viewer: Viewer, face: uuid.UUID, *, limit: int = 5) -> list[Row]:
    """People this face is near to, the surest first: their nearest `face`, and how sure it is.

    Nobody who it was said not to be, and nobody who is on the same photo already.
    """
    visible, arguments = visible_faces(viewer)
    row = await db.fetch_one(
        f"""SELECT fa."embedding", fa."file", fa."person", fa."usable", fa."engine", fa."engine_version" FROM "face" fa
            WHERE fa."id" = ? AND NOT fa."removed" AND {visible}""",
        [str(face), *arguments],
    )
    if row is None:
        raise no_such_face()
    engine = await face_index.engine_in_use(db)
    if not row["embedding"] or (row["engine"], row["engine_version"]) != (engine.name, engine.version):
        return []
    count = NEIGHBOURS
    while True:
        near = await face_index.nearest(db, row["embedding"], count=count)
        found = await _known_among(db, viewer, face, row, near)
        # Those that the viewer does not see take no place: beyond them it is looked on.
        more = len(near) >= count and near[-1]["distance"] <= engine.rules.suggest
        if len(found) >= limit or not more or count >= face_index.MOST_NEIGHBOURS:
            break
        count = min(8 * count, face_index.MOST_NEIGHBOURS)
    told = [(one, distance) for one, distance in found if distance <= engine.rules.suggest]
    return [
        {
            "person": one["person_id"],
            "name": one["person_name"],
            "face": one["id"],
            "thumbnail_url": thumbnail_url(one["id"], one),
            "confidence": engine.confidence(distance),
        }
        for one, distance in told[:limit]
    ]


async def _known_among(
    db: Database, viewer: Viewer, face: uuid.UUID, row: Row, near: Sequence[Row]
) -> list[tuple[Row, float]]:
    """Of each person among the nearest faces whom the viewer may know and `face` may be: the nearest one they see."""
    visible, arguments = visible_faces(viewer)
    people, people_arguments = visible_people(viewer)
    known = await db.fetch(
        f"""SELECT {COLUMNS} FROM "face" fa JOIN "stored_file" f ON f."id" = fa."file"
            JOIN "person" p ON p."id" = fa."person" AND {people}
            WHERE fa."id" IN (SELECT value FROM json_each(?)) AND {visible} AND fa."person" IS NOT ?
            AND NOT p."ignored"
            AND NOT EXISTS (SELECT 1 FROM "face_rejection" r WHERE r."face" = ? AND r."person" = fa."person")
            AND NOT EXISTS (SELECT 1 FROM "face" o WHERE o."file" = ? AND o."person" = fa."person"
                            AND NOT o."removed")""",
        [
            *people_arguments,
            face_index.ids_json(hit["face"] for hit in near),
            *arguments,
            row["person"],
            str(face),
            str(row["file"]),
        ],
    )
    by_face = {str(one["id"]): one for one in known}
    found: dict[uuid.UUID, tuple[Row, float]] = {}
    for hit in near:
        one = by_face.get(hit["face"])
        if one is not None:
            found.setdefault(one["person_id"], (one, hit["distance"]))
    return list(found.values())


def shown(row: Row) -> dict[str, Any]:
    """A face as the API shows it, of a row of `COLUMNS`."""
    person = None
    if row["person_id"] is not None:
        months = age_in_months(row["birthday"], row["local_start"])
        person = {
            "id": row["person_id"],
            "name": row["person_name"],
            "hidden": bool(row["hidden"]),
            "ignored": bool(row["ignored"]),
            "age_years": None if months is None else months // 12,
            "age_months": months,
        }
    return {
        "id": row["id"],
        "file": row["file"],
        "box": shown_box(row),
        "score": row["score"],
        "quality": row["quality"],
        "usable": bool(row["usable"]),
        "reason": row["reason"],
        "confirmed": bool(row["confirmed"]),
        "source": row["source"],
        "person": person,
        "thumbnail_url": thumbnail_url(row["id"], row),
    }


def shown_box(row: Row) -> list[float]:
    """Where a face is on the picture as it is shown; empty when it was cropped away."""
    box = (row["x"], row["y"], row["width"], row["height"])
    if not row["adjustments"] or not row["original_width"] or not row["original_height"]:
        return list(box)
    recipe = recipes.read(row["adjustments"])
    return list(recipes.box_to_shown(recipe, (row["original_width"], row["original_height"]), box) or ())


def thumbnail_url(face: object, row: Row) -> str:
    return f"{API}/{face}/thumbnail?v={crop_key(row)}"


def crop_key(row: Row) -> str:
    """Changes when the picture of a face does."""
    text = f"{row['content_sha']} {row['x']:.4f} {row['y']:.4f} {row['width']:.4f} {row['height']:.4f}"
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def age_in_months(birthday: str | None, local_start: str) -> int | None:
    """Whole months; None when either day is not known, or the photo is older than the person."""
    if not birthday or not local_start:
        return None
    born, taken = date.fromisoformat(birthday), date.fromisoformat(local_start[:10])
    months = (taken.year - born.year) * 12 + taken.month - born.month - (taken.day < born.day)
    return months if months >= 0 else None


def no_such_face() -> NotFoundError:
    return NotFoundError("There is no such face", hint="It may have been removed, or be on someone else's photo.")
