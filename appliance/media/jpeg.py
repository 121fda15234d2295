"""JPEG at the smallest sufficient size: scaled while it is decoded, so that most of the picture is never computed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import msgspec
import simplejpeg
from PIL import Image, ImageFile

from appliance.errors import UnreadableFileError
from appliance.media.damage import describe_damage
from appliance.media.guard import MAX_PIXELS, MAX_PIXELS_SCALED, check_pixels, damaged

if TYPE_CHECKING:
    from pathlib import Path

_START_OF_FRAME: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_ICC_HEAD: Final = b"ICC_PROFILE\x00"
_MAX_SCANS: Final = 500
"""A progressive file needs about 10; a kilobyte per scan can otherwise cost seconds each (a known attack)."""
_MAX_READ_BYTES: Final = 400_000_000
"""A 250 MP JPEG at the best quality is smaller; behind it may lie a video."""


class JpegLayout(msgspec.Struct, frozen=True):
    """What the markers before the first scan say."""

    width: int
    height: int
    components: int
    progressive: bool
    icc_profile: bytes | None


def read_layout(data: bytes) -> JpegLayout | None:
    """Walk the markers up to the first scan; None if there is no frame header."""
    frame: tuple[int, int, int, bool] | None = None
    icc_parts: dict[int, bytes] = {}
    position, end = 2, len(data)
    while position + 4 <= end:
        if data[position] != 0xFF:
            position = data.find(b"\xff", position)
            if position < 0:
                break
            continue
        marker = data[position + 1]
        if marker in (0xFF, 0x00) or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in (0xD9, 0xDA):
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if length < 2:
            position += 2
            continue
        if marker in _START_OF_FRAME and position + 10 <= end:
            height = int.from_bytes(data[position + 5 : position + 7], "big")
            width = int.from_bytes(data[position + 7 : position + 9], "big")
            frame = (width, height, data[position + 9], marker in _PROGRESSIVE)
        elif marker == 0xE2 and data.startswith(_ICC_HEAD, position + 4):
            icc_parts[data[position + 16]] = data[position + 18 : position + 2 + length]
        position += 2 + length
    if frame is None:
        return None
    icc = b"".join(icc_parts[number] for number in sorted(icc_parts)) or None
    return JpegLayout(*frame, icc_profile=icc)


class ScaledJpeg(msgspec.Struct, frozen=True):
    """`image` is as stored (not yet upright, not yet sRGB), its long side the next n/8 at or above what was asked."""

    image: Image.Image
    width: int
    height: int
    icc_profile: bytes | None
    warning: str


def decode_scaled(path: Path, *, max_side: int) -> ScaledJpeg:
    """Decode at the smallest n/8 whose long side is at least `max_side`."""
    with path.open("rb") as file:
        data = file.read(min(path.stat().st_size, _MAX_READ_BYTES))
    return decode_scaled_bytes(path, data, max_side=max_side)


def decode_scaled_bytes(path: Path, data: bytes, *, max_side: int) -> ScaledJpeg:
    """The same from bytes; `path` is for errors only."""
    layout = read_layout(data)
    if layout is None:
        raise UnreadableFileError(
            str(path), "The file ends before the picture begins.", hint="Restore the file from a backup."
        )
    check_pixels(path, layout.width, layout.height, limit=MAX_PIXELS if layout.progressive else MAX_PIXELS_SCALED)
    if layout.progressive and data.count(b"\xff\xda") > _MAX_SCANS:
        raise damaged(path, f"more than {_MAX_SCANS} scans")
    warning = ""
    if layout.components in (1, 3):
        image, warning = _by_simplejpeg(path, data, layout, max_side)
    else:
        image, warning = _by_pillow(path, data, max_side)
    return ScaledJpeg(
        image=image, width=layout.width, height=layout.height, icc_profile=layout.icc_profile, warning=warning
    )


def _by_simplejpeg(path: Path, data: bytes, layout: JpegLayout, max_side: int) -> tuple[Image.Image, str]:
    # The long side alone decides; 0 leaves the other one free.
    wide = layout.width >= layout.height
    min_width = min(max_side, layout.width) if wide else 0
    min_height = 0 if wide else min(max_side, layout.height)
    colourspace = "GRAY" if layout.components == 1 else "RGB"
    warning = ""
    try:
        pixels = simplejpeg.decode_jpeg(data, colourspace, min_width=min_width, min_height=min_height)
    except ValueError as error:
        first_error = str(error)
        try:
            pixels = simplejpeg.decode_jpeg(data, colourspace, min_width=min_width, min_height=min_height, strict=False)
        except ValueError:
            return _by_pillow(path, data, max_side)
        # Cameras do write stray bytes between segments; the picture is whole.
        if "extraneous bytes" not in first_error:
            warning = describe_damage(path, pixels)
    if colourspace == "GRAY":
        pixels = pixels[:, :, 0]
    return Image.fromarray(pixels), warning


def _by_pillow(path: Path, data: bytes, max_side: int) -> tuple[Image.Image, str]:
    """CMYK and YCCK, whose inversions Pillow knows, and what simplejpeg gives up on."""
    image: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG",))
    # draft() goes to the next power of two at or above both sides asked for.
    ratio = max_side / max(image.size)
    if ratio < 1:
        image.draft(image.mode, (max(1, int(image.width * ratio)), max(1, int(image.height * ratio))))
    try:
        image.load()
    except (OSError, SyntaxError):
        return _partly(path, data)
    return image, ""


def _partly(path: Path, data: bytes) -> tuple[Image.Image, str]:
    import numpy as np

    previous = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG",))
        image.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = previous
    return image, describe_damage(path, np.asarray(image))
