"""Pixels of any mode and profile to 8-bit sRGB; works on pictures already scaled down, so that it stays cheap."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUND: Final = (224, 224, 224)
"""What transparent pictures lie on: light enough for black line art, dark enough that white line art still shows."""

_SAME_AS_SRGB = 2
"""A profile that moves no colour by more than this many of 255 steps is left out: it would cost 20 ms to no effect."""


def to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """Colour-manage `image` (L, RGB, RGBA, CMYK, LAB) to RGB in sRGB, transparency laid on GROUND.

    A missing, broken or unsuitable profile is ignored: the numbers are then taken as sRGB, as browsers do.
    """
    alpha = None
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    image = _managed(image, icc_profile)
    if alpha is not None:
        ground = Image.new("RGB", image.size, GROUND)
        ground.paste(image, mask=alpha)
        return ground
    return image


def eight_bit(image: Image.Image) -> Image.Image:
    """Any Pillow mode to one that can be resized and managed (L, RGB, RGBA, CMYK, LAB); deep ones are scaled."""
    mode = image.mode
    if mode in ("PA", "La", "LA", "RGBa") or (mode in ("P", "L", "1", "RGB", "I;16") and "transparency" in image.info):
        if mode == "I;16":
            return _from_array(image)
        return (image.convert("LA") if mode == "La" else image).convert("RGBA")
    if mode in ("RGB", "RGBA", "CMYK", "LAB", "L"):
        return image
    if mode.startswith("I") or mode == "F":
        return _from_array(image)
    if mode == "1":
        return image.convert("L")
    return image.convert("RGB")  # P, YCbCr, HSV, RGBX


def icc_profile_of(image: Image.Image) -> bytes | None:
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None


def _managed(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    transform = None
    if image.mode == "LAB":
        transform = _lab_transform()
    elif icc_profile and image.mode in ("RGB", "L", "CMYK"):
        transform = _cached_transform(_Profile(icc_profile), image.mode)
    if transform is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    return ImageCms.applyTransform(image, transform) or image.convert("RGB")


class _Profile:
    """Bytes of a profile, hashed once: the cache must not keep megabytes of CMYK profiles as keys."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.digest = hashlib.sha256(data).digest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Profile) and other.digest == self.digest


@lru_cache(maxsize=16)
def _cached_transform(profile: _Profile, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile.data))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode == "RGB":
            probe = _probe()
            moved = np.asarray(ImageCms.applyTransform(probe, transform), dtype=np.int16) - np.asarray(probe, np.int16)
            if int(np.abs(moved).max()) <= _SAME_AS_SRGB:
                return None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return transform


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")


@lru_cache(maxsize=1)
def _probe() -> Image.Image:
    """A 9 x 9 x 9 grid of all colours as one row of pixels."""
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)  # (9, 9, 9, 3)
    return Image.fromarray(grid.reshape(1, -1, 3))


def _from_array(image: Image.Image) -> Image.Image:
    """16-bit and 32-bit integers and floats to 8-bit grey."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8))
    return Image.fromarray(_stretched(values.astype(np.float32)))


def _stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Wide values to 0..255 by the range they are probably meant in: 0..1, 0..255, 0..65535, else lowest to highest."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0:
        low = 0.0
        high = next((top for top in (1.0, 255.0, 65535.0) if high <= top), high)
    scale = 255.0 / (high - low) if high > low else 0.0
    scaled: NDArray[np.uint8] = ((values - low) * scale).round().clip(0, 255).astype(np.uint8)
    return scaled
