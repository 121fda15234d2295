"""Embeddings of pictures, side by side for every model, and the index of each (docs/decisions/0006-image-vectors.md)."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T18:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "embeddings of pictures and their index"

TABLES = (
    """
    CREATE TABLE "image_index" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "model" TEXT NOT NULL DEFAULT '',
        "version" TEXT NOT NULL DEFAULT '',
        "dimensions" INTEGER NOT NULL DEFAULT 0,
        "in_use" BOOLEAN NOT NULL DEFAULT false,
        "vectors" INTEGER NOT NULL DEFAULT 0,
        "learned" INTEGER NOT NULL DEFAULT 0,
        "generation" INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE "image_list" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "image_index" INTEGER NOT NULL REFERENCES "image_index" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "generation" INTEGER NOT NULL DEFAULT 0,
        "code" BLOB NOT NULL DEFAULT x''
    )
    """,
    """
    CREATE TABLE "image_embedding" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "image_index" INTEGER NOT NULL REFERENCES "image_index" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "frame" INTEGER NOT NULL DEFAULT 0,
        "vector" BLOB NOT NULL DEFAULT x''
    )
    """,
    """
    CREATE TABLE "image_vectors" (
        "place" INTEGER PRIMARY KEY NOT NULL,
        "embedding" INTEGER UNIQUE NOT NULL REFERENCES "image_embedding" ("id")
            ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "code" BLOB NOT NULL DEFAULT x''
    )
    """,
)

INDEXES = (
    'CREATE UNIQUE INDEX "image_index_model" ON "image_index" ("model", "version")',
    'CREATE INDEX "image_list_of" ON "image_list" ("image_index", "generation")',
    'CREATE UNIQUE INDEX "image_embedding_one" ON "image_embedding" ("file", "image_index", "frame")',
    'CREATE INDEX "image_embedding_of" ON "image_embedding" ("image_index")',
)

TRIGGERS = (
    """CREATE TRIGGER "image_embedding_in" AFTER INSERT ON "image_embedding" BEGIN
        UPDATE "image_index" SET "vectors" = "vectors" + 1 WHERE "id" = NEW."image_index";
    END""",
    """CREATE TRIGGER "image_embedding_out" AFTER DELETE ON "image_embedding" BEGIN
        UPDATE "image_index" SET "vectors" = "vectors" - 1 WHERE "id" = OLD."image_index";
    END""",
    # Other bytes are another picture: what any model made of the old one is worth nothing.
    """CREATE TRIGGER "image_embedding_content" AFTER UPDATE OF "content_sha" ON "stored_file"
        WHEN OLD."content_sha" <> NEW."content_sha" BEGIN
        DELETE FROM "image_embedding" WHERE "file" = NEW."id";
    END""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
