"""Keeping renditions that were made: previews as files, thumbnails in their database, what they tell in the row."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.files import write_atomically
from appliance.library import renditions
from appliance.library.thumbnails import keep_thumbnail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.db.engine import Database, Row
    from appliance.home import Home
    from appliance.library.adjusted_pictures import Rendered
    from appliance.media.values import Renditions


async def keep_previews(home: Home, content_sha: str, adjusted: str, rendered: Rendered) -> None:
    for name, one in _named(content_sha, adjusted, rendered):
        path = home.paths.preview(name)
        await asyncio.to_thread(write_atomically, path, one.preview, temporary_in=home.paths.previews)


async def keep_thumbnails(db: Database, content_sha: str, adjusted: str, rendered: Rendered) -> None:
    """Inside `db.write()`."""
    for name, one in _named(content_sha, adjusted, rendered):
        await keep_thumbnail(db, name, one.thumbnail_webp)


def columns_of(row: Row, rendered: Rendered) -> dict[str, Any]:
    """What the row of a stored file says once its renditions are there."""
    shown = rendered.shown
    processed = msgspec.json.decode(row["processor_metadata"])
    processed[renditions.STEP] = {"preview_mime": shown.preview_mime, "warning": shown.warning}
    values: dict[str, Any] = {
        "thumbhash": base64.b64encode(shown.thumbhash).decode(),
        "width": shown.width,
        "height": shown.height,
        "unshowable": False,
        "processor_metadata": msgspec.json.encode(processed).decode(),
    }
    if rendered.adjusted is None:
        return values | {"animated": shown.animated}
    if rendered.original is not None:
        values |= {"original_width": rendered.original.width, "original_height": rendered.original.height}
    return values


def _named(content_sha: str, adjusted: str, rendered: Rendered) -> Iterator[tuple[str, Renditions]]:
    if rendered.original is not None:
        yield content_sha, rendered.original
    if rendered.adjusted is not None:
        yield renditions.name_of(content_sha, adjusted), rendered.adjusted
