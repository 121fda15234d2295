"""Who is logged in where, and ending that: one's own sessions for everybody, everyone's for admins."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from appliance.errors import NotFoundError
from appliance.library import journal
from appliance.library.devices import in_words
from appliance.values import now

if TYPE_CHECKING:
    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer


async def list_sessions(db: Database, viewer: Viewer, *, user: uuid.UUID | None = None) -> list[Row]:
    """Those that still open something, the one in use first, then the last seen; `user`: only theirs."""
    condition, arguments = _theirs(viewer)
    if user is not None:
        condition, arguments = f'{condition} AND s."user" = ?', [*arguments, user]
    rows = await db.fetch(
        f"""SELECT s."id", s."user", u."username", s."device", s."address", s."created",
                   s."last_used"
            FROM "session" s JOIN "account" u ON u."id" = s."user"
            WHERE {condition} AND s."expires" >= ? AND NOT u."disabled"
            ORDER BY s."id" IS NOT ?, ifnull(s."last_used", s."created") DESC, s."id" """,
        [*arguments, now(), viewer.session],
    )
    return [
        row
        | {
            "device": in_words(row["device"]),
            "last_seen": row["last_used"] or row["created"],
            "current": row["id"] == viewer.session,
        }
        for row in rows
    ]


async def end_session(db: Database, viewer: Viewer, session_id: uuid.UUID) -> uuid.UUID:
    """Returns whose it was.  Raises NotFoundError for somebody else's, but to admins."""
    condition, arguments = _theirs(viewer)
    ended = await _end(db, viewer, f'{condition} AND s."id" = ?', [*arguments, session_id])
    if not ended:
        raise NotFoundError("Nobody is logged in there any more", hint="Look at the list again.")
    return ended[0]


async def end_others(db: Database, viewer: Viewer, *, user: uuid.UUID | None = None) -> list[uuid.UUID]:
    """End every session of the viewer's but the one in use, or as admin every one of `user`; whose those were."""
    if user is not None and user != viewer.user_id:
        viewer.require_admin()
    whose = user or viewer.user_id
    return await _end(db, viewer, 's."user" = ? AND s."id" IS NOT ?', [whose, viewer.session])


def _theirs(viewer: Viewer) -> tuple[str, list[object]]:
    return ("1", []) if viewer.is_admin else ('s."user" = ?', [viewer.user_id])


async def _end(db: Database, viewer: Viewer, condition: str, arguments: list[object]) -> list[uuid.UUID]:
    """Whom an admin puts out is in the journal; what people do with their own devices is their business."""
    async with db.write(durable=True):
        gone = await db.fetch(
            f"""DELETE FROM "session" WHERE "id" IN (SELECT s."id" FROM "session" s WHERE {condition})
                RETURNING "id", "user", "device" """,
            arguments,
        )
        for row in gone:
            if str(row["user"]) != str(viewer.user_id):
                before = {"user": str(row["user"]), "device": in_words(row["device"])}
                await journal.record(viewer, "end", "session", row["id"], before=before)
    return [uuid.UUID(str(row["user"])) for row in gone]
