"""Embeddings of pictures, and the index that finds the nearest of those that somebody may see.

Embeddings of every model are kept side by side, each model's with an index of its own, so that another model, and back
again, computes nothing twice; those of two models or versions are never compared.  How the index works, and what it
was measured against: docs/decisions/0006-image-vectors.md.  Everything here is SQL; no library of numbers is loaded.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import InvalidInputError, NotFoundError
from appliance.library.image_search import COSINE, PLACE_BITS, Search, best_files, ids_json
from appliance.library.settings import OFF, get_setting
from ml import registry
from ml.vectors import FLOAT_BYTES, encode

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database

log = logging.getLogger(__name__)

EMBEDDING_STEP = "embedding"
SAMPLE = 300
#: Fewer files than these of a sample say little of the rest.
SAMPLE_ENOUGH = 100


_STATISTICS = f"""SELECT count(*) AS "files", avg("cosine") AS "mean", avg("cosine" * "cosine") AS "square"
    FROM (SELECT {COSINE} AS "cosine" """


class Index(msgspec.Struct, frozen=True):
    """A version of a model, and the state of its index.  `lists`: of its newest generation."""

    id: int
    model: str
    version: str
    dimensions: int
    vectors: int
    learned: int
    generation: int
    lists: int

    def check(self, vector: bytes) -> None:
        if len(vector) != self.dimensions * FLOAT_BYTES:
            raise InvalidInputError(
                f"A vector of {self.model} has {self.dimensions} values, not {len(vector) / FLOAT_BYTES:g}"
            )


class Background(msgspec.Struct, frozen=True):
    """How near a vector is to pictures in general: what is usual, so that the unusual can be told.

    `files`: how many pictures it was compared with, a sample where there are many.
    """

    files: int
    mean: float
    deviation: float


_INDEX = """SELECT i.*, (SELECT count(*) FROM "image_list" l
    WHERE l."image_index" = i."id" AND l."generation" = i."generation" AND i."generation" > 0) AS "lists"
    FROM "image_index" i"""


async def in_use(db: Database) -> Index | None:
    """None while the setting `embedding_model` is off, or names a model that is gone."""
    row = await db.fetch_one(f'{_INDEX} WHERE i."in_use"')
    return None if row is None else msgspec.convert(row, Index, strict=False)


async def prepare(db: Database) -> bool:
    """Use the index of the embedding model that the setting names, and plan the step for files it has not seen.

    Asked at start and when settings change; true when another one came into use.  Nothing is forgotten or rebuilt.
    """
    async with db.write():
        wanted = await _model_wanted(db)
        used = await in_use(db)
        if (None if used is None else (used.model, used.version)) == (None if wanted is None else wanted[:2]):
            return False
        await db.fetch('UPDATE "image_index" SET "in_use" = 0 WHERE "in_use"')
        if wanted is not None:
            index = await _index_of(db, *wanted)
            await db.fetch('UPDATE "image_index" SET "in_use" = 1 WHERE "id" = ?', [index.id])
            await _plan(db, index)
            log.info("embedding_model=%s version=%s: files it has not seen are due", index.model, index.version)
        return True


async def _model_wanted(db: Database) -> tuple[str, str, int] | None:
    name = await get_setting(db, "embedding_model")
    if name == OFF:
        return None
    try:
        embedder = registry.embedder(name)
    except NotFoundError:
        log.warning("embedding_model=%s is not known: there is no search by meaning", name)
        return None
    return embedder.spec.name, embedder.spec.version, embedder.dimensions


async def _index_of(db: Database, model: str, version: str, dimensions: int) -> Index:
    """Made when there is none.  Inside `db.write()`."""
    added = await db.fetch(
        """INSERT INTO "image_index" ("model", "version", "dimensions") VALUES (?, ?, ?)
           ON CONFLICT ("model", "version") DO NOTHING RETURNING "id" """,
        [model, version, dimensions],
    )
    if added:
        await db.fetch('INSERT INTO "image_list" ("image_index") VALUES (?)', [added[0]["id"]])
    row = await db.fetch_one(f'{_INDEX} WHERE i."model" = ? AND i."version" = ?', [model, version])
    return msgspec.convert(row, Index, strict=False)


async def _plan(db: Database, index: Index) -> None:
    """Due for the step `embedding` is what this model has not seen."""
    seen = """EXISTS (SELECT 1 FROM "image_embedding" e WHERE e."file" = "file_step"."file" AND e."image_index" = ?)"""
    await db.fetch(
        f"""UPDATE "file_step" SET "status" = 'done', "error" = '', "hint" = ''
            WHERE "step" = ? AND "status" IN ('pending', 'failed', 'ignored') AND {seen}""",
        [EMBEDDING_STEP, index.id],
    )
    await db.fetch(
        f"""UPDATE "file_step" SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
            WHERE "step" = ? AND ("status" IN ('done', 'failed', 'ignored') OR "status" = 'skipped' AND "error" = '')
            AND NOT {seen}""",
        [EMBEDDING_STEP, index.id],
    )


async def keep(db: Database, file: uuid.UUID, model: str, version: str, vectors: Sequence[bytes]) -> None:
    """What a model made of a file, one vector for each frame, in place of what it made before; found from now on.
    Inside `db.write()`.

    vectors: float32 little-endian, of length 1; not empty.
    """
    index = await _index_of(db, model, version, len(vectors[0]) // FLOAT_BYTES)
    for vector in vectors:
        index.check(vector)
    await db.fetch('DELETE FROM "image_embedding" WHERE "file" = ? AND "image_index" = ?', [str(file), index.id])
    for frame, vector in enumerate(vectors):
        code = encode(vector)
        added = await db.fetch(
            """INSERT INTO "image_embedding" ("file", "image_index", "frame", "vector") VALUES (?, ?, ?, ?)
               RETURNING "id" """,
            [str(file), index.id, frame, vector],
        )
        await db.fetch(
            f"""INSERT INTO "image_vectors" ("place", "embedding", "code") SELECT "id" << {PLACE_BITS} | ?1, ?1, ?2
                FROM "image_list" WHERE "image_index" = ?3 AND "generation" = ?4
                ORDER BY CASE WHEN ?4 THEN vec_distance_L2(vec_int8("code"), vec_int8(?2)) END LIMIT 1""",
            [added[0]["id"], code, index.id, index.generation],
        )


async def vectors_of(db: Database, file: uuid.UUID, model: str = "", version: str = "") -> list[bytes]:
    """One for each frame; of the model in use where none is named.  Empty while the file has none."""
    return [
        row["vector"]
        for row in await db.fetch(
            """SELECT e."vector" FROM "image_embedding" e JOIN "image_index" i ON i."id" = e."image_index"
               WHERE e."file" = ?1 AND CASE WHEN ?2 = '' THEN i."in_use" ELSE i."model" = ?2 AND i."version" = ?3 END
               ORDER BY e."frame" """,
            [str(file), model, version],
        )
    ]


async def nearest(
    db: Database, vector: bytes, *, condition: str, arguments: Sequence[object], count: int
) -> list[tuple[uuid.UUID, float]]:
    """The files nearest to `vector` of those that fulfil `condition`, with the cosine of their best frame, best first.

    condition: SQL over `stored_file f`, with a plain `?` for each of `arguments`.  It is part of the query: a file that
    does not fulfil it takes nobody's place, however few do.
    """
    async with db.read():
        index = await in_use(db)
        if index is None or count <= 0:
            return []
        index.check(vector)
        search = Search(
            index=index.id,
            vectors=index.vectors,
            generation=index.generation,
            lists=index.lists,
            vector=vector,
            code=encode(vector),
            condition=condition,
            arguments=arguments,
        )
        return await search.run(db, count)


async def similarities(db: Database, vector: bytes, files: Iterable[uuid.UUID]) -> dict[uuid.UUID, float]:
    """The cosine of each file's best frame; files without an embedding are not there."""
    index = await in_use(db)
    if index is None:
        return {}
    index.check(vector)
    rows = await db.fetch(
        f"""SELECT e."file", {COSINE} AS "cosine" FROM json_each(?2) j
            CROSS JOIN "image_embedding" e ON e."file" = j.value AND e."image_index" = ?3""",
        [vector, ids_json([str(file) for file in files]), index.id],
    )
    return dict(best_files(rows))


async def background(
    db: Database, vector: bytes, *, condition: str = "1", arguments: Sequence[object] = ()
) -> Background:
    """Mean and deviation of the cosines of pictures that fulfil `condition`: what a search is to be judged against."""
    index = await in_use(db)
    if index is None:
        return Background(0, 0.0, 0.0)
    index.check(vector)
    async with db.read():
        bounds = await db.fetch_one(
            'SELECT min("id") AS "low", max("id") AS "high" FROM "image_embedding" WHERE "image_index" = ?', [index.id]
        )
        if bounds is None or bounds["low"] is None:
            return Background(0, 0.0, 0.0)
        low, width = bounds["low"], bounds["high"] + 1 - bounds["low"]
        spread = range(low, low + width) if width <= SAMPLE else [low + width * n // SAMPLE for n in range(SAMPLE)]
        found = await db.fetch_one(
            f"""{_STATISTICS} FROM (SELECT DISTINCT (SELECT min(x."id") FROM "image_embedding" x
                    WHERE x."image_index" = ?2 AND x."id" >= j.value) AS "id" FROM json_each(?3) j) s
                CROSS JOIN "image_embedding" e ON e."id" = s."id"
                CROSS JOIN "stored_file" f ON f."id" = e."file" WHERE ({condition}))""",
            [vector, index.id, ids_json(spread), *arguments],
        )
        assert found is not None
        if found["files"] < SAMPLE_ENOUGH and width > SAMPLE:
            found = await db.fetch_one(
                f"""{_STATISTICS} FROM "stored_file" f CROSS JOIN "image_embedding" e
                    ON e."file" = f."id" AND e."image_index" = ?2 WHERE ({condition}) LIMIT {SAMPLE})""",
                [vector, index.id, *arguments],
            )
            assert found is not None
    if not found["files"]:
        return Background(0, 0.0, 0.0)
    variance = found["square"] - found["mean"] ** 2
    return Background(found["files"], found["mean"], math.sqrt(max(0.0, variance)))
