"""RAW files: the preview that the camera put in, else a quick development of the sensor's own data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from PIL import Image

from appliance.errors import MediaError, UnreadableFileError, UnsupportedFormatError
from appliance.media.guard import check_pixels
from appliance.media.jpeg import decode_scaled_bytes

if TYPE_CHECKING:
    from pathlib import Path

_GOOD_PREVIEW_PX: Final = 1000
_LEAST_PREVIEW_PX: Final = 120
_LEAST_BITS_PER_PIXEL: Final = 0.3
"""No camera packs a pixel smaller (lossy DNG needs 1, others 4 to 16): less is a file cut down to its metadata, from
which LibRaw develops black or noise without complaint."""
_ORIENTATION_OF_FLIP: Final = {3: 3, 5: 8, 6: 6}
"""LibRaw's flip to the EXIF orientation that asks for the same turn."""


class RawPicture(msgspec.Struct, frozen=True):
    """`image` as stored, `orientation` what makes it upright; `width`, `height` of the full picture as stored."""

    image: Image.Image
    width: int
    height: int
    orientation: int
    icc_profile: bytes | None
    warning: str


def read_raw(path: Path, *, orientation: int, max_side: int) -> RawPicture:
    """The embedded preview if it is large enough, else half the sensor's size with the camera's white balance."""
    import rawpy

    try:
        raw = rawpy.imread(str(path))
    except rawpy.LibRawFileUnsupportedError as error:
        raise UnsupportedFormatError(
            str(path), "This camera's RAW format is not known.", hint="Keep a JPEG or DNG of the photo beside it."
        ) from error
    except rawpy.LibRawError as error:
        raise UnreadableFileError(
            str(path),
            f"The RAW file is damaged or holds no picture: {_said(error)}.",
            hint="Open it in the camera maker's program. If it is damaged there too, restore it from a backup.",
        ) from error
    with raw:
        return _read_open(path, raw, orientation=orientation, max_side=max_side)


def _read_open(path: Path, raw: Any, *, orientation: int, max_side: int) -> RawPicture:
    import rawpy

    sizes = raw.sizes
    # LibRaw states output sizes after its own turn.
    turned = sizes.flip in (5, 6)
    width, height = (sizes.iheight, sizes.iwidth) if turned else (sizes.iwidth, sizes.iheight)
    if orientation == 1:
        orientation = _ORIENTATION_OF_FLIP.get(sizes.flip, 1)
    preview = _embedded_preview(path, raw, max_side=max_side)
    if preview is not None and max(preview.width, preview.height) < _LEAST_PREVIEW_PX:
        preview = None
    if preview is not None and max(preview.width, preview.height) >= min(_GOOD_PREVIEW_PX, max(width, height) // 2):
        # Some makers store the preview already turned; its shape tells.
        upright = orientation >= 5 and (preview.width > preview.height) != (width > height)
        return RawPicture(
            image=preview.image,
            width=width,
            height=height,
            orientation=1 if upright else orientation,
            icc_profile=preview.icc_profile,
            warning=preview.warning,
        )
    check_pixels(path, width, height)
    try:
        if path.stat().st_size * 8 < width * height * _LEAST_BITS_PER_PIXEL:
            raise EOFError("the sensor's data is not in the file")
        pixels = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8, user_flip=0)
    except (rawpy.LibRawError, MemoryError, EOFError) as error:
        if preview is not None:
            return RawPicture(
                image=preview.image, width=width, height=height, orientation=orientation,
                icc_profile=preview.icc_profile, warning="Only the small preview in the RAW file could be read.",
            )  # fmt: skip
        raise UnreadableFileError(
            str(path),
            f"The RAW file is damaged or cut short: {_said(error)}.",
            hint="Open it in the camera maker's program. If it is damaged there too, restore it from a backup.",
        ) from error
    return RawPicture(
        image=Image.fromarray(pixels), width=width, height=height, orientation=orientation, icc_profile=None, warning=""
    )


class _Preview(msgspec.Struct, frozen=True):
    image: Image.Image
    width: int
    height: int
    icc_profile: bytes | None
    warning: str


def _embedded_preview(path: Path, raw: Any, *, max_side: int) -> _Preview | None:
    import rawpy

    try:
        thumb = raw.extract_thumb()
    except (rawpy.LibRawError, MemoryError, ValueError):
        return None
    try:
        if thumb.format == rawpy.ThumbFormat.JPEG:
            jpeg = decode_scaled_bytes(path, thumb.data, max_side=max_side)
            return _Preview(jpeg.image, jpeg.width, jpeg.height, jpeg.icc_profile, jpeg.warning)
        image = Image.fromarray(thumb.data)
    except (MediaError, OSError, ValueError, SyntaxError):
        return None
    return _Preview(image, image.width, image.height, None, "")


def _said(error: BaseException) -> str:
    told = error.args[0] if error.args else error
    return (told.decode(errors="replace") if isinstance(told, bytes) else str(told)) or type(error).__name__
