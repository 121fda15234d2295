"""The ocr step: text in a photo, by the reader in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ComputeError, ModelUnavailableError
from appliance.library import intake, photo_text
from appliance.library.photo_text import Reader
from appliance.steps.base import StepBase
from appliance.steps.pictures import Picture, open_picture, picture_for
from ml.base import TextLine
from ml.registry import text_reader
from ml.runtime import loaded

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Row
    from appliance.home import Home
    from ml.base import Runtime


class ReadText(msgspec.Struct, frozen=True):
    """What a reader saw in one photo."""

    reader: Reader
    lines: list[TextLine]


def read_text(picture: Picture, reader: Reader, runtime: Runtime) -> ReadText:
    """In the models' process; the original is decoded where the preview is too small for small print."""
    found = loaded(text_reader(reader.name), runtime)  # before decoding: without it there is nothing to do
    return ReadText(reader, found.read(open_picture(picture, found.max_side)))


class OcrStep(StepBase):
    name = photo_text.OCR_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP, intake.RENDITIONS_STEP)
    kinds = frozenset({"photo"})
    models = True
    timeout_s = 300.0
    run = staticmethod(read_text)

    async def hindrance(self, home: Home) -> str:
        return "" if await photo_text.reader_in_use(home.db) else "Reading text is off"

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        reader = await photo_text.reader_in_use(home.db)
        if reader is None:
            raise ModelUnavailableError("", "Reading text is off.")
        return picture_for(home, row), reader, home.runtime

    async def prepare(self, home: Home, row: Row, result: ReadText) -> None:
        if result.reader != await photo_text.reader_in_use(home.db):
            raise ComputeError("The text reader was changed in the meantime")

    async def save(self, home: Home, row: Row, result: ReadText) -> str:
        file: uuid.UUID = row["id"]
        await photo_text.keep(home.db, file, result.reader, result.lines)
        return ""
