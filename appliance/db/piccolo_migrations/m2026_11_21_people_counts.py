"""Faces counted by person, and neighbours sought in a part of the library."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T15:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "counts of people's faces, cells of face vectors"

TABLES = (
    """
    CREATE TABLE "person_count" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "person" UUID NOT NULL REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "owner" TEXT NOT NULL DEFAULT '',
        "faces" INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE "face_cell" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "centre" BLOB DEFAULT null,
        "leaving" BOOLEAN NOT NULL DEFAULT false
    )
    """,
)

INDEXES = ('CREATE UNIQUE INDEX "person_count_one" ON "person_count" ("person", "owner")',)

FILL = (
    """INSERT INTO "person_count" ("person", "owner", "faces") SELECT "person", "owner", count(*) FROM "face"
       WHERE "person" IS NOT NULL AND "shown" AND NOT "removed" GROUP BY 1, 2""",
    # Made anew at start, with cells.
    'DROP TABLE IF EXISTS "face_vectors"',
)

# Counters instead of GROUP BY, as for months.  A face is inserted unseen and shown by the trigger `face_in`.
COUNTED = '{row}."person" IS NOT NULL AND {row}."shown" AND NOT {row}."removed"'
MOVED = """(OLD."person" IS NOT NEW."person" OR OLD."owner" IS NOT NEW."owner" OR OLD."shown" IS NOT NEW."shown"
    OR OLD."removed" IS NOT NEW."removed")"""
ADD = """
    INSERT INTO "person_count" ("person", "owner", "faces") VALUES (NEW."person", NEW."owner", 1)
    ON CONFLICT ("person", "owner") DO UPDATE SET "faces" = "faces" + 1;
"""
TAKE = """
    UPDATE "person_count" SET "faces" = "faces" - 1 WHERE "person" = OLD."person" AND "owner" = OLD."owner";
    DELETE FROM "person_count" WHERE "person" = OLD."person" AND "owner" = OLD."owner" AND "faces" <= 0;
"""
HERE, GONE = COUNTED.format(row="NEW"), COUNTED.format(row="OLD")

TRIGGERS = (
    f'CREATE TRIGGER "person_count_out" AFTER DELETE ON "face" WHEN {GONE} BEGIN {TAKE} END',
    f'CREATE TRIGGER "person_count_away" AFTER UPDATE ON "face" WHEN {GONE} AND {MOVED} BEGIN {TAKE} END',
    f'CREATE TRIGGER "person_count_here" AFTER UPDATE ON "face" WHEN {HERE} AND {MOVED} BEGIN {ADD} END',
    # A RAW beside its JPEG is not looked at; once it is alone it is.  `face_index.SEEN_ELSEWHERE` is the reason given.
    """CREATE TRIGGER "face_alone" AFTER UPDATE OF "part_of" ON "stored_file"
        WHEN OLD."part_of" IS NOT NULL AND NEW."part_of" IS NULL AND NEW."missing_since" IS NULL BEGIN
        UPDATE "file_step" SET "status" = 'pending', "attempts" = 0, "error" = '' WHERE "file" = NEW."id"
        AND "step" = 'faces' AND "status" = 'skipped' AND "error" LIKE 'Its faces are those of%';
    END""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *FILL, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
