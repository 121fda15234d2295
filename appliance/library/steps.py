"""Which step of which file is due, and what became of it; the plan is in the tables, never in a queue.

What failed, and what is done about it: `failures.py`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.tables import FileStep
from appliance.library import kept
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row
    from appliance.values import StepSpec

PLANNED = "planned_steps"
STATUSES = ("pending", "running", "done", "skipped", "failed", "ignored")
#: In the very words of the index `file_step_due`: SQLite takes a partial index only where it finds its condition as it
#: stands there, and otherwise looks at every step of every file for each few that are claimed.
UNFINISHED = """s."status" IN ('pending', 'running')"""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One claimed piece of work; `row` is the stored file with its library's `root` and its newest `sidecar`.

    `seen` is the size and mtime (ns) of the file when it was registered.
    """

    id: uuid.UUID
    step: str
    file: uuid.UUID
    row: dict[str, Any]
    seen: tuple[int, int] | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one claimed step."""

    id: uuid.UUID
    status: str
    seconds: float
    error: str = ""
    hint: str = ""


async def reconcile(db: Database, steps: Sequence[StepSpec]) -> None:
    """Make the plan complete, at start: interrupted work is due again, and so is what a new version changed.

    Looks at all files once, when the steps are others than at the last start; then every new file was planned as it
    was registered.  Files that were absent are looked at again in every start until they are back.
    """
    planned = [{"name": s.name, "version": s.version, "kinds": sorted(s.kinds), "asked": s.on_demand} for s in steps]
    async with db.write():
        await unclaim_all(db)
        if await kept.remembered(db, PLANNED) == planned:
            return
        for step in steps:
            await _reconcile_step(db, step)
        absent = await db.value('SELECT 1 FROM "stored_file" WHERE "missing_since" IS NOT NULL LIMIT 1')
        await kept.remember(db, PLANNED, None if absent else planned)


async def _reconcile_step(db: Database, step: StepSpec) -> None:
    await db.fetch(
        """UPDATE "file_step" SET "status" = 'pending', "version" = ?, "attempts" = 0, "error" = '', "hint" = ''
           WHERE "step" = ? AND "version" <> ?""",
        [step.version, step.name, step.version],
    )
    if step.on_demand:
        return
    marks = ", ".join("?" * len(step.kinds))
    lacking = await db.fetch(
        f"""SELECT f."id" FROM "stored_file" f WHERE f."kind" IN ({marks}) AND f."missing_since" IS NULL
            AND NOT EXISTS (SELECT 1 FROM "file_step" s WHERE s."file" = f."id" AND s."step" = ?)""",
        [*sorted(step.kinds), step.name],
    )
    moment = now()
    await db.insert(
        FileStep,
        [
            {"id": new_id(), "file": row["id"], "step": step.name, "version": step.version, "modified": moment}
            for row in lacking
        ],
    )


async def request(db: Database, step: StepSpec, files: Iterable[uuid.UUID]) -> int:
    """Make a step due for files that somebody asks it for, done before or not; returns for how many.  Inside
    `db.write()`.  Files of another kind, and those that are being worked on, are left as they are."""
    rows = await db.fetch(
        f"""SELECT f."id" FROM "stored_file" f WHERE f."id" IN (SELECT value FROM json_each(?))
            AND f."kind" IN ({", ".join("?" * len(step.kinds))}) AND f."missing_since" IS NULL""",
        [msgspec.json.encode([str(file) for file in files]).decode(), *sorted(step.kinds)],
    )
    moment = now()
    await db.execute_many(
        """INSERT INTO "file_step" ("id", "file", "step", "version", "modified") VALUES (?, ?, ?, ?, ?)
           ON CONFLICT ("file", "step") DO UPDATE SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
           WHERE "status" <> 'running'""",
        [[str(new_id()), str(row["id"]), step.name, step.version, moment] for row in rows],
    )
    return len(rows)


async def redo(db: Database, step: str, file: uuid.UUID) -> None:
    """What the step made of this file is gone: it is due again, if it was done."""
    row = await db.fetch_one('SELECT "status" FROM "file_step" WHERE "file" = ? AND "step" = ?', [str(file), step])
    if row is None or row["status"] != "done":
        return
    async with db.write():
        await db.fetch(
            """UPDATE "file_step" SET "status" = 'pending', "attempts" = 0
               WHERE "file" = ? AND "step" = ? AND "status" = 'done'""",
            [str(file), step],
        )


async def make_due_again(db: Database, step: str, *, ignored: bool) -> None:
    """Every file that the step was tried on is due for it again, but those for which it has nothing to do.  Inside
    `db.write()`.

    ignored: also where somebody said to leave its failure, for it goes about it in another way now.
    """
    left = "" if ignored else """ AND "status" <> 'ignored'"""
    await db.fetch(
        f"""UPDATE "file_step" SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
            WHERE "step" = ? AND NOT ("status" = 'skipped' AND "error" <> ''){left}""",
        [step],
    )


async def claim(
    db: Database,
    *,
    step: str,
    needs: Sequence[str],
    limit: int,
    first: Sequence[uuid.UUID] = (),
    only_first: bool = False,
) -> list[Due]:
    """Take up to `limit` due files of one step and mark them running.

    first: files that someone's screen asks for; they come before all others, in this order, or alone when
    `only_first`.  A step is due when everything it needs has finished, well or not.  Inside `db.write()`.
    """
    if limit <= 0:
        return []
    ready = "".join(
        f""" AND NOT EXISTS (SELECT 1 FROM "file_step" n WHERE n."file" = s."file" AND n."step" = '{need}'
             AND n."status" IN ('pending', 'running'))"""
        for need in needs
    )
    chosen: list[Row] = []
    if first:
        chosen = await _due(db, step, ready, limit, first=first)
    if len(chosen) < limit and not only_first:
        have = {row["step_id"] for row in chosen}
        more = await _due(db, step, ready, limit)
        chosen += [row for row in more if row["step_id"] not in have][: limit - len(chosen)]
    await db.execute_many(
        """UPDATE "file_step" SET "status" = 'running', "attempts" = "attempts" + 1 WHERE "id" = ?""",
        [[str(row["step_id"])] for row in chosen],
    )
    return [Due(id=row["step_id"], step=step, file=row["id"], row=row, seen=_seen(row)) for row in chosen]


async def _due(
    db: Database, step: str, condition: str, limit: int, *, first: Sequence[uuid.UUID] | None = None
) -> list[Row]:
    wanted: list[object] = []
    source, order = '"file_step" s', 's."file"'
    if first is not None:
        wanted = [msgspec.json.encode([str(file) for file in first]).decode()]
        source, order = 'json_each(?) j CROSS JOIN "file_step" s ON s."file" = j."value"', 'j."key"'
    return await db.fetch(
        f"""SELECT f.*, s."id" AS step_id, l."root" AS root,
                   (SELECT o."content" FROM "related_file" r JOIN "stored_file" o ON o."id" = r."file"
                    WHERE r."related" = f."id" AND r."role" = 'sidecar_of' AND o."mime_type" = 'application/rdf+xml'
                    ORDER BY o."content" LIMIT 1) AS sidecar,
                   (SELECT p."size_bytes" || '/' || p."mtime_ns" FROM "file_path" p
                    WHERE p."file" = f."id" AND ltrim(p."folder" || '/', '/') || p."name" = f."content") AS seen
            FROM {source} JOIN "stored_file" f ON f."id" = s."file" JOIN "library" l ON l."id" = f."library"
            WHERE {UNFINISHED} AND s."status" = 'pending' AND s."step" = ?{condition} ORDER BY {order} LIMIT ?""",
        [*wanted, step, limit],
    )


def _seen(row: Row) -> tuple[int, int] | None:
    size, _, mtime_ns = (row["seen"] or "").partition("/")
    return (int(size), int(mtime_ns)) if size else None


async def still_claimed(db: Database, ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the claimed steps that are still this run's to finish.

    A file that a scan found changed or gone in the meantime has been planned anew.  Inside `db.write()`.
    """
    rows = await db.fetch(
        """SELECT s."id" FROM "file_step" s
           WHERE s."status" = 'running' AND s."id" IN (SELECT value FROM json_each(?))""",
        [msgspec.json.encode([str(step) for step in ids]).decode()],
    )
    return {row["id"] for row in rows}


