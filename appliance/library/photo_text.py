"""Text in photos: its lines with their boxes, as the reader in use saw them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import NotFoundError
from appliance.library.files import no_such_file
from appliance.library.settings import OFF, get_setting
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
        f"""SELECT t."reader", t."lines" FROM "stored_file" f LEFT JOIN "photo_text" t ON t."file" = f."id"
            WHERE f."id" = ? AND {reach}""",
        [file, *arguments],
    )
    if row is None:
        raise no_such_file()
    if row["reader"] is None:
        return PhotoText("", [])
    return PhotoText(row["reader"], msgspec.json.decode(row["lines"], type=list[TextLine]))
