"""Resumable uploads: tus 1.0.0 (https://tus.io/protocols/resumable-upload) with creation, creation-with-upload,
termination, checksum and expiration.

An upload is finished when its last byte has landed, not when it has arrived: the answer to the request that completes
it, and to every HEAD after that, waits for the durable commit.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import uuid
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from litestar import Controller, HttpMethod, Request, Response, delete, head, patch, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from appliance.errors import InvalidInputError
from appliance.home import Home
from appliance.importing.uploads import Uploads
from appliance.library import uploads as upload_rows
from appliance.library.uploads import OpenUpload
from web.errors import WebError
from web.parts import Asking, HomePart, RunnerPart, UploadsPart
from web.receiving import CHECKSUMS, append, body_of, parse_checksum, require_user

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
BYTES = "application/offset+octet-stream"
MAX_METADATA = 16_384
TUS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}


class TusError(WebError):
    """A refusal that the protocol gives a status of its own."""

    code = "tus"

    def __init__(self, status: int, message: str, *, hint: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message, hint=hint, headers=TUS | (headers or {}))
        self.status = status


class UploadLocks:
    """One lock for each upload in progress: two requests must not write to the same file."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[uuid.UUID, asyncio.Lock] = WeakValueDictionary()

    def of(self, upload_id: FromPath[uuid.UUID]) -> asyncio.Lock:
        lock = self._locks.get(upload_id)
        if lock is None:
            lock = self._locks[upload_id] = asyncio.Lock()
        return lock


class UploadsController(Controller):
    path = "/uploads"
    tags = ("uploads",)

    # Its name comes first in the alphabet on purpose: Litestar registers methods in that order, and gives a path that
    # has no OPTIONS yet one of its own.
    @route(http_method=HttpMethod.OPTIONS, status_code=204, summary="What this tus server can do", sync_to_thread=False)
    def abilities(self, home: HomePart) -> Response[None]:
        headers = TUS | {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(home.settings.max_upload_mb << 20),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        }
        return Response(None, status_code=204, headers=headers)

    @post(summary="Announce an upload, with its first bytes if you like", request_max_body_size=None)
    async def create(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        uploads: UploadsPart,
        upload_locks: NamedDependency[SkipValidation[UploadLocks]],
        runner: RunnerPart,
    ) -> Response[None]:
        user = require_user(viewer)
        _check_version(request)
        size = _announced(request)
        await asyncio.to_thread(uploads.check_size, size)
        metadata = parse_metadata(request.headers.get("upload-metadata", ""))
        filename = metadata.get("filename") or metadata.get("name") or ""
        upload = await upload_rows.add_upload(home.db, user, filename=filename, size_bytes=size, metadata=metadata)
        await asyncio.to_thread(uploads.incoming(upload.id).touch, mode=0o640)
        headers = {"Location": f"/api/v1/uploads/{upload.id}"}
        if request.headers.get("content-type", "").startswith(BYTES) or size == 0:
            async with upload_locks.of(upload.id):
                upload, offset = await _take(request, home, uploads, upload, 0)
                runner.wake()
            headers |= _headers(upload, offset)
        else:
            headers |= _headers(upload, 0)
        return Response(None, status_code=201, headers=headers)

    @head("/{upload_id:uuid}", summary="How far it is")
    async def progress(
        self,
        home: HomePart,
        viewer: Asking,
        uploads: UploadsPart,
        upload_locks: NamedDependency[SkipValidation[UploadLocks]],
        runner: RunnerPart,
        upload_id: FromPath[uuid.UUID],
    ) -> Response[None]:
        upload = await upload_rows.get_upload(home.db, require_user(viewer), upload_id)
        lock = upload_locks.of(upload_id)
        offset = await asyncio.to_thread(_offset, uploads.incoming(upload_id), upload)
        if offset == upload.size_bytes and upload.status == "open":
            # All bytes are here but not landed (the service stopped in between): "complete" is only said after that.
            async with lock:
                upload = await upload_rows.get_upload(home.db, upload.user, upload_id)
                if upload.status == "open":
                    upload = await _land(home, uploads, upload)
                    runner.wake()
        return Response(None, status_code=200, headers=_headers(upload, offset))

    @patch("/{upload_id:uuid}", status_code=204, summary="The following bytes", request_max_body_size=None)
    async def append(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        uploads: UploadsPart,
        upload_locks: NamedDependency[SkipValidation[UploadLocks]],
        runner: RunnerPart,
        upload_id: FromPath[uuid.UUID],
    ) -> Response[None]:
        user = require_user(viewer)
        _check_version(request)
        if request.headers.get("content-type", "") != BYTES:
            raise TusError(415, f"The bytes of an upload come as {BYTES}")
        lock = upload_locks.of(upload_id)
        if lock.locked():
            raise TusError(423, "This upload is being written to by another request", headers={"Retry-After": "1"})
        async with lock:
            upload = await upload_rows.get_upload(home.db, user, upload_id)
            offset = await asyncio.to_thread(_offset, uploads.incoming(upload_id), upload)
            if request.headers.get("upload-offset") != str(offset):
                raise TusError(409, f"The upload goes on at byte {offset}", headers={"Upload-Offset": str(offset)})
            if upload.status == "open":
                upload, offset = await _take(request, home, uploads, upload, offset)
                runner.wake()
        return Response(None, status_code=204, headers=_headers(upload, offset))

    @delete("/{upload_id:uuid}", summary="Give it up")
    async def end(
        self,
        home: HomePart,
        viewer: Asking,
        uploads: UploadsPart,
        upload_locks: NamedDependency[SkipValidation[UploadLocks]],
        upload_id: FromPath[uuid.UUID],
    ) -> Response[None]:
        upload = await upload_rows.get_upload(home.db, require_user(viewer), upload_id)
        async with upload_locks.of(upload_id):
            await asyncio.to_thread(uploads.incoming(upload_id).unlink, missing_ok=True)
            await upload_rows.remove_upload(home.db, upload.id)
        return Response(None, status_code=204, headers=TUS)


