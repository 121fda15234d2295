"""Telling on the bus which files came or changed, to those who may see them: never to others, not even an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.messages import FileAdded, FileChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from appliance.db.engine import Database, Row
    from appliance.messages import Bus


async def tell_changed(
    db: Database, bus: Bus, files: Iterable[object], *, was_in: Mapping[str, str] | None = None
) -> None:
    """Everyone who may see these files now; `was_in`: id -> the month in which they were before."""
    for audience, some in (await _by_audience(db, files)).items():
        before = {(was_in or {}).get(str(row["id"]), "")[:7] for row in some}
        named = sorted({*(row["local_start"][:7] for row in some), *before} - {""})
        bus.publish(FileChanged(ids=[str(row["id"]) for row in some], months=named, user=audience or None))


async def tell_added(db: Database, bus: Bus, files: Iterable[object]) -> None:
    for audience, some in (await _by_audience(db, files)).items():
        named = sorted({row["local_start"][:7] for row in some} - {""})
        bus.publish(FileAdded(ids=[str(row["id"]) for row in some], months=named, user=audience or None))


async def _by_audience(db: Database, files: Iterable[object]) -> dict[str, list[Row]]:
    rows = await db.fetch(
        """SELECT "id", "local_start", "audience" FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))
           ORDER BY "id" """,
        [msgspec.json.encode([str(file) for file in files]).decode()],
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["audience"], []).append(row)
    return found
