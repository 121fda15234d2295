"""The renditions step: thumbnail and thumbhash into the database, the preview as a file named by content."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.files import write_atomically
from appliance.library import intake
from appliance.library.thumbnails import keep_thumbnail
from appliance.steps.base import PICTURES, StepBase, original

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.media.values import Renditions


def render_file(path: Path, kind: str, mime_type: str, orientation: int) -> Renditions:
    from appliance.media.renditions import render

    return render(path, kind=kind, mime_type=mime_type, orientation=orientation)


class RenditionsStep(StepBase):
    name = intake.RENDITIONS_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP,)
    kinds = PICTURES
    light = False
    timeout_s = 120.0
    run = staticmethod(render_file)

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        return original(row), row["kind"], row["mime_type"], row["orientation"]

    async def prepare(self, home: Home, row: Row, result: Renditions) -> None:
        previews, preview = home.paths.previews, home.paths.preview(row["content_sha"])
        await asyncio.to_thread(write_atomically, preview, result.preview, temporary_in=previews)

    async def stow(self, home: Home, row: Row, result: Renditions) -> None:
        # Not in the transaction that says "done": two database files are never committed at one moment, and a kill in
        # between must leave a thumbnail too many, not one too few.
        await keep_thumbnail(home.db, row["content_sha"], result.thumbnail_webp)

    async def save(self, home: Home, row: Row, result: Renditions) -> str:
        processed = msgspec.json.decode(row["processor_metadata"])
        processed[self.name] = {"preview_mime": result.preview_mime, "warning": result.warning}
        await intake.update(
            home.db,
            row["id"],
            {
                "thumbhash": base64.b64encode(result.thumbhash).decode(),
                "width": result.width,
                "height": result.height,
                "animated": result.animated,
                "unshowable": False,
                "processor_metadata": msgspec.json.encode(processed).decode(),
            },
        )
        return result.warning

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        await intake.update(home.db, file, {"unshowable": True})
