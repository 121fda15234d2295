"""Where files were taken: boxes by R*Tree, clusters of the map by zoom, and places by name; triggers keep them true."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "2026-11-21T23:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "places and the map"

#: A cell of level L is 360 / 2^L degrees wide and high; the levels between are added up from the next finer one.
LEVELS = (4, 7, 10, 13, 16, 19)

TABLES = (
    """
    CREATE TABLE "place" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "city" TEXT NOT NULL DEFAULT '',
        "region" TEXT NOT NULL DEFAULT '',
        "country" TEXT NOT NULL DEFAULT '',
        "country_code" TEXT NOT NULL DEFAULT ''
    )
    """,
    # One for each file with a position; its id is that of the file's row in file_text_row, whose owner and visibility
    # it follows, so that who may see a spot is decided in one place.
    """
    CREATE TABLE "file_spot" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "file" UUID NOT NULL UNIQUE REFERENCES "stored_file" ("id") ON DELETE CASCADE ON UPDATE CASCADE DEFAULT null,
        "latitude" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "longitude" DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        "place" INTEGER DEFAULT null REFERENCES "place" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
        "owner" TEXT NOT NULL DEFAULT '',
        "shown" BOOLEAN NOT NULL DEFAULT false
    )
    """,
    'CREATE VIRTUAL TABLE "file_box" USING rtree("id", "west", "east", "south", "north")',
    """
    CREATE TABLE "map_cell" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "level" INTEGER NOT NULL DEFAULT 0,
        "x" INTEGER NOT NULL DEFAULT 0,
        "y" INTEGER NOT NULL DEFAULT 0,
        "owner" TEXT NOT NULL DEFAULT '',
        "files" INTEGER NOT NULL DEFAULT 0,
        "east" INTEGER NOT NULL DEFAULT 0,
        "north" INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE "place_count" (
        "id" INTEGER PRIMARY KEY NOT NULL,
        "place" INTEGER NOT NULL DEFAULT null REFERENCES "place" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
        "owner" TEXT NOT NULL DEFAULT '',
        "files" INTEGER NOT NULL DEFAULT 0
    )
    """,
)

INDEXES = (
    'CREATE UNIQUE INDEX "place_one" ON "place" ("country", "region", "city", "country_code")',
    'CREATE INDEX "file_spot_place" ON "file_spot" ("place")',
    'CREATE UNIQUE INDEX "map_cell_one" ON "map_cell" ("level", "x", "y", "owner")',
    'CREATE UNIQUE INDEX "place_count_one" ON "place_count" ("place", "owner")',
)

_NAMES = ("city", "region", "country", "country_code")
_VALUES = ", ".join(f"ifnull(f.\"place\" ->> '$.{name}', '')" for name in _NAMES)
_SAME = " AND ".join(f"p.\"{name}\" = ifnull(f.\"place\" ->> '$.{name}', '')" for name in _NAMES)


def _keep(file: str) -> str:
    """Make the spot of a file what the file says; none where it has no position."""
    return f"""
        INSERT INTO "place" ("city", "region", "country", "country_code") SELECT {_VALUES} FROM "stored_file" f
            WHERE f."id" = {file} AND f."place" IS NOT NULL AND f."latitude" IS NOT NULL ON CONFLICT DO NOTHING;
        DELETE FROM "file_spot" WHERE "file" = {file};
        INSERT INTO "file_spot" ("id", "file", "latitude", "longitude", "place", "owner", "shown")
            SELECT r."id", f."id", f."latitude", f."longitude", (SELECT p."id" FROM "place" p WHERE {_SAME}
                AND f."place" IS NOT NULL), r."owner", r."shown" AND NOT r."archived"
            FROM "stored_file" f JOIN "file_text_row" r ON r."file" = f."id"
            WHERE f."id" = {file} AND f."latitude" IS NOT NULL AND f."longitude" IS NOT NULL;
    """


def _count(row: str, step: int) -> str:
    """Every level's cell and the place of a spot: one file more or less, and where it pulls the middle of the cell."""
    statements = [
        f"""INSERT INTO "map_cell" ("level", "x", "y", "owner", "files", "east", "north") VALUES
            ({level}, CAST(({row}."longitude" + 180.0) * {2**level} / 360.0 AS INTEGER),
             CAST(({row}."latitude" + 90.0) * {2**level} / 360.0 AS INTEGER), {row}."owner", {step},
             {step} * CAST(round({row}."longitude" * 1e6) AS INTEGER),
             {step} * CAST(round({row}."latitude" * 1e6) AS INTEGER))
            ON CONFLICT ("level", "x", "y", "owner") DO UPDATE SET "files" = "files" + excluded."files",
            "east" = "east" + excluded."east", "north" = "north" + excluded."north";"""
        for level in LEVELS
    ]
    statements.append(
        f"""INSERT INTO "place_count" ("place", "owner", "files")
            SELECT {row}."place", {row}."owner", {step} WHERE {row}."place" IS NOT NULL
            ON CONFLICT ("place", "owner") DO UPDATE SET "files" = "files" + excluded."files";"""
    )
    return "\n".join(statements)


