"""What the keeper of the library remembers by name and nobody sets: who it is, when it last made a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.values import new_id, now

if TYPE_CHECKING:
    from appliance.db.engine import Database


async def remembered(db: Database, name: str) -> Any:
    """None when nothing was kept under this name."""
    value = await db.value('SELECT CAST("value" AS TEXT) FROM "kept_state" WHERE "name" = ?', [name])
    return None if value is None else msgspec.json.decode(value)


async def remember(db: Database, name: str, value: object) -> None:
    """Inside `db.write()`."""
    await db.fetch(
        """INSERT INTO "kept_state" ("name", "value", "modified") VALUES (?, ?, ?)
           ON CONFLICT ("name") DO UPDATE SET "value" = excluded."value", "modified" = excluded."modified" """,
        [name, msgspec.json.encode(value).decode(), now()],
    )


async def appliance_id(db: Database) -> str:
    """Which appliance this is, for those who meet it on the network; made at the first start, kept with the data."""
    async with db.write():
        known = await remembered(db, "appliance_id")
        if known is None:
            known = str(new_id())
            await remember(db, "appliance_id", known)
        return str(known)
