"""The bytes of files: originals with ranges, thumbnails, previews, and what moves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import uuid
from typing import Any

import msgspec
from litestar import Controller, HttpMethod, Request, Response, route
from litestar.params import FromPath, FromQuery
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from appliance.errors import HomerollError, StorageError
from appliance.home import Home
from appliance.library import adjusted_copies, files, intake, renditions, thumbnails
from appliance.library import steps as file_steps
from appliance.library.originals import open_original, path_of
from appliance.library.standins import adjust_rendition, make_stand_in
from appliance.media import recipe as recipes
from web.content import ASK_AGAIN, BY_HASH, POLICY, FileContent
from web.errors import NotReadyError
from web.parts import Asking, HomePart, RunnerPart
from web.ranges import is_match

READ = [HttpMethod.GET, HttpMethod.HEAD]
#: Pictures that every browser shows, so that the original can stand in for a preview that is not made yet.
SHOWN_BY_BROWSERS = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"})
LARGEST_STAND_IN_BYTES = 40 << 20
STAND_IN_TIMEOUT_S = 10.0
HEAD_BYTES = 16
VERSION_DIGITS = 12


class ContentController(Controller):
    path = "/files/{file_id:uuid}"
    tags = ("content",)

    @route(
        "/content",
        http_method=READ,
        summary="The original, in ranges if you like; ?download=1 saves it, ?adjusted=1 is the picture as it is shown",
    )
    async def content(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        file_id: FromPath[uuid.UUID],
        download: FromQuery[bool] = False,
        adjusted: FromQuery[bool] = False,
    ) -> ASGIApp:
        original = await files.get_original(home.db, viewer, file_id)
        if adjusted and original.adjusted:
            fd, tag = await adjusted_copies.full_copy(
                home, original, await adjusted_copies.facts_of(home.db, original.id)
            )
            return FileContent(
                request,
                fd,
                etag=f'"{tag}"',
                media_type="image/jpeg",
                cache_control=ASK_AGAIN,
                filename=adjusted_copies.copy_name(original),
                download=download,
            )
        return FileContent(
            request,
            await asyncio.to_thread(open_original, original),
            etag=f'"{original.content_sha}"',
            media_type=original.mime_type,
            cache_control=_caching(request),
            filename=original.filename,
            download=download,
        )

    @route("/video", http_method=READ, summary="What plays: the video, or the moving part of a live or motion photo")
    async def video(
        self, request: Request[Any, Any, Any], home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]
    ) -> ASGIApp:
        original, begin = await files.get_moving_part(home.db, viewer, file_id)
        return FileContent(
            request,
            await asyncio.to_thread(open_original, original),
            etag=f'"{original.content_sha}-{begin}"',
            media_type="video/mp4" if begin else original.mime_type,
            cache_control=_caching(request),
            begin=begin,
        )

    @route("/preview", http_method=READ, summary="At most 1440 px, upright, sRGB")
    async def preview(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        file_id: FromPath[uuid.UUID],
        runner: RunnerPart,
    ) -> ASGIApp:
        original = await files.get_original(home.db, viewer, file_id)
        made = await asyncio.to_thread(open_preview, os.fspath(home.paths.preview(original.rendition)))
        if made is not None:
            fd, media_type = made
            etag = f'"{original.content_sha[:32]}{original.adjusted}-p"'
            return FileContent(request, fd, etag=etag, media_type=media_type, cache_control=_caching(request, original))
        with contextlib.suppress(StorageError):  # what cannot be made now can still be shown
            await file_steps.redo(home.db, intake.RENDITIONS_STEP, file_id)
        runner.prioritise([file_id])
        # The original never stands in for what was made of it: what was cropped away is not to be seen.
        if (
            not original.adjusted
            and original.mime_type in SHOWN_BY_BROWSERS
            and original.size_bytes <= LARGEST_STAND_IN_BYTES
        ):
            fd = await asyncio.to_thread(open_original, original)
            return FileContent(
                request, fd, etag=f'"{original.content_sha}"', media_type=original.mime_type, cache_control=ASK_AGAIN
            )
        jpeg = await _adjusted_preview(home, original)
        if jpeg is not None:
            headers = {"Cache-Control": ASK_AGAIN, "Content-Security-Policy": POLICY}
            return ASGIResponse(
                body=jpeg, media_type="image/jpeg", headers=headers, is_head_response=request.method == HttpMethod.HEAD
            )
        raise not_ready()

    @route("/thumbnail", http_method=READ, summary="250 px; until it is made, a small picture in its place")
    async def thumbnail(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        file_id: FromPath[uuid.UUID],
        runner: RunnerPart,
    ) -> Response[bytes]:
        original, webp = await files.get_thumbnail(home.db, viewer, file_id)
        if webp is not None:
            etag = f'"{original.content_sha[:32]}{original.adjusted}-t"'
            return _picture(request, webp, "image/webp", etag, _caching(request, original))
        if original.adjusted:  # the tables may think that it is there: it is tidied away while nobody wants it
            with contextlib.suppress(StorageError):
                await file_steps.redo(home.db, intake.RENDITIONS_STEP, file_id)
        runner.prioritise([file_id])
        jpeg = await _stand_in(home, original)
        if jpeg is None and request.query_params.get("v") == "standin":
            # The page knows that none may be there: "nothing" is an answer, not an error in its console.
            return Response(b"", status_code=204, headers={"Cache-Control": ASK_AGAIN})
        if jpeg is None:
            raise not_ready()
        return _picture(request, jpeg, "image/jpeg", f'"{original.content_sha[:32]}{original.adjusted}-s"', ASK_AGAIN)


def _caching(request: Request[Any, Any, Any], made_of: files.Original | None = None) -> str:
    """An address that carries the content's hash never shows anything else; `standin` stands for no hash yet.

    made_of: what the answer is a rendition of, of which only that address may be kept that names its recipe, too.
    """
    version = request.query_params.get("v", "")
    if not version or version == "standin":
        return ASK_AGAIN
    if made_of is None:
        return BY_HASH
    known = (made_of.content_sha[:VERSION_DIGITS] + made_of.adjusted, rendition_version(made_of.thumbhash))
    return BY_HASH if version in known else ASK_AGAIN


def rendition_version(thumbhash: str | None) -> str:
    """What pages put into addresses of renditions (`renditionVersion` in timeline/flags.js): both ends of the
    thumbhash, of which the second says what was made of the picture."""
    plain = re.sub("[^a-zA-Z0-9]", "", thumbhash or "")
    return plain[:6] + plain[-12:]


def _picture(
    request: Request[Any, Any, Any], data: bytes, media_type: str, etag: str, cache_control: str
) -> Response[bytes]:
    headers = {"ETag": etag, "Cache-Control": cache_control, "Content-Security-Policy": POLICY}
    if is_match(request.headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(data, headers=headers, media_type=media_type)


def open_preview(path: str) -> tuple[int, str] | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    head = os.pread(fd, HEAD_BYTES, 0)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return fd, "image/webp"
    if head.startswith(b"GIF8"):
        return fd, "image/gif"
    if head.startswith(b"\xff\xd8"):
        return fd, "image/jpeg"
    # Previews are not fsynced: after a power cut one may be empty, or zeros.
    os.close(fd)
    return None


async def _stand_in(home: Home, original: files.Original) -> bytes | None:
    """Of an adjusted picture its thumbnail as taken, adjusted: many may have just been turned at once."""
    if original.kind not in ("photo", "raw"):
        return None
    try:
        if original.adjusted and (webp := await thumbnails.get_thumbnail(home.db, original.content_sha)) is not None:
            return await _adjusted(home, original, webp)
        os.close(await asyncio.to_thread(open_original, original))
        return await home.compute.run(
            make_stand_in,
            path_of(original.root, original.content),
            original.orientation,
            *(renditions.original_size(msgspec.structs.asdict(original)) or (None, None)),
            recipes.read(original.adjustments) if original.adjusted else None,
            timeout_s=STAND_IN_TIMEOUT_S,
            urgent=True,
        )
    except (HomerollError, OSError):
        return None  # the renditions step tells what is wrong with the file, if anything is


async def _adjusted_preview(home: Home, original: files.Original) -> bytes | None:
    """Of an adjusted picture what its recipe makes of the preview as taken, if that is there."""
    if not original.adjusted:
        return None
    try:
        return await _adjusted(
            home, original, await asyncio.to_thread(home.paths.preview(original.content_sha).read_bytes)
        )
    except (HomerollError, OSError):
        return None  # the renditions step tells what is wrong with the file, if anything is


async def _adjusted(home: Home, original: files.Original, rendition: bytes) -> bytes:
    return await home.compute.run(
        adjust_rendition, rendition, recipes.read(original.adjustments), timeout_s=STAND_IN_TIMEOUT_S, urgent=True
    )


def not_ready() -> NotReadyError:
    return NotReadyError(
        "This picture is still to be made",
        hint="It is made next; ask again in a moment.",
        headers={"Retry-After": "2", "Cache-Control": "no-store"},
    )
