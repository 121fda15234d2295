"""Who sees what: audiences of files, rights on albums, a locked space, users who are let out, and links for others."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T22:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "audiences, rights on albums, the locked space, links"

COLUMNS = (
    """ALTER TABLE "account" ADD COLUMN "disabled" BOOLEAN NOT NULL DEFAULT false""",
    """ALTER TABLE "account" ADD COLUMN "shares" BOOLEAN NOT NULL DEFAULT false""",
    """ALTER TABLE "session" ADD COLUMN "unlocked_until" TIMESTAMPTZ DEFAULT null""",
    """ALTER TABLE "library" ADD COLUMN "shared" BOOLEAN NOT NULL DEFAULT false""",
    """ALTER TABLE "stored_file" ADD COLUMN "shared" BOOLEAN NOT NULL DEFAULT false""",
    """ALTER TABLE "stored_file" ADD COLUMN "locked" BOOLEAN NOT NULL DEFAULT false""",
    # See `library/viewers.py`.
    """
    ALTER TABLE "stored_file" ADD COLUMN "audience" TEXT GENERATED ALWAYS AS (
        CASE WHEN "locked" THEN ifnull("user", '') || ':locked' WHEN "user" IS NULL OR "shared" THEN '' ELSE "user" END
    ) VIRTUAL
    """,
    """ALTER TABLE "album" ADD COLUMN "parent" UUID REFERENCES "album" ("id")
        ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null""",
    """ALTER TABLE "album" ADD COLUMN "family" TEXT NOT NULL DEFAULT ''""",
    """ALTER TABLE "album" ADD COLUMN "sorting" TEXT NOT NULL DEFAULT 'newest'""",
    """ALTER TABLE "album" ADD COLUMN "cover" UUID REFERENCES "stored_file" ("id")
        ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null""",
    """ALTER TABLE "album_file" ADD COLUMN "position" INTEGER NOT NULL DEFAULT 0""",
    """ALTER TABLE "album_file" ADD COLUMN "granted" BOOLEAN NOT NULL DEFAULT false""",
)

TABLES = (
    """
    CREATE TABLE "album_member" (
        "id" UUID PRIMARY KEY NOT NULL,
        "album" UUID NOT NULL REFERENCES "album" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "user" UUID NOT NULL REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "role" TEXT NOT NULL DEFAULT 'viewer',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "album_right" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "album" UUID NOT NULL REFERENCES "album" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "who" TEXT NOT NULL DEFAULT '',
        "level" INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE "share_link" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID NOT NULL REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "kind" TEXT NOT NULL DEFAULT '',
        "album" UUID REFERENCES "album" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "person" UUID REFERENCES "person" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "event" UUID REFERENCES "event" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "name" TEXT NOT NULL DEFAULT '',
        "token" TEXT UNIQUE NOT NULL DEFAULT '',
        "password_hash" TEXT DEFAULT null,
        "expires" TIMESTAMPTZ DEFAULT null,
        "allow_download" BOOLEAN NOT NULL DEFAULT false,
        "show_location" BOOLEAN NOT NULL DEFAULT false,
        "show_metadata" BOOLEAN NOT NULL DEFAULT false,
        "allow_upload" BOOLEAN NOT NULL DEFAULT false,
        "views" INTEGER NOT NULL DEFAULT 0,
        "last_viewed" TIMESTAMPTZ DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "share_file" (
        "id" UUID PRIMARY KEY NOT NULL,
        "link" UUID NOT NULL REFERENCES "share_link" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "position" INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE "share_session" (
        "id" UUID PRIMARY KEY NOT NULL,
        "link" UUID NOT NULL REFERENCES "share_link" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "token_hash" TEXT UNIQUE NOT NULL DEFAULT '',
        "expires" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "guest_upload" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID NOT NULL REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "link" UUID REFERENCES "share_link" ("id") ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null,
        "album" UUID REFERENCES "album" ("id") ON DELETE SET NULL ON UPDATE CASCADE DEFAULT null,
        "guest" TEXT NOT NULL DEFAULT '',
        "filename" TEXT NOT NULL DEFAULT '',
        "kind" TEXT NOT NULL DEFAULT '',
        "mime_type" TEXT NOT NULL DEFAULT '',
        "size_bytes" INTEGER NOT NULL DEFAULT 0,
        "content_sha" TEXT NOT NULL DEFAULT '',
        "taken" TEXT NOT NULL DEFAULT '',
        "thumbnail" BLOB NOT NULL DEFAULT X'',
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    # What everybody in the house may do with each album: the most of what it and the albums around it say.
    # level: 3 owner, 2 editor, 1 viewer.   who: a user's id, "" everybody.
    """
    CREATE VIEW "album_grant" AS
    WITH RECURSIVE "up" ("album", "above") AS (
        SELECT "id", "id" FROM "album"
        UNION SELECT "up"."album", a."parent" FROM "up" JOIN "album" a ON a."id" = "up"."above"
        WHERE a."parent" IS NOT NULL
    )
    SELECT "album", "who", max("level") AS "level" FROM (
        SELECT "up"."album", ifnull(a."user", '') AS "who", 3 AS "level"
        FROM "up" JOIN "album" a ON a."id" = "up"."above"
        UNION ALL
        SELECT "up"."album", '', CASE a."family" WHEN 'editor' THEN 2 ELSE 1 END
        FROM "up" JOIN "album" a ON a."id" = "up"."above" WHERE a."family" <> ''
        UNION ALL
        SELECT "up"."album", m."user", CASE m."role" WHEN 'editor' THEN 2 ELSE 1 END
        FROM "up" JOIN "album_member" m ON m."album" = "up"."above"
    ) GROUP BY "album", "who"
    """,
)

INDEXES = (
    'CREATE INDEX "album_parent" ON "album" ("parent")',
    'CREATE INDEX "album_cover" ON "album" ("cover")',
    'CREATE UNIQUE INDEX "album_member_one" ON "album_member" ("album", "user")',
    'CREATE INDEX "album_member_user" ON "album_member" ("user")',
    'CREATE UNIQUE INDEX "album_right_one" ON "album_right" ("album", "who")',
    'CREATE INDEX "album_right_who" ON "album_right" ("who", "album")',
    'CREATE INDEX "album_file_order" ON "album_file" ("album", "position")',
    'CREATE INDEX "share_link_user" ON "share_link" ("user")',
    'CREATE INDEX "share_link_album" ON "share_link" ("album")',
    'CREATE INDEX "share_link_person" ON "share_link" ("person")',
    'CREATE INDEX "share_link_event" ON "share_link" ("event")',
    'CREATE UNIQUE INDEX "share_file_one" ON "share_file" ("link", "file")',
    'CREATE INDEX "share_file_file" ON "share_file" ("file")',
    'CREATE INDEX "share_session_link" ON "share_session" ("link")',
    'CREATE INDEX "guest_upload_user" ON "guest_upload" ("user")',
    'CREATE INDEX "guest_upload_link" ON "guest_upload" ("link")',
    'CREATE INDEX "guest_upload_album" ON "guest_upload" ("album")',
    'CREATE INDEX "stored_file_locked" ON "stored_file" ("user") WHERE "locked"',
)

# The triggers of earlier migrations, by the audience where they went by the owner.
ADD_MONTH = """
    INSERT INTO "month_count" ("owner", "month", "files")
    VALUES (NEW."audience", substr(NEW."local_start", 1, 7), 1)
    ON CONFLICT ("owner", "month") DO UPDATE SET "files" = "files" + 1;
"""
TAKE_MONTH = """
    UPDATE "month_count" SET "files" = "files" - 1
    WHERE "owner" = OLD."audience" AND "month" = substr(OLD."local_start", 1, 7);
    DELETE FROM "month_count" WHERE "files" = 0;
"""
MOVED = """
    OLD."listed" IS NOT NEW."listed" OR OLD."audience" IS NOT NEW."audience"
    OR substr(OLD."local_start", 1, 7) IS NOT substr(NEW."local_start", 1, 7)
"""
_KEPT = ("owner", "shown", "local_start", "kind", "rating", "favourite", "archived", "located")
_KEPT_NAMES = ", ".join(f'"{column}"' for column in _KEPT)
_KEPT_VALUES = """NEW."audience", NEW."searchable", NEW."local_start", NEW."kind",
    ifnull(NEW."rating", 0), NEW."favourite", NEW."archived", NEW."latitude" IS NOT NULL"""
_FOLLOWED = ("searchable", "audience", "local_start", "kind", "rating", "favourite", "archived", "latitude")


def _stale(file: str) -> str:
    return f'INSERT INTO "text_stale" ("file") VALUES ({file}) ON CONFLICT DO NOTHING;'


def _album_stale(album: str) -> str:
    return f"""INSERT INTO "text_stale" ("file") SELECT "file" FROM "album_file" WHERE "album" = {album}
        ON CONFLICT DO NOTHING;"""


# Only what differs is written: each right that comes or goes marks the texts of its album's files.
SETTLE = """
    DELETE FROM "album_right" WHERE NOT EXISTS (SELECT 1 FROM "album_grant" g
        WHERE g."album" = "album_right"."album" AND g."who" = "album_right"."who");
    INSERT INTO "album_right" ("album", "who", "level") SELECT "album", "who", "level" FROM "album_grant" WHERE true
    ON CONFLICT ("album", "who") DO UPDATE SET "level" = excluded."level" WHERE "level" <> excluded."level";
"""

REPLACED = (
    "month_in",
    "month_out",
    "month_away",
    "month_here",
    "face_in",
    "face_follows",
    "text_file_in",
    "text_file_follows",
    "text_album",
)

TRIGGERS = (
    *(f'DROP TRIGGER "{name}"' for name in REPLACED),
    f'CREATE TRIGGER "month_in" AFTER INSERT ON "stored_file" WHEN NEW."listed" BEGIN {ADD_MONTH} END',
    f'CREATE TRIGGER "month_out" AFTER DELETE ON "stored_file" WHEN OLD."listed" BEGIN {TAKE_MONTH} END',
    f'CREATE TRIGGER "month_away" AFTER UPDATE ON "stored_file" WHEN OLD."listed" AND ({MOVED}) BEGIN {TAKE_MONTH} END',
    f'CREATE TRIGGER "month_here" AFTER UPDATE ON "stored_file" WHEN NEW."listed" AND ({MOVED}) BEGIN {ADD_MONTH} END',
    """CREATE TRIGGER "face_in" AFTER INSERT ON "face" BEGIN
        UPDATE "face" SET ("owner", "shown") = (
            SELECT "audience", "listed" FROM "stored_file" WHERE "id" = NEW."file"
        ) WHERE "id" = NEW."id";
    END""",
    """CREATE TRIGGER "face_follows" AFTER UPDATE ON "stored_file"
        WHEN OLD."listed" IS NOT NEW."listed" OR OLD."audience" IS NOT NEW."audience" BEGIN
        UPDATE "face" SET "owner" = NEW."audience", "shown" = NEW."listed" WHERE "file" = NEW."id";
    END""",
    f"""CREATE TRIGGER "text_file_in" AFTER INSERT ON "stored_file" BEGIN
        INSERT INTO "file_text_row" ("file", {_KEPT_NAMES}) VALUES (NEW."id", {_KEPT_VALUES});
        {_stale('NEW."id"')}
    END""",
    f"""CREATE TRIGGER "text_file_follows" AFTER UPDATE ON "stored_file"
        WHEN {" OR ".join(f'OLD."{column}" IS NOT NEW."{column}"' for column in _FOLLOWED)} BEGIN
        UPDATE "file_text_row" SET ({_KEPT_NAMES}) = ({_KEPT_VALUES}) WHERE "file" = NEW."id";
    END""",
    f"""CREATE TRIGGER "text_album" AFTER UPDATE ON "album" WHEN OLD."name" IS NOT NEW."name"
        BEGIN {_album_stale('NEW."id"')} END""",
    # What belongs to a photo (its RAW, its live video) is seen by whoever sees the photo.
    """CREATE TRIGGER "part_follows" AFTER UPDATE OF "part_of" ON "stored_file" WHEN NEW."part_of" IS NOT NULL BEGIN
        UPDATE "stored_file" SET ("shared", "locked") = (
            SELECT w."shared", w."locked" FROM "stored_file" w WHERE w."id" = NEW."part_of"
        ) WHERE "id" = NEW."id" AND "user" IS (SELECT w."user" FROM "stored_file" w WHERE w."id" = NEW."part_of");
    END""",
    """CREATE TRIGGER "parts_follow" AFTER UPDATE OF "shared", "locked" ON "stored_file"
        WHEN OLD."shared" IS NOT NEW."shared" OR OLD."locked" IS NOT NEW."locked" BEGIN
        UPDATE "stored_file" SET "shared" = NEW."shared", "locked" = NEW."locked" WHERE "part_of" = NEW."id"
        AND +"user" IS NEW."user" AND ("shared" IS NOT NEW."shared" OR "locked" IS NOT NEW."locked");
        UPDATE "stored_file" SET "shared" = NEW."shared", "locked" = NEW."locked"
        WHERE "id" IN (SELECT r."file" FROM "related_file" r
            WHERE r."related" = NEW."id" AND r."role" IN ('live_video', 'raw_of', 'sidecar_of'))
        AND +"user" IS NEW."user" AND ("shared" IS NOT NEW."shared" OR "locked" IS NOT NEW."locked");
    END""",
    """CREATE TRIGGER "sidecar_follows" AFTER INSERT ON "related_file"
        WHEN NEW."role" IN ('live_video', 'raw_of', 'sidecar_of') BEGIN
        UPDATE "stored_file" SET "locked" = 1 WHERE "id" = NEW."file" AND NOT "locked" AND EXISTS (
            SELECT 1 FROM "stored_file" w WHERE w."id" = NEW."related" AND w."locked"
            AND w."user" IS "stored_file"."user");
    END""",
    f'CREATE TRIGGER "right_album_in" AFTER INSERT ON "album" BEGIN {SETTLE} END',
    f"""CREATE TRIGGER "right_album_change" AFTER UPDATE OF "parent", "family", "user" ON "album" BEGIN {SETTLE} END""",
    f'CREATE TRIGGER "right_member_in" AFTER INSERT ON "album_member" BEGIN {SETTLE} END',
    f'CREATE TRIGGER "right_member_change" AFTER UPDATE ON "album_member" BEGIN {SETTLE} END',
    f'CREATE TRIGGER "right_member_out" AFTER DELETE ON "album_member" BEGIN {SETTLE} END',
    f'CREATE TRIGGER "text_right_in" AFTER INSERT ON "album_right" BEGIN {_album_stale("NEW.album")} END',
    f'CREATE TRIGGER "text_right_out" AFTER DELETE ON "album_right" BEGIN {_album_stale("OLD.album")} END',
)

ROWS = (
    'INSERT INTO "album_right" ("album", "who", "level") SELECT "album", "who", "level" FROM "album_grant"',
    # In the order in which they were shown until now: the newest first.
    """UPDATE "album_file" SET "position" = o."place" FROM (
        SELECT af."id", row_number() OVER (PARTITION BY af."album" ORDER BY f."local_start" DESC, f."id" DESC) AS "place"
        FROM "album_file" af JOIN "stored_file" f ON f."id" = af."file"
    ) o WHERE o."id" = "album_file"."id" """,
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*COLUMNS, *TABLES, *INDEXES, *ROWS, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
