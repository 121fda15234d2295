"""What an embedding model adds to finding duplicates: it judges pairs of which the looks are not sure, and it finds
sequences, whose pictures lie beside each other and show one scene from places too far apart for their looks."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final

import msgspec

from appliance.library.duplicate_search import kind_by_time, put_pairs
from appliance.library.face_index import ids_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row

BESIDE: Final = 5
"""A picture is compared with the next few in its folder."""
BESIDE_S: Final = 120.0
"""Where the camera noted when, no more than this lies between two pictures of a sequence."""
FAR: Final = 256  # the distance of a pair that no looks have joined
SAMPLE: Final = 1000
_PROVEN: Final = "('file', 'filename')"


class Model(msgspec.Struct, frozen=True):
    """The embedding model in use, as far as its vectors are compared here."""

    index: int
    label: str
    dimensions: int


class Question(msgspec.Struct):
    """Two files that a model is asked about, and what they are if it says yes."""

    file: uuid.UUID
    other: uuid.UUID
    kind: str
    distance: int


async def model_in_use(db: Database) -> Model | None:
    row = await db.fetch_one(
        'SELECT "id", "model", "version", "dimensions" FROM "image_index" WHERE "in_use" AND "vectors" > 0'
    )
    return None if row is None else Model(row["id"], f"{row['model']} {row['version']}", row["dimensions"])


async def read_sample(db: Database, model: Model) -> bytes:
    """Vectors from everywhere in the library."""
    count = int(await db.value('SELECT "vectors" FROM "image_index" WHERE "id" = ?', [model.index]))
    rows = await db.fetch(
        """SELECT "vector" FROM "image_embedding" WHERE "image_index" = ? AND "frame" = 0 AND "id" % ? = 0 LIMIT ?""",
        [model.index, max(1, count // SAMPLE), SAMPLE],
    )
    return b"".join(row["vector"] for row in rows)


async def read_vectors(db: Database, model: Model, files: Iterable[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """Those that there are; a video's is that of its first frame."""
    rows = await db.fetch(
        """SELECT "file", "vector" FROM "image_embedding" WHERE "image_index" = ? AND "frame" = 0
           AND "file" IN (SELECT value FROM json_each(?))""",
        [model.index, ids_json(files)],
    )
    return {row["file"]: row["vector"] for row in rows}


async def unsure_pairs(db: Database, model: Model, after: int, limit: int) -> tuple[list[Question], int]:
    """Pairs that this model has not judged and has vectors for, by id from `after`; and the last id, 0 at the end."""
    described = ", ".join(
        f"""{side}."burst_id" AS "{side}_burst_id", {side}."start" AS "{side}_start",
            ifnull({side}."metadata" ->> '$.date_source', 'file') NOT IN {_PROVEN} AS "{side}_proven" """
        for side in ("a", "b")
    )
    rows = await db.fetch(
        f"""SELECT p."id", p."file", p."other", p."distance", {described} FROM "duplicate_pair" p
            JOIN "stored_file" a ON a."id" = p."file" JOIN "stored_file" b ON b."id" = p."other"
            WHERE p."kind" IN ('maybe', 'none') AND p."judged_by" <> ?1 AND p."id" > ?2
            AND EXISTS (SELECT 1 FROM "image_embedding" e WHERE e."file" = p."file" AND e."image_index" = ?3)
            AND EXISTS (SELECT 1 FROM "image_embedding" e WHERE e."file" = p."other" AND e."image_index" = ?3)
            ORDER BY p."id" LIMIT ?4""",
        [model.label, after, model.index, limit],
    )
    questions = [
        Question(row["file"], row["other"], kind_by_time(*_sides(row), row["distance"]), row["distance"])
        for row in rows
    ]
    return questions, (int(rows[-1]["id"]) if rows else 0)


async def folders_to_look_through(db: Database, model: Model) -> list[tuple[str, str]]:
    """(library, folder) with files whose neighbours this model has not been asked about."""
    rows = await db.fetch(
        """SELECT DISTINCT p."library", p."folder" FROM "photo_looks" l
           JOIN "stored_file" f ON f."id" = l."file" JOIN "file_path" p ON p."file" = l."file"
           WHERE l."neighbours_by" <> ?1 AND f."searchable" AND f."kind" <> 'video'
           AND EXISTS (SELECT 1 FROM "image_embedding" e WHERE e."file" = l."file" AND e."image_index" = ?2)
           ORDER BY 1, 2""",
        [model.label, model.index],
    )
    return [(str(row["library"]), row["folder"]) for row in rows]


