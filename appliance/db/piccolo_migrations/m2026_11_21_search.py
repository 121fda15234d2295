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
        "kind" TEXT NOT NULL DEFAULT '',
        "rating" INTEGER NOT NULL DEFAULT 0,
        "favourite" BOOLEAN NOT NULL DEFAULT false,
        "archived" BOOLEAN NOT NULL DEFAULT false,
        "located" BOOLEAN NOT NULL DEFAULT false,
        "place" TEXT NOT NULL DEFAULT '',
        "camera" TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE "tag_count" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "tag" UUID NOT NULL REFERENCES "tag" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "owner" TEXT NOT NULL DEFAULT '',
        "files" INTEGER NOT NULL DEFAULT 0
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
    # Which files have a tag that is shown: from the index alone, half the time of reading the rows.
    'DROP INDEX "file_tag_tag"',
    'CREATE INDEX "file_tag_said" ON "file_tag" ("tag", "source", "file")',
    'CREATE INDEX "file_text_row_time" ON "file_text_row" ("local_start") WHERE "shown"',
    'CREATE UNIQUE INDEX "tag_count_one" ON "tag_count" ("tag", "owner")',
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

# What search asks of every file, beside it: a row of stored_file is wide, and reading 100,000 of them is slow.
_KEPT = ("owner", "shown", "local_start", "kind", "rating", "favourite", "archived", "located")
_COLUMNS = ", ".join(f'"{column}"' for column in _KEPT)


def _kept(row: str) -> str:
    """Their values of a row of stored_file."""
    return f"""ifnull({row}"user", ''), {row}"searchable", {row}"local_start", {row}"kind",
        ifnull({row}"rating", 0), {row}"favourite", {row}"archived", {row}"latitude" IS NOT NULL"""


# Counters of files by tag and owner, as for months: only of files that search may find, and only of words that are
# shown (a person's, the file's own, those of the tagging model in use), each file once however many said the word.
def _said(row: str) -> str:
    return f"""({row}."source" NOT LIKE 'model:%' OR {row}."source" = 'model:' || ifnull(
        (SELECT "value" ->> '$' FROM "site_setting" WHERE "name" = 'tagging_model'), 'siglip2'))"""


def _only(row: str) -> str:
    """This row alone makes its file count for its tag."""
    return f"""{_said(row)} AND NOT EXISTS (SELECT 1 FROM "file_tag" o WHERE o."file" = {row}."file"
        AND o."tag" = {row}."tag" AND o."id" <> {row}."id" AND {_said("o")})"""


def _count(select: str, step: int) -> str:
    return f"""INSERT INTO "tag_count" ("tag", "owner", "files") {select}
        ON CONFLICT ("tag", "owner") DO UPDATE SET "files" = "files" + {step};"""


def _tag_of_row(row: str, step: int) -> str:
    select = f"""SELECT {row}."tag", r."owner", {step} FROM "file_text_row" r
        WHERE r."file" = {row}."file" AND r."shown" AND {_only(row)}
        AND EXISTS (SELECT 1 FROM "tag" t WHERE t."id" = {row}."tag")"""
    return _count(select, step)


def _tags_of_file(row: str, step: int) -> str:
    select = f"""SELECT DISTINCT ft."tag", {row}."owner", {step} FROM "file_tag" ft
        WHERE ft."file" = {row}."file" AND {row}."shown" AND {_said("ft")}"""
    return _count(select, step)


_COUNT_ANEW = f"""
    DELETE FROM "tag_count";
    INSERT INTO "tag_count" ("tag", "owner", "files")
    SELECT ft."tag", r."owner", count(DISTINCT ft."file") FROM "file_tag" ft
    JOIN "file_text_row" r ON r."file" = ft."file" WHERE r."shown" AND {_said("ft")} GROUP BY 1, 2;
"""

TRIGGERS = (
    f"""CREATE TRIGGER "text_file_in" AFTER INSERT ON "stored_file" BEGIN
        INSERT INTO "file_text_row" ("file", {_COLUMNS}) VALUES (NEW."id", {_kept("NEW.")});
        {_stale('NEW."id"')}
    END""",
    # Who may find a file is never late: it does not wait for the text.
    f"""CREATE TRIGGER "text_file_follows" AFTER UPDATE ON "stored_file" WHEN {
        _changed("searchable", "user", "local_start", "kind", "rating", "favourite", "archived", "latitude")
    } BEGIN
        UPDATE "file_text_row" SET ({_COLUMNS}) = ({_kept("NEW.")}) WHERE "file" = NEW."id";
    END""",
    f'CREATE TRIGGER "tag_count_in" AFTER INSERT ON "file_tag" BEGIN {_tag_of_row("NEW", 1)} END',
    f'CREATE TRIGGER "tag_count_out" AFTER DELETE ON "file_tag" BEGIN {_tag_of_row("OLD", -1)} END',
    f"""CREATE TRIGGER "tag_count_change" AFTER UPDATE ON "file_tag" WHEN {_changed("file", "tag", "source")} BEGIN
        {_tag_of_row("OLD", -1)} {_tag_of_row("NEW", 1)} END""",
    f"""CREATE TRIGGER "tag_count_moves" AFTER UPDATE ON "file_text_row" WHEN {_changed("owner", "shown")} BEGIN
        {_tags_of_file("OLD", -1)} {_tags_of_file("NEW", 1)} END""",
    f'CREATE TRIGGER "tag_count_goes" AFTER DELETE ON "file_text_row" BEGIN {_tags_of_file("OLD", -1)} END',
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
        {_all_stale(_OF_MODELS)} {_COUNT_ANEW} END""",
    f"""CREATE TRIGGER "text_setting_change" AFTER UPDATE ON "site_setting"
        WHEN NEW."name" = 'tagging_model' AND OLD."value" IS NOT NEW."value"
        BEGIN {_all_stale(_OF_MODELS)} {_COUNT_ANEW} END""",
    # A tag that somebody took away never comes back by itself, whoever writes it; by hand it does.
    """CREATE TRIGGER "tag_stays_away" BEFORE INSERT ON "file_tag" WHEN NEW."source" <> 'manual' AND EXISTS (
        SELECT 1 FROM "tag_rejection" r WHERE r."file" = NEW."file" AND r."tag" = NEW."tag"
    ) BEGIN SELECT RAISE(IGNORE); END""",
    """CREATE TRIGGER "tag_wanted_again" AFTER INSERT ON "file_tag" WHEN NEW."source" = 'manual' BEGIN
        DELETE FROM "tag_rejection" WHERE "file" = NEW."file" AND "tag" = NEW."tag"; END""",
)

ROWS = (
    f'INSERT INTO "file_text_row" ("file", {_COLUMNS}) SELECT "id", {_kept("")} FROM "stored_file"',
    'INSERT INTO "text_stale" ("file") SELECT "id" FROM "stored_file"',
    *(statement for statement in _COUNT_ANEW.split(";") if statement.strip()),
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *ROWS, *TRIGGERS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
