"""What is shown of a photo before its renditions are made: a pure function for the compute process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make_stand_in(path: Path, orientation: int, width: int | None, height: int | None) -> bytes | None:
    """The thumbnail that the camera put into the file, as an upright JPEG; None if there is none."""
    from appliance.media.standin import stand_in

    return stand_in(path, orientation=orientation, width=width, height=height)
