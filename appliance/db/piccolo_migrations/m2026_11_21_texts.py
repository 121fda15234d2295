"""Text in pictures."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "text in pictures"

_STALE = 'INSERT INTO "text_stale" ("file") VALUES ({row}."file") ON CONFLICT DO NOTHING;'

STATEMENTS = (
    """
    CREATE TABLE "photo_text" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL UNIQUE REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "reader" TEXT NOT NULL DEFAULT '',
        "version" TEXT NOT NULL DEFAULT '',
        "lines" JSON NOT NULL DEFAULT '[]',
        "text" TEXT NOT NULL DEFAULT ''
    )
    """,
    # The search index follows, as it does every other text.
    f'CREATE TRIGGER "text_photo_text_in" AFTER INSERT ON "photo_text" BEGIN {_STALE.format(row="NEW")} END',
    f'CREATE TRIGGER "text_photo_text_out" AFTER DELETE ON "photo_text" BEGIN {_STALE.format(row="OLD")} END',
    f"""CREATE TRIGGER "text_photo_text_change" AFTER UPDATE ON "photo_text" WHEN OLD."text" IS NOT NEW."text"
        BEGIN {_STALE.format(row="NEW")} END""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
