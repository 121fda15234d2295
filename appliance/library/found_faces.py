"""Keeping what the step `faces` found: a face that was there before stays the same face, whoever looks at it again.

A box found anew is matched to the one known by how much they overlap, so that another engine, or another version of
one, changes embeddings and not people; where another program turned or cropped the picture, by how alike they look.
What a person or the file's metadata said is kept also where no engine sees a face.
"""

from __future__ import annotations

import math
import operator
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.library import face_index, naming
from appliance.library.faces import SAME_BOX
from appliance.values import new_id, now
from ml.faces.analyse import overlap

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from appliance.db.engine import Database, Row
    from ml.base import Box, FoundFace, Metric

NOT_SEEN = "The engine sees no face here"


class Analysis(msgspec.Struct, frozen=True):
    """What one engine saw on one picture: faces, and what it saw in the boxes that it was asked to look at besides."""

    engine: str
    version: str
    faces: list[Any]  # FoundFace
    asked: list[tuple[Any, Any]]  # (Box, FoundFace or None)


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """A face that the file's own metadata states; `name` may be empty."""

    name: str = ""
    x: float
    y: float
    width: float
    height: float

    @property
    def box(self) -> Box:
        return (self.x, self.y, self.width, self.height)


async def boxes_to_look_at(db: Database, file: uuid.UUID, metadata: str | None) -> list[Box]:
    """Boxes that were not found by a model, or must not be lost: the engine looks there even if it sees nothing."""
    rows = await db.fetch(f'SELECT fa.* FROM "face" fa WHERE fa."file" = ? AND {_KEPT}', [str(file)])
    return [*(_box(row) for row in rows if not row["removed"]), *(region.box for region in regions_of(metadata))]


async def keep_analysis(db: Database, file: Row, analysis: Analysis) -> None:
    """Write what was found on this file.  Inside `db.write()`."""
    moment = now()
    rows = await db.fetch(
        f'SELECT fa."id", fa."x", fa."y", fa."width", fa."height", fa."source", fa."removed", {_KEPT} AS "kept", '
        'fa."embedding", fa."engine", fa."engine_version" FROM "face" fa WHERE fa."file" = ?',
        [str(file["id"])],
    )
    pairs = matched([_box(row) for row in rows], [face.box for face in analysis.faces])
    asked = {tuple(box): found for box, found in analysis.asked}
    astray = {
        number: row
        for number, row in enumerate(rows)
        if number not in pairs and row["kept"] and not row["removed"] and asked.get(_box(row)) is None
    }
    moved = await _moved(db, astray, analysis, set(pairs.values()))
    pairs |= moved
    touched: list[uuid.UUID] = []
    for number, row in enumerate(rows):
        face = analysis.faces[pairs[number]] if number in pairs else asked.get(_box(row))
        touched.append(row["id"])
        if face is not None:
            box = face.box if number in moved or (row["source"] == "model" and number in pairs) else _box(row)
            await _update(db, row["id"], box, face, analysis)
        elif row["kept"]:
            await db.fetch(
                """UPDATE "face" SET "embedding" = NULL, "usable" = 0, "reason" = ?, "engine" = ?, "engine_version" = ?
                   WHERE "id" = ?""",
                [NOT_SEEN, analysis.engine, analysis.version, str(row["id"])],
            )
        else:
            await db.fetch('DELETE FROM "face" WHERE "id" = ?', [str(row["id"])])
    new = [face for number, face in enumerate(analysis.faces) if number not in pairs.values()]
    for face in new:
        touched.append(await _add(db, file["id"], face.box, face, analysis, source="model", moment=moment))
    touched += await _import_regions(db, file["id"], regions_of(file["metadata"]), asked, analysis, moment)
    if touched:
        await face_index.keep_vectors(db, touched)
        await face_index.note_change(db)


async def _moved(db: Database, astray: Mapping[int, Row], analysis: Analysis, taken: set[int]) -> dict[int, int]:
    """Which faces that are not where they were are which of those found, by how alike they look; the nearest first."""
    found = [(other, face.embedding) for other, face in enumerate(analysis.faces) if other not in taken]
    known = [
        (number, row["embedding"])
        for number, row in astray.items()
        if (row["engine"], row["engine_version"]) == (analysis.engine, analysis.version)
    ]
    pairs: dict[int, int] = {}
    if not found or not known:
        return pairs
    engine = await face_index.engine_in_use(db)
    near = sorted(
        (distance, number, other)
        for number, ours in known
        for other, theirs in found
        if ours and theirs and (distance := _distance(ours, theirs, engine.metric)) <= engine.rules.join
    )
    for _, number, other in near:
        if number not in pairs and other not in pairs.values():
            pairs[number] = other
    return pairs


def _distance(one: bytes, other: bytes, metric: Metric) -> float:
    ours, theirs = ([number for (number,) in struct.iter_unpack("<f", data)] for data in (one, other))
    if metric == "euclidean":
        return math.dist(ours, theirs)
    length = math.hypot(*ours) * math.hypot(*theirs)
    return 1 - sum(map(operator.mul, ours, theirs)) / length if length else math.inf


