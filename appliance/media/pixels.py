"""Any photo, RAW or video to upright sRGB pixels, scaled down as early as its format allows."""

from __future__ import annotations

import contextlib
import io
import math
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from PIL import Image, ImageFile, Jpeg2KImagePlugin, UnidentifiedImageError

from appliance.errors import MediaError, UnreadableFileError, UnsupportedFormatError
from appliance.media.colour import eight_bit, icc_profile_of, to_srgb
from appliance.media.damage import describe_damage
from appliance.media.ffmpeg import run_ffmpeg
from appliance.media.guard import MAX_PIXELS, MAX_PIXELS_COSTLY, MAX_PIXELS_SCALED, check_pixels, media_errors
from appliance.media.hdr import CodePoints, code_points_to_srgb
from appliance.media.heif import HEIF_BRANDS, read_code_points, read_heif, turns_itself
from appliance.media.jpeg import decode_scaled
from appliance.media.jxl import read_jxl_size
from appliance.media.raw import read_raw
from appliance.media.video import read_poster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PILLOW_FORMATS: Final = (
    "PNG", "GIF", "WEBP", "TIFF", "BMP", "DIB", "AVIF", "JPEG", "JPEG2000", "ICO", "ICNS", "PSD", "PPM", "PCX",
    "SGI", "QOI",
)  # fmt: skip
"""What Pillow may open. Not EPS (runs Ghostscript) and none of the formats without a signature (TGA takes anything)."""

_NOT_SUPPORTED: Final = frozenset(
    {"image/svg+xml", "image/x-tga", "image/vnd.radiance", "image/x-exr", "image/wmf", "image/emf", "application/pdf",
     "application/postscript", "image/vnd.djvu"}
)  # fmt: skip
"""Known, but nothing here decodes them: a retry will not help, unlike with a damaged file."""
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG: Final = 0x0112


class Picture(msgspec.Struct, frozen=True):
    """`image`: RGB, sRGB, upright, long side at most what was asked; `width`, `height`: the upright original's."""

    image: Image.Image
    width: int
    height: int
    animated: bool = False
    warning: str = ""


class _Stored(msgspec.Struct, frozen=True):
    """Pixels as the decoder gave them; `orientation` is what is still to be done to them."""

    image: Image.Image
    width: int
    height: int
    orientation: int
    icc_profile: bytes | None = None
    code_points: CodePoints | None = None
    animated: bool = False
    warning: str = ""


def decode_upright(path: Path, *, kind: str, mime_type: str, orientation: int, max_side: int) -> NDArray[np.uint8]:
    """Pixels for the models: uint8, shape (height, width, 3), RGB, sRGB, upright, long side at most `max_side`.

    Arguments and errors are those of `read_picture`.
    """
    picture = read_picture(path, kind=kind, mime_type=mime_type, orientation=orientation, max_side=max_side)
    return np.array(picture.image)  # writable: some models scribble on what they are given


def read_picture(path: Path, *, kind: str, mime_type: str, orientation: int, max_side: int) -> Picture:
    """Decode, scale down, colour-manage and turn `path`; a video gives its poster frame.

    kind: photo, raw or video.  orientation: the EXIF tag; formats that turn by their own means ignore it.
    mime_type: only names the format in an error, the content decides.
    Raises only MediaError: UnreadableFileError, or UnsupportedFormatError for what is too large or unknown.
    """
    with media_errors(path):
        if path.stat().st_size == 0:
            raise UnreadableFileError(str(path), "The file is empty.", hint="Copy it again from where it came from.")
        if kind == "video":
            poster = read_poster(path, max_side=max_side)
            return Picture(image=poster.image, width=poster.width, height=poster.height)
        return _finished(_read_stored(path, kind, mime_type, orientation, max_side), max_side)


