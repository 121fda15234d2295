"""Are the photos safe: the last backup, the last rehearsal, what the disk has lost, and healing it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath

from appliance.backup.folder import GUESTS
from appliance.importing import healing
from appliance.jobs import back_up, restore_drill, scrub_originals
from appliance.library import checks, kept, libraries
from web.parts import Asking, HomePart


class Damaged(msgspec.Struct, frozen=True):
    """One path whose bytes are not what they were.  `verdict`: changed | missing | unreadable."""

    path_id: uuid.UUID
    file_id: uuid.UUID
    library: str
    path: str
    verdict: str
    why: str
    checked: datetime


class Integrity(msgspec.Struct, frozen=True):
    """`total` counts everything damaged, `items` are the latest; the others are null when there was none yet."""

    items: list[Damaged]
    total: int
    last_backup: dict[str, Any] | None
    last_drill: dict[str, Any] | None
    last_scrub: dict[str, Any] | None


class IntegrityController(Controller):
    path = "/integrity"
    tags = ("integrity",)

    @get(summary="The last backup, rehearsal and check, and what was found damaged")
    async def show(self, home: HomePart, viewer: Asking) -> Integrity:
        found = await checks.problems(home.db, viewer)
        last_drill = await kept.remembered(home.db, restore_drill.STATE)
        if last_drill is not None and viewer.user_id is not None:
            others = (GUESTS, *await libraries.names_of_others(home.db, viewer))
            last_drill["problems"] = _without(last_drill.get("problems", []), others)
        return Integrity(
            items=msgspec.convert(found["items"], list[Damaged]),
            total=found["total"],
            last_backup=await kept.remembered(home.db, back_up.STATE),
            last_drill=last_drill,
            last_scrub=await kept.remembered(home.db, scrub_originals.STATE),
        )

    @post("/{path_id:uuid}/heal", status_code=204, summary="Put the backup's bytes in the place of a damaged file")
    async def heal(self, home: HomePart, viewer: Asking, path_id: FromPath[uuid.UUID]) -> None:
        await healing.heal(home, viewer, path_id)


def _without(problems: list[str], others: tuple[str, ...]) -> list[str]:
    """Each begins with the name of a library: those of somebody else's files are counted, and not named."""
    told = [problem for problem in problems if not problem.startswith(tuple(f"{name}/" for name in others))]
    left = len(problems) - len(told)
    return [*told, f"{left} that somebody keeps to themselves"] if left else told
