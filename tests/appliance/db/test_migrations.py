"""Migrations run once, and lead to the tables that the code declares."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from appliance.db import migrations
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.db.tables import TABLES
from appliance.errors import ConfigError
from appliance.library import job_runs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from piccolo.table import Table

#: What SQLite alone knows, and why: (table, column).
GENERATED = {("stored_file", "listed"), ("stored_file", "searchable"), ("stored_file", "audience")}


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "test.db", tmp_path / "thumbnails.db")
    await database.open()
    yield database
    await database.close()


async def schema(db: Database) -> list[tuple[str, str]]:
    rows = await db.fetch('SELECT "name", "sql" FROM sqlite_master ORDER BY "type", "name"')
    return [(row["name"], row["sql"]) for row in rows]


async def test_migrations_run_on_an_empty_database_and_not_twice(db: Database) -> None:
    assert len(await migrate(db)) == len(migrations.MIGRATIONS)
    once = await schema(db)
    assert await migrate(db) == []
    assert await schema(db) == once


def test_every_migration_has_an_id_of_its_own() -> None:
    ids = [importlib.import_module(f"appliance.db.piccolo_migrations.{name}").ID for name in migrations.MIGRATIONS]
    assert len(set(ids)) == len(ids)


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(db: Database) -> None:
    await migrate(db)
    before = await schema(db)
    async with db.write():
        await db.fetch(
            """INSERT INTO migration (name, app_name, ran_on) VALUES ('2999-01-01T00:00:00:000000', 'homeroll', 'x')"""
        )
    with pytest.raises(ConfigError, match="newer Homeroll") as caught:
        await migrate(db)
    assert "2999" in caught.value.message
    assert caught.value.hint
    assert await schema(db) == before


async def test_a_migration_that_fails_leaves_nothing_behind(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"appliance.db.piccolo_migrations.{migrations.MIGRATIONS[0]}")
    monkeypatch.setattr(module, "TRIGGERS", (*module.TRIGGERS, "CREATE NONSENSE"))
    with pytest.raises(Exception, match="NONSENSE"):
        await migrate(db)
    assert {name for name, _ in await schema(db) if name in {table._meta.tablename for table in TABLES}} == set()
    monkeypatch.undo()
    assert await migrate(db)


async def test_the_last_runs_of_an_older_version_are_the_first_of_the_history(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        before = migrations.MIGRATIONS[: migrations.MIGRATIONS.index("m2026_11_21_job_runs")]
        older.setattr(migrations, "MIGRATIONS", before)
        await migrate(db)
    ended = datetime(2026, 5, 1, 12, 0, 30, 250_000, tzinfo=UTC)
    async with db.write():
        for name, paused, started, last, seconds, error in (
            ("back_up", True, None, ended, 30.25, ""),
            ("tidy_data", False, ended, ended, None, "There is no room"),
            ("index_text", False, None, None, None, ""),
        ):
            await db.fetch(
                """INSERT INTO "job_state" ("name", "paused", "started", "last_run", "last_seconds", "last_error")
                   VALUES (?, ?, ?, ?, ?, ?)""",
                [name, paused, started, last, seconds, error],
            )
    await migrate(db)
    async with db.write():  # a reader may not have noticed yet that the schema has changed
        states = await job_runs.states(db, ["back_up", "tidy_data", "index_text"])
    backup, tidy = states["back_up"].last, states["tidy_data"].last
    assert backup is not None
    assert tidy is not None
    assert (backup.started, backup.ended, backup.seconds) == (ended.replace(second=0, microsecond=0), ended, 30.25)
    assert (backup.outcome, tidy.outcome, tidy.error) == ("done", "failed", "There is no room")
    assert [state.paused for state in states.values()] == [True, False, False]
    assert [state.is_due for state in states.values()] == [False, True, False]
    assert states["index_text"].last is None


async def columns_in_sql(db: Database, table: str) -> dict[str, dict[str, Any]]:
    rows = await db.fetch(f'PRAGMA table_xinfo("{table}")')
    return {row["name"]: row for row in rows if (table, row["name"]) not in GENERATED}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.tablename)
async def test_each_table_is_what_the_code_declares(db: Database, table: type[Table]) -> None:
    await migrate(db)
    async with db.write():  # a PRAGMA does not notice that another connection has changed the schema
        name = table._meta.tablename
        found = await columns_in_sql(db, name)
        foreign = {row["from"]: row for row in await db.fetch(f'PRAGMA foreign_key_list("{name}")')}
        unique = await unique_columns(db, name)
    declared = {column._meta.db_column_name: column for column in table._meta.columns}
    assert list(found) == list(declared)
    for column_name, column in declared.items():
        row = found[column_name]
        assert row["type"].upper() == column.column_type.upper(), column_name
        assert bool(row["notnull"]) == (not column._meta.null), column_name
        assert bool(row["pk"]) == column._meta.primary_key, column_name
        assert (column_name in unique) == (column._meta.unique or column._meta.primary_key), column_name
    for column in table._meta.foreign_key_columns:
        row = foreign.pop(column._meta.db_column_name)
        assert row["table"] == column._foreign_key_meta.resolved_references._meta.tablename
        assert row["on_delete"] == column._foreign_key_meta.on_delete.value
    assert foreign == {}


async def unique_columns(db: Database, table: str) -> set[str]:
    """Columns that are unique by themselves; SQLite lists no index for an integer primary key."""
    found = {row["name"] for row in await db.fetch(f'PRAGMA table_info("{table}")') if row["pk"]}
    for index in await db.fetch(f'PRAGMA index_list("{table}")'):
        columns = await db.fetch(f'PRAGMA index_info("{index["name"]}")')
        if index["unique"] and len(columns) == 1:
            found.add(columns[0]["name"])
    return found


async def test_foreign_keys_that_a_library_of_a_million_files_is_deleted_by_have_an_index(db: Database) -> None:
    await migrate(db)
    unindexed: set[tuple[str, str]] = set()
    async with db.write():
        for table in TABLES:
            name = table._meta.tablename
            first = set()
            for index in await db.fetch(f'PRAGMA index_list("{name}")'):
                columns = await db.fetch(f'PRAGMA index_info("{index["name"]}")')
                first.add(columns[0]["name"])
            foreign = await db.fetch(f'PRAGMA foreign_key_list("{name}")')
            unindexed |= {(name, row["from"]) for row in foreign if row["from"] not in first}
    few_rows = {("library", "user"), ("journal", "user"), ("upload", "user"), ("upload", "file")}
    assert unindexed == few_rows
