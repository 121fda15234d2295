"""Whose embeddings are compared at present, and their index: `face_vectors`, a table of sqlite-vec.

Embeddings of another engine, or of another version of one, are never compared with each other: when the engine changes,
the index begins anew and every file is due for the step `faces` again.  What people decided hangs on faces, not on
embeddings, and stays.

Up to `MANY` faces all of them are compared.  Beyond, the index is sorted into cells of faces that are near to each
other (by grouping, which has all embeddings at hand), and only the cells that are nearest are asked.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import NotFoundError
from appliance.library.settings import get_setting
from appliance.library.steps import make_due_again
from ml import registry
from ml.base import GroupingRules, Metric

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row
    from ml.base import FaceEngine

log = logging.getLogger(__name__)

FACES_STEP = "faces"
#: Why a RAW beside its JPEG, or the video of a live photo, is not looked at; a trigger makes it due when it is alone.
SEEN_ELSEWHERE = "Its faces are those of the picture it belongs to"
DISTANCES = {"euclidean": "L2", "cosine": "cosine"}
MOST_NEIGHBOURS = 4096  # sqlite-vec's own limit
MANY = 10_000  # comparing with all of them takes 5 ms
PER_CELL = 500
PROBED = 6  # cells asked: who looks alike is in them; of strangers some are missed
UNSORTED = 0  # the cell of faces that came before there were others
MOVED_AT_ONCE = 1000


class Engine(msgspec.Struct, frozen=True):
    """The engine in use, as far as the library must know it."""

    name: str
    version: str
    dimensions: int
    metric: Metric
    rules: GroupingRules

    def confidence(self, distance: float) -> float:
        """0 to 1; a half where grouping would just say yes."""
        return round(min(1.0, max(0.0, 1 - distance / (2 * self.rules.same))), 3)


def describe(engine: type[FaceEngine]) -> Engine:
    return Engine(engine.spec.name, engine.spec.version, engine.dimensions, engine.metric, engine.rules)


async def engine_in_use(db: Database) -> Engine:
    """As the setting `face_engine` says; the default when that engine is gone."""
    name = await get_setting(db, "face_engine")
    try:
        return describe(registry.face_engine(name))
    except NotFoundError:
        engine = describe(registry.FACE_ENGINES[0])
        log.warning("face_engine=%s is not known any more, using %s", name, engine.name)
        return engine


async def prepare(db: Database) -> bool:
    """Make the index that of the engine in use; true when it began anew.  Asked at start and when it changes."""
    async with db.write():
        engine = await engine_in_use(db)
        wanted = {
            "engine": engine.name,
            "version": engine.version,
            "dimensions": engine.dimensions,
            "metric": engine.metric,
        }
        row = await db.fetch_one('SELECT "engine", "version", "dimensions", "metric" FROM "face_index"')
        there = await db.value("""SELECT 1 FROM sqlite_master WHERE "name" = 'face_vectors'""")
        if row != wanted or not there:
            await _begin_index(db, engine)
        if row == wanted:
            return False
        await db.fetch(
            """INSERT INTO "face_index" ("id", "engine", "version", "dimensions", "metric") VALUES (1, ?, ?, ?, ?)
               ON CONFLICT ("id") DO UPDATE SET "engine" = excluded."engine", "version" = excluded."version",
               "dimensions" = excluded."dimensions", "metric" = excluded."metric", "changes" = "changes" + 1 """,
            list(wanted.values()),
        )
        if row is not None:
            log.info("face_engine=%s version=%s: every file is looked at again", engine.name, engine.version)
            await make_due_again(db, FACES_STEP, ignored=True)
        return True


async def _begin_index(db: Database, engine: Engine) -> None:
    await db.fetch('DROP TABLE IF EXISTS "face_vectors"')
    await db.fetch(
        f"""CREATE VIRTUAL TABLE "face_vectors" USING vec0(
            face TEXT PRIMARY KEY,
            cell INTEGER PARTITION KEY,
            embedding float[{engine.dimensions}] distance_metric={DISTANCES[engine.metric]},
            chunk_size=256
        )"""
    )
    await db.fetch('DELETE FROM "face_cell"')
    await db.fetch('INSERT INTO "face_cell" ("id") VALUES (?)', [UNSORTED])
    await db.fetch(
        """INSERT INTO "face_vectors" ("face", "cell", "embedding") SELECT "id", ?, "embedding" FROM "face"
           WHERE "engine" = ? AND "engine_version" = ? AND "usable" AND NOT "removed" AND length("embedding") = ?""",
        [UNSORTED, engine.name, engine.version, 4 * engine.dimensions],
    )


async def keep_vectors(db: Database, faces: Iterable[uuid.UUID]) -> None:
    """Make the index say of these faces what their rows say.  Inside `db.write()`."""
    ids = ids_json(faces)
    await db.fetch('DELETE FROM "face_vectors" WHERE "face" IN (SELECT value FROM json_each(?))', [ids])
    await db.fetch(
        """INSERT INTO "face_vectors" ("face", "cell", "embedding")
           SELECT f."id", ifnull((SELECT "id" FROM (
                      SELECT c."id", vec_distance_L2(c."centre", f."embedding") AS "distance" FROM "face_cell" c
                      WHERE NOT c."leaving" AND c."centre" IS NOT NULL) ORDER BY "distance" LIMIT 1), ?), f."embedding"
           FROM "face" f JOIN "face_index" i ON i."engine" = f."engine" AND i."version" = f."engine_version"
           WHERE f."id" IN (SELECT value FROM json_each(?)) AND f."usable" AND NOT f."removed"
           AND f."embedding" IS NOT NULL""",
        [UNSORTED, ids],
    )


async def cells_wanted(db: Database, faces: int) -> int:
    """Into how many cells the index should be sorted now; 0 when it is as it should be."""
    row = await db.fetch_one('SELECT count("centre") AS "cells", max("leaving") AS "leaving" FROM "face_cell"')
    if row is None or faces <= MANY or (faces <= 3 * PER_CELL * row["cells"] and not row["leaving"]):
        return 0
    return faces // PER_CELL


async def sort_into_cells(
    db: Database, engine: Engine, centres: Sequence[bytes], faces: Sequence[uuid.UUID], nearest: Sequence[int]
) -> None:
    """Make `centres` the cells of the index of `engine`; `nearest` says which of them each of `faces` is nearest to.

    In small transactions: until the last one old and new cells are asked, and a kill leaves both for the next time.
    """
    async with db.write():
        if await db.value('SELECT "engine" || "version" FROM "face_index"') != engine.name + engine.version:
            return
        first = int(await db.value('SELECT max("id") + 1 FROM "face_cell"'))
        await db.fetch('UPDATE "face_cell" SET "leaving" = 1')
        await db.execute_many(
            'INSERT INTO "face_cell" ("id", "centre") VALUES (?, ?)', list(enumerate(centres, start=first))
        )
    # From here on new faces go to new cells; these came while the others were being computed.
    late = await db.fetch(
        """SELECT f."id" FROM "face" f
           JOIN "face_index" i ON i."engine" = f."engine" AND i."version" = f."engine_version"
           WHERE f."usable" AND NOT f."removed" AND f."id" NOT IN (SELECT "value" FROM json_each(?))""",
        [ids_json(faces)],
    )
    # By cell: a transaction then fills a few chunks of the index from end to end.
    order = sorted(range(len(faces)), key=nearest.__getitem__)
    for begin in range(0, len(order), MOVED_AT_ONCE):
        cells = [(str(faces[n]), first + nearest[n]) for n in order[begin : begin + MOVED_AT_ONCE]]
        async with db.write():
            if await db.value('SELECT 1 FROM "face_cell" WHERE "id" = ?', [first]) is None:
                return  # another engine has begun anew
            await _move(db, cells)
    async with db.write():
        await keep_vectors(db, [row["id"] for row in late])
        await db.fetch('DELETE FROM "face_cell" WHERE "leaving"')


async def _move(db: Database, cells: Sequence[tuple[str, int]]) -> None:
    pairs = msgspec.json.encode(cells).decode()
    await db.fetch('DELETE FROM "face_vectors" WHERE "face" IN (SELECT "value" ->> 0 FROM json_each(?))', [pairs])
    await db.fetch(
        """INSERT INTO "face_vectors" ("face", "cell", "embedding") SELECT f."id", j."value" ->> 1, f."embedding"
           FROM json_each(?) j CROSS JOIN "face" f ON f."id" = j."value" ->> 0
           JOIN "face_index" i ON i."engine" = f."engine" AND i."version" = f."engine_version"
           WHERE f."usable" AND NOT f."removed" AND f."embedding" IS NOT NULL""",
        [pairs],
    )


async def note_change(db: Database) -> None:
    """Grouping has something new to look at.  Inside `db.write()`."""
    await db.fetch('UPDATE "face_index" SET "changes" = "changes" + 1')


async def forget_orphans(db: Database) -> None:
    """Vectors of faces that went with their file.  Inside `db.write()`."""
    await db.fetch('DELETE FROM "face_vectors" WHERE "face" NOT IN (SELECT "id" FROM "face")')


async def nearest(db: Database, embedding: bytes, *, count: int) -> list[Row]:
    """`face` and `distance` of the nearest faces of the whole library, the face itself among them."""
    async with db.read():
        cells = await db.fetch(
            """SELECT "id" FROM (SELECT "id" FROM "face_cell" WHERE "centre" IS NOT NULL
                                 ORDER BY vec_distance_L2("centre", ?) LIMIT ?)
               UNION ALL SELECT "id" FROM "face_cell" WHERE "centre" IS NULL""",
            [embedding, PROBED],
        )
        return await db.fetch(
            """SELECT "face", "distance" FROM "face_vectors" WHERE "embedding" MATCH ? AND "k" = ?
               AND "cell" IN (SELECT "value" FROM json_each(?)) ORDER BY "distance" LIMIT ?""",
            [embedding, min(count, MOST_NEIGHBOURS), msgspec.json.encode([row["id"] for row in cells]).decode(), count],
        )


def ids_json(ids: Iterable[object] | Sequence[object]) -> str:
    return msgspec.json.encode([str(value) for value in ids]).decode()
