"""Thumbnail, preview and thumbhash of one stored file: bytes to be written, nothing is written here."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from PIL import Image

from appliance.errors import MediaError
from appliance.media.animation import encode_animation
from appliance.media.pixels import fitted_size, read_picture
from appliance.media.thumbhash import MAX_SIDE_PX, encode_thumbhash
from appliance.media.values import PREVIEW_PX, Renditions

if TYPE_CHECKING:
    from pathlib import Path

PREVIEW_QUALITY: Final = 80
THUMBNAIL_PX: Final = 250
THUMBNAIL_QUALITY: Final = 80
THUMBNAIL_METHOD: Final = 2
"""WebP effort: method 3 costs twice as much for 3 % smaller files."""
_THUMBNAIL_SHORT_PX: Final = 125
_THUMBNAIL_LONGEST_PX: Final = 500
"""A panorama at 250 px would be a blurred stripe in the grid: it keeps a short side of 125 px, up to 500 long."""


def render(path: Path, *, kind: str, mime_type: str, orientation: int) -> Renditions:
    """Renditions of a photo, RAW or video; runs in the compute child.

    orientation: the EXIF tag, 1..8.  Raises only MediaError.  Preview and thumbnail are never larger than the original.
    """
    picture = read_picture(path, kind=kind, mime_type=mime_type, orientation=orientation, max_side=PREVIEW_PX)
    image = picture.image
    preview = None
    warning = picture.warning
    if picture.animated:
        try:
            preview = encode_animation(path, orientation=orientation, max_side=PREVIEW_PX)
        except MediaError:
            warning = warning or "The animation is damaged: only its first picture could be shown."
    made = still_renditions(image, width=picture.width, height=picture.height, warning=warning)
    if preview is None:
        return made
    return msgspec.structs.replace(made, preview=preview, preview_mime="image/webp", animated=True)


def still_renditions(image: Image.Image, *, width: int, height: int, warning: str = "") -> Renditions:
    """Of pixels as they are shown: upright, sRGB, at most PREVIEW_PX; `width`, `height` are what is told of them."""
    thumbnail = _shrunk(image, _thumbnail_size(*image.size))
    return Renditions(
        thumbnail_webp=_webp(thumbnail),
        preview=_jpeg(image),
        preview_mime="image/jpeg",
        thumbhash=encode_thumbhash(np.asarray(_shrunk(thumbnail, fitted_size(*thumbnail.size, MAX_SIDE_PX)))),
        width=width,
        height=height,
        warning=warning,
    )


def _thumbnail_size(width: int, height: int) -> tuple[int, int]:
    ratio = max(THUMBNAIL_PX / max(width, height), min(_THUMBNAIL_SHORT_PX / min(width, height),
                                                       _THUMBNAIL_LONGEST_PX / max(width, height)))  # fmt: skip
    ratio = min(1.0, ratio)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Whole-number averaging first (the cheap part), then a sharp filter for the rest."""
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=1.01)


def _jpeg(image: Image.Image) -> bytes:
    # Pillow's own encoder reads its pixels in place: simplejpeg would save 0.3 ms and need a copy of 1.6 ms first.
    out = io.BytesIO()
    image.save(out, "JPEG", quality=PREVIEW_QUALITY)
    return out.getvalue()


def _webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=THUMBNAIL_QUALITY, method=THUMBNAIL_METHOD)
    return out.getvalue()
