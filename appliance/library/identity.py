"""Which appliance this is: an id that stays with the database, for those who meet it on the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.values import new_id, now

if TYPE_CHECKING:
    from appliance.db.engine import Database

NAME = "appliance_id"  # a row of site_setting that nobody sets


async def appliance_id(db: Database) -> str:
    """Made at the first start."""
    async with db.write():
        value = await db.value('SELECT "value" FROM "site_setting" WHERE "name" = ?', [NAME])
        if value is not None:
            return str(msgspec.json.decode(value))
        made = str(new_id())
        await db.fetch(
            'INSERT INTO "site_setting" ("name", "value", "modified") VALUES (?, ?, ?)',
            [NAME, msgspec.json.encode(made).decode(), now()],
        )
        return made
