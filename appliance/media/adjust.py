"""Carries recipes out on pixels: renditions of what a recipe makes of a picture, and that picture at full size.

Runs in the compute process.  The browser's editor does the same (`web/static/js/adjust/light.js`, `geometry.js`), and
`tests/e2e/test_adjust.py` compares the two: what is changed here is changed there, and `recipe._DRAWING` with it.
"""

from __future__ import annotations

import io
import math
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from PIL import ExifTags, Image

from appliance.media.pixels import fitted_size, read_picture
from appliance.media.recipe import Light, Recipe, crop_px, frame_size, name_of, shown_size, turned_size
from appliance.media.renditions import still_renditions
from appliance.media.values import PREVIEW_PX, Renditions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from appliance.media.recipe import Facts

LARGEST_DECODE_PX: Final = 4096
"""Long side that is decoded for renditions of a small crop: 64 MB at Pillow's 4 bytes per pixel."""
LARGEST_PIXELS: Final = 60_000_000
"""Of a picture at full size: there are two of them at one moment, at 4 bytes per pixel, beside what decodes."""
QUALITY: Final = 92
_STRIP_ROWS: Final = 256
_CONTRAST: Final = 0.8
_LIFT: Final = 2.0
"""How much dark tones are lifted and bright ones recovered; the most at which the curve still rises everywhere."""
_SINK: Final = 0.9
"""The same the other way, where black and white are the ends."""
_WARMTH_STOPS: Final = 0.35
_LUMA: Final = (0.299, 0.587, 0.114)
_LINEAR_LUMA: Final = (0.2126, 0.7152, 0.0722)
_TURNS: Final = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}


def render_adjusted(
    path: Path, *, kind: str, mime_type: str, orientation: int, recipe: Recipe, size: tuple[int, int] | None = None
) -> Renditions:
    """Renditions of what `recipe` makes of a photo or RAW; `size` is the upright original's, if known.

    `width`, `height` are those of the adjusted picture at full size.  Raises only MediaError.
    """
    side = PREVIEW_PX if size is None else _side_to_decode(recipe, size)
    picture = read_picture(path, kind=kind, mime_type=mime_type, orientation=orientation, max_side=side)
    image = adjusted(picture.image, recipe)
    fitted = fitted_size(*image.size, PREVIEW_PX)
    if fitted != image.size:
        image = image.resize(fitted, Image.Resampling.LANCZOS, reducing_gap=2.0)
    width, height = shown_size(recipe, picture.width, picture.height)
    made = still_renditions(image, width=width, height=height, warning=picture.warning)
    # Decoders of thumbhashes stop before it; addresses of renditions are made of it.
    return msgspec.structs.replace(made, thumbhash=made.thumbhash + bytes.fromhex(name_of(recipe)))


def write_adjusted(
    path: Path, target: Path, *, kind: str, mime_type: str, orientation: int, recipe: Recipe, size: tuple[int, int],
    facts: Facts | None,
) -> None:  # fmt: skip
    """Write `target`: the adjusted picture as a JPEG, at the size of the original up to `LARGEST_PIXELS`, upright,
    sRGB, with nothing in it but `facts`.  Raises MediaError."""
    ratio = min(1.0, math.sqrt(LARGEST_PIXELS / (size[0] * size[1])))
    side = math.floor(max(size) * ratio)
    picture = read_picture(path, kind=kind, mime_type=mime_type, orientation=orientation, max_side=side)
    image = adjusted(picture.image, recipe)
    del picture
    image.info.clear()  # Pillow writes a comment and a profile that it finds there
    with target.open("wb") as file:
        image.save(file, "JPEG", quality=QUALITY, subsampling=0, exif=_exif(facts) if facts else b"")


