"""Runs of jobs, instead of what was known of the last one only."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import JobState

ID = "2026-11-22T01:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "runs of jobs"

STATEMENTS = (
    """
    CREATE TABLE "job_run" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "job" TEXT NOT NULL DEFAULT '',
        "started" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "ended" TIMESTAMPTZ DEFAULT null,
        "seconds" DOUBLE PRECISION DEFAULT null,
        "outcome" TEXT NOT NULL DEFAULT 'running',
        "error" TEXT NOT NULL DEFAULT '',
        "result" TEXT DEFAULT null
    )
    """,
    'CREATE INDEX "job_run_job" ON "job_run" ("job", "id")',
    # The last run of each, and after it what was interrupted: the order says which is the newest.
    """INSERT INTO "job_run" ("job", "started", "ended", "seconds", "outcome", "error")
       SELECT "name", strftime('%Y-%m-%d %H:%M:%S+00:00', "last_run", (-ifnull("last_seconds", 0)) || ' seconds'),
              "last_run", "last_seconds", CASE "last_error" WHEN '' THEN 'done' ELSE 'failed' END, "last_error"
       FROM "job_state" WHERE "last_run" IS NOT NULL ORDER BY "last_run" """,
    """INSERT INTO "job_run" ("job", "started") SELECT "name", "started" FROM "job_state" WHERE "started" IS NOT NULL""",
    *(
        f'ALTER TABLE "job_state" DROP COLUMN "{column}"'
        for column in ("started", "last_run", "last_seconds", "last_error")
    ),
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await JobState.raw(statement)

    manager.add_raw(run)
    return manager
