"""Whose words the step `tags` is planned for."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T17:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the tagging model that files are planned for"

STATEMENTS = (
    """
    CREATE TABLE "tag_plan" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "model" TEXT NOT NULL DEFAULT '',
        "version" TEXT NOT NULL DEFAULT ''
    )
    """,
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
