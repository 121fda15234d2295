"""What is shown of a photo before its renditions are made: a pure function for the compute process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.media.recipe import Recipe


def make_stand_in(
    path: Path, orientation: int, width: int | None, height: int | None, recipe: Recipe | None = None
) -> bytes | None:
    """The thumbnail that the camera put into the file, as an upright JPEG and adjusted; None if there is none."""
    from appliance.media.standin import stand_in

    small = stand_in(path, orientation=orientation, width=width, height=height)
    if small is None or recipe is None:
        return small
    return adjust_rendition(small, recipe)


def adjust_rendition(data: bytes, recipe: Recipe) -> bytes:
    """What a recipe makes of a thumbnail or preview (JPEG or WebP) of the picture as taken; a JPEG."""
    from appliance.media.adjust import adjust_small

    return adjust_small(data, recipe)
