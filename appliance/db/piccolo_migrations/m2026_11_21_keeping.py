"""What the keeper of the library must remember: its identity, its last backup, when each original was last read."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T21:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "what the keeper remembers"

STATEMENTS = (
    """
    CREATE TABLE "kept_state" (
        "name" TEXT PRIMARY KEY NOT NULL DEFAULT '',
        "value" JSON NOT NULL DEFAULT '{}',
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "file_check" (
        "id" UUID PRIMARY KEY NOT NULL,
        "path" UUID NOT NULL UNIQUE REFERENCES "file_path" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "checked" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "verdict" TEXT NOT NULL DEFAULT '',
        "why" TEXT NOT NULL DEFAULT ''
    )
    """,
    'CREATE INDEX "file_check_checked" ON "file_check" ("checked")',
    """CREATE INDEX "file_check_bad" ON "file_check" ("verdict") WHERE "verdict" <> 'ok'""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
