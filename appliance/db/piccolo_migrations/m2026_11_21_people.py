"""People and their faces."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "people and faces"

TABLES = (
    """
    CREATE TABLE "person" (
        "id" UUID PRIMARY KEY NOT NULL,
        "name" TEXT NOT NULL DEFAULT '',
        "name_key" TEXT NOT NULL DEFAULT '',
        "user" UUID REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "held" BOOLEAN NOT NULL DEFAULT false,
        "hidden" BOOLEAN NOT NULL DEFAULT false,
        "favourite" BOOLEAN NOT NULL DEFAULT false,
        "ignored" BOOLEAN NOT NULL DEFAULT false,
        "birthday" TEXT DEFAULT null,
        "cover_face" UUID REFERENCES "face" ("id") ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "face" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "x" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "y" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "width" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "height" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "score" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "quality" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "usable" BOOLEAN NOT NULL DEFAULT false,
        "reason" TEXT NOT NULL DEFAULT '',
        "embedding" BLOB DEFAULT null,
        "engine" TEXT NOT NULL DEFAULT '',
        "engine_version" TEXT NOT NULL DEFAULT '',
        "person" UUID REFERENCES "person" ("id") ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null,
        "source" TEXT NOT NULL DEFAULT 'model',
        "confirmed" BOOLEAN NOT NULL DEFAULT false,
        "removed" BOOLEAN NOT NULL DEFAULT false,
        "owner" TEXT NOT NULL DEFAULT '',
        "shown" BOOLEAN NOT NULL DEFAULT false,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "face_rejection" (
        "id" UUID PRIMARY KEY NOT NULL,
        "face" UUID NOT NULL REFERENCES "face" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "person" UUID NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "person_apart" (
        "id" UUID PRIMARY KEY NOT NULL,
        "person" UUID NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "other" UUID NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "person_suggestion" (
        "id" UUID PRIMARY KEY NOT NULL,
        "face" UUID NOT NULL REFERENCES "face" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "person" UUID REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "other" UUID NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "confidence" DOUBLE PRECISION NOT NULL DEFAULT 0.0
    )
    """,
    """
    CREATE TABLE "face_index" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "engine" TEXT NOT NULL DEFAULT '',
        "version" TEXT NOT NULL DEFAULT '',
        "dimensions" INTEGER NOT NULL DEFAULT 0,
        "metric" TEXT NOT NULL DEFAULT '',
        "changes" INTEGER NOT NULL DEFAULT 0,
        "grouped" INTEGER NOT NULL DEFAULT 0
    )
    """,
)

INDEXES = (
    'CREATE INDEX "person_user" ON "person" ("user")',
    'CREATE INDEX "person_name" ON "person" ("name_key") WHERE "name_key" <> \'\'',
    'CREATE INDEX "person_cover_face" ON "person" ("cover_face")',
    'CREATE INDEX "face_file" ON "face" ("file")',
    'CREATE INDEX "face_person" ON "face" ("person")',
    # counts and covers of people: answered from the index alone
    'CREATE INDEX "face_shown" ON "face" ("person", "quality", "id", "owner", "file") WHERE "shown" AND NOT "removed"',
    # what grouping has not seen yet, and what it reads
    'CREATE INDEX "face_grouped" ON "face" ("engine", "engine_version", "id") WHERE "usable" AND NOT "removed"',
    'CREATE UNIQUE INDEX "face_rejection_one" ON "face_rejection" ("face", "person")',
    'CREATE INDEX "face_rejection_person" ON "face_rejection" ("person")',
    'CREATE UNIQUE INDEX "person_apart_one" ON "person_apart" ("person", "other")',
    'CREATE INDEX "person_apart_other" ON "person_apart" ("other")',
    'CREATE UNIQUE INDEX "person_suggestion_one" ON "person_suggestion" ("face", "other")',
    'CREATE INDEX "person_suggestion_person" ON "person_suggestion" ("person")',
    'CREATE INDEX "person_suggestion_other" ON "person_suggestion" ("other")',
)

TRIGGERS = (
    """CREATE TRIGGER "face_in" AFTER INSERT ON "face" BEGIN
        UPDATE "face" SET ("owner", "shown") = (
            SELECT ifnull("user", ''), "listed" FROM "stored_file" WHERE "id" = NEW."file"
        ) WHERE "id" = NEW."id";
    END""",
    """CREATE TRIGGER "face_follows" AFTER UPDATE ON "stored_file"
        WHEN OLD."listed" IS NOT NEW."listed" OR OLD."user" IS NOT NEW."user" BEGIN
        UPDATE "face" SET "owner" = ifnull(NEW."user", ''), "shown" = NEW."listed" WHERE "file" = NEW."id";
    END""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
