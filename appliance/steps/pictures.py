"""What models look at: the preview where it is there and large enough, else the original; some frames of a video.

Always the picture as taken: what is found on it stays true when somebody crops it, turns it or resets it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.library.renditions import original_size
from appliance.media.values import PREVIEW_PX
from appliance.steps.base import SkipError, original

if TYPE_CHECKING:
    from appliance.db.engine import Row
    from appliance.home import Home
    from ml.base import RGBImage

VIDEO_FRAMES = 3


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Where to find the pixels of one stored file; plain values, for the compute process.

    `size_px`: width and height of the original, upright; `preview`: may be missing by the time it is opened.
    """

    path: Path
    kind: str
    mime_type: str
    orientation: int
    size_px: tuple[int, int]
    duration_s: float
    preview: Path


def picture_for(home: Home, row: Row) -> Picture:
    """Raises SkipError for a file of which no picture can be made."""
    if row["unshowable"]:
        raise SkipError("There is no picture to look at")
    return Picture(
        path=original(row),
        kind=row["kind"],
        mime_type=row["mime_type"],
        orientation=row["orientation"],
        size_px=original_size(row) or (1, 1),
        duration_s=row["duration_s"] or 0.0,
        preview=home.paths.preview(row["content_sha"]),
    )


def open_picture(picture: Picture, max_side: int) -> RGBImage:
    """Upright sRGB, long side about `max_side` pixels or what the original has; the poster frame of a video.

    Raises MediaError when the original is needed and cannot be read.
    """
    from appliance.errors import MediaError
    from appliance.media.pixels import decode_upright

    enough = max_side <= PREVIEW_PX or max(picture.size_px) <= PREVIEW_PX
    if enough and picture.preview.exists():
        try:
            return decode_upright(
                picture.preview, kind="photo", mime_type="image/jpeg", orientation=1, max_side=max_side
            )
        except MediaError:
            pass  # a torn preview is not the file's fault: the original has it all
    return decode_upright(
        picture.path,
        kind=picture.kind,
        mime_type=picture.mime_type,
        orientation=picture.orientation,
        max_side=max_side,
    )


def open_frames(picture: Picture, max_side: int) -> list[RGBImage]:
    """The picture; of a video, up to three frames spread over it, so that it is found by what happens later too."""
    if picture.kind != "video":
        return [open_picture(picture, max_side)]
    from appliance.media.video import read_frames

    return read_frames(picture.path, count=VIDEO_FRAMES, max_side=max_side)
