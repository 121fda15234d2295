"""What must follow when another model is chosen: asked at start, and after a change of site settings.

Each of `PREPARED` makes its own tables those of the model in use, and says whether there was anything to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.library import face_index, image_index, model_tags
from appliance.messages import FacesChanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from appliance.db.engine import Database
    from appliance.messages import Message

#: What to prepare, and the fact to tell when it began anew.
PREPARED: tuple[tuple[Callable[[Database], Awaitable[bool]], type[Message] | None], ...] = (
    (face_index.prepare, FacesChanged),
    (image_index.prepare, None),
    (model_tags.prepare, None),
)


async def prepare(db: Database) -> list[Message]:
    """Returns the facts that are to be told; every call after the first costs a few reads."""
    told: list[Message] = []
    for prepare_one, fact in PREPARED:
        if await prepare_one(db) and fact is not None:
            told.append(fact())
    return told
