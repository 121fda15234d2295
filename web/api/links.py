"""What a link shows to whoever has its address: no login, and nothing but this link.

The address stands for the right to look; where a password is wanted, a cookie that belongs to this link alone says that
this browser knows it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Controller, HttpMethod, Request, Response, get, post, route
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation
from litestar.types import ASGIApp

from appliance.home import Home
from appliance.importing import guests
from appliance.library import adjusted_copies, link_files, plain_copies, share_links
from appliance.library.originals import open_original
from appliance.library.share_links import Link, PasswordNeededError
from web.api.auth import address_of
from web.api.content import not_ready, open_preview
from web.api.schemas import Page, Place
from web.content import ASK_AGAIN, POLICY, FileContent
from web.parts import HomePart, UploadsPart
from web.receiving import receive_files
from web.throttle import Throttle

READ = [HttpMethod.GET, HttpMethod.HEAD]
Password = Annotated[str, msgspec.Meta(max_length=2000)]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a link needs first.  With `needs_password` nothing else is told."""

    needs_password: bool
    name: str = ""
    owner: str = ""
    kind: str = ""
    total: int = 0
    allow_download: bool = False
    allow_upload: bool = False
    show_location: bool = False
    show_metadata: bool = False


class LinkFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A photo or video by a link; what the link does not show is not there."""

    id: uuid.UUID
    kind: str
    width: int | None
    height: int | None
    duration_s: float | None
    thumbhash: str | None
    filename: str | msgspec.UnsetType = msgspec.UNSET
    taken: str | msgspec.UnsetType | None = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    camera: str | msgspec.UnsetType = msgspec.UNSET
    location: list[float] | msgspec.UnsetType | None = msgspec.UNSET
    place: Place | msgspec.UnsetType | None = msgspec.UNSET


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    password: Password


class Received(msgspec.Struct, frozen=True):
    """How many were taken in; the owner looks at them first."""

    received: int


class LinksController(Controller):
    path = "/s/{token:str}"
    tags = ("links",)

    @get(summary="What this link is")
    async def show(self, request: Request[Any, Any, Any], home: HomePart, token: FromPath[str]) -> Shown:
        try:
            link = await _open(request, home, token)
        except PasswordNeededError:
            return Shown(needs_password=True)
        await share_links.note_view(home.db, link)
        page = await link_files.list_files(home.db, link, limit=1, cursor=None)
        return Shown(
            needs_password=False,
            name=link.name,
            owner=link.owner,
            kind=link.kind,
            total=page["total"],
            allow_download=link.allow_download,
            allow_upload=link.allow_upload,
            show_location=link.show_location,
            show_metadata=link.show_metadata,
        )

    @post("/open", status_code=204, summary="Say its password; the answer sets the cookie of this link")
    async def open(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        token: FromPath[str],
        throttle: NamedDependency[SkipValidation[Throttle]],
        data: JSONBody[Said],
    ) -> Response[None]:
        address, name = address_of(request), f"link {token}"
        with throttle.trying(address, name):
            session = await share_links.open_with_password(home.db, token, data.password)
        cookie = Cookie(
            key=_cookie_name(token),
            value=session,
            max_age=int(timedelta(hours=12).total_seconds()),
            path=f"/api/v1/s/{token}",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return Response(None, status_code=204, cookies=[cookie])

    @get("/files", summary="What it shows")
    async def files(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        token: FromPath[str],
        limit: Annotated[int, QueryParameter(description="1 to 500")] = 100,
        cursor: FromQuery[str | None] = None,
    ) -> Page[LinkFile]:
        link = await _open(request, home, token)
        page = await link_files.list_files(home.db, link, limit=limit, cursor=cursor)
        return msgspec.convert(page, Page[LinkFile])

    @route("/files/{file_id:uuid}/thumbnail", http_method=READ, summary="250 px")
    async def thumbnail(
        self, request: Request[Any, Any, Any], home: HomePart, token: FromPath[str], file_id: FromPath[uuid.UUID]
    ) -> Response[bytes]:
        link = await _open(request, home, token)
        _, webp = await link_files.get_thumbnail(home.db, link, file_id)
        if webp is None:
            raise not_ready()
        return Response(
            webp, headers={"Cache-Control": ASK_AGAIN, "Content-Security-Policy": POLICY}, media_type="image/webp"
        )

    @route("/files/{file_id:uuid}/preview", http_method=READ, summary="At most 1440 px")
    async def preview(
        self, request: Request[Any, Any, Any], home: HomePart, token: FromPath[str], file_id: FromPath[uuid.UUID]
    ) -> ASGIApp:
        link = await _open(request, home, token)
        original = await link_files.get_original(home.db, link, file_id)
        made = await asyncio.to_thread(open_preview, os.fspath(home.paths.preview(original.rendition)))
        if made is None:
            raise not_ready()
        fd, media_type = made
        etag = f'"{_tag(file_id, original.rendition)}-p"'
        return FileContent(request, fd, etag=etag, media_type=media_type, cache_control=ASK_AGAIN)

    @route("/files/{file_id:uuid}/video", http_method=READ, summary="What plays, without what the link does not show")
    async def video(
        self, request: Request[Any, Any, Any], home: HomePart, token: FromPath[str], file_id: FromPath[uuid.UUID]
    ) -> ASGIApp:
        link = await _open(request, home, token)
        return await _bytes(request, home, link, file_id, download=False)

    @route(
        "/files/{file_id:uuid}/download",
        http_method=READ,
        summary="The original, a copy without its data, or the picture as it was adjusted",
    )
    async def download(
        self, request: Request[Any, Any, Any], home: HomePart, token: FromPath[str], file_id: FromPath[uuid.UUID]
    ) -> ASGIApp:
        link = await _open(request, home, token)
        link_files.require_download(link)
        return await _bytes(request, home, link, file_id, download=True)

    @post("/uploads", summary="Send photos and videos; the owner looks at them first", request_max_body_size=None)
    async def upload(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        token: FromPath[str],
        uploads: UploadsPart,
        guest: Annotated[str, QueryParameter(description="how you call yourself")] = "",
    ) -> Received:
        link = await _open(request, home, token)
        await guests.check_room(home, link)
        count = 0
        async for one in receive_files(request, uploads):
            await guests.receive(home, link, one.path, filename=one.filename, guest=guest)
            count += 1
        return Received(count)


async def _open(request: Request[Any, Any, Any], home: Home, token: str) -> Link:
    return await share_links.find_link(home.db, token, request.cookies.get(_cookie_name(token)))


async def _bytes(
    request: Request[Any, Any, Any], home: Home, link: Link, file_id: uuid.UUID, *, download: bool
) -> ASGIApp:
    original = await link_files.get_original(home.db, link, file_id)
    if not download:
        link_files.require_video(original)
    if original.adjusted and original.kind != "video":
        # Never the original: somebody may have cropped it for this.
        facts = None if link.is_plain else await adjusted_copies.facts_of(home.db, original.id)
        (fd, _), media_type = await adjusted_copies.full_copy(home, original, facts), "image/jpeg"
        plain = plain_copies.plain_name(original, media_type)
        filename = plain if link.is_plain else adjusted_copies.copy_name(original)
    elif link.is_plain:
        fd, media_type = await plain_copies.plain_copy(home, original)
        filename = plain_copies.plain_name(original, media_type)
    else:
        fd, media_type = await asyncio.to_thread(open_original, original), original.mime_type
        filename = original.filename
    return FileContent(
        request,
        fd,
        etag=f'"{_tag(file_id, original.rendition)}-{"plain" if link.is_plain else "whole"}"',
        media_type=media_type,
        cache_control=ASK_AGAIN,
        filename=filename,
        download=download,
    )


def _tag(file_id: uuid.UUID, rendition: str) -> str:
    """Changes with the picture, and says nothing of it."""
    return hashlib.blake2b(f"{file_id}{rendition}".encode(), digest_size=16).hexdigest()


def _cookie_name(token: str) -> str:
    """One for each link; the browser sends it to that link's addresses only."""
    return f"homeroll_link_{token[:8]}"
