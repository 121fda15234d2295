"""Runs of jobs: when each began, how it ended and what it did; of every job the last ones only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row

#: Of each job; as many are listed.
KEPT = 50
Outcome = Literal["running", "done", "failed", "stopped", "cut_off"]
#: Why a run did not come to its end.
STOPPED = "The service was stopped in the middle of it."
CUT_OFF = "It was cut off: by a power cut, a crash, or for want of memory or room on the disk."


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`ended` is unknown of one that goes on or was cut off; `error` says why it did not do what it should."""

    id: int
    started: datetime
    ended: datetime | None = None
    seconds: float | None = None
    outcome: Outcome
    error: str = ""
    result: dict[str, Any] | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a job.  `last`: its last run that came to an end, well or not; `is_due`: a later one did not."""

    paused: bool = False
    last: Run | None = None
    is_due: bool = False


async def states(db: Database, jobs: Sequence[str]) -> dict[str, State]:
    """Of each of `jobs`, by name."""
    rows = await db.fetch(
        """SELECT j."value" AS "job", s."paused", r.*,
                  EXISTS (SELECT 1 FROM "job_run" n
                          WHERE n."job" = j."value" AND n."id" > ifnull(r."id", 0)) AS "is_due"
           FROM json_each(?) j LEFT JOIN "job_state" s ON s."name" = j."value" LEFT JOIN "job_run" r ON r."id" = (
               SELECT e."id" FROM "job_run" e WHERE e."job" = j."value" AND e."outcome" IN ('done', 'failed')
               ORDER BY e."id" DESC LIMIT 1)""",
        [msgspec.json.encode(jobs).decode()],
    )
    return {
        name: State(paused=bool(row["paused"]), last=_run(row) if row["id"] else None, is_due=bool(row["is_due"]))
        for name, row in zip(jobs, rows, strict=True)
    }


async def set_paused(db: Database, job: str, *, paused: bool) -> None:
    async with db.write():
        await db.fetch(
            """INSERT INTO "job_state" ("name", "paused") VALUES (?, ?)
               ON CONFLICT ("name") DO UPDATE SET "paused" = excluded."paused" """,
            [job, paused],
        )


async def begin(db: Database, job: str, started: datetime) -> int:
    """A run of `job` goes on from now; returns its id.  One whose end could not be written down was cut off."""
    async with db.write():
        await db.fetch(
            """UPDATE "job_run" SET "outcome" = 'cut_off', "error" = ? WHERE "job" = ? AND "outcome" = 'running'""",
            [CUT_OFF, job],
        )
        added = await db.fetch(
            'INSERT INTO "job_run" ("job", "started") VALUES (?, ?) RETURNING "id" AS "id"', [job, started]
        )
    return int(added[0]["id"])


async def end(db: Database, job: str, run: int, *, seconds: float, error: str, result: dict[str, Any] | None) -> None:
    """It came to its end, well where `error` is empty; the oldest runs of its job go."""
    told = None if result is None else msgspec.json.encode(result).decode()
    async with db.write():
        await db.fetch(
            """UPDATE "job_run" SET "outcome" = ?, "ended" = ?, "seconds" = ?, "error" = ?, "result" = ?
               WHERE "id" = ?""",
            ["failed" if error else "done", now(), seconds, error, told, run],
        )
        await db.fetch(
            """DELETE FROM "job_run" WHERE "job" = ? AND "id" <= (
                   SELECT "id" FROM "job_run" WHERE "job" = ? ORDER BY "id" DESC LIMIT 1 OFFSET ?)""",
            [job, job, KEPT],
        )


async def stop_all(db: Database) -> None:
    """The service stops: whatever runs ends here, and is run again by the next start."""
    async with db.write():
        await db.fetch(
            """UPDATE "job_run" SET "outcome" = 'stopped', "ended" = ?, "error" = ? WHERE "outcome" = 'running'""",
            [now(), STOPPED],
        )


async def cut_off_all(db: Database) -> None:
    """At start: what seems to run was cut off with the service before."""
    if await db.value("""SELECT 1 FROM "job_run" WHERE "outcome" = 'running' LIMIT 1""") is None:
        return
    async with db.write():
        await db.fetch(
            """UPDATE "job_run" SET "outcome" = 'cut_off', "error" = ? WHERE "outcome" = 'running'""", [CUT_OFF]
        )


async def latest(db: Database, job: str) -> list[Run]:
    """What is kept of a job's runs, the newest first."""
    rows = await db.fetch('SELECT * FROM "job_run" WHERE "job" = ? ORDER BY "id" DESC LIMIT ?', [job, KEPT])
    return [_run(row) for row in rows]


def cut_off(run: Run) -> Run:
    """As it must be told where it is known that it does not run: its end could not be written down."""
    return msgspec.structs.replace(run, outcome="cut_off", error=CUT_OFF)


def _run(row: Row) -> Run:
    told = {name: row[name] for name in Run.__struct_fields__}
    return Run(**told | {"result": msgspec.json.decode(row["result"]) if row["result"] else None})
