"""Duplicates: what pictures look like, which are alike, groups of them, and what somebody said of these."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T20:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "duplicates"

_FILE = 'UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null'

TABLES = (
    f"""
    CREATE TABLE "photo_looks" (
        "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        "file" {_FILE.replace("UUID", "UUID UNIQUE")},
        "bits" BLOB NOT NULL DEFAULT x'',
        "inner" BLOB NOT NULL DEFAULT x'',
        "contrast" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "compared" BOOLEAN NOT NULL DEFAULT false,
        "neighbours_by" TEXT NOT NULL DEFAULT ''
    )
    """,
    f"""
    CREATE TABLE "duplicate_pair" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "file" {_FILE},
        "other" {_FILE},
        "kind" TEXT NOT NULL DEFAULT '',
        "distance" INTEGER NOT NULL DEFAULT 0,
        "judged_by" TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE "duplicate_group" (
        "id" UUID PRIMARY KEY NOT NULL,
        "kind" TEXT NOT NULL DEFAULT 'copy',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    f"""
    CREATE TABLE "duplicate_member" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "group" UUID NOT NULL REFERENCES "duplicate_group" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "file" {_FILE},
        "content_sha" TEXT NOT NULL DEFAULT ''
    )
    """,
    f"""
    CREATE TABLE "duplicate_apart" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" {_FILE},
        "other" {_FILE},
        "kind" TEXT NOT NULL DEFAULT 'copy',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
)

INDEXES = (
    'CREATE INDEX "photo_looks_new" ON "photo_looks" ("id") WHERE NOT "compared"',
    'CREATE INDEX "photo_looks_neighbours" ON "photo_looks" ("neighbours_by")',
    'CREATE UNIQUE INDEX "duplicate_pair_one" ON "duplicate_pair" ("file", "other")',
    'CREATE INDEX "duplicate_pair_other" ON "duplicate_pair" ("other")',
    # what a model has still to judge
    'CREATE INDEX "duplicate_pair_kind" ON "duplicate_pair" ("kind", "judged_by")',
    'CREATE UNIQUE INDEX "duplicate_member_one" ON "duplicate_member" ("group", "file")',
    'CREATE INDEX "duplicate_member_file" ON "duplicate_member" ("file")',
    'CREATE UNIQUE INDEX "duplicate_apart_one" ON "duplicate_apart" ("file", "other", "kind")',
    'CREATE INDEX "duplicate_apart_other" ON "duplicate_apart" ("other")',
)

TRIGGERS = (
    # Other bytes are another picture; what somebody said of the old one is no word on it.
    """CREATE TRIGGER "photo_looks_content" AFTER UPDATE OF "content_sha" ON "stored_file"
        WHEN OLD."content_sha" <> NEW."content_sha" BEGIN
        DELETE FROM "photo_looks" WHERE "file" = NEW."id";
        DELETE FROM "duplicate_pair" WHERE "file" = NEW."id" OR "other" = NEW."id";
        DELETE FROM "duplicate_member" WHERE "file" = NEW."id";
        DELETE FROM "duplicate_apart" WHERE "file" = NEW."id" OR "other" = NEW."id";
    END""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