_BOX = 'INSERT INTO "file_box" VALUES (NEW."id", NEW."longitude", NEW."longitude", NEW."latitude", NEW."latitude");'

TRIGGERS = (
    f"""CREATE TRIGGER "spot_in" AFTER INSERT ON "file_text_row" BEGIN {_keep('NEW."file"')} END""",
    f"""CREATE TRIGGER "spot_moves" AFTER UPDATE ON "stored_file" WHEN OLD."latitude" IS NOT NEW."latitude"
        OR OLD."longitude" IS NOT NEW."longitude" OR (OLD."place" IS NOT NEW."place" AND NEW."latitude" IS NOT NULL)
        BEGIN {_keep('NEW."id"')} END""",
    # Whoever may see it, and whether it is on the timeline.
    """CREATE TRIGGER "spot_follows" AFTER UPDATE ON "file_text_row" WHEN OLD."owner" IS NOT NEW."owner"
        OR OLD."shown" IS NOT NEW."shown" OR OLD."archived" IS NOT NEW."archived" BEGIN
        UPDATE "file_spot" SET "owner" = NEW."owner", "shown" = NEW."shown" AND NOT NEW."archived"
        WHERE "id" = NEW."id"; END""",
    """CREATE TRIGGER "spot_out" AFTER DELETE ON "file_text_row" BEGIN
        DELETE FROM "file_spot" WHERE "id" = OLD."id"; END""",
    f'CREATE TRIGGER "box_in" AFTER INSERT ON "file_spot" BEGIN {_BOX} END',
    'CREATE TRIGGER "box_out" AFTER DELETE ON "file_spot" BEGIN DELETE FROM "file_box" WHERE "id" = OLD."id"; END',
    f'CREATE TRIGGER "cell_in" AFTER INSERT ON "file_spot" WHEN NEW."shown" BEGIN {_count("NEW", 1)} END',
    f'CREATE TRIGGER "cell_out" AFTER DELETE ON "file_spot" WHEN OLD."shown" BEGIN {_count("OLD", -1)} END',
    f"""CREATE TRIGGER "cell_away" AFTER UPDATE ON "file_spot" WHEN OLD."shown"
        AND (NOT NEW."shown" OR OLD."owner" <> NEW."owner") BEGIN {_count("OLD", -1)} END""",
    f"""CREATE TRIGGER "cell_here" AFTER UPDATE ON "file_spot" WHEN NEW."shown"
        AND (NOT OLD."shown" OR OLD."owner" <> NEW."owner") BEGIN {_count("NEW", 1)} END""",
)

ROWS = (
    f"""INSERT INTO "place" ("city", "region", "country", "country_code") SELECT DISTINCT {_VALUES}
        FROM "stored_file" f WHERE f."place" IS NOT NULL AND f."latitude" IS NOT NULL ON CONFLICT DO NOTHING""",
    f"""INSERT INTO "file_spot" ("id", "file", "latitude", "longitude", "place", "owner", "shown")
        SELECT r."id", f."id", f."latitude", f."longitude", (SELECT p."id" FROM "place" p WHERE {_SAME}
            AND f."place" IS NOT NULL), r."owner", r."shown" AND NOT r."archived"
        FROM "stored_file" f JOIN "file_text_row" r ON r."file" = f."id"
        WHERE f."latitude" IS NOT NULL AND f."longitude" IS NOT NULL""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description=DESCRIPTION)

    async def run() -> None:
        for statement in (*TABLES, *INDEXES, *TRIGGERS, *ROWS):
            await StoredFile.raw(statement)

    manager.add_raw(run)
    return manager
