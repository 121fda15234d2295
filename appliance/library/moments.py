"""Moments that were written by a clock that was wrong, put right when it is known by how much."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from appliance.db.engine import Database

#: What ages: (table, the moment that says when a row was written, those that go with it).
AGEING: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("stored_file", "trashed_at", ()),
    ("session", "created", ("expires", "last_used")),
    ("upload", "created", ("expires",)),
)


async def shift(db: Database, begin: datetime, end: datetime, by: timedelta) -> None:
    """Move what was written between `begin` and `end`, so that it is as old as it really is."""
    async with db.write():
        for table, column, others in AGEING:
            names = (column, *others)
            told = ", ".join(f'"{name}"' for name in names)
            rows = await db.fetch(
                f'SELECT "id", {told} FROM "{table}" WHERE "{column}" >= ? AND "{column}" <= ?', [begin, end]
            )
            for row in rows:
                there = [name for name in names if row[name] is not None]
                changes = ", ".join(f'"{name}" = ?' for name in there)
                with contextlib.suppress(OverflowError):
                    moved = [row[name] + by for name in there]
                    await db.fetch(f'UPDATE "{table}" SET {changes} WHERE "id" = ?', [*moved, str(row["id"])])
