"""The trash: files that somebody put there, with the way back.  Their bytes stay where they are until it is emptied
(`jobs/empty_trash.py`)."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from appliance.errors import NotFoundError
from appliance.library import file_changes, files, pages
from appliance.library.edits import Edited, changeable_ids
from appliance.library.face_index import ids_json
from appliance.library.file_changes import FileRecording
from appliance.values import now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

#: The few files that are in the trash: without this SQLite may go through everything that is part of nothing.
_TRASHED = '"stored_file" f INDEXED BY "stored_file_trash"'


class _After(NamedTuple):
    moment: str
    last: pages.Id
    total: pages.Whole


async def trash_files(db: Database, bus: Bus, viewer: Viewer, ids: Sequence[uuid.UUID]) -> Edited:
    """Mark them as trashed, with what is shown through them; raises NotFoundError when the viewer may touch none."""
    return await _mark(db, bus, viewer, ids, "trash", str(now()))


async def restore_files(db: Database, bus: Bus, viewer: Viewer, ids: Sequence[uuid.UUID]) -> Edited:
    return await _mark(db, bus, viewer, ids, "restore", None)


async def restore_all(db: Database, bus: Bus, viewer: Viewer) -> Edited:
    """Everything that the viewer sees in the trash; what is deleted for good meanwhile is not there to be restored."""
    if ids := await _ids(db, *viewer.changeable("f")):
        with contextlib.suppress(NotFoundError):
            return await restore_files(db, bus, viewer, ids)
    return Edited(changed=0, undo=None)


async def take_out(db: Database, ids: Sequence[uuid.UUID]) -> None:
    """Files that came to us again by another way, with what is shown through them.  Inside `db.write()`."""
    if ids:
        await db.fetch(
            """UPDATE "stored_file" SET "trashed_at" = NULL, "modified" = ?1 WHERE "trashed_at" IS NOT NULL
               AND ("id" IN (SELECT value FROM json_each(?2)) OR "part_of" IN (SELECT value FROM json_each(?2)))""",
            [now(), ids_json(ids)],
        )


async def list_trash(db: Database, viewer: Viewer, *, limit: int = 100, cursor: str | None = None) -> pages.Page:
    """The last trashed first; what is shown through another file is not listed by itself, nor what others shared before
    they threw it away."""
    pages.check_limit(limit)
    (visible, arguments), (owned, more) = viewer.visible("f"), viewer.owning("f")
    condition, arguments = (
        f'f."trashed_at" IS NOT NULL AND f."part_of" IS NULL AND {visible} AND {owned}',
        [*arguments, *more],
    )
    after: tuple[str, list[object]] = ("", [])
    total = None
    if cursor is not None:
        moment, last, total = pages.decode_cursor(cursor, _After)
        after = (' AND (f."trashed_at", f."id") < (?, ?)', [moment, last])
    async with db.read():
        if total is None:
            total = int(await db.value(f"SELECT count(*) FROM {_TRASHED} WHERE {condition}", arguments))
        rows = await db.fetch(
            f"""SELECT f."id", +f."trashed_at" AS "moment" FROM {_TRASHED} WHERE {condition}{after[0]}
                ORDER BY f."trashed_at" DESC, f."id" DESC LIMIT ?""",
            [*arguments, *after[1], limit + 1],
        )
        items = await files.get_files(db, viewer, [row["id"] for row in rows[:limit]])
    last_row = rows[limit - 1] if len(rows) > limit else None
    following = pages.encode_cursor(last_row["moment"], last_row["id"], total) if last_row else None
    return pages.Page(items=items, total=total, next=following)


async def removable_ids(db: Database, viewer: Viewer, ids: Sequence[uuid.UUID] | None = None) -> list[uuid.UUID]:
    """What the viewer may delete for good, of `ids` or of everything in the trash: their own files; the family's are an
    admin's to delete."""
    condition, arguments = viewer.changeable("f")
    if not viewer.is_admin:
        condition, arguments = f'({condition} AND f."user" = ?)', [*arguments, str(viewer.user_id)]
    if ids is not None:
        condition = f"""({condition} AND (f."id" IN (SELECT value FROM json_each(?))
            OR f."part_of" IN (SELECT value FROM json_each(?))))"""
        arguments = [*arguments, ids_json(ids), ids_json(ids)]
    return await _ids(db, condition, arguments)


def gone_after(trashed_at: datetime, days: int) -> datetime | None:
    """When a trashed file is deleted for good; None: not by itself."""
    return trashed_at + timedelta(days=days) if days else None


async def _ids(db: Database, condition: str, arguments: Sequence[object]) -> list[uuid.UUID]:
    rows = await db.fetch(f'SELECT f."id" FROM {_TRASHED} WHERE f."trashed_at" IS NOT NULL AND {condition}', arguments)
    return [row["id"] for row in rows]


async def _mark(
    db: Database, bus: Bus, viewer: Viewer, ids: Sequence[uuid.UUID], verb: str, moment: str | None
) -> Edited:
    async with db.write():
        chosen = await changeable_ids(db, viewer, ids, parts=True)
        recording = FileRecording(db, viewer, chosen)
        await recording.begin()
        await file_changes.set_columns(
            db,
            {
                file: {"trashed_at": moment}
                for file, row in recording.rows.items()
                if (row["trashed_at"] is None) != (moment is None)
            },
        )
        entry, changed = await recording.record(verb)
    if changed:
        await file_changes.announce(db, bus, changed)
    return Edited(changed=len(changed), undo=entry)
