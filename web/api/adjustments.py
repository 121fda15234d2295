"""Turning, cropping, straightening and lighting photos, without touching their bytes."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post, put, route
from litestar.params import FromPath, JSONBody
from litestar.types import ASGIApp

from appliance.home import Home
from appliance.library import adjustments, edits, files
from appliance.media.recipe import NOTHING, Recipe
from web.api.content import READ, not_ready, open_preview
from web.api.files import shown
from web.api.schemas import File
from web.content import ASK_AGAIN, FileContent
from web.parts import Asking, HomePart, RunnerPart


class Adjustments(msgspec.Struct, frozen=True):
    """`width`, `height` are those of the picture as taken, upright; null until somebody has looked at it."""

    recipe: Recipe
    width: int | None
    height: int | None


class AdjustedFile(msgspec.Struct, frozen=True):
    """`undo` is the journal's entry, null when nothing has changed."""

    file: File
    undo: uuid.UUID | None


class ManyAdjustments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those of `ids` that you may change; others are left alone."""

    ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=edits.MOST_FILES)]
    change: adjustments.Change


class ManyAdjusted(msgspec.Struct, frozen=True):
    """How many files are shown differently now; `left`: how many cannot be adjusted, such as videos.

    `POST /journal/{undo}/undo` takes it back, null when nothing has changed.
    """

    changed: int
    undo: uuid.UUID | None
    left: int


class AdjustmentsController(Controller):
    path = "/files"
    tags = ("files",)

    @get("/{file_id:uuid}/adjustments", summary="How a photo is turned, cropped and lit")
    async def get_one(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> Adjustments:
        return msgspec.convert(await adjustments.get_recipe(home.db, viewer, file_id), Adjustments)

    @put("/{file_id:uuid}/adjustments", summary="Turn, crop, straighten, light a photo; its bytes stay as they are")
    async def change(
        self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID], data: JSONBody[Recipe]
    ) -> AdjustedFile:
        return await _adjusted(home, viewer, file_id, data)

    @delete("/{file_id:uuid}/adjustments", status_code=200, summary="Show a photo as it was taken")
    async def reset(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> AdjustedFile:
        return await _adjusted(home, viewer, file_id, NOTHING)

    @route(
        "/{file_id:uuid}/adjustments/before",
        http_method=READ,
        summary="The preview of the photo as it was taken, for whoever may change it",
    )
    async def before(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        file_id: FromPath[uuid.UUID],
        runner: RunnerPart,
    ) -> ASGIApp:
        path = await adjustments.preview_as_taken(home, viewer, file_id)
        made = await asyncio.to_thread(open_preview, os.fspath(path))
        if made is None:
            runner.prioritise([file_id])
            raise not_ready()
        fd, media_type = made
        return FileContent(request, fd, etag=f'"{path.name[:32]}-b"', media_type=media_type, cache_control=ASK_AGAIN)

    @post(
        "/adjust", status_code=200, summary="Turn, mirror, light or reset many photos, in one step that can be undone"
    )
    async def change_many(
        self, home: HomePart, viewer: Asking, runner: RunnerPart, data: JSONBody[ManyAdjustments]
    ) -> ManyAdjusted:
        done = await adjustments.adjust_files(home, viewer, data.ids, data.change)
        runner.prioritise(data.ids)
        return msgspec.convert(done, ManyAdjusted, from_attributes=True)


async def _adjusted(home: Home, viewer: Asking, file_id: uuid.UUID, recipe: Recipe) -> AdjustedFile:
    done = await adjustments.adjust_file(home, viewer, file_id, recipe)
    return AdjustedFile(shown(await files.get_file(home.db, viewer, file_id)), done.undo)
