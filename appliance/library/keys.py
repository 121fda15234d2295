"""API keys for programs: shown once, stored as SHA-256, limited by scopes."""

from __future__ import annotations

import contextlib
import secrets
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from appliance.db.tables import ApiKey
from appliance.errors import InvalidInputError, NotFoundError, PermissionDeniedError, StorageError
from appliance.library import journal
from appliance.library.sessions import hash_token
from appliance.library.viewers import Viewer
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row

PREFIX = "hr_"
SCOPES = ("all", "read", "upload", "metrics")
TOUCH_EVERY = timedelta(minutes=10)
MAX_NAME = 100


async def add_key(
    db: Database, viewer: Viewer, *, user_id: uuid.UUID, name: str, scopes: Sequence[str]
) -> tuple[Row, str]:
    """The stored key and its text, which cannot be shown again."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidInputError(
            f"Unknown scope {unknown[0]!r}" if unknown else "A key needs at least one scope",
            hint=f"Scopes are: {', '.join(SCOPES)}.",
        )
    if user_id != viewer.user_id and viewer.user_id is not None:
        # Not even an admin: it would open what its user keeps to themselves, without their knowing.
        raise PermissionDeniedError(
            "Only its user can make a key", hint="Or `homeroll key create`, on the machine that Homeroll runs on."
        )
    if "all" not in viewer.scopes and not set(scopes) <= set(viewer.scopes):
        raise PermissionDeniedError(
            "A key cannot give what it has not", hint=f"Its scopes are: {', '.join(viewer.scopes)}."
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        id=new_id(),
        user=user_id,
        name=name.strip()[:MAX_NAME],
        key_hash=hash_token(secret),
        scopes=list(dict.fromkeys(scopes)),
        created=now(),
    )
    async with db.write(durable=True):
        await ApiKey.insert(key)
        await journal.record(viewer, "add", "key", key.id, after={"name": key.name, "scopes": list(scopes)})
    rows = await _select(db, 'k."id" = ?', [key.id])
    return rows[0], secret


async def list_keys(db: Database, viewer: Viewer, *, user: uuid.UUID | None = None) -> list[Row]:
    """The viewer's own, or as admin those of `user`; the local admin sees everybody's."""
    if user is not None and user != viewer.user_id:
        viewer.require_admin()
    whose = user or viewer.user_id
    return await _select(db, "1", []) if whose is None else await _select(db, 'k."user" = ?', [whose])


async def remove_key(db: Database, viewer: Viewer, key_id: uuid.UUID) -> uuid.UUID:
    """One's own, or as admin anyone's; returns whose it was."""
    condition, arguments = ("1", []) if viewer.is_admin else ('"user" = ?', [viewer.user_id])
    async with db.write(durable=True):
        gone = await db.fetch(
            f'DELETE FROM "api_key" WHERE "id" = ? AND {condition} RETURNING "name", "user"',
            [key_id, *arguments],
        )
        if not gone:
            raise NotFoundError("There is no such key")
        await journal.record(viewer, "remove", "key", key_id, before={"name": gone[0]["name"]})
    return uuid.UUID(str(gone[0]["user"]))


async def find_key(db: Database, secret: str) -> Viewer | None:
    """Whose key it is and what it may do, or None."""
    row = await db.fetch_one(
        'SELECT k."id", k."scopes", k."last_used", u."id" AS "user_id", u."role" '
        'FROM "api_key" k JOIN "account" u ON u."id" = k."user" WHERE k."key_hash" = ? AND NOT u."disabled"',
        [hash_token(secret)],
    )
    if row is None:
        return None
    moment = now()
    if row["last_used"] is None or row["last_used"] < moment - TOUCH_EVERY:
        # A disk that is full or cannot be written is no reason to show nobody anything.
        with contextlib.suppress(StorageError):
            async with db.write():
                await db.fetch('UPDATE "api_key" SET "last_used" = ? WHERE "id" = ?', [moment, row["id"]])
    scopes = msgspec.json.decode(row["scopes"], type=tuple[str, ...])
    return Viewer(user_id=row["user_id"], is_admin=row["role"] == "admin", scopes=scopes)


async def _select(db: Database, condition: str, arguments: list[object]) -> list[Row]:
    rows = await db.fetch(
        f"""SELECT k."id", k."name", k."scopes", k."created", k."last_used", u."username" AS "username"
            FROM "api_key" k JOIN "account" u ON u."id" = k."user" WHERE {condition} ORDER BY k."created" """,
        arguments,
    )
    return [row | {"scopes": msgspec.json.decode(row["scopes"])} for row in rows]