def adjust_small(data: bytes, recipe: Recipe) -> bytes:
    """Of a small JPEG or WebP in memory, the same as a JPEG."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=("JPEG", "WEBP")) as image:
        adjusted(image.convert("RGB"), recipe).save(out, "JPEG", quality=80)
    return out.getvalue()


def adjusted(image: Image.Image, recipe: Recipe) -> Image.Image:
    """What `recipe` makes of an upright RGB picture of any size."""
    shaped = _shaped(image, recipe)
    if recipe.light == Light():
        return shaped
    if shaped is image:
        shaped = image.copy()
    _light(shaped, recipe.light)
    return shaped


def curves(light: Light) -> NDArray[np.float32]:
    """What becomes of each of the 256 values of red, green and blue; shape (3, 256), 0 to 255, not rounded."""
    value = np.arange(256, dtype=np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    gains = [2 ** (light.warmth * _WARMTH_STOPS), 1.0, 2 ** (-light.warmth * _WARMTH_STOPS)]
    even = sum(part * gain for part, gain in zip(_LINEAR_LUMA, gains, strict=True))  # warmer is not brighter
    made = []
    for gain in gains:
        lit = np.minimum(linear * gain / even * 2**light.exposure, 1.0)
        tone = np.where(lit <= 0.0031308, lit * 12.92, 1.055 * lit ** (1 / 2.4) - 0.055)
        tone = tone - light.contrast * _CONTRAST * np.sin(2 * np.pi * tone) / (2 * np.pi)
        tone = tone + light.shadows * (_LIFT if light.shadows > 0 else _SINK) * tone * (1 - tone) ** 3
        tone = tone + light.highlights * (_SINK if light.highlights > 0 else _LIFT) * (1 - tone) * tone**3
        made.append(np.clip(tone, 0, 1) * 255)
    return np.array(made, dtype=np.float32)


def _light(image: Image.Image, light: Light) -> None:
    """Change `image` in place, some rows at a time: never another whole picture of numbers."""
    table = curves(light)
    colour = 0.0 if light.black_and_white else 1.0 + light.saturation
    width, height = image.size
    for top in range(0, height, _STRIP_ROWS):
        box = (0, top, width, min(height, top + _STRIP_ROWS))
        rows = np.asarray(image.crop(box))  # (rows, width, 3)
        lit = np.stack([table[channel][rows[:, :, channel]] for channel in range(3)], axis=2)
        if colour != 1.0:
            luma = lit @ np.array(_LUMA, dtype=np.float32)
            lit = luma[:, :, None] + (lit - luma[:, :, None]) * np.float32(colour)
        image.paste(Image.fromarray(np.clip(np.rint(lit), 0, 255).astype(np.uint8)), box)


def _shaped(image: Image.Image, recipe: Recipe) -> Image.Image:
    left, top, width, height = crop_px(recipe, *image.size)
    if recipe.angle:
        return _straightened(image, recipe, left, top, width, height)
    if recipe.turns:
        image = image.transpose(_TURNS[recipe.turns])
    if recipe.mirror:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if (width, height) != image.size:
        image = image.crop((int(left), int(top), int(left) + width, int(top) + height))
    return image


def _straightened(image: Image.Image, recipe: Recipe, left: float, top: float, width: int, height: int) -> Image.Image:
    """Turned, mirrored, straightened and cropped at once: each pixel of the result is looked up in the source."""
    frame = frame_size(recipe, *image.size)
    wide, high = turned_size(recipe, *image.size)
    cosine, sine = math.cos(math.radians(recipe.angle)), math.sin(math.radians(recipe.angle))
    # From the result's pixels to the turned picture's: out of the crop, about the middle, back by the angle.
    across, down = left - frame[0] / 2, top - frame[1] / 2
    a, b, c = cosine, sine, cosine * across + sine * down + wide / 2
    d, e, f = -sine, cosine, cosine * down - sine * across + high / 2
    if recipe.mirror:
        a, b, c = -a, -b, wide - c
    for _ in range(recipe.turns):
        # A quarter turn clockwise took (x, y) to (height - y, x); of which this is the way back, once more.
        (a, b, c), (d, e, f), (wide, high) = (d, e, f), (-a, -b, wide - c), (high, wide)
    return image.transform(
        (width, height), Image.Transform.AFFINE, (a, b, c, d, e, f), resample=Image.Resampling.BICUBIC
    )


def _side_to_decode(recipe: Recipe, size: tuple[int, int]) -> int:
    """The long side at which what is shown is as large as a preview may be, or as large as there are pixels."""
    ratio = min(1.0, PREVIEW_PX / max(shown_size(recipe, *size)))
    side = min(math.ceil(max(size) * ratio), LARGEST_DECODE_PX)
    return max(side, min(PREVIEW_PX, max(size)))


def _exif(facts: Facts) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = "Homeroll"
    for tag, text in (
        (ExifTags.Base.Make, facts.camera_make),
        (ExifTags.Base.Model, facts.camera_model),
        (ExifTags.Base.ImageDescription, facts.description),
    ):
        if text:
            exif[tag] = text
    if facts.taken:
        moment = datetime.fromisoformat(facts.taken).strftime("%Y:%m:%d %H:%M:%S")
        exif[ExifTags.Base.DateTime] = moment
        details = exif.get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.DateTimeOriginal] = moment
        if facts.utc_offset_min is not None:
            hours, minutes = divmod(abs(facts.utc_offset_min), 60)
            details[ExifTags.Base.OffsetTimeOriginal] = (
                f"{'-' if facts.utc_offset_min < 0 else '+'}{hours:02}:{minutes:02}"
            )
    if facts.latitude is not None and facts.longitude is not None:
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        position[ExifTags.GPS.GPSLatitudeRef] = "S" if facts.latitude < 0 else "N"
        position[ExifTags.GPS.GPSLatitude] = _degrees(facts.latitude)
        position[ExifTags.GPS.GPSLongitudeRef] = "W" if facts.longitude < 0 else "E"
        position[ExifTags.GPS.GPSLongitude] = _degrees(facts.longitude)
    return exif.tobytes()


def _degrees(value: float) -> tuple[float, float, float]:
    """Degrees, minutes, seconds."""
    degrees, rest = divmod(abs(value) * 3600, 3600)
    minutes, seconds = divmod(rest, 60)
    return degrees, minutes, round(seconds, 4)
