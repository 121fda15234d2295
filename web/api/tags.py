"""Tags: the words on the photos, and saying which are right."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from appliance.library import tagging
from web.api.files import shown
from web.api.schemas import File, Page
from web.parts import Asking, HomePart


class TagItem(msgspec.Struct, frozen=True):
    """A word on `count` files that you see; `sources` says who says it, `cover` is one of the files."""

    name: str
    count: int
    sources: list[str]
    cover: uuid.UUID | None


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: Annotated[list[str], msgspec.Meta(max_length=200)]


class TagsController(Controller):
    path = "/tags"
    tags = ("tags",)

    @get(summary="Every tag, the most frequent first")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Annotated[int, QueryParameter(description="1 to 1000")] = 100,
        cursor: FromQuery[str | None] = None,
        q: Annotated[str, QueryParameter(description="beginning of any word of the tag")] = "",
    ) -> Page[TagItem]:
        page = await tagging.list_tags(home.db, viewer, limit=limit, cursor=cursor, q=q)
        return Page(items=msgspec.convert(page.items, list[TagItem]), total=page.total, next=page.next)


class FileTagsController(Controller):
    path = "/files/{file_id:uuid}/tags"
    tags = ("tags",)

    @put(summary="The tags that people give this file; those of models stay")
    async def put(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID], data: JSONBody[Names]) -> File:
        return shown(await tagging.set_by_hand(home.db, home.bus, viewer, file_id, data.names))

    @delete("/{name:path}", status_code=200, summary="This tag is wrong: it never comes back by itself")
    async def remove(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID], name: FromPath[str]) -> File:
        return shown(await tagging.reject(home.db, home.bus, viewer, file_id, name.removeprefix("/")))
