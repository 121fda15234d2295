"""Failures that somebody said to leave: they are listed when asked for, by the time of their last try."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import FileStep

ID = "2026-11-22T01:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "ignored failures"

STATEMENTS = (
    # As `file_step_failed`: few rows among as many as there are files times steps.
    """CREATE INDEX "file_step_ignored" ON "file_step" ("modified") WHERE "status" = 'ignored'""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await FileStep.raw(statement)

    manager.add_raw(run)
    return manager
