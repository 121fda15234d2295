"""Renditions that are gone although the tables say that they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.library import steps
from appliance.library.intake import RENDITIONS_STEP

if TYPE_CHECKING:
    from appliance.db.engine import Database


async def renew_thumbnails(db: Database) -> bool:
    """Make every thumbnail due again when there is none at all: somebody, or damage, took their file away."""
    async with db.write():
        if await db.value("SELECT 1 FROM thumbs.thumbnail LIMIT 1") is not None:
            return False
        made = await db.value(
            """SELECT "files" FROM "step_count" WHERE "step" = ? AND "status" = 'done'""", [RENDITIONS_STEP]
        )
        if not made:
            return False
        await steps.make_due_again(db, RENDITIONS_STEP, ignored=False)
    return True
