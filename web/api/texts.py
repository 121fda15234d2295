"""What stands on a photo, and a sentence about it."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Controller, get
from litestar.params import FromPath

from appliance.library import photo_text
from web.parts import Asking, HomePart


class TextLine(msgspec.Struct, frozen=True):
    """`box`: its corners [x, y], clockwise from top left, as fractions of the upright picture; `score`: 0 to 1."""

    text: str
    box: list[list[float]]
    score: float


class PhotoText(msgspec.Struct, frozen=True):
    """In reading order.  `reader`: who read it; empty where nothing was found, or nobody has looked yet."""

    reader: str
    lines: list[TextLine]


class TextsController(Controller):
    tags = ("files",)

    @get("/files/{file_id:uuid}/text", summary="Text in a photo, line by line")
    async def text(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> PhotoText:
        return msgspec.convert(msgspec.to_builtins(await photo_text.text_of(home.db, viewer, file_id)), PhotoText)
