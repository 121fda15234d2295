"""Albums: files chosen by hand, and saved searches."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from appliance.library import albums
from web.api.files import shown
from web.api.schemas import File, Page
from web.parts import Asking, HomePart


class Album(msgspec.Struct, frozen=True, kw_only=True):
    """`query` is null for an album by hand.  `private`: only its owner knows of it.

    `count` and `cover` are of files that you see; of a saved search, of those that its words find in texts.
    """

    id: uuid.UUID
    name: str
    query: str | None
    private: bool
    count: int
    cover: uuid.UUID | None
    created: datetime
    modified: datetime


class NewAlbum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    query: str | None = None
    private: bool = False


class AlbumChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only the fields that are there are changed."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    query: str | msgspec.UnsetType | None = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET


class SomeFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=10_000)]


class AlbumsController(Controller):
    path = "/albums"
    tags = ("albums",)

    @get(summary="Albums of the family and your own, by name")
    async def list(self, home: HomePart, viewer: Asking) -> Page[Album]:
        rows = await albums.list_albums(home.db, viewer)
        return Page(items=msgspec.convert(rows, list[Album]), total=len(rows), next=None)

    @post(summary="A new album; with a query it is a saved search")
    async def add(self, home: HomePart, viewer: Asking, data: JSONBody[NewAlbum]) -> Album:
        row = await albums.add_album(home.db, viewer, name=data.name, query=data.query, private=data.private)
        return msgspec.convert(row, Album)

    @get("/{album_id:uuid}", summary="One album")
    async def get_one(self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID]) -> Album:
        return msgspec.convert(await albums.get_album(home.db, viewer, album_id), Album)

    @patch("/{album_id:uuid}", summary="Rename, change the query, keep private")
    async def change(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[AlbumChange]
    ) -> Album:
        names = ("name", "query", "private")
        changes = {name: value for name in names if (value := getattr(data, name)) is not msgspec.UNSET}
        return msgspec.convert(await albums.change_album(home.db, viewer, album_id, changes), Album)

    @delete("/{album_id:uuid}", summary="Remove the album; its files stay")
    async def remove(self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID]) -> None:
        await albums.delete_album(home.db, viewer, album_id)

    @get("/{album_id:uuid}/files", summary="What is in it: the newest first, of a saved search the best match")
    async def files(
        self,
        home: HomePart,
        viewer: Asking,
        album_id: FromPath[uuid.UUID],
        limit: Annotated[int, QueryParameter(description="1 to 1000")] = 100,
        cursor: FromQuery[str | None] = None,
    ) -> Page[File]:
        page = await albums.files_of_album(home, viewer, album_id, limit=limit, cursor=cursor)
        return Page(items=[shown(row) for row in page.items], total=page.total, next=page.next)

    @post("/{album_id:uuid}/files", status_code=200, summary="Put files into an album by hand")
    async def put(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[SomeFiles]
    ) -> Album:
        return msgspec.convert(await albums.change_files(home.db, viewer, album_id, data.ids), Album)

    @post("/{album_id:uuid}/files/remove", status_code=200, summary="Take files out of an album by hand")
    async def take(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[SomeFiles]
    ) -> Album:
        return msgspec.convert(await albums.change_files(home.db, viewer, album_id, data.ids, remove=True), Album)