async def beside_each_other(
    db: Database, model: Model, library: str, folder: str
) -> tuple[list[Question], list[uuid.UUID]]:
    """Files of a folder to ask about, and those that are asked about for the first time."""
    rows = await db.fetch(
        f"""SELECT f."id", p."name", f."start", l."neighbours_by" <> ?1 AS "new",
                ifnull(f."metadata" ->> '$.date_source', 'file') NOT IN {_PROVEN} AS "proven"
            FROM "file_path" p JOIN "stored_file" f ON f."id" = p."file" JOIN "photo_looks" l ON l."file" = f."id"
            WHERE p."library" = ?2 AND p."folder" = ?3 AND f."searchable" AND f."kind" <> 'video'
            AND EXISTS (SELECT 1 FROM "image_embedding" e WHERE e."file" = f."id" AND e."image_index" = ?4)""",
        [model.label, library, folder, model.index],
    )
    by_time = sorted((row for row in rows if row["proven"] and row["start"]), key=lambda row: row["start"])
    by_name = sorted(rows, key=lambda row: _in_order(row["name"]))
    questions: dict[tuple[uuid.UUID, uuid.UUID], Question] = {}
    for ordered in (by_time, by_name):
        for place, one in enumerate(ordered):
            for other in ordered[place + 1 : place + 1 + BESIDE]:
                if (one["new"] or other["new"]) and one["id"] != other["id"] and _close_in_time(one, other):
                    pair = _in_id_order(one["id"], other["id"])
                    questions[pair] = Question(*pair, "sequence", FAR)
    return list(questions.values()), [row["id"] for row in rows if row["new"]]


async def keep_answers(db: Database, model: Model, questions: Sequence[Question], said: Sequence[bool]) -> None:
    """For pairs that were known: what they are now."""
    rows = [
        {
            "file": question.file,
            "other": question.other,
            "kind": question.kind if yes else "none",
            "distance": question.distance,
            "judged_by": model.label,
        }
        for question, yes in zip(questions, said, strict=True)
    ]
    async with db.write():
        await put_pairs(db, rows)


async def keep_sequences(
    db: Database, model: Model, questions: Sequence[Question], said: Sequence[bool], files: Iterable[uuid.UUID]
) -> int:
    """Pairs that the looks have found already stay what they are.  `files` have now been asked about."""
    rows = [
        [str(question.file), str(question.other), question.kind, question.distance, model.label]
        for question, yes in zip(questions, said, strict=True)
        if yes
    ]
    async with db.write():
        await db.execute_many(
            """INSERT INTO "duplicate_pair" ("file", "other", "kind", "distance", "judged_by")
               SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM "stored_file" WHERE "id" IN (?1, ?2)) = 2
               ON CONFLICT ("file", "other") DO UPDATE SET "judged_by" = excluded."judged_by"
               WHERE "duplicate_pair"."distance" >= excluded."distance" """,
            rows,
        )
        await db.fetch(
            'UPDATE "photo_looks" SET "neighbours_by" = ? WHERE "file" IN (SELECT value FROM json_each(?))',
            [model.label, ids_json(files)],
        )
    return len(rows)


async def forget_other_models(db: Database, model: Model) -> None:
    """Sequences that a model found which is not in use any more, once the one in use has been asked."""
    async with db.write():
        await db.fetch('DELETE FROM "duplicate_pair" WHERE "distance" >= ? AND "judged_by" <> ?', [FAR, model.label])


def _sides(row: Row) -> tuple[Row, Row]:
    names = ("burst_id", "start", "proven")
    return {name: row[f"a_{name}"] for name in names}, {name: row[f"b_{name}"] for name in names}


def _close_in_time(one: Row, other: Row) -> bool:
    if not (one["proven"] and other["proven"] and one["start"] and other["start"]):
        return True  # nothing speaks against it
    return bool(abs((one["start"] - other["start"]).total_seconds()) <= BESIDE_S)


def _in_id_order(one: uuid.UUID, other: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    return (one, other) if str(one) < str(other) else (other, one)


def _in_order(name: str) -> list[tuple[int, int, str]]:
    """As people count: 9.jpg before 10.jpg."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