async def unfinished(db: Database, files: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of `files` that some step is still due for."""
    rows = await db.fetch(
        f"""SELECT DISTINCT s."file" FROM "file_step" s WHERE {UNFINISHED}
           AND s."file" IN (SELECT value FROM json_each(?))""",
        [msgspec.json.encode([str(file) for file in files]).decode()],
    )
    return {row["file"] for row in rows}


async def finish(db: Database, outcomes: Iterable[Outcome]) -> None:
    """Record what became of claimed steps.  Inside `db.write()`, together with what the steps wrote."""
    moment = now()
    await db.execute_many(
        """UPDATE "file_step" SET "status" = ?, "seconds" = ?, "error" = ?, "hint" = ?, "modified" = ?
           WHERE "id" = ? AND "status" = 'running'""",
        [[done.status, round(done.seconds, 4), done.error, done.hint, moment, str(done.id)] for done in outcomes],
    )


async def fold_failures(db: Database, file: uuid.UUID, needs: Sequence[str]) -> None:
    """A file that failed one step and then another that needs it is one failure, with the later reason: the earlier
    one becomes skipped, ignored or not.  Inside `db.write()`."""
    await db.fetch(
        """UPDATE "file_step" SET "status" = 'skipped' WHERE "file" = ? AND "status" IN ('failed', 'ignored')
           AND "step" IN (SELECT value FROM json_each(?))""",
        [str(file), msgspec.json.encode(needs).decode()],
    )


async def unclaim(db: Database, ids: Iterable[uuid.UUID]) -> None:
    """Give back claimed work that was not done (shutdown, full disk).  Inside `db.write()`."""
    await db.execute_many(
        """UPDATE "file_step" SET "status" = 'pending', "attempts" = "attempts" - 1
           WHERE "id" = ? AND "status" = 'running'""",
        [[str(step)] for step in ids],
    )


async def unclaim_all(db: Database) -> None:
    """Whatever was being worked on is due again, as if it had never been begun.  Inside `db.write()`."""
    await db.fetch(
        f"""UPDATE "file_step" AS s SET "status" = 'pending', "attempts" = "attempts" - 1
            WHERE {UNFINISHED} AND s."status" = 'running'"""
    )


async def counts(db: Database) -> dict[str, dict[str, int]]:
    """step -> status -> number of files."""
    rows = await db.fetch('SELECT "step", "status", "files" FROM "step_count"')
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["step"], dict.fromkeys(STATUSES, 0))[row["status"]] = row["files"]
    return found
