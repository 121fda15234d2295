"""Text in photos: its lines with their boxes, as the reader in use saw them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import NotFoundError
from appliance.library.files import no_such_file
from appliance.library.settings import OFF, get_setting
from appliance.media import recipe as recipes
from appliance.values import new_id
from ml import registry
from ml.base import TextLine

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer

log = logging.getLogger(__name__)

OCR_STEP = "ocr"


class Reader(msgspec.Struct, frozen=True):
    """The one in use, as far as the library must know it."""

    name: str
    version: str


class PhotoText(msgspec.Struct, frozen=True):
    """What stands on a photo, line by line in reading order; no reader and no lines where nothing was found."""

    reader: str
    lines: list[TextLine]


async def reader_in_use(db: Database) -> Reader | None:
    """As the setting `text_reader` says; None when that is off, or a reader that is gone."""
    name = await get_setting(db, "text_reader")
    if name == OFF:
        return None
    try:
        spec = registry.text_reader(name).spec
    except NotFoundError:
        log.warning("text_reader=%s is not known any more: no text is read", name)
        return None
    return Reader(spec.name, spec.version)


async def keep(db: Database, file: uuid.UUID, reader: Reader, lines: Sequence[TextLine]) -> None:
    """What stands on this file now, in place of what was read before.  Inside `db.write()`."""
    if not lines:
        await db.fetch('DELETE FROM "photo_text" WHERE "file" = ?', [file])
        return
    await db.fetch(
        """INSERT INTO "photo_text" ("id", "file", "reader", "version", "lines", "text") VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT ("file") DO UPDATE SET "reader" = excluded."reader", "version" = excluded."version",
           "lines" = excluded."lines", "text" = excluded."text" """,
        [
            new_id(),
            file,
            reader.name,
            reader.version,
            msgspec.json.encode(lines).decode(),
            "\n".join(line.text for line in lines),
        ],
    )


async def text_of(db: Database, viewer: Viewer, file: uuid.UUID) -> PhotoText:
    """Raises NotFoundError for a file that the viewer may not see."""
    reach, arguments = viewer.reach("f")
    row = await db.fetch_one(
        f"""SELECT t."reader", t."lines", f."adjustments", f."original_width", f."original_height"
            FROM "stored_file" f LEFT JOIN "photo_text" t ON t."file" = f."id"
            WHERE f."id" = ? AND {reach}""",
        [file, *arguments],
    )
    if row is None:
        raise no_such_file()
    if row["reader"] is None:
        return PhotoText("", [])
    lines = msgspec.json.decode(row["lines"], type=list[TextLine])
    if row["adjustments"] and row["original_width"] and row["original_height"]:
        size = (row["original_width"], row["original_height"])
        recipe = recipes.read(row["adjustments"])
        lines = [shown for line in lines if (shown := _shown(line, recipe, size)) is not None]
    return PhotoText(row["reader"], lines)


def _shown(line: TextLine, recipe: recipes.Recipe, size: tuple[int, int]) -> TextLine | None:
    """A line where it stands on the adjusted picture; None when its middle was cropped away."""
    first, second, third, fourth = (recipes.point_to_shown(recipe, size, corner) for corner in line.box)
    middle = ((first[0] + third[0]) / 2, (first[1] + third[1]) / 2)
    if not all(0 <= value <= 1 for value in middle):
        return None
    return msgspec.structs.replace(line, box=(first, second, third, fourth))
