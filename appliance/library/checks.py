"""When each original was last read and compared with its hash, and what was found."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import NotFoundError
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """One path of a stored file: `path` its id, `file` where it is, and what it was registered as."""

    path: uuid.UUID
    file: str
    size_bytes: int
    mtime_ns: int
    sha256: str


_WHERE = """FROM "file_path" p JOIN "stored_file" f ON f."id" = p."file" JOIN "library" l ON l."id" = p."library"
    LEFT JOIN "file_check" c ON c."path" = p."id"
    WHERE l."status" = 'ready' AND (c."checked" IS NULL OR c."checked" < ?)"""


async def count_unread(db: Database, *, before: datetime) -> int:
    return int(await db.value(f"SELECT count(*) {_WHERE}", [before]))


async def longest_unread(db: Database, *, before: datetime, limit: int) -> list[Unread]:
    """Never read first, then the longest ago; files of frozen libraries are left out."""
    rows = await db.fetch(
        f"""SELECT p."id", l."root" || '/' || CASE p."folder" WHEN '' THEN p."name"
                ELSE p."folder" || '/' || p."name" END AS "file", p."size_bytes", p."mtime_ns", f."content_sha"
            {_WHERE} ORDER BY c."checked" IS NOT NULL, c."checked", p."id" LIMIT ?""",
        [before, limit],
    )
    return [
        Unread(
            path=row["id"],
            file=row["file"],
            size_bytes=row["size_bytes"],
            mtime_ns=row["mtime_ns"],
            sha256=row["content_sha"],
        )
        for row in rows
    ]


async def record(db: Database, verdicts: Iterable[tuple[uuid.UUID, str, str]]) -> None:
    """(path id, verdict, why) of each.  Inside `db.write()`."""
    moment = now()
    await db.execute_many(
        """INSERT INTO "file_check" ("id", "path", "checked", "verdict", "why")
           SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM "file_path" WHERE "id" = ?)
           ON CONFLICT ("path") DO UPDATE SET "checked" = excluded."checked", "verdict" = excluded."verdict",
           "why" = excluded."why" """,
        [[str(new_id()), str(path), moment, verdict, why, str(path)] for path, verdict, why in verdicts],
    )


async def problems(db: Database, viewer: Viewer, *, limit: int = 100) -> dict[str, Any]:
    """What was found wrong, the latest first: items and total.  Of files that the admin may not see, only the total."""
    viewer.require_admin()
    visible, arguments = viewer.visible("f")
    rows = await db.fetch(
        f"""SELECT p."id" AS "path_id", p."file" AS "file_id", l."name" AS "library", c."verdict", c."why", c."checked",
                  CASE p."folder" WHEN '' THEN p."name" ELSE p."folder" || '/' || p."name" END AS "path"
           FROM "file_check" c JOIN "file_path" p ON p."id" = c."path" JOIN "library" l ON l."id" = p."library"
           JOIN "stored_file" f ON f."id" = p."file"
           WHERE c."verdict" <> 'ok' AND {visible} ORDER BY c."checked" DESC, c."id" LIMIT ?""",
        [*arguments, limit],
    )
    total = await db.value("""SELECT count(*) FROM "file_check" WHERE "verdict" <> 'ok'""")
    return {"items": rows, "total": total, "next": None}


async def damaged(db: Database, path_id: uuid.UUID) -> dict[str, Any]:
    """The row of a path that was found changed or unreadable, with its library; raises NotFoundError otherwise."""
    row = await db.fetch_one(
        """SELECT p."id", p."file", p."library", p."mtime_ns", p."size_bytes", l."root", f."content_sha",
                  CASE p."folder" WHEN '' THEN p."name" ELSE p."folder" || '/' || p."name" END AS "path"
           FROM "file_check" c JOIN "file_path" p ON p."id" = c."path" JOIN "library" l ON l."id" = p."library"
           JOIN "stored_file" f ON f."id" = p."file"
           WHERE p."id" = ? AND c."verdict" IN ('changed', 'unreadable', 'missing')""",
        [str(path_id)],
    )
    if row is None:
        raise NotFoundError("No such damaged file is known", hint="It may have been healed already.")
    return row
