"""What the renditions of a file are called, and the size at which it is shown: by its content and its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.media import recipe as recipes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from appliance.db.engine import Database

STEP = "renditions"


def name_in_sql(table: str = "f") -> str:
    """What thumbnails and previews are called by, as an expression on a `stored_file`."""
    return f"""{table}."content_sha" || CASE {table}."adjusted" WHEN '' THEN '' ELSE '-' || {table}."adjusted" END"""


def name_of(content_sha: str, adjusted: str) -> str:
    return f"{content_sha}-{adjusted}" if adjusted else content_sha


def sizes(adjustments: str, width: int | None, height: int | None) -> dict[str, Any]:
    """Columns that say how large a file is shown, of its recipe and its size as taken."""
    if not adjustments:
        return {"width": width, "height": height, "original_width": None, "original_height": None}
    shown: tuple[int | None, int | None] = (width, height)
    if width and height:
        shown = recipes.shown_size(recipes.read(adjustments), width, height)
    return {"width": shown[0], "height": shown[1], "original_width": width, "original_height": height}


def original_size(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """Upright, as taken; None while nobody has looked."""
    width, height = row["original_width"] or row["width"], row["original_height"] or row["height"]
    return (width, height) if width and height else None


async def box_as_taken(db: Database, file: object, box: recipes.Box) -> recipes.Box:
    """A box on the picture as it is shown, on the upright one as it was taken."""
    row = await db.fetch_one(
        'SELECT "adjustments", "original_width", "original_height" FROM "stored_file" WHERE "id" = ?', [str(file)]
    )
    if row is None or not row["adjustments"] or not row["original_width"] or not row["original_height"]:
        return box
    recipe = recipes.read(row["adjustments"])
    return recipes.box_from_shown(recipe, (row["original_width"], row["original_height"]), box)


async def refit(db: Database, files: Iterable[object]) -> None:
    """Let sizes follow recipes that were just changed, and renditions be made anew.  Inside `db.write()`."""
    rows = await db.fetch(
        """SELECT "id", "adjustments", "width", "height", "original_width", "original_height" FROM "stored_file"
           WHERE "id" IN (SELECT value FROM json_each(?))""",
        [msgspec.json.encode([str(file) for file in files]).decode()],
    )
    values = []
    for row in rows:
        # A row that was shown as taken until now has no other size.
        size = (row["original_width"] or row["width"], row["original_height"] or row["height"])
        fitted = sizes(row["adjustments"], *size)
        values.append([*(fitted[name] for name in _SIZES), str(row["id"])])
    await db.execute_many(
        f"""UPDATE "stored_file" SET {", ".join(f'"{name}" = ?' for name in _SIZES)}, "thumbhash" = NULL
            WHERE "id" = ?""",
        values,
    )
    await db.execute_many(
        f"""UPDATE "file_step" SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
            WHERE "file" = ? AND "step" = '{STEP}'""",
        [[str(row["id"])] for row in rows],
    )


_SIZES = ("width", "height", "original_width", "original_height")
