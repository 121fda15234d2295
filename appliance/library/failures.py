"""Files that a step could not deal with: which and why, trying again, and those that somebody said to leave.

An ignored failure is a status of its own, `ignored`: it counts as no failure anywhere, and waits for what a failure
waits for, other bytes of the file or another version of the step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import pages
from appliance.library.intake import ABSENT

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

#: In the very words of the indexes `file_step_failed` and `file_step_ignored`.
FAILED, IGNORED = """s."status" = 'failed'""", """s."status" = 'ignored'"""
BOTH = """s."status" IN ('failed', 'ignored')"""
#: A few rows among millions: SQLite may not begin with the files instead.
_ROWS = '"file_step" s CROSS JOIN "stored_file" f ON f."id" = s."file"'


async def failures(
    db: Database, viewer: Viewer, *, ignored: bool = False, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """What failed, or the ignored instead, of files that the viewer may see, the latest first: items, total, next, and
    how many are `ignored`."""
    condition, args = viewer.visible("f")
    pages.check_limit(limit)
    after, after_args = "", []
    if cursor is not None:
        after, after_args = ' AND (s."modified", s."id") < (?, ?)', [*pages.decode_cursor(cursor, tuple[str, pages.Id])]
    rows = await db.fetch(
        f"""SELECT s."id" AS step_id, s."step", s."error", s."hint", s."attempts", s."modified", f."id", f."filename",
                   f."content", l."name" AS library_name
            FROM {_ROWS} JOIN "library" l ON l."id" = f."library"
            WHERE {IGNORED if ignored else FAILED} AND {condition}{after}
            ORDER BY s."modified" DESC, s."id" DESC LIMIT ?""",
        [*args, *after_args, limit + 1],
    )
    left: int = await db.value(f"SELECT count(*) FROM {_ROWS} WHERE {IGNORED} AND {condition}", args)
    total = left if ignored else await db.value(f"SELECT count(*) FROM {_ROWS} WHERE {FAILED} AND {condition}", args)
    page = rows[:limit]
    following = pages.encode_cursor(str(page[-1]["modified"]), page[-1]["step_id"]) if len(rows) > limit else None
    return {"items": [_failure(row) for row in page], "total": total, "next": following, "ignored": left}


async def ignore(db: Database, viewer: Viewer, *, file_id: uuid.UUID | None = None, step: str | None = None) -> int:
    """Leave failed steps at that: all that the viewer is shown, or those of one file, or of one step; returns how
    many."""
    which, args = _which(viewer, file_id, step)
    async with db.write():
        rows = await db.fetch(
            f"""UPDATE "file_step" AS s SET "status" = 'ignored' WHERE {FAILED}{which} RETURNING "file" """, args
        )
    return len(rows)


async def retry(
    db: Database,
    *,
    file_id: uuid.UUID | None = None,
    step: str | None = None,
    ignored_of: Viewer | None = None,
) -> int:
    """Make failed steps due again: all, or those of one file, or of one step; returns how many.

    ignored_of: the ignored ones that this viewer is shown, instead.  One step of one file that somebody names is due
    again whichever it is.
    """
    status = BOTH if file_id and step else IGNORED if ignored_of else FAILED
    which, args = _which(ignored_of, file_id, step)
    async with db.write():
        rows = await db.fetch(
            f"""UPDATE "file_step" AS s SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
                WHERE {status}{which} RETURNING "file" """,
            args,
        )
        # What was folded into a failure is part of it.
        await db.execute_many(
            """UPDATE "file_step" SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
               WHERE "file" = ? AND "status" = 'skipped' AND "error" NOT IN ('', ?)""",
            [[str(row["file"]), ABSENT] for row in rows],
        )
        await db.execute_many(
            f"""UPDATE "stored_file" SET "unshowable" = 0 WHERE "id" = ? AND NOT EXISTS
               (SELECT 1 FROM "file_step" s WHERE s."file" = "stored_file"."id" AND {BOTH})""",
            [[str(row["file"])] for row in rows],
        )
    return len(rows)


def _which(viewer: Viewer | None, file_id: uuid.UUID | None, step: str | None) -> tuple[str, list[object]]:
    """Whoever names a file was asked before whether it is theirs to change."""
    condition = ""
    args: list[object] = []
    if file_id is not None:
        condition, args = condition + ' AND s."file" = ?', [*args, str(file_id)]
    elif viewer is not None:
        visible, seen = viewer.visible("f")
        condition += f' AND EXISTS (SELECT 1 FROM "stored_file" f WHERE f."id" = s."file" AND {visible})'
        args += seen
    if step is not None:
        condition, args = condition + ' AND s."step" = ?', [*args, step]
    return condition, args


def _failure(row: Row) -> dict[str, Any]:
    return {
        "file_id": str(row["id"]),
        "filename": row["filename"],
        "path": row["content"],
        "library": row["library_name"],
        "step": row["step"],
        "error": row["error"],
        "hint": row["hint"],
        "attempts": row["attempts"],
        "modified": row["modified"].isoformat(),
    }
