"""Pictures made for tests: small, asymmetric (every turn and mirror shows), and the same on every run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ORIENTATION_TAG = 0x0112
_STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What turns an upright picture into the stored one that asks for that orientation."""


def scene(width: int = 320, height: int = 240) -> Image.Image:
    """A sky-to-ground gradient with a red corner and a dark bar: smooth, so that lossy formats keep it."""
    across = np.linspace(0, 1, width)[None, :]
    down = np.linspace(0, 1, height)[:, None]
    pixels = np.stack([60 + 150 * across + 0 * down, 90 + 120 * down + 0 * across, 200 - 150 * across * down], axis=-1)
    pixels[: height // 4, : width // 4] = (220, 40, 30)
    pixels[height * 2 // 3 : height * 3 // 4, width // 2 :] = (20, 30, 40)
    return Image.fromarray(pixels.round().astype(np.uint8))


def stored_as(image: Image.Image, orientation: int) -> Image.Image:
    turn = _STORED_AS[orientation]
    return image if turn is None else image.transpose(turn)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION_TAG] = orientation
    return tags


def orientation_of(path: Path) -> int:
    """The EXIF tag, as the metadata step would give it."""
    with Image.open(path) as image:
        return int(image.getexif().get(ORIENTATION_TAG, 1))


def save(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(data))
    image.load()
    return image


def difference(one: NDArray[np.uint8] | Image.Image, other: NDArray[np.uint8] | Image.Image) -> float:
    """Mean absolute difference per channel, 0..255; both must have one shape."""
    first, second = np.asarray(one).astype(np.int16), np.asarray(other).astype(np.int16)
    assert first.shape == second.shape
    return float(np.abs(first - second).mean())
