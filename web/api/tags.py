"""Tags: the words on the photos, and saying which are right."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.library import tag_names, tagging
from web.api.files import shown
from web.api.schemas import File, Page
from web.params import Cursor, Limit1000, TagName
from web.parts import Asking, HomePart


class TagItem(msgspec.Struct, frozen=True):
    """A word on `count` files that you see; `sources` says who says it, `cover` is one of the files."""

    name: str
    count: int
    sources: list[str]
    cover: uuid.UUID | None


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: Annotated[list[TagName], msgspec.Meta(max_length=200)]


class Rename(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    to: TagName


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: Annotated[list[str], msgspec.Meta(min_length=1, max_length=100)]
    into: TagName


class OneTag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class TagsController(Controller):
    path = "/tags"
    tags = ("tags",)

    @get(summary="Every tag, the most frequent first")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit1000 = 100,
        cursor: Cursor = None,
        q: Annotated[str, QueryParameter(description="beginning of any word of the tag")] = "",
    ) -> Page[TagItem]:
        page = await tagging.list_tags(home.db, viewer, limit=limit, cursor=cursor, q=q)
        return Page(items=msgspec.convert(page.items, list[TagItem]), total=page.total, next=page.next)

    @post("/rename", status_code=200, summary="Another word for a tag, and for those in it, on all files of yours")
    async def rename(self, home: HomePart, viewer: Asking, data: JSONBody[Rename]) -> tag_names.Renamed:
        return await tag_names.rename(home.db, home.bus, viewer, data.name, data.to)

    @post("/merge", status_code=200, summary="Several tags become one, on all files of yours")
    async def merge(self, home: HomePart, viewer: Asking, data: JSONBody[Merge]) -> tag_names.Renamed:
        return await tag_names.merge(home.db, home.bus, viewer, data.names, data.into)

    @post("/remove", status_code=200, summary="Take a tag off all files of yours")
    async def take_off(self, home: HomePart, viewer: Asking, data: JSONBody[OneTag]) -> tag_names.Renamed:
        return await tag_names.remove(home.db, home.bus, viewer, data.name)


class FileTagsController(Controller):
    path = "/files/{file_id:uuid}/tags"
    tags = ("tags",)

    @put(summary="The tags that people give this file; those of models stay")
    async def put(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID], data: JSONBody[Names]) -> File:
        return shown(await tagging.set_by_hand(home.db, home.bus, viewer, file_id, data.names))

    @delete("/{name:path}", status_code=200, summary="This tag is wrong: it never comes back by itself")
    async def remove(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID], name: FromPath[str]) -> File:
        return shown(await tagging.reject(home.db, home.bus, viewer, file_id, name.removeprefix("/")))