async def import_regions(db: Database, file: uuid.UUID, metadata: str | None) -> bool:
    """What the file's metadata says of faces, read again after the step `faces` was done; true when there is a new box
    that must be looked at.  Inside `db.write()`.

    A file that the step is not for (a sidecar, a RAW) or that it is still due for gets nothing here.
    """
    status = await db.value(
        'SELECT "status" FROM "file_step" WHERE "file" = ? AND "step" = ?', [str(file), face_index.FACES_STEP]
    )
    if status != "done":
        return False
    nobody = Analysis("", "", [], [])
    added = await _import_regions(db, file, regions_of(metadata), {}, nobody, now())
    return bool(added)


async def _import_regions(
    db: Database, file: uuid.UUID, regions: Sequence[Region], asked: dict[Any, Any], analysis: Analysis, moment: object
) -> list[uuid.UUID]:
    """A region is the face that it overlaps, or a new one of source `exif`; returns the new ones' ids."""
    added: list[uuid.UUID] = []
    if not regions:
        return added
    rows = await db.fetch('SELECT * FROM "face" WHERE "file" = ?', [str(file)])
    pairs = matched([region.box for region in regions], [_box(row) for row in rows])
    for number, region in enumerate(regions):
        if number in pairs:
            row = rows[pairs[number]]
            if row["removed"]:
                continue
            face = row["id"]
        else:
            face = await _add(db, file, region.box, asked.get(region.box), analysis, source="exif", moment=moment)
            added.append(face)
        if region.name.strip():
            await _name(db, file, face, region.name)
    return added


async def _name(db: Database, file: uuid.UUID, face: uuid.UUID, name: str) -> None:
    """Unless a person said otherwise."""
    person = await naming.find_by_name(db, "".join(c if c.isprintable() else " " for c in name))
    await db.fetch(
        """UPDATE "face" SET "person" = ?1, "confirmed" = 1 WHERE "id" = ?2 AND NOT "confirmed" AND NOT "removed"
           AND NOT EXISTS (SELECT 1 FROM "face_rejection" r WHERE r."face" = ?2 AND r."person" = ?1)
           AND NOT EXISTS (SELECT 1 FROM "face" o WHERE o."file" = ?3 AND o."person" = ?1 AND o."confirmed")""",
        [str(person), str(face), str(file)],
    )
    await db.fetch(
        """UPDATE "face" SET "person" = NULL WHERE "file" = ?3 AND "person" = ?1 AND "id" <> ?2 AND NOT "confirmed" """,
        [str(person), str(face), str(file)],
    )


def regions_of(metadata: str | None) -> list[Region]:
    """Those of `metadata.face_regions` that are boxes on the picture."""
    if not metadata:
        return []
    stated = msgspec.json.decode(metadata).get("face_regions") or []
    regions = [msgspec.convert(region, Region) for region in stated]
    return [
        region
        for region in regions
        if 0 <= region.x < 1 and 0 <= region.y < 1 and 0 < region.width <= 1 and 0 < region.height <= 1
    ]


def matched(ours: Sequence[Box], theirs: Sequence[Box]) -> dict[int, int]:
    """Which of `ours` is which of `theirs`: the best overlaps first, each box once."""
    overlaps = sorted(
        (
            (amount, number, other)
            for number, box in enumerate(ours)
            for other, their in enumerate(theirs)
            if (amount := overlap(box, their)) >= SAME_BOX
        ),
        key=lambda found: (-found[0], found[1], found[2]),
    )
    pairs: dict[int, int] = {}
    for _, number, other in overlaps:
        if number not in pairs and other not in pairs.values():
            pairs[number] = other
    return pairs


#: What a person or the file said must outlive the model that saw it: a condition on `fa`.
_KEPT = """(fa."source" <> 'model' OR fa."confirmed" OR fa."removed"
    OR EXISTS (SELECT 1 FROM "face_rejection" r WHERE r."face" = fa."id")
    OR EXISTS (SELECT 1 FROM "person" p WHERE p."cover_face" = fa."id"))"""


def _box(row: Row) -> Box:
    return (row["x"], row["y"], row["width"], row["height"])


async def _update(db: Database, face: uuid.UUID, box: Box, found: FoundFace, analysis: Analysis) -> None:
    await db.fetch(
        """UPDATE "face" SET "x" = ?, "y" = ?, "width" = ?, "height" = ?, "score" = ?, "quality" = ?, "usable" = ?,
           "reason" = ?, "embedding" = ?, "engine" = ?, "engine_version" = ?, "modified" = ? WHERE "id" = ?""",
        [
            *box, found.score, found.quality, found.usable, found.reason, found.embedding, analysis.engine,
            analysis.version, now(), str(face),
        ],
    )  # fmt: skip


async def _add(
    db: Database,
    file: uuid.UUID,
    box: Box,
    found: FoundFace | None,
    analysis: Analysis,
    *,
    source: str,
    moment: object,
) -> uuid.UUID:
    face = new_id()
    values: dict[str, object] = {
        "id": str(face),
        "file": str(file),
        "x": box[0],
        "y": box[1],
        "width": min(box[2], 1 - box[0]),
        "height": min(box[3], 1 - box[1]),
        "score": found.score if found else 1.0,
        "quality": found.quality if found else 0.0,
        "usable": found.usable if found else False,
        "reason": found.reason if found else NOT_SEEN,
        "embedding": found.embedding if found else None,
        "engine": analysis.engine,
        "engine_version": analysis.version,
        "source": source,
        "created": moment,
        "modified": moment,
    }
    columns, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
    await db.fetch(f'INSERT INTO "face" ({columns}) VALUES ({marks})', list(values.values()))
    return face
