"""The first tables, with the indexes and counters that keep listings fast."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T08:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "first tables"

TABLES = (
    """
    CREATE TABLE "account" (
        "id" UUID PRIMARY KEY NOT NULL,
        "username" TEXT UNIQUE NOT NULL DEFAULT '',
        "name" TEXT NOT NULL DEFAULT '',
        "role" TEXT NOT NULL DEFAULT 'user',
        "password_hash" TEXT NOT NULL DEFAULT '',
        "must_change_password" BOOLEAN NOT NULL DEFAULT false,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "session" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID NOT NULL REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "token_hash" TEXT UNIQUE NOT NULL DEFAULT '',
        "device" TEXT NOT NULL DEFAULT '',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "expires" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "last_used" TIMESTAMPTZ DEFAULT null
    )
    """,
    """
    CREATE TABLE "api_key" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID NOT NULL REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "name" TEXT NOT NULL DEFAULT '',
        "key_hash" TEXT UNIQUE NOT NULL DEFAULT '',
        "scopes" JSON NOT NULL DEFAULT '[]',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "last_used" TIMESTAMPTZ DEFAULT null
    )
    """,
    """
    CREATE TABLE "library" (
        "id" UUID PRIMARY KEY NOT NULL,
        "name" TEXT NOT NULL DEFAULT '',
        "root" TEXT UNIQUE NOT NULL DEFAULT '',
        "kind" TEXT NOT NULL DEFAULT 'folder',
        "user" UUID REFERENCES "account" ("id") ON DELETE RESTRICT ON UPDATE CASCADE DEFAULT null,
        "status" TEXT NOT NULL DEFAULT 'ready',
        "reason" TEXT NOT NULL DEFAULT '',
        "hint" TEXT NOT NULL DEFAULT '',
        "last_scan" TIMESTAMPTZ DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "stored_file" (
        "id" UUID PRIMARY KEY NOT NULL,
        "filename" TEXT NOT NULL DEFAULT '',
        "kind" TEXT NOT NULL DEFAULT '',
        "mime_type" TEXT NOT NULL DEFAULT '',
        "size_bytes" INTEGER NOT NULL DEFAULT 0,
        "metadata" JSON NOT NULL DEFAULT '{}',
        "processor_metadata" JSON NOT NULL DEFAULT '{}',
        "user" UUID REFERENCES "account" ("id") ON DELETE RESTRICT ON UPDATE CASCADE DEFAULT null,
        "library" UUID NOT NULL REFERENCES "library" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "content" TEXT NOT NULL DEFAULT '',
        "content_sha" TEXT NOT NULL DEFAULT '',
        "content_sha1" TEXT NOT NULL DEFAULT '',
        "start" TIMESTAMPTZ DEFAULT null,
        "end" TIMESTAMPTZ DEFAULT null,
        "utc_offset_min" INTEGER DEFAULT null,
        "local_start" TEXT NOT NULL DEFAULT '',
        "latitude" DOUBLE PRECISION DEFAULT null,
        "longitude" DOUBLE PRECISION DEFAULT null,
        "altitude" DOUBLE PRECISION DEFAULT null,
        "place" JSON DEFAULT null,
        "width" INTEGER DEFAULT null,
        "height" INTEGER DEFAULT null,
        "orientation" INTEGER NOT NULL DEFAULT 1,
        "duration_s" DOUBLE PRECISION DEFAULT null,
        "animated" BOOLEAN NOT NULL DEFAULT false,
        "thumbhash" TEXT DEFAULT null,
        "motion_offset" INTEGER DEFAULT null,
        "content_identifier" TEXT NOT NULL DEFAULT '',
        "burst_id" TEXT NOT NULL DEFAULT '',
        "rating" INTEGER DEFAULT null,
        "title" TEXT NOT NULL DEFAULT '',
        "description" TEXT NOT NULL DEFAULT '',
        "favourite" BOOLEAN NOT NULL DEFAULT false,
        "archived" BOOLEAN NOT NULL DEFAULT false,
        "hidden" BOOLEAN NOT NULL DEFAULT false,
        "trashed_at" TIMESTAMPTZ DEFAULT null,
        "missing_since" TIMESTAMPTZ DEFAULT null,
        "unshowable" BOOLEAN NOT NULL DEFAULT false,
        "part_of" UUID REFERENCES "stored_file" ("id") ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "listed" INTEGER GENERATED ALWAYS AS (
            "kind" IN ('photo', 'video', 'raw') AND "local_start" <> '' AND "part_of" IS NULL
            AND NOT "unshowable" AND NOT "hidden" AND NOT "archived"
            AND "trashed_at" IS NULL AND "missing_since" IS NULL
        ) VIRTUAL
    )
    """,
    """
    CREATE TABLE "file_path" (
        "id" UUID PRIMARY KEY NOT NULL,
        "library" UUID NOT NULL REFERENCES "library" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "folder" TEXT NOT NULL DEFAULT '',
        "name" TEXT NOT NULL DEFAULT '',
        "size_bytes" INTEGER NOT NULL DEFAULT 0,
        "mtime_ns" INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE "related_file" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "related" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "role" TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE "file_version" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "content_sha" TEXT NOT NULL DEFAULT '',
        "content_sha1" TEXT NOT NULL DEFAULT '',
        "size_bytes" INTEGER NOT NULL DEFAULT 0,
        "kept_as" TEXT DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "file_step" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "step" TEXT NOT NULL DEFAULT '',
        "version" TEXT NOT NULL DEFAULT '',
        "status" TEXT NOT NULL DEFAULT 'pending',
        "attempts" INTEGER NOT NULL DEFAULT 0,
        "error" TEXT NOT NULL DEFAULT '',
        "hint" TEXT NOT NULL DEFAULT '',
        "seconds" DOUBLE PRECISION DEFAULT null,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "tag" (
        "id" UUID PRIMARY KEY NOT NULL,
        "name" TEXT UNIQUE NOT NULL DEFAULT '',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "file_tag" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "tag" UUID NOT NULL REFERENCES "tag" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "source" TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE "event" (
        "id" UUID PRIMARY KEY NOT NULL,
        "name" TEXT NOT NULL DEFAULT '',
        "start" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "end" TIMESTAMPTZ DEFAULT null,
        "source" TEXT NOT NULL DEFAULT '',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "file_event" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "event" UUID NOT NULL REFERENCES "event" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "source" TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE "site_setting" (
        "name" TEXT PRIMARY KEY NOT NULL DEFAULT '',
        "value" JSON NOT NULL DEFAULT '{}',
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "journal" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID REFERENCES "account" ("id") ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null,
        "verb" TEXT NOT NULL DEFAULT '',
        "noun" TEXT NOT NULL DEFAULT '',
        "noun_id" TEXT NOT NULL DEFAULT '',
        "before" JSON DEFAULT null,
        "after" JSON DEFAULT null,
        "undone_at" TIMESTAMPTZ DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "job_state" (
        "name" TEXT PRIMARY KEY NOT NULL DEFAULT '',
        "paused" BOOLEAN NOT NULL DEFAULT false,
        "started" TIMESTAMPTZ DEFAULT null,
        "last_run" TIMESTAMPTZ DEFAULT null,
        "last_seconds" DOUBLE PRECISION DEFAULT null,
        "last_error" TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE "upload" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID NOT NULL REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "filename" TEXT NOT NULL DEFAULT '',
        "size_bytes" INTEGER NOT NULL DEFAULT 0,
        "metadata" JSON NOT NULL DEFAULT '{}',
        "file" UUID REFERENCES "stored_file" ("id") ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null,
        "status" TEXT NOT NULL DEFAULT 'open',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "expires" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "month_count" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "owner" TEXT NOT NULL DEFAULT '',
        "month" TEXT NOT NULL DEFAULT '',
        "files" INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE "step_count" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "step" TEXT NOT NULL DEFAULT '',
        "status" TEXT NOT NULL DEFAULT '',
        "files" INTEGER NOT NULL DEFAULT 0
    )
    """,
)

INDEXES = (
    'CREATE INDEX "session_user" ON "session" ("user")',
    'CREATE INDEX "api_key_user" ON "api_key" ("user")',
    'CREATE UNIQUE INDEX "stored_file_identity" ON "stored_file" ("library", "content_sha") WHERE "size_bytes" > 0',
    'CREATE INDEX "stored_file_sha" ON "stored_file" ("content_sha")',
    'CREATE INDEX "stored_file_sha1" ON "stored_file" ("content_sha1")',
    'CREATE INDEX "stored_file_user" ON "stored_file" ("user")',
    'CREATE INDEX "stored_file_part_of" ON "stored_file" ("part_of")',
    'CREATE INDEX "stored_file_timeline" ON "stored_file" ("local_start", "id") WHERE "listed"',
    'CREATE INDEX "stored_file_live" ON "stored_file" ("content_identifier") WHERE "content_identifier" <> \'\'',
    'CREATE INDEX "stored_file_burst" ON "stored_file" ("burst_id") WHERE "burst_id" <> \'\'',
    'CREATE INDEX "stored_file_trash" ON "stored_file" ("trashed_at") WHERE "trashed_at" IS NOT NULL',
    'CREATE INDEX "stored_file_present" ON "stored_file" ("library", "missing_since", "id")',
    'CREATE UNIQUE INDEX "file_path_place" ON "file_path" ("library", "folder", "name")',
    'CREATE INDEX "file_path_file" ON "file_path" ("file")',
    'CREATE UNIQUE INDEX "related_file_pair" ON "related_file" ("file", "related", "role")',
    'CREATE INDEX "related_file_related" ON "related_file" ("related")',
    'CREATE INDEX "file_version_file" ON "file_version" ("file")',
    'CREATE UNIQUE INDEX "file_step_one" ON "file_step" ("file", "step")',
    'CREATE INDEX "file_step_due" ON "file_step" ("step", "file") WHERE "status" IN (\'pending\', \'running\')',
    'CREATE INDEX "file_step_failed" ON "file_step" ("modified") WHERE "status" = \'failed\'',
    'CREATE UNIQUE INDEX "file_tag_one" ON "file_tag" ("file", "tag", "source")',
    'CREATE INDEX "file_tag_tag" ON "file_tag" ("tag")',
    'CREATE UNIQUE INDEX "file_event_one" ON "file_event" ("file", "event")',
    'CREATE INDEX "file_event_event" ON "file_event" ("event")',
    'CREATE UNIQUE INDEX "month_count_one" ON "month_count" ("owner", "month")',
    'CREATE UNIQUE INDEX "step_count_one" ON "step_count" ("step", "status")',
)

# Counters instead of GROUP BY: a million files would cost a second for each look at the month list or the progress.
ADD_MONTH = """
    INSERT INTO "month_count" ("owner", "month", "files")
    VALUES (ifnull(NEW."user", ''), substr(NEW."local_start", 1, 7), 1)
    ON CONFLICT ("owner", "month") DO UPDATE SET "files" = "files" + 1;
"""
TAKE_MONTH = """
    UPDATE "month_count" SET "files" = "files" - 1
    WHERE "owner" = ifnull(OLD."user", '') AND "month" = substr(OLD."local_start", 1, 7);
    DELETE FROM "month_count" WHERE "files" = 0;
"""
ADD_STEP = """
    INSERT INTO "step_count" ("step", "status", "files") VALUES (NEW."step", NEW."status", 1)
    ON CONFLICT ("step", "status") DO UPDATE SET "files" = "files" + 1;
"""
TAKE_STEP = """
    UPDATE "step_count" SET "files" = "files" - 1 WHERE "step" = OLD."step" AND "status" = OLD."status";
"""
MOVED = """
    OLD."listed" IS NOT NEW."listed" OR OLD."user" IS NOT NEW."user"
    OR substr(OLD."local_start", 1, 7) IS NOT substr(NEW."local_start", 1, 7)
"""

TRIGGERS = (
    f'CREATE TRIGGER "month_in" AFTER INSERT ON "stored_file" WHEN NEW."listed" BEGIN {ADD_MONTH} END',
    f'CREATE TRIGGER "month_out" AFTER DELETE ON "stored_file" WHEN OLD."listed" BEGIN {TAKE_MONTH} END',
    f'CREATE TRIGGER "month_away" AFTER UPDATE ON "stored_file" WHEN OLD."listed" AND ({MOVED}) BEGIN {TAKE_MONTH} END',
    f'CREATE TRIGGER "month_here" AFTER UPDATE ON "stored_file" WHEN NEW."listed" AND ({MOVED}) BEGIN {ADD_MONTH} END',
    f'CREATE TRIGGER "step_in" AFTER INSERT ON "file_step" BEGIN {ADD_STEP} END',
    f'CREATE TRIGGER "step_out" AFTER DELETE ON "file_step" BEGIN {TAKE_STEP} END',
    f"""CREATE TRIGGER "step_change" AFTER UPDATE ON "file_step" WHEN OLD."status" <> NEW."status"
        BEGIN {TAKE_STEP} {ADD_STEP} END""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
