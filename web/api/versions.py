"""What a changed upload was before: listed, looked at, given back."""

from __future__ import annotations

import asyncio
import os
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from litestar import Controller, Request, get, post, route
from litestar.params import FromPath, FromQuery
from litestar.types import ASGIApp

from appliance.errors import NotFoundError
from appliance.importing import versions
from appliance.library import files
from appliance.media.sniff import sniff
from web.api.content import READ
from web.api.files import shown
from web.api.schemas import File, Items
from web.content import BY_HASH, FileContent
from web.parts import Asking, HomePart, RunnerPart, UploadsPart


class Version(msgspec.Struct, frozen=True):
    """`id` is null for the content of now; `replaced`: when it was; `kept`: its bytes are still here."""

    id: uuid.UUID | None
    content_sha: str
    size_bytes: int
    kept: bool
    replaced: datetime | None


class VersionsController(Controller):
    path = "/files/{file_id:uuid}/versions"
    tags = ("files",)

    @get(summary="The content of now and older ones, the latest first")
    async def list(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> Items[Version]:
        rows = await versions.list_versions(home, viewer, file_id)
        return Items(msgspec.convert(rows, list[Version]))

    @route(
        "/{version_id:uuid}/content", http_method=READ, summary="The bytes of an older content; ?download=1 saves it"
    )
    async def content(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        file_id: FromPath[uuid.UUID],
        version_id: FromPath[uuid.UUID],
        download: FromQuery[bool] = False,
    ) -> ASGIApp:
        path, row = await versions.kept_content(home, viewer, file_id, version_id)
        original = await files.get_original(home.db, viewer, file_id)
        fd, mime_type = await asyncio.to_thread(_open, path)
        return FileContent(
            request,
            fd,
            etag=f'"{row["content_sha"]}"',
            media_type=mime_type,
            cache_control=BY_HASH,
            filename=f"{Path(original.filename).stem} (before){path.suffix}",
            download=download,
        )

    @post(
        "/{version_id:uuid}/restore", status_code=200, summary="Give an older content back; today's becomes a version"
    )
    async def restore(
        self,
        home: HomePart,
        viewer: Asking,
        uploads: UploadsPart,
        runner: RunnerPart,
        file_id: FromPath[uuid.UUID],
        version_id: FromPath[uuid.UUID],
    ) -> File:
        await versions.restore_version(home, uploads, viewer, file_id, version_id)
        runner.wake()
        return shown(await files.get_file(home.db, viewer, file_id))


def _open(path: Path) -> tuple[int, str]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotFoundError("The bytes of this version are not where they were kept") from error
    return fd, sniff(os.pread(fd, 4096, 0), path.name)[1]
