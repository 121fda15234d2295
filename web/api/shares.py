"""Links that you made, and what guests sent by them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from appliance.importing import guests
from appliance.library import share_links
from web.api.schemas import Items
from web.content import ASK_AGAIN, POLICY
from web.params import Title
from web.parts import Asking, HomePart, RunnerPart, UploadsPart

Text = Annotated[str, msgspec.Meta(max_length=200)]
LinkPassword = Annotated[str, msgspec.Meta(max_length=200, extra_json_schema={"minLength": 4})]
Files = Annotated[list[uuid.UUID], msgspec.Meta(max_length=10_000)]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is its address here; `files` counts a selection, `waiting` what guests sent and nobody has looked at."""

    id: uuid.UUID
    kind: Literal["album", "selection", "person", "event"]
    album: uuid.UUID | None
    person: uuid.UUID | None
    event: uuid.UUID | None
    name: str
    token: str
    path: str
    has_password: bool
    expires: datetime | None
    expired: bool
    allow_download: bool
    show_location: bool
    show_metadata: bool
    allow_upload: bool
    files: int
    waiting: int
    views: int
    last_viewed: datetime | None
    created: datetime
    modified: datetime


class NewShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `album`, `person`, `event` and `files`.  What is not said is not allowed and not shown."""

    album: uuid.UUID | None = None
    person: uuid.UUID | None = None
    event: uuid.UUID | None = None
    files: Files = []
    name: Text = ""
    password: LinkPassword | None = None
    expires: datetime | None = None
    allow_download: bool = False
    show_location: bool = False
    show_metadata: bool = False
    allow_upload: bool = False


class ShareChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only the fields that are there are changed; null takes password or end away."""

    name: Title | msgspec.UnsetType = msgspec.UNSET
    password: LinkPassword | msgspec.UnsetType | None = msgspec.UNSET
    expires: datetime | msgspec.UnsetType | None = msgspec.UNSET
    allow_download: bool | msgspec.UnsetType = msgspec.UNSET
    show_location: bool | msgspec.UnsetType = msgspec.UNSET
    show_metadata: bool | msgspec.UnsetType = msgspec.UNSET
    allow_upload: bool | msgspec.UnsetType = msgspec.UNSET


class GuestUpload(msgspec.Struct, frozen=True, kw_only=True):
    """`guest`: how they called themselves; `album`: where it goes when it is accepted."""

    id: uuid.UUID
    filename: str
    kind: str
    mime_type: str
    size_bytes: int
    taken: str
    guest: str
    link: uuid.UUID | None
    link_name: str | None
    album: uuid.UUID | None
    album_name: str | None
    created: datetime


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=1000)]


class Accepted(msgspec.Struct, frozen=True):
    """The files that they are now."""

    files: list[uuid.UUID]


class SharesController(Controller):
    path = "/shares"
    tags = ("sharing",)

    @get(summary="Your links, the newest first")
    async def list(self, home: HomePart, viewer: Asking) -> Items[Share]:
        return Items(msgspec.convert(await share_links.list_links(home.db, viewer), list[Share]))

    @post(summary="A link that shows an album, a person, an event or some files to whoever has it")
    async def add(self, home: HomePart, viewer: Asking, data: JSONBody[NewShare]) -> Share:
        wish = {name: getattr(data, name) for name in data.__struct_fields__}
        return msgspec.convert(await share_links.add_link(home.db, viewer, wish), Share)

    @get("/{share_id:uuid}", summary="One link")
    async def get_one(self, home: HomePart, viewer: Asking, share_id: FromPath[uuid.UUID]) -> Share:
        return msgspec.convert(await share_links.get_link(home.db, viewer, share_id), Share)

    @patch("/{share_id:uuid}", summary="Change what it shows and allows, its password, its end")
    async def change(
        self, home: HomePart, viewer: Asking, share_id: FromPath[uuid.UUID], data: JSONBody[ShareChange]
    ) -> Share:
        names = data.__struct_fields__
        changes = {name: value for name in names if (value := getattr(data, name)) is not msgspec.UNSET}
        return msgspec.convert(await share_links.change_link(home.db, viewer, share_id, changes), Share)

    @delete("/{share_id:uuid}", summary="Take it back: it opens nothing any more")
    async def revoke(self, home: HomePart, viewer: Asking, share_id: FromPath[uuid.UUID]) -> None:
        await share_links.revoke(home.db, viewer, share_id)

    @get("/uploads", summary="What guests sent and you have not looked at")
    async def uploads(self, home: HomePart, viewer: Asking) -> Items[GuestUpload]:
        return Items(msgspec.convert(await guests.list_waiting(home, viewer), list[GuestUpload]))

    @get("/uploads/{upload_id:uuid}/thumbnail", summary="250 px of it", media_type="image/webp")
    async def thumbnail(self, home: HomePart, viewer: Asking, upload_id: FromPath[uuid.UUID]) -> Response[bytes]:
        headers = {"Cache-Control": ASK_AGAIN, "Content-Security-Policy": POLICY}
        return Response(await guests.thumbnail(home, viewer, upload_id), headers=headers, media_type="image/webp")

    @post("/uploads/accept", status_code=200, summary="Make them yours, in the album they were sent to")
    async def accept(
        self, home: HomePart, viewer: Asking, uploads: UploadsPart, runner: RunnerPart, data: JSONBody[Chosen]
    ) -> Accepted:
        files = await guests.accept(home, viewer, uploads, data.ids)
        runner.wake()
        return Accepted(files)

    @post("/uploads/reject", status_code=204, summary="Remove them for good")
    async def reject(self, home: HomePart, viewer: Asking, data: JSONBody[Chosen]) -> None:
        await guests.reject(home, viewer, data.ids)
