"""What stands on a photo, and a sentence about it."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from appliance.library import caption_requests, photo_text
from appliance.library.caption_requests import CaptionState
from web.parts import Asking, HomePart, RunnerPart


class TextLine(msgspec.Struct, frozen=True):
    """`box`: its corners [x, y], clockwise from top left, as fractions of the upright picture; `score`: 0 to 1."""

    text: str
    box: list[list[float]]
    score: float


class PhotoText(msgspec.Struct, frozen=True):
    """In reading order.  `reader`: who read it; empty where nothing was found, or nobody has looked yet."""

    reader: str
    lines: list[TextLine]


class CaptionWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`model`: the one that writes; the one in use, if none is named."""

    model: str | None = None


class TextsController(Controller):
    tags = ("files",)

    @get("/files/{file_id:uuid}/text", summary="Text in a photo, line by line")
    async def text(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> PhotoText:
        return msgspec.convert(msgspec.to_builtins(await photo_text.text_of(home.db, viewer, file_id)), PhotoText)

    @get("/files/{file_id:uuid}/caption", summary="How far a model is with the caption that was asked for")
    async def caption(
        self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID], model: FromQuery[str | None] = None
    ) -> CaptionState:
        return await caption_requests.state_of(home.db, viewer, file_id, model=model)

    @post("/files/{file_id:uuid}/caption", status_code=202, summary="Have a model write a caption")
    async def ask(
        self,
        home: HomePart,
        viewer: Asking,
        runner: RunnerPart,
        file_id: FromPath[uuid.UUID],
        data: JSONBody[CaptionWish | None] = None,
    ) -> CaptionState:
        state = await caption_requests.request(home, viewer, file_id, model=data.model if data else None)
        if state.status == "pending":
            runner.prioritise([file_id])
        return state
