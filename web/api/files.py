"""Stored files: lists, one file, a person's marks, the trash, and files sent in one request."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.library import edits, files, lent, trash
from web.api.schemas import File, Items, LandedFile, Page
from web.params import Cursor, Limit1000, Rating
from web.parts import Asking, HomePart, RunnerPart, UploadsPart
from web.receiving import receive_body, receive_files, require_user


class FileChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only the fields that are there are changed; a rating of null takes it away."""

    favourite: bool | msgspec.UnsetType = msgspec.UNSET
    rating: Rating | msgspec.UnsetType | None = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    hidden: bool | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET


class FilesController(Controller):
    path = "/files"
    tags = ("files",)

    @get(summary="Files, last registered first")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit1000 = 100,
        cursor: Cursor = None,
        kind: Annotated[str | None, QueryParameter(schema_extra={"enum": list(files.KINDS)})] = None,
        library: Annotated[uuid.UUID | None, QueryParameter(description="Only what lies in this library")] = None,
        content_sha: Annotated[str | None, QueryParameter(description="SHA-256, 64 hexadecimal digits")] = None,
        trashed: Annotated[bool, QueryParameter(description="what is in the trash instead")] = False,
        hidden: Annotated[bool, QueryParameter(description="what is hidden and yours to show again instead")] = False,
    ) -> Page[File]:
        page = await files.list_files(
            home.db,
            viewer,
            limit=limit,
            cursor=cursor,
            kind=kind,
            library=library,
            content_sha=content_sha.lower() if content_sha else None,
            trashed=trashed,
            hidden=hidden,
        )
        return Page(items=[shown(row) for row in page.items], total=page.total, next=page.next)

    @get("/{file_id:uuid}", summary="One file with everything known of it")
    async def get_one(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> File:
        return shown(await files.get_file(home.db, viewer, file_id))

    @patch("/{file_id:uuid}", summary="Favourite, rate, archive, hide, describe")
    async def change(
        self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID], data: JSONBody[FileChange]
    ) -> File:
        marks = {name: value for name in edits.MARKS if (value := getattr(data, name)) is not msgspec.UNSET}
        return shown(await edits.change_file(home.db, home.bus, viewer, file_id, marks))

    @delete("/{file_id:uuid}", summary="To the trash; nothing is removed from the disk")
    async def trash(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> None:
        await trash.trash_files(home.db, home.bus, viewer, [file_id])

    @post("/{file_id:uuid}/restore", status_code=200, summary="Back from the trash")
    async def restore(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> File:
        await trash.restore_files(home.db, home.bus, viewer, [file_id])
        return shown(await files.get_file(home.db, viewer, file_id))

    @post(summary="Send files as multipart fields called `file`", request_max_body_size=None)
    async def upload(
        self, request: Request[Any, Any, Any], home: HomePart, viewer: Asking, uploads: UploadsPart, runner: RunnerPart
    ) -> Items[LandedFile]:
        user = require_user(viewer)
        landed = []
        async for received in receive_files(request, uploads):
            landed.append(await uploads.land(received.path, user=user, filename=received.filename))
        runner.wake()
        rows = await files.get_files(home.db, viewer, [one.id for one in landed])
        by_id = {row["id"]: shown(row if viewer.reads else lent.as_sent(row)) for row in rows}
        return Items([LandedFile(status=one.status, file=by_id[one.id]) for one in landed])

    @put(
        "/{file_id:uuid}/content", summary="New bytes for an upload, the old ones are kept", request_max_body_size=None
    )
    async def replace(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        uploads: UploadsPart,
        runner: RunnerPart,
        file_id: FromPath[uuid.UUID],
    ) -> File:
        await files.require_changeable(home.db, viewer, file_id)
        original = await files.get_original(home.db, viewer, file_id)
        path = await receive_body(request, uploads)
        try:
            await uploads.replace(path, viewer=viewer, original=original)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        runner.wake()
        return shown(await files.get_file(home.db, viewer, file_id))


def shown(row: dict[str, Any]) -> File:
    return msgspec.convert(row, File)
