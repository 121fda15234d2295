"""The locked space: files that only their owner sees, and only for a while after saying the password again.

Locked files are in no list, search, count, map or message, not even their owner's; an album does not show them, nor a
link.  Programs, which have no session, never see them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.errors import InvalidInputError, PermissionDeniedError
from appliance.library import announcing, files, journal, pages, users
from appliance.library.face_index import ids_json
from appliance.messages import FileChanged
from appliance.values import now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

#: How long it stays open.
OPEN_FOR = timedelta(minutes=15)


class LockedError(PermissionDeniedError):
    """The locked space is not open in this session."""

    code = "locked"


async def open_space(db: Database, viewer: Viewer, password: str) -> datetime:
    """Until when it is open.  Raises AuthenticationError for a wrong password."""
    if viewer.session is None:
        raise InvalidInputError("Only a browser can open the locked space", hint="Log in on Homeroll's page.")
    await users.check_own_password(db, viewer, password)
    until = now() + OPEN_FOR
    async with db.write():
        await db.fetch('UPDATE "session" SET "unlocked_until" = ? WHERE "id" = ?', [until, str(viewer.session)])
    return until


async def close_space(db: Database, viewer: Viewer) -> None:
    """In every session of this user."""
    async with db.write():
        await db.fetch('UPDATE "session" SET "unlocked_until" = NULL WHERE "user" = ?', [str(viewer.user_id)])


async def open_until(db: Database, viewer: Viewer) -> datetime | None:
    """None while it is shut."""
    if not viewer.unlocked:
        return None
    until: datetime | None = await db.value(
        'SELECT "unlocked_until" FROM "session" WHERE "id" = ?', [str(viewer.session)]
    )
    return until


async def list_locked(
    db: Database, viewer: Viewer, *, limit: int = 100, cursor: str | None = None, trashed: bool = False
) -> pages.Page:
    """The last registered first.  Raises LockedError while the space is shut."""
    _require_open(viewer)
    pages.check_limit(limit)
    last, total = pages.decode_cursor(cursor, pages.After) if cursor is not None else ("~", None)
    where = f"""f."locked" AND f."user" = ? AND f."part_of" IS NULL AND f."kind" IN ('photo', 'video', 'raw')
        AND f."trashed_at" IS {"NOT NULL" if trashed else "NULL"}"""
    async with db.read():
        if total is None:
            total = int(await db.value(f'SELECT count(*) FROM "stored_file" f WHERE {where}', [str(viewer.user_id)]))
        rows = await db.fetch(
            f'SELECT f."id" FROM "stored_file" f WHERE {where} AND f."id" < ? ORDER BY f."id" DESC LIMIT ?',
            [str(viewer.user_id), last, limit + 1],
        )
        items = await files.get_files(db, viewer, [row["id"] for row in rows[:limit]])
    following = pages.encode_cursor(rows[limit - 1]["id"], total) if len(rows) > limit else None
    return pages.Page(items=items, total=total, next=following)


async def lock(db: Database, bus: Bus, viewer: Viewer, ids: Sequence[uuid.UUID]) -> int:
    """Put files of one's own into the locked space; returns how many."""
    wanted = await files.changeable_ids(db, viewer, ids)
    if any(file["user"] is None for file in await files.get_files(db, viewer, wanted)):
        raise PermissionDeniedError(
            "A file of the family cannot be locked away", hint="Only what you sent yourself is yours to lock."
        )
    return await _set(db, bus, viewer, wanted, locked=True)


async def unlock(db: Database, bus: Bus, viewer: Viewer, ids: Sequence[uuid.UUID]) -> int:
    """Take them out again.  Raises LockedError while the space is shut."""
    _require_open(viewer)
    return await _set(db, bus, viewer, await files.changeable_ids(db, viewer, ids), locked=False)


async def _set(db: Database, bus: Bus, viewer: Viewer, ids: Sequence[uuid.UUID], *, locked: bool) -> int:
    async with db.write():
        audience = {str(row["audience"]) for row in await db.fetch(
            'SELECT DISTINCT "audience" FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))',
            [ids_json(ids)],
        )}  # fmt: skip
        rows = await db.fetch(
            """UPDATE "stored_file" SET "locked" = ?1, "modified" = ?2 WHERE "id" IN (SELECT value FROM json_each(?3))
               AND "locked" IS NOT ?1 RETURNING "id", "local_start" """,
            [int(locked), now(), ids_json(ids)],
        )
        # Without ids: the journal is read without the password.
        if rows:
            await journal.record(viewer, "lock" if locked else "unlock", "locked", "", after={"files": len(rows)})
    months = sorted({row["local_start"][:7] for row in rows} - {""})
    if locked:
        # Pages that showed them look again at those months.
        for one in sorted(audience):
            bus.publish(FileChanged(ids=[], months=months, user=one or None))
    else:
        await announcing.tell_changed(db, bus, [row["id"] for row in rows])
    return len(rows)


def _require_open(viewer: Viewer) -> None:
    if not viewer.unlocked:
        raise LockedError("The locked space is shut", hint="Say your password again to open it.")
