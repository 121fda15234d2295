"""Resumable uploads as the database knows them: announced, open, finished, expired.  Their bytes are elsewhere."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.db.tables import Upload
from appliance.errors import NotFoundError
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.db.engine import Database

LIFETIME = timedelta(days=7)

Status = Literal["open", "created", "duplicate"]


class OpenUpload(msgspec.Struct, frozen=True, kw_only=True):
    """`file` and a status other than open: finished."""

    id: uuid.UUID
    user: uuid.UUID
    filename: str
    size_bytes: int
    file: uuid.UUID | None
    status: Status
    expires: datetime


_COLUMNS = '"id", "user", "filename", "size_bytes", "file", "status", "expires"'


async def add_upload(
    db: Database, user: uuid.UUID, *, filename: str, size_bytes: int, metadata: Mapping[str, str]
) -> OpenUpload:
    moment = now()
    upload_id = new_id()
    async with db.write():
        await Upload.insert(
            Upload(
                id=upload_id,
                user=user,
                filename=filename,
                size_bytes=size_bytes,
                metadata=dict(metadata),
                created=moment,
                expires=moment + LIFETIME,
            )
        )
    return await get_upload(db, user, upload_id)


async def get_upload(db: Database, user: uuid.UUID, upload_id: uuid.UUID) -> OpenUpload:
    """Only its owner can see it; raises NotFoundError."""
    row = await db.fetch_one(f'SELECT {_COLUMNS} FROM "upload" WHERE "id" = ? AND "user" = ?', [upload_id, user])
    if row is None or row["expires"] < now():
        raise NotFoundError("There is no such upload", hint="It may have expired; start again.")
    return msgspec.convert(row, OpenUpload)


async def finish_upload(db: Database, upload_id: uuid.UUID, *, file: uuid.UUID, status: Status) -> None:
    async with db.write():
        await db.fetch('UPDATE "upload" SET "file" = ?, "status" = ? WHERE "id" = ?', [file, status, upload_id])


async def remove_upload(db: Database, upload_id: uuid.UUID) -> None:
    async with db.write():
        await db.fetch('DELETE FROM "upload" WHERE "id" = ?', [upload_id])


async def remove_expired(db: Database) -> int:
    """Forget uploads whose time is over; returns how many."""
    async with db.write():
        gone = await db.fetch('DELETE FROM "upload" WHERE "expires" < ? RETURNING "id"', [now()])
    return len(gone)


async def open_ids(db: Database) -> set[uuid.UUID]:
    """Uploads whose bytes are still on their way."""
    rows = await db.fetch("""SELECT "id" FROM "upload" WHERE "status" = 'open'""")
    return {row["id"] for row in rows}
