"""Browser sessions: a random token in a cookie, of which only the SHA-256 is stored."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from appliance.db.tables import Session
from appliance.errors import StorageError
from appliance.library.viewers import Viewer
from appliance.values import now

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database

TOKEN_BYTES = 32
#: How often a session in use is written to: sliding its end with every request would be a write for each thumbnail.
TOUCH_EVERY = timedelta(minutes=15)
MAX_DEVICE = 200


class OpenSession(msgspec.Struct, frozen=True):
    viewer: Viewer
    username: str
    must_change_password: bool


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


async def open_session(db: Database, user_id: uuid.UUID, *, device: str, days: int, address: str = "") -> str:
    """Start one and return its token, which is not stored and cannot be shown again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    moment = now()
    async with db.write():
        await Session.insert(
            Session(
                user=user_id,
                token_hash=hash_token(token),
                device=device[:MAX_DEVICE],
                address=address,
                created=moment,
                expires=moment + timedelta(days=days),
                last_used=moment,
            )
        )
    return token


async def find_session(db: Database, token: str, *, days: int, address: str = "") -> OpenSession | None:
    """Whose session it is, or None; being used, from `address`, it lives `days` from now on."""
    row = await db.fetch_one(
        'SELECT s."id", s."expires", s."last_used", s."unlocked_until", u."id" AS "user_id", u."username", u."role", '
        'u."must_change_password" '
        'FROM "session" s JOIN "account" u ON u."id" = s."user" WHERE s."token_hash" = ? AND NOT u."disabled"',
        [hash_token(token)],
    )
    moment = now()
    if row is None or row["expires"] < moment:
        return None
    if row["last_used"] is None or row["last_used"] < moment - TOUCH_EVERY:
        # A disk that is full or cannot be written is no reason to show nobody anything.
        with contextlib.suppress(StorageError):
            async with db.write():
                await db.fetch(
                    """UPDATE "session" SET "last_used" = ?, "expires" = ?, "address" = ifnull(nullif(?, ''), "address")
                       WHERE "id" = ?""",
                    [moment, moment + timedelta(days=days), address, row["id"]],
                )
    return OpenSession(
        viewer=Viewer(
            user_id=row["user_id"],
            is_admin=row["role"] == "admin",
            session=row["id"],
            unlocked=row["unlocked_until"] is not None and row["unlocked_until"] > moment,
        ),
        username=row["username"],
        must_change_password=bool(row["must_change_password"]),
    )


async def forget_expired(db: Database) -> int:
    """Remove sessions whose time is over; returns how many.  Only while the clock may be believed."""
    async with db.write():
        gone = await db.fetch('DELETE FROM "session" WHERE "expires" < ? RETURNING "id"', [now()])
    return len(gone)


async def close_session(db: Database, token: str) -> None:
    async with db.write():
        await db.fetch('DELETE FROM "session" WHERE "token_hash" = ?', [hash_token(token)])