async def _take(
    request: Request[Any, Any, Any], home: Home, uploads: Uploads, upload: OpenUpload, offset: int
) -> tuple[OpenUpload, int]:
    """Write the body at `offset` and land the upload when that was the last of it."""
    offset = await append(
        uploads.incoming(upload.id),
        uploads,
        body_of(request),
        offset=offset,
        limit=upload.size_bytes - offset,
        checksum=parse_checksum(request.headers.get("upload-checksum")),
    )
    if offset == upload.size_bytes:
        upload = await _land(home, uploads, upload)
    return upload, offset


async def _land(home: Home, uploads: Uploads, upload: OpenUpload) -> OpenUpload:
    landed = await uploads.land(uploads.incoming(upload.id), user=upload.user, filename=upload.filename)
    await upload_rows.finish_upload(home.db, upload.id, file=landed.id, status=landed.status)
    return await upload_rows.get_upload(home.db, upload.user, upload.id)


def parse_metadata(header: str) -> dict[str, str]:
    """tus `Upload-Metadata: key base64,key base64`; raises InvalidInputError."""
    if len(header) > MAX_METADATA:
        raise InvalidInputError("Upload-Metadata is too long")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, encoded = pair.partition(" ")
        try:
            found[key] = base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace")
        except binascii.Error as error:
            raise InvalidInputError(f"Upload-Metadata: {key} is not base64") from error
    return found


def _announced(request: Request[Any, Any, Any]) -> int:
    if "upload-defer-length" in request.headers:
        raise InvalidInputError("The length must be known from the start", hint="Send Upload-Length.")
    length = request.headers.get("upload-length", "")
    if not (length.isascii() and length.isdigit()) or len(length) > 30:
        raise InvalidInputError("Upload-Length is missing or no number")
    return int(length)


def _check_version(request: Request[Any, Any, Any]) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise TusError(412, f"This is tus {VERSION}", headers={"Tus-Version": VERSION})


def _offset(incoming: Path, upload: OpenUpload) -> int:
    if upload.status != "open":
        return upload.size_bytes
    try:
        return incoming.stat().st_size
    except FileNotFoundError as error:
        raise TusError(410, "The bytes of this upload are gone", hint="Start it again.") from error


def _headers(upload: OpenUpload, offset: int) -> dict[str, str]:
    headers = TUS | {"Upload-Offset": str(offset), "Upload-Length": str(upload.size_bytes)}
    if upload.status == "open":
        headers["Upload-Expires"] = format_datetime(upload.expires, usegmt=True)
    else:
        headers["Homeroll-Status"] = upload.status
        if upload.file is not None:
            headers["Homeroll-File"] = str(upload.file)
    return headers
