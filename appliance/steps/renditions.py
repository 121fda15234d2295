"""The renditions step: thumbnail and thumbhash into the database, the preview as a file named by content.

A picture with a recipe has them twice: as taken, which models look at, and as it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import adjusted_pictures, intake, made, renditions, thumbnails
from appliance.media import recipe as recipes
from appliance.steps.base import PICTURES, StepBase, original

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.library.adjusted_pictures import Rendered


class RenditionsStep(StepBase):
    name = intake.RENDITIONS_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP,)
    kinds = PICTURES
    light = False
    timeout_s = 120.0
    run = staticmethod(adjusted_pictures.render_file)

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        known = original(row), row["kind"], row["mime_type"], row["orientation"]
        if not row["adjustments"]:
            return known
        there = await thumbnails.get_thumbnail(home.db, row["content_sha"]) is not None
        return *known, recipes.read(row["adjustments"]), renditions.original_size(row), not there

    async def prepare(self, home: Home, row: Row, result: Rendered) -> None:
        await made.keep_previews(home, row["content_sha"], row["adjusted"], result)

    async def stow(self, home: Home, row: Row, result: Rendered) -> None:
        # Not in the transaction that says "done": two database files are never committed at one moment, and a kill in
        # between must leave a thumbnail too many, not one too few.
        await made.keep_thumbnails(home.db, row["content_sha"], row["adjusted"], result)

    async def save(self, home: Home, row: Row, result: Rendered) -> str:
        await intake.update(home.db, row["id"], made.columns_of(row, result))
        return result.shown.warning

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        row = await home.db.fetch_one('SELECT "content_sha", "adjusted" FROM "stored_file" WHERE "id" = ?', [str(file)])
        if row is not None and row["adjusted"] and await thumbnails.get_thumbnail(home.db, row["content_sha"]):
            return  # there is a picture, and somebody must be able to reset it
        await intake.update(home.db, file, {"unshowable": True})
