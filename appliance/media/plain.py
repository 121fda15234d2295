"""Copies of originals that hold the picture and nothing else: no place, no camera, no date, no name of anybody.

A photo is decoded and encoded again, so that nothing but pixels can come along; a video's streams are copied into a new
container without any of its data.  Runs in the compute process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.media.ffmpeg import copy_streams
from appliance.media.pixels import read_picture

if TYPE_CHECKING:
    from pathlib import Path

QUALITY: Final = 92
LARGEST_SIDE_PX: Final = 12_000


def write_plain_copy(path: Path, target: Path, *, kind: str, mime_type: str, orientation: int) -> None:
    """Write `target`: JPEG (upright, sRGB) of a photo or RAW, MP4 of a video.  Raises MediaError."""
    if kind == "video":
        copy_streams(path, target)
        return
    picture = read_picture(path, kind=kind, mime_type=mime_type, orientation=orientation, max_side=LARGEST_SIDE_PX)
    image = picture.image
    image.info.clear()  # Pillow writes a comment and a profile that it finds there
    with target.open("wb") as file:
        image.save(file, "JPEG", quality=QUALITY, subsampling=0)
