"""Where a session was last used from, so that people know their own among them."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import Session

ID = "2026-11-22T00:07:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "addresses of sessions"

STATEMENTS = ("""ALTER TABLE "session" ADD COLUMN "address" TEXT NOT NULL DEFAULT ''""",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await Session.raw(statement)

    manager.add_raw(run)
    return manager
