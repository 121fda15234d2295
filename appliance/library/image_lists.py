"""Learning the lists of the image index while it is in use: nothing here is ever waited for.

Vectors are found from the moment they are kept.  When there are twice as many as when lists were last learned, new
lists are made of a sample, new vectors go into them at once, and the old ones move over in small transactions; until
they have, a search reads lists of both generations.  All of the state is in the tables: stopped anywhere, it goes on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from appliance.library.image_index import Index, in_use
from appliance.library.image_search import PLACE_BITS, ids_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database

#: Fewer are read in a few milliseconds without any lists.
FIRST_LISTS_AT = 4000
GROWN = 2
LISTS_PER_ROOT = 4
SAMPLES_PER_LIST = 40


class Moving(msgspec.Struct, frozen=True):
    """Vectors that are in lists of an older generation: where each is, and the codes of all, one after the other."""

    places: list[int]
    embeddings: list[int]
    codes: bytes


def lists_wanted(vectors: int) -> int:
    return round(LISTS_PER_ROOT * math.sqrt(vectors))


async def index_to_learn(db: Database) -> Index | None:
    """The index in use, when new lists are due."""
    index = await in_use(db)
    if index is None or index.vectors < max(FIRST_LISTS_AT, GROWN * index.learned) or await is_moving(db, index):
        return None
    return index


async def is_moving(db: Database, index: Index) -> bool:
    return bool(await db.value(f"SELECT EXISTS ({_OLD})", [index.id, index.generation]))


async def sample(db: Database, index: Index, part: int, parts: int) -> bytes:
    """Codes of vectors spread evenly over the index, one after the other; the `part`th of `parts` portions."""
    bounds = await db.fetch_one(
        'SELECT min("id") AS "low", max("id") AS "high" FROM "image_embedding" WHERE "image_index" = ?', [index.id]
    )
    if bounds is None or bounds["low"] is None:
        return b""
    low, width = bounds["low"], bounds["high"] + 1 - bounds["low"]
    wanted = min(width, SAMPLES_PER_LIST * lists_wanted(index.vectors))
    numbers = [low + width * n // wanted for n in range(wanted * part // parts, wanted * (part + 1) // parts)]
    rows = await db.fetch(
        """SELECT v."code" FROM (SELECT DISTINCT (SELECT min(x."id") FROM "image_embedding" x
               WHERE x."image_index" = ? AND x."id" >= j.value) AS "id" FROM json_each(?) j) s
           CROSS JOIN "image_vectors" v ON v."embedding" = s."id" """,
        [index.id, ids_json(numbers)],
    )
    return b"".join(row["code"] for row in rows)


async def use_lists(db: Database, index: Index, centres: bytes) -> bool:
    """Begin a new generation; false when another one began in the meantime."""
    async with db.write():
        now_used = await db.value('SELECT "generation" FROM "image_index" WHERE "id" = ?', [index.id])
        if now_used != index.generation:
            return False
        await db.execute_many(
            'INSERT INTO "image_list" ("image_index", "generation", "code") VALUES (?, ?, ?)',
            [
                [index.id, index.generation + 1, centres[begin : begin + index.dimensions]]
                for begin in range(0, len(centres), index.dimensions)
            ],
        )
        await db.fetch(
            'UPDATE "image_index" SET "generation" = "generation" + 1, "learned" = ? WHERE "id" = ?',
            [index.vectors, index.id],
        )
        return True


async def newest_lists(db: Database, index: Index) -> tuple[list[int], bytes]:
    """Their ids, and their centres one after the other."""
    rows = await db.fetch(
        'SELECT "id", "code" FROM "image_list" WHERE "image_index" = ? AND "generation" = ? ORDER BY "id"',
        [index.id, index.generation],
    )
    return [row["id"] for row in rows], b"".join(row["code"] for row in rows)


async def to_move(db: Database, index: Index, limit: int) -> Moving:
    rows = await db.fetch(f"{_OLD} LIMIT ?", [index.id, index.generation, limit])
    return Moving(
        [row["place"] for row in rows], [row["embedding"] for row in rows], b"".join(row["code"] for row in rows)
    )


async def move(db: Database, moving: Moving, lists: Sequence[int]) -> None:
    """Put each vector into its new list; one that has gone or changed meanwhile is not there any more, and stays so."""
    async with db.write():
        await db.execute_many(
            'UPDATE "image_vectors" SET "place" = ? WHERE "place" = ?',
            [
                [new << PLACE_BITS | embedding, place]
                for place, embedding, new in zip(moving.places, moving.embeddings, lists, strict=True)
            ],
        )


async def forget_old_lists(db: Database, index: Index) -> None:
    """When nothing is in them any more."""
    async with db.write():
        if not await is_moving(db, index):
            await db.fetch(
                'DELETE FROM "image_list" WHERE "image_index" = ? AND "generation" > 0 AND "generation" < ?',
                [index.id, index.generation],
            )


_OLD = f"""SELECT v."place", v."embedding", v."code" FROM "image_list" l CROSS JOIN "image_vectors" v
    ON v."place" BETWEEN l."id" << {PLACE_BITS} AND (l."id" + 1 << {PLACE_BITS}) - 1
    WHERE l."image_index" = ? AND l."generation" < ?"""
