"""Crop, rotation and light of a picture, as a recipe beside the file, which stays as it is."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T23:45:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "adjusted pictures"

STATEMENTS = (
    """ALTER TABLE "stored_file" ADD COLUMN "adjustments" TEXT NOT NULL DEFAULT ''""",
    """ALTER TABLE "stored_file" ADD COLUMN "adjusted" TEXT NOT NULL DEFAULT ''""",
    'ALTER TABLE "stored_file" ADD COLUMN "original_width" INTEGER DEFAULT null',
    'ALTER TABLE "stored_file" ADD COLUMN "original_height" INTEGER DEFAULT null',
    # Few files are adjusted, and whoever tidies asks which renditions they have.
    """CREATE INDEX "stored_file_adjusted" ON "stored_file" ("content_sha", "adjusted") WHERE "adjusted" <> ''""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
