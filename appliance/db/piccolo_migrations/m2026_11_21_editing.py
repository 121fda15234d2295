"""What people change on files, row by row, so that it can be taken back and looked up."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T22:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "changes of files"

STATEMENTS = (
    """ALTER TABLE "stored_file" ADD COLUMN "by_hand" TEXT NOT NULL DEFAULT ''""",
    """
    CREATE TABLE "file_change" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "entry" UUID NOT NULL REFERENCES "journal" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "before" TEXT NOT NULL DEFAULT '',
        "after" TEXT NOT NULL DEFAULT ''
    )
    """,
    'CREATE INDEX "file_change_entry" ON "file_change" ("entry")',
    'CREATE INDEX "file_change_file" ON "file_change" ("file")',
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
