"""What models say of files: tags with scores, captions."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T13:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "what models say of files"

STATEMENTS = (
    """
    CREATE TABLE "photo_caption" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL UNIQUE REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "captions_json" JSON NOT NULL DEFAULT '{}',
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    'ALTER TABLE "file_tag" ADD COLUMN "score" DOUBLE PRECISION DEFAULT null',
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
