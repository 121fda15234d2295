"""Events: whether grouping has anything to do."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T23:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "grouping of events"

COUNT = 'UPDATE "event_plan" SET "changes" = "changes" + 1;'
MOVED = " OR ".join(
    f'OLD."{column}" IS NOT NEW."{column}"'
    for column in ("listed", "audience", "user", "start", "latitude", "longitude")
)

STATEMENTS = (
    """
    CREATE TABLE "event_plan" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "changes" INTEGER NOT NULL DEFAULT 1,
        "grouped" INTEGER NOT NULL DEFAULT 0
    )
    """,
    'INSERT INTO "event_plan" ("id") VALUES (1)',
    'CREATE INDEX "event_start" ON "event" ("start")',
    f'CREATE TRIGGER "event_plan_in" AFTER INSERT ON "stored_file" WHEN NEW."listed" BEGIN {COUNT} END',
    f'CREATE TRIGGER "event_plan_out" AFTER DELETE ON "stored_file" WHEN OLD."listed" BEGIN {COUNT} END',
    f"""CREATE TRIGGER "event_plan_change" AFTER UPDATE ON "stored_file"
        WHEN (OLD."listed" OR NEW."listed") AND ({MOVED}) BEGIN {COUNT} END""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
