"""Thumbhash: a picture's colours and shape in about 25 bytes, shown while the thumbnail loads; knows no files.

Source: https://evanw.github.io/thumbhash/ (MIT), of which this is the encoder for opaque pictures as matrix products.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_SIDE_PX: Final = 100
"""The format's own limit: a larger picture adds nothing to 7 x 7 frequencies."""


def encode_thumbhash(pixels: NDArray[np.uint8]) -> bytes:
    """Hash of `pixels`, uint8, shape (height, width, 3), RGB, upright, at most MAX_SIDE_PX on a side."""
    height, width = pixels.shape[:2]
    if max(height, width) > MAX_SIDE_PX:
        raise ValueError(f"{width} x {height} is larger than {MAX_SIDE_PX} pixels")
    longest = max(width, height)
    luma_x = max(1, _rounded(7 * width / longest))
    luma_y = max(1, _rounded(7 * height / longest))
    rgb = pixels.reshape(-1, 3).astype(np.float64) / 255  # (height * width, 3)
    red, green, blue = rgb[:, 0], rgb[:, 1], rgb[:, 2]
    luma = ((red + green + blue) / 3).reshape(height, width)
    yellow_blue = ((red + green) / 2 - blue).reshape(height, width)
    red_green = (red - green).reshape(height, width)

    luma_dc, luma_ac, luma_scale = _channel(luma, max(3, luma_x), max(3, luma_y))
    yellow_dc, yellow_ac, yellow_scale = _channel(yellow_blue, 3, 3)
    red_dc, red_ac, red_scale = _channel(red_green, 3, 3)

    landscape = width > height
    header24 = (
        _rounded(63 * luma_dc)
        | (_rounded(31.5 + 31.5 * yellow_dc) << 6)
        | (_rounded(31.5 + 31.5 * red_dc) << 12)
        | (_rounded(31 * luma_scale) << 18)
    )
    header16 = (
        (luma_y if landscape else luma_x)
        | (_rounded(63 * yellow_scale) << 3)
        | (_rounded(63 * red_scale) << 9)
        | (int(landscape) << 15)
    )
    nibbles = np.concatenate([luma_ac, yellow_ac, red_ac])
    levels = np.floor(15 * nibbles + 0.5).astype(np.uint8)
    if levels.size % 2:
        levels = np.append(levels, np.uint8(0))
    packed = levels[0::2] | (levels[1::2] << 4)
    return header24.to_bytes(3, "little") + header16.to_bytes(2, "little") + packed.astype(np.uint8).tobytes()


def _channel(values: NDArray[np.float64], nx: int, ny: int) -> tuple[float, NDArray[np.float64], float]:
    """Mean, the other frequencies as 0..1 in the format's order, and their scale."""
    height, width = values.shape
    frequencies = _cosines(height, ny).T @ values @ _cosines(width, nx) / (height * width)  # (ny, nx)
    ac = frequencies[_kept(nx, ny)]
    scale = float(np.abs(ac).max(initial=0.0))
    # One colour leaves rounding noise of 1e-17, which must not be blown up to random nibbles.
    ac = 0.5 + 0.5 / scale * ac if scale > 1e-9 else np.zeros_like(ac)
    return float(frequencies[0, 0]), ac, scale


@lru_cache(maxsize=64)
def _cosines(length: int, count: int) -> NDArray[np.float64]:
    positions = (np.arange(length) + 0.5)[:, None]
    cosines: NDArray[np.float64] = np.cos(np.pi / length * positions * np.arange(count))  # (length, count)
    return cosines


@lru_cache(maxsize=32)
def _kept(nx: int, ny: int) -> NDArray[np.bool_]:
    """The triangle of low frequencies that the format keeps, without the mean; row by row."""
    cx, cy = np.arange(nx)[None, :], np.arange(ny)[:, None]
    kept: NDArray[np.bool_] = cx * ny < nx * (ny - cy)
    kept[0, 0] = False
    return kept


def _rounded(value: float) -> int:
    """Half up, as JavaScript's Math.round: Python's round() goes to the even neighbour."""
    return int(np.floor(value + 0.5))