def fitted_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """The size with a long side of at most `max_side`; never larger, never 0."""
    ratio = min(1.0, max_side / max(width, height))
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """`image` upright by its EXIF orientation; values that do not exist count as 1."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _finished(stored: _Stored, max_side: int) -> Picture:
    image = eight_bit(stored.image)
    size = fitted_size(*image.size, max_side)
    if size != image.size:
        # Averaging, not Lanczos: the JPEG decoder already brought it near, and larger steps go through reducing_gap.
        image = image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)
    image = to_srgb(image, stored.icc_profile)
    if stored.icc_profile is None and stored.code_points is not None and stored.code_points.differ_from_srgb:
        image = code_points_to_srgb(image, stored.code_points)
    image = turned(image, stored.orientation)
    width, height = stored.width, stored.height
    if stored.orientation in (5, 6, 7, 8):
        width, height = height, width
    return Picture(image=image, width=width, height=height, animated=stored.animated, warning=stored.warning)


def _read_stored(path: Path, kind: str, mime_type: str, orientation: int, max_side: int) -> _Stored:
    with path.open("rb") as file:
        head = file.read(32)
    if kind == "raw":
        raw = read_raw(path, orientation=orientation, max_side=max_side)
        return _Stored(raw.image, raw.width, raw.height, raw.orientation, raw.icc_profile, warning=raw.warning)
    if head.startswith(b"\xff\xd8"):
        jpeg = decode_scaled(path, max_side=max_side)
        return _Stored(jpeg.image, jpeg.width, jpeg.height, orientation, jpeg.icc_profile, warning=jpeg.warning)
    if head.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")):
        return _read_jxl(path, max_side)
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
        return _read_heif(path, orientation, max_side)
    return _read_by_pillow(path, mime_type, orientation, max_side)


def _read_heif(path: Path, orientation: int, max_side: int) -> _Stored:
    try:
        image = read_heif(path)
    except MediaError:
        raise
    except Exception:
        # AV1 in a container that does not say so; libavif tells whether it is.
        with contextlib.suppress(UnidentifiedImageError):
            return _read_by_pillow(path, "", orientation, max_side)
        raise
    return _Stored(
        image,
        *image.size,
        orientation=1 if turns_itself(path) else orientation,
        icc_profile=icc_profile_of(image),
        code_points=read_code_points(path),
    )


def _read_jxl(path: Path, max_side: int) -> _Stored:
    """JPEG XL by ffmpeg: no wheel with a free licence is kept up; libjxl turns the picture itself."""
    width, height = read_jxl_size(path)
    check_pixels(path, width, height)
    across, down = fitted_size(width, height, max_side)
    data = run_ffmpeg(
        path,
        after=("-frames:v", "1", "-vf", f"scale={across}:{down}:flags=area", "-c:v", "png", "-compression_level", "1",
               "-f", "image2pipe"),
    )  # fmt: skip
    image: Image.Image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.load()
    return _Stored(image, width, height, orientation=1, icc_profile=icc_profile_of(image))


def _read_by_pillow(path: Path, mime_type: str, orientation: int, max_side: int) -> _Stored:
    try:
        image: Image.Image = Image.open(path, formats=PILLOW_FORMATS)
    except UnidentifiedImageError as error:
        if mime_type in _NOT_SUPPORTED:
            raise UnsupportedFormatError(
                str(path), f"Pictures of the type {mime_type} are not shown.", hint="Keep a JPEG or PNG copy beside it."
            ) from error
        raise
    with image:
        limit = MAX_PIXELS
        if image.format == "JPEG2000":
            limit = MAX_PIXELS_SCALED
        elif image.format in ("WEBP", "AVIF") or image.mode in ("I", "F"):
            limit = MAX_PIXELS_COSTLY
        check_pixels(path, *image.size, limit=limit)
        width, height = image.size
        warning = ""
        if image.format == "TIFF":
            orientation = 1  # Pillow turns TIFF while it loads, and states the size after that
        elif image.format == "AVIF" and turns_itself(path):
            # Pillow's decoder leaves turning to us and states the container's turn in the place of EXIF's.
            orientation = image.getexif().get(_ORIENTATION_TAG, 1)
        animated = bool(getattr(image, "is_animated", False)) and image.format in ("GIF", "WEBP", "PNG", "AVIF")
        if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
            # openjpeg leaves out whole levels of detail: 2^reduce times smaller.
            image.reduce = max(0, int(math.log2(max(width, height) / max_side))) if max_side else 0
        try:
            image.load()
        except (OSError, SyntaxError, EOFError):
            image, warning = _partly(path)
        return _Stored(
            image,
            width,
            height,
            orientation,
            icc_profile=icc_profile_of(image),
            code_points=read_code_points(path) if image.format == "AVIF" else None,
            animated=animated,
            warning=warning,
        )


def _partly(path: Path) -> tuple[Image.Image, str]:
    with _truncated_allowed(), Image.open(path, formats=PILLOW_FORMATS) as image:
        image.load()
    return image, describe_damage(path, np.asarray(image))


@contextlib.contextmanager
def _truncated_allowed() -> Iterator[None]:
    previous = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = previous
