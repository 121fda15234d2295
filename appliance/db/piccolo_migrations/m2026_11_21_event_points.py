"""Events as points: a moment and a place, and how far around them.  Times of which somebody said: this was no event."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import Event

ID = "2026-11-22T00:37:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "events as points, and those that are none"

STATEMENTS = (
    """ALTER TABLE "event" ADD COLUMN "local_start" TEXT NOT NULL DEFAULT ''""",
    """ALTER TABLE "event" ADD COLUMN "around_s" INTEGER NOT NULL DEFAULT 0""",
    """ALTER TABLE "event" ADD COLUMN "latitude" DOUBLE PRECISION DEFAULT null""",
    """ALTER TABLE "event" ADD COLUMN "longitude" DOUBLE PRECISION DEFAULT null""",
    """ALTER TABLE "event" ADD COLUMN "around_km" DOUBLE PRECISION DEFAULT null""",
    """
    CREATE TABLE "event_dismissed" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "start" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "end" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    'CREATE INDEX "event_dismissed_user" ON "event_dismissed" ("user")',
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await Event.raw(statement)

    manager.add_raw(run)
    return manager
