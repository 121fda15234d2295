"""Albums: files chosen by hand, and saved searches; who sees them, who may change them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Controller, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from appliance.library import albums
from web.api.files import shown
from web.api.schemas import File, Page
from web.params import Cursor, Limit1000, Offset, Title
from web.parts import Asking, HomePart

Family = Literal["", "viewer", "editor"]
Role = Literal["viewer", "editor"]
Sorting = Literal["newest", "oldest", "hand"]


class Member(msgspec.Struct, frozen=True):
    user: uuid.UUID
    name: str
    role: Role


class Album(msgspec.Struct, frozen=True, kw_only=True):
    """`query` is null for an album by hand.  `family`: what everybody in the house may do with it, "" nothing;
    `private`: just that.  `role`: what you may do.  `user` is its owner, null where it is everybody's; `members` were
    let in by name, which only editors see.  `parent`: the album it lies in, if you see that.

    `count` and `cover` are of files that you see; of a saved search, of those that its words find in texts.
    """

    id: uuid.UUID
    name: str
    query: str | None
    private: bool
    family: Family
    role: Literal["viewer", "editor", "owner"]
    user: uuid.UUID | None
    owner: str
    members: list[Member]
    parent: uuid.UUID | None
    sorting: Sorting
    count: int
    cover: uuid.UUID | None
    created: datetime
    modified: datetime


class ChangedAlbum(Album, frozen=True, kw_only=True):
    """`undo`: the journal's entry, null when nothing has changed."""

    undo: uuid.UUID | None


class NewAlbum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Title
    query: str | None = None
    private: bool = False
    parent: uuid.UUID | None = None


class AlbumChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only the fields that are there are changed."""

    name: Title | msgspec.UnsetType = msgspec.UNSET
    query: str | msgspec.UnsetType | None = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET
    family: Family | msgspec.UnsetType = msgspec.UNSET
    sorting: Sorting | msgspec.UnsetType = msgspec.UNSET
    cover: uuid.UUID | msgspec.UnsetType | None = msgspec.UNSET
    parent: uuid.UUID | msgspec.UnsetType | None = msgspec.UNSET


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: uuid.UUID
    role: Role = "viewer"


class NewMembers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    members: Annotated[list[NewMember], msgspec.Meta(max_length=1000)]


class SomeFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=10_000)]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Move `ids` before the file `before`, or to the end."""

    ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=10_000)]
    before: uuid.UUID | None = None


class AlbumsController(Controller):
    path = "/albums"
    tags = ("albums",)

    @get(summary="Albums that you may look at, by name")
    async def list(self, home: HomePart, viewer: Asking) -> Page[Album]:
        rows = await albums.list_albums(home.db, viewer)
        return Page(items=msgspec.convert(rows, list[Album]), total=len(rows), next=None)

    @post(summary="A new album; with a query it is a saved search")
    async def add(self, home: HomePart, viewer: Asking, data: JSONBody[NewAlbum]) -> Album:
        row = await albums.add_album(
            home.db, viewer, name=data.name, query=data.query, private=data.private, parent=data.parent
        )
        return msgspec.convert(row, Album)

    @get("/{album_id:uuid}", summary="One album")
    async def get_one(self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID]) -> Album:
        return msgspec.convert(await albums.get_album(home.db, viewer, album_id), Album)

    @patch("/{album_id:uuid}", summary="Rename, order, choose the cover; as its owner: share, move, keep private")
    async def change(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[AlbumChange]
    ) -> Album:
        names = data.__struct_fields__
        changes = {name: value for name in names if (value := getattr(data, name)) is not msgspec.UNSET}
        return msgspec.convert(await albums.change_album(home.db, viewer, album_id, changes), Album)

    @delete("/{album_id:uuid}", summary="Remove the album; its files stay, albums in it move up")
    async def remove(self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID]) -> None:
        await albums.delete_album(home.db, viewer, album_id)

    @put("/{album_id:uuid}/members", summary="Who is let in by name, and whether they may change it")
    async def let_in(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[NewMembers]
    ) -> Album:
        members = {member.user: member.role for member in data.members}
        return msgspec.convert(await albums.let_in(home.db, viewer, album_id, members), Album)

    @post("/{album_id:uuid}/leave", status_code=204, summary="I do not want to be let in any more")
    async def leave(self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID]) -> None:
        await albums.leave(home.db, viewer, album_id)

    @get("/{album_id:uuid}/files", summary="What is in it, as it is ordered; of a saved search the best match first")
    async def files(
        self,
        home: HomePart,
        viewer: Asking,
        album_id: FromPath[uuid.UUID],
        limit: Limit1000 = 100,
        cursor: Cursor = None,
        offset: Offset = 0,
    ) -> Page[File]:
        """`cursor` goes before `offset`."""
        page = await albums.files_of_album(home, viewer, album_id, limit=limit, cursor=cursor, offset=offset)
        return Page(items=[shown(row) for row in page.items], total=page.total, next=page.next)

    @post(
        "/{album_id:uuid}/files", status_code=200, summary="Put files into an album by hand; your own are shared by it"
    )
    async def put(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[SomeFiles]
    ) -> ChangedAlbum:
        row, entry = await albums.change_files(home.db, viewer, album_id, data.ids)
        return msgspec.convert(row | {"undo": entry}, ChangedAlbum)

    @post("/{album_id:uuid}/files/remove", status_code=200, summary="Take files out of an album by hand")
    async def take(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[SomeFiles]
    ) -> ChangedAlbum:
        row, entry = await albums.change_files(home.db, viewer, album_id, data.ids, remove=True)
        return msgspec.convert(row | {"undo": entry}, ChangedAlbum)

    @post("/{album_id:uuid}/order", status_code=200, summary="Order by hand: move files before another one")
    async def order(
        self, home: HomePart, viewer: Asking, album_id: FromPath[uuid.UUID], data: JSONBody[Order]
    ) -> ChangedAlbum:
        row, entry = await albums.order_files(home.db, viewer, album_id, data.ids, before=data.before)
        return msgspec.convert(row | {"undo": entry}, ChangedAlbum)
