"""How somebody turned, cropped and lit a copy that goes, done to the one that stays.

A recipe is about one picture: it is valid for the very same bytes, and for a picture that was merely encoded anew or
resized.  On one of another shape, or that was mirrored, turned or cut, it would show something else: it is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import InvalidInputError
from appliance.library import adjustments, file_changes, renditions
from appliance.library.duplicate_search import LITTLE_CONTRAST, NEAR, NEAR_WITH_LITTLE_CONTRAST
from appliance.library.face_index import ids_json
from appliance.media import recipe as recipes

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from appliance.db.engine import Database, Row

#: Pictures whose shapes differ by more were cut or turned.
SAME_SHAPE = 0.02
_ROW = """f."id", f."kind", f."animated", f."unshowable", f."adjustments", f."adjusted", f."content_sha",
    f."width", f."height", f."original_width", f."original_height", l."bits", l."contrast" """


async def take_over(db: Database, kept: uuid.UUID, readable: Sequence[str]) -> None:
    """The recipe of the first of `readable` that has one which is valid for `kept`, if `kept` has none of its own.

    Its renditions are made soon.  Inside `db.write()`.
    """
    rows = await db.fetch(
        f"""SELECT {_ROW} FROM "stored_file" f LEFT JOIN "photo_looks" l ON l."file" = f."id"
            WHERE f."id" IN (SELECT value FROM json_each(?))""",
        [ids_json([kept, *readable])],
    )
    known = {str(row["id"]): row for row in rows}
    own = known[str(kept)]
    if own["adjustments"] or adjustments.why_not(own):
        return
    copies = (known[file] for file in readable if known[file]["adjustments"])
    found = next((copy for copy in copies if is_valid(copy, own)), None)
    if found is not None:
        values = {name: found[name] for name in ("adjustments", "adjusted")}
        await file_changes.set_columns(db, {str(kept): values})
        await renditions.refit(db, [kept])


def is_valid(copy: Row, own: Row) -> bool:
    """Whether the recipe of `copy` does to `own` what it does to `copy`."""
    size = renditions.original_size(own)
    if size is None:
        return False
    try:
        recipes.check_size(recipes.read(copy["adjustments"]), *size)
    except InvalidInputError:
        return False
    return copy["content_sha"] == own["content_sha"] or (same_shape(copy, own) and _same_way_round(copy, own))


def same_shape(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Of the pictures as taken; False while nobody has looked at one of them."""
    shapes = [size[0] / size[1] for size in map(renditions.original_size, (one, other)) if size]
    return len(shapes) == 2 and abs(shapes[0] / shapes[1] - 1) <= SAME_SHAPE


def _same_way_round(one: Row, other: Row) -> bool:
    """Alike as they stand: looks are found alike when one is mirrored or turned, too."""
    if not one["bits"] or not other["bits"]:
        return False
    differ = int.from_bytes(one["bits"], "big") ^ int.from_bytes(other["bits"], "big")
    plain = min(one["contrast"], other["contrast"]) < LITTLE_CONTRAST
    return differ.bit_count() <= (NEAR_WITH_LITTLE_CONTRAST if plain else NEAR)
