"""Search: the text index and what keeps it true, albums, and tags that somebody took away."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T16:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "search, albums, rejected tags"

TABLES = (
    # What search finds: the timeline's files and the archived ones.  See `listed` in the first migration.
    """
    ALTER TABLE "stored_file" ADD COLUMN "searchable" INTEGER GENERATED ALWAYS AS (
        "kind" IN ('photo', 'video', 'raw') AND "local_start" <> '' AND "part_of" IS NULL
        AND NOT "unshowable" AND NOT "hidden" AND "trashed_at" IS NULL AND "missing_since" IS NULL
    ) VIRTUAL
    """,
    """
    CREATE TABLE "file_text_row" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "file" UUID UNIQUE NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "owner" TEXT NOT NULL DEFAULT '',
        "shown" BOOLEAN NOT NULL DEFAULT false,
        "local_start" TEXT NOT NULL DEFAULT '',
        "place" TEXT NOT NULL DEFAULT '',
        "camera" TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE "text_stale" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "file" UUID UNIQUE NOT NULL
    )
    """,
    """
    CREATE VIRTUAL TABLE "file_text" USING fts5(
        "people", "albums", "tags", "description", "place", "caption", "ocr", "name", "folder", "camera", "date", "own",
        tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
    )
    """,
    """
    CREATE TABLE "album" (
        "id" UUID PRIMARY KEY NOT NULL,
        "user" UUID REFERENCES "account" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "name" TEXT NOT NULL DEFAULT '',
        "query" TEXT DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp,
        "modified" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "album_file" (
        "id" UUID PRIMARY KEY NOT NULL,
        "album" UUID NOT NULL REFERENCES "album" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
    """
    CREATE TABLE "tag_rejection" (
        "id" UUID PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "tag" UUID NOT NULL REFERENCES "tag" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "created" TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
    )
    """,
)

INDEXES = (
    'CREATE INDEX "album_user" ON "album" ("user")',
    'CREATE UNIQUE INDEX "album_file_one" ON "album_file" ("album", "file")',
    'CREATE INDEX "album_file_file" ON "album_file" ("file")',
    'CREATE UNIQUE INDEX "tag_rejection_one" ON "tag_rejection" ("file", "tag")',
    'CREATE INDEX "tag_rejection_tag" ON "tag_rejection" ("tag")',
)


# Not OR IGNORE: the statement that fires a trigger overrides that, and would fail where nothing is wrong.
def _stale(file: str) -> str:
    return f'INSERT INTO "text_stale" ("file") VALUES ({file}) ON CONFLICT DO NOTHING;'


def _all_stale(files: str) -> str:
    return f'INSERT INTO "text_stale" ("file") SELECT * FROM ({files}) WHERE true ON CONFLICT DO NOTHING;'


def _changed(*columns: str) -> str:
    return " OR ".join(f'OLD."{column}" IS NOT NEW."{column}"' for column in columns)


def _hanging(table: str, *columns: str, condition: str = "") -> tuple[str, ...]:
    """Triggers for a table whose rows hang on a file: whoever writes it, the file's text is made anew.

    columns: those that are searched; `condition` on `ROW` says which rows are.
    """
    new, old = (f" WHEN {condition.replace('ROW', row)}" if condition else "" for row in ("NEW", "OLD"))
    return (
        f'CREATE TRIGGER "text_{table}_in" AFTER INSERT ON "{table}"{new} BEGIN {_stale("NEW.file")} END',
        f'CREATE TRIGGER "text_{table}_out" AFTER DELETE ON "{table}"{old} BEGIN {_stale("OLD.file")} END',
        f"""CREATE TRIGGER "text_{table}_change" AFTER UPDATE ON "{table}" WHEN {_changed("file", *columns)}
            BEGIN {_stale("OLD.file")} {_stale("NEW.file")} END""",
    )


_OF_MODELS = """SELECT DISTINCT "file" FROM "file_tag" WHERE "source" LIKE 'model:%'"""

TRIGGERS = (
    f"""CREATE TRIGGER "text_file_in" AFTER INSERT ON "stored_file" BEGIN
        INSERT INTO "file_text_row" ("file", "owner", "shown", "local_start")
        VALUES (NEW."id", ifnull(NEW."user", ''), NEW."searchable", NEW."local_start");
        {_stale('NEW."id"')}
    END""",
    # Who may find a file is never late: it does not wait for the text.
    f"""CREATE TRIGGER "text_file_follows" AFTER UPDATE ON "stored_file"
        WHEN {_changed("searchable", "user", "local_start")} BEGIN
        UPDATE "file_text_row" SET "owner" = ifnull(NEW."user", ''), "shown" = NEW."searchable",
            "local_start" = NEW."local_start" WHERE "file" = NEW."id";
    END""",
    f"""CREATE TRIGGER "text_file_change" AFTER UPDATE ON "stored_file"
        WHEN {_changed("filename", "content", "title", "description", "place", "local_start", "metadata")}
        BEGIN {_stale('NEW."id"')} END""",
    'CREATE TRIGGER "text_out" AFTER DELETE ON "file_text_row" BEGIN DELETE FROM "file_text" WHERE rowid = OLD."id"; END',
    *_hanging("file_path", "folder", "name"),
    *_hanging("file_tag", "tag", "source"),
    *_hanging("file_event", "event"),
    *_hanging("album_file", "album"),
    *_hanging("face", "person", "removed", condition='ROW."person" IS NOT NULL'),
    *_hanging("photo_caption", "captions_json"),
    f"""CREATE TRIGGER "text_tag" AFTER UPDATE ON "tag" WHEN {_changed("name")} BEGIN
        {_all_stale('SELECT "file" FROM "file_tag" WHERE "tag" = NEW."id"')} END""",
    f"""CREATE TRIGGER "text_event" AFTER UPDATE ON "event" WHEN {_changed("name")} BEGIN
        {_all_stale('SELECT "file" FROM "file_event" WHERE "event" = NEW."id"')} END""",
    f"""CREATE TRIGGER "text_album" AFTER UPDATE ON "album" WHEN {_changed("name", "user")} BEGIN
        {_all_stale('SELECT "file" FROM "album_file" WHERE "album" = NEW."id"')} END""",
    f"""CREATE TRIGGER "text_person" AFTER UPDATE ON "person" WHEN {_changed("name", "user", "ignored")} BEGIN
        {_all_stale('SELECT "file" FROM "face" WHERE "person" = NEW."id"')} END""",
    # Only the words of the tagging model in use are searched.
    f"""CREATE TRIGGER "text_setting_in" AFTER INSERT ON "site_setting" WHEN NEW."name" = 'tagging_model' BEGIN
        {_all_stale(_OF_MODELS)} END""",
    f"""CREATE TRIGGER "text_setting_change" AFTER UPDATE ON "site_setting"
        WHEN NEW."name" = 'tagging_model' AND OLD."value" IS NOT NEW."value" BEGIN {_all_stale(_OF_MODELS)} END""",
    # A tag that somebody took away never comes back by itself, whoever writes it; by hand it does.
    """CREATE TRIGGER "tag_stays_away" BEFORE INSERT ON "file_tag" WHEN NEW."source" <> 'manual' AND EXISTS (
        SELECT 1 FROM "tag_rejection" r WHERE r."file" = NEW."file" AND r."tag" = NEW."tag"
    ) BEGIN SELECT RAISE(IGNORE); END""",
    """CREATE TRIGGER "tag_wanted_again" AFTER INSERT ON "file_tag" WHEN NEW."source" = 'manual' BEGIN
        DELETE FROM "tag_rejection" WHERE "file" = NEW."file" AND "tag" = NEW."tag"; END""",
)

ROWS = (
    """INSERT INTO "file_text_row" ("file", "owner", "shown", "local_start")
       SELECT "id", ifnull("user", ''), "searchable", "local_start" FROM "stored_file" """,
    'INSERT INTO "text_stale" ("file") SELECT "id" FROM "stored_file"',
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *ROWS, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
