"""Whose embeddings are compared at present, and their index: `face_vectors`, a table of sqlite-vec.

Embeddings of another engine, or of another version of one, are never compared with each other: when the engine changes,
the index begins anew and every file is due for the step `faces` again.  What people decided hangs on faces, not on
embeddings, and stays.
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
        if row == wanted:
            return False
        await db.fetch('DROP TABLE IF EXISTS "face_vectors"')
        await db.fetch(
            f"""CREATE VIRTUAL TABLE "face_vectors" USING vec0(
                face TEXT PRIMARY KEY,
                embedding float[{engine.dimensions}] distance_metric={DISTANCES[engine.metric]}
            )"""
        )
        await db.fetch(
            """INSERT INTO "face_vectors" ("face", "embedding") SELECT "id", "embedding" FROM "face"
               WHERE "engine" = ? AND "engine_version" = ? AND "usable" AND NOT "removed" """,
            [engine.name, engine.version],
        )
        await db.fetch(
            """INSERT INTO "face_index" ("id", "engine", "version", "dimensions", "metric") VALUES (1, ?, ?, ?, ?)
               ON CONFLICT ("id") DO UPDATE SET "engine" = excluded."engine", "version" = excluded."version",
               "dimensions" = excluded."dimensions", "metric" = excluded."metric", "changes" = "changes" + 1 """,
            list(wanted.values()),
        )
        if row is not None:
            log.info("face_engine=%s version=%s: every file is looked at again", engine.name, engine.version)
            await make_due_again(db, FACES_STEP)
        return True


async def keep_vectors(db: Database, faces: Iterable[uuid.UUID]) -> None:
    """Make the index say of these faces what their rows say.  Inside `db.write()`."""
    ids = ids_json(faces)
    await db.fetch('DELETE FROM "face_vectors" WHERE "face" IN (SELECT value FROM json_each(?))', [ids])
    await db.fetch(
        """INSERT INTO "face_vectors" ("face", "embedding")
           SELECT f."id", f."embedding" FROM "face" f JOIN "face_index" i
               ON i."engine" = f."engine" AND i."version" = f."engine_version"
           WHERE f."id" IN (SELECT value FROM json_each(?)) AND f."usable" AND NOT f."removed"
           AND f."embedding" IS NOT NULL""",
        [ids],
    )


async def note_change(db: Database) -> None:
    """Grouping has something new to look at.  Inside `db.write()`."""
    await db.fetch('UPDATE "face_index" SET "changes" = "changes" + 1')


async def forget_orphans(db: Database) -> None:
    """Vectors of faces that went with their file.  Inside `db.write()`."""
    await db.fetch('DELETE FROM "face_vectors" WHERE "face" NOT IN (SELECT "id" FROM "face")')


async def nearest(db: Database, embedding: bytes, *, count: int) -> list[Row]:
    """`face` and `distance` of the nearest faces of the whole library, the face itself among them."""
    return await db.fetch(
        'SELECT "face", "distance" FROM "face_vectors" WHERE "embedding" MATCH ? AND "k" = ? ORDER BY "distance"',
        [embedding, min(count, MOST_NEIGHBOURS)],
    )


def ids_json(ids: Iterable[object] | Sequence[object]) -> str:
    return msgspec.json.encode([str(value) for value in ids]).decode()
