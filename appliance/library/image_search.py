"""One search in the image index, in plain SQL: which lists are read, what may be seen, what is compared exactly.

A search reads codes of the nearest lists (`image_vectors`), orders them, and looks along that order for files that
fulfil its condition until it has enough; those are then compared by their embeddings.  The rarer what may be seen, the
more lists are read; where it is very rare, all of it is compared exactly and no list is read.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.db.engine import Database, Row

#: `place` in image_vectors is the list, then so many bits of the embedding's number.
PLACE_BITS = 40
#: So many lists are read for the nearest few.  With four lists to the square root of the number of vectors, that finds
#: 99 % of the ten nearest of 100,000, and 97 % of 1,000,000 ...
PROBED_LISTS = 48
#: ... and as many again for each so many files that are wanted: 95 % of the nearest 1000.
MANY = 200
#: Order by codes is not quite that of cosines: so many more than asked for are compared exactly.
SPARE = 40
FRAMES = 3  # of a video; a picture has one
#: A search that has to look past so many files that the caller may not see asks first how few there are to see ...
RARE = 1 / 8
#: ... and compares up to so many exactly, whatever the index says.
FEW = 20_000
#: So much of the lists that should be read is enough.
NEARLY = 0.4

#: Of an embedding `e` and the vector that is looked for.
COSINE = '1 - vec_distance_cosine(e."vector", ?1)'


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One search, in passes that read more and more, until no file can have been missed for want of looking.

    index, vectors, generation, lists: the state of the index (`image_index.Index`).   code: of `vector`.
    condition: over `stored_file f`, with a plain `?` for each of `arguments`.
    """

    index: int
    vectors: int
    generation: int
    lists: int
    vector: bytes
    code: bytes
    condition: str
    arguments: Sequence[object]

    async def run(self, db: Database, count: int) -> list[tuple[uuid.UUID, float]]:
        """The best `count` files that fulfil the condition, or all there are, with their cosines."""
        pool = count + SPARE
        rows = await self._pool(db, count, pool)
        files = best_files(rows)
        if len(files) < count and len(rows) >= pool:  # videos, whose frames came all at once
            files = best_files(await self._pool(db, count, FRAMES * pool))
        return files[:count]

    async def _pool(self, db: Database, count: int, pool: int) -> list[Row]:
        """At least the best `pool` embeddings that fulfil the condition, or all there are."""
        usual = math.ceil(PROBED_LISTS * (1 + count / MANY))
        lists, window, asked = usual, 8 * pool, False
        while True:
            rows = await self._scan(db, lists=lists, window=window, pool=pool)
            if lists >= self.lists and (len(rows) >= pool or window >= self.vectors):
                return rows
            read = rows[-1]["read"] if rows else 0
            rate = len(rows) / (rows[-1]["rank"] if len(rows) >= pool else max(read, 1))
            # Where one file of n may be seen, the nearest of those lie as far as the nearest n times as many.
            needed = min(self.lists, math.ceil(usual / rate)) if rate else self.lists
            if len(rows) >= pool:
                if lists >= needed * NEARLY:
                    return rows
                lists = needed
            elif rate < RARE and not asked:
                asked = True
                few = await self._few(db)
                if few is not None:
                    return few
            else:
                lists, window = max(needed, 4 * lists), 16 * window

    async def _scan(self, db: Database, *, lists: int, window: int, pool: int) -> list[Row]:
        """Order what the nearest lists hold by its code, and look along that order for what fulfils the condition."""
        # While vectors move to lists learned anew, those of both generations are read, and always what is in none.
        near = """SELECT "id" FROM (SELECT l."id" FROM "image_list" l WHERE l."image_index" = ?2 AND l."generation" = {}
            AND l."generation" > 0 ORDER BY vec_distance_L2(vec_int8(l."code"), vec_int8(?3)) LIMIT ?5)"""
        return await db.fetch(
            f"""WITH "probed" AS MATERIALIZED (
                    {near.format("?4")} UNION ALL {near.format("?4 - 1")} UNION ALL
                    SELECT "id" FROM "image_list" WHERE "image_index" = ?2 AND "generation" = 0
                ), "read" AS MATERIALIZED (
                    SELECT v."embedding", vec_distance_L2(vec_int8(v."code"), vec_int8(?3)) AS "far"
                    FROM "probed" p CROSS JOIN "image_vectors" v
                    ON v."place" BETWEEN p."id" << {PLACE_BITS} AND (p."id" + 1 << {PLACE_BITS}) - 1
                    ORDER BY "far" LIMIT ?6
                ), "ranked" AS MATERIALIZED (
                    SELECT "embedding", row_number() OVER (ORDER BY "far") AS "rank", count(*) OVER () AS "read"
                    FROM "read"
                )
                SELECT e."file", r."rank", r."read", CASE WHEN f."kind" = 'photo' THEN {COSINE} ELSE (
                    SELECT max({COSINE}) FROM "image_embedding" e WHERE e."file" = f."id" AND e."image_index" = ?2
                ) END AS "cosine"
                FROM "ranked" r CROSS JOIN "image_embedding" e ON e."id" = r."embedding"
                CROSS JOIN "stored_file" f ON f."id" = e."file"
                WHERE ({self.condition}) LIMIT {pool}""",
            [self.vector, self.index, self.code, self.generation, lists, window, *self.arguments],
        )

    async def _few(self, db: Database) -> list[Row] | None:
        """All that fulfils the condition, when that is not too much to be compared one by one."""
        ids = await db.value(
            f"""SELECT json_group_array("id") FROM (SELECT e."id" FROM "stored_file" f CROSS JOIN "image_embedding" e
                ON e."file" = f."id" AND e."image_index" = ?1 WHERE ({self.condition}) LIMIT {FEW + 1})""",
            [self.index, *self.arguments],
        )
        if len(msgspec.json.decode(ids)) > FEW:
            return None
        return await db.fetch(
            f"""SELECT e."file", {COSINE} AS "cosine" FROM json_each(?2) j
                CROSS JOIN "image_embedding" e ON e."id" = j.value""",
            [self.vector, ids],
        )


def best_files(rows: Iterable[Row]) -> list[tuple[uuid.UUID, float]]:
    """Files by their best frame, best first; ids decide between equals."""
    best: dict[str, float] = {}
    for row in rows:
        file, cosine = str(row["file"]), row["cosine"]
        if cosine is not None and cosine > best.get(file, -2.0):
            best[file] = cosine
    return [(uuid.UUID(file), cosine) for file, cosine in sorted(best.items(), key=lambda item: (-item[1], item[0]))]


def ids_json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
