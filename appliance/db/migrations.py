"""Bring a database to the present shape: Piccolo's migrations, each in one transaction with its own record."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from piccolo.apps.migrations.tables import Migration

from appliance.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType

    from piccolo.apps.migrations.auto.migration_manager import MigrationManager

    from appliance.db.engine import Database

APP = "homeroll"

#: Order matters; add new ones at the end.
MIGRATIONS = (
    "m2026_11_21_first",
    "m2026_11_21_people",
    "m2026_11_21_captions",
    "m2026_11_21_search",
    "m2026_11_21_tagging",
    "m2026_11_21_texts",
    "m2026_11_21_embeddings",
    "m2026_11_21_duplicates",
    "m2026_11_21_people_counts",
    "m2026_11_21_keeping",
    "m2026_11_21_sharing",
    "m2026_11_21_editing",
    "m2026_11_21_events",
    "m2026_11_21_places",
    "m2026_11_21_sessions",
    "m2026_11_21_adjusting",
    "m2026_11_21_event_points",
    "m2026_11_21_failures",
    "m2026_11_21_job_runs",
)


async def migrate(db: Database) -> list[str]:
    """Run what has not run yet; returns the ids that did.

    Raises ConfigError when the database was made by a newer Homeroll.
    """
    # Piccolo's own runner finds engine and apps through an environment variable and prints to stdout; this is its loop
    # with neither.  Ours are raw SQL only, because SQLite cannot alter what Piccolo's managed migrations would alter.
    Migration._meta.db = db.engine
    modules = [importlib.import_module(f"appliance.db.piccolo_migrations.{name}") for name in MIGRATIONS]
    await Migration.create_table(if_not_exists=True)
    rows = await db.fetch("SELECT name FROM migration WHERE app_name = ?", [APP])
    finished = {row["name"] for row in rows}
    unknown = finished - {module.ID for module in modules}
    if unknown:
        raise ConfigError(
            f"This data directory was used by a newer Homeroll (it knows {', '.join(sorted(unknown))})",
            hint="Install that version again, or restore the snapshot made before its upgrade.",
        )
    missing = [module for module in modules if module.ID not in finished]
    for module in missing:
        await _run(db, module)
    return [module.ID for module in missing]


async def _run(db: Database, module: ModuleType) -> None:
    async with db.write(durable=True):
        manager: MigrationManager = await module.forwards()
        for statements in manager.raw:
            await statements()
        await Migration(name=module.ID, app_name=APP).save()
