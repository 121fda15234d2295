"""HDR and wide-gamut pictures that state their colours by code points (AVIF, HEIC) instead of a profile, to sRGB.

Sources: code points ITU-T H.273; PQ SMPTE ST 2084; HLG and reference white (203 cd/m2) ITU-R BT.2100 and BT.2408.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PQ, _HLG = 16, 18
_WHITE_CD_M2: Final = 203.0
_KNEE: Final = 0.7
"""Darker than this, tones stay as they are; brighter ones are bent so that the brightest still differ."""
_XY: Final = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),  # BT.709, sRGB
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}
_D65: Final = (0.3127, 0.3290)


class CodePoints(msgspec.Struct, frozen=True):
    """`primaries` and `transfer` of H.273."""

    primaries: int
    transfer: int

    @property
    def differ_from_srgb(self) -> bool:
        return self.transfer in (_PQ, _HLG) or self.primaries in (9, 12)


def code_points_to_srgb(image: Image.Image, points: CodePoints) -> Image.Image:
    """`image` (RGB, values by `points`) as sRGB; light beyond diffuse white is compressed, not cut."""
    light = _linear(points.transfer)[np.asarray(image)]  # (height, width, 3), 1 = diffuse white
    if points.primaries in _XY and points.primaries != 1:
        light = light @ (np.linalg.inv(_to_xyz(1)) @ _to_xyz(points.primaries)).T.astype(np.float32)
    light = light.clip(0, None)
    if points.transfer in (_PQ, _HLG):
        brightest = light.max(axis=-1, keepdims=True)
        bent = _KNEE + (1 - _KNEE) * (1 - np.exp(-(brightest - _KNEE) / (1 - _KNEE)))
        light = np.where(brightest > _KNEE, light * (bent / brightest.clip(1e-6, None)), light)
    light = light.clip(0, 1)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray((encoded * 255).round().astype(np.uint8))


@lru_cache(maxsize=4)
def _linear(transfer: int) -> NDArray[np.float32]:
    """Light of each of the 256 codes, in units of diffuse white."""
    code = np.arange(256) / 255
    if transfer == _PQ:
        root = code ** (1 / 78.84375)
        ratio = (root - 0.8359375).clip(0, None) / (18.8515625 - 18.6875 * root)
        light = 10_000 * ratio ** (1 / 0.1593017578125) / _WHITE_CD_M2
    elif transfer == _HLG:
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        light = 1000 * scene**1.2 / _WHITE_CD_M2  # the system gamma of a 1000 cd/m2 screen, per channel
    else:
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@lru_cache(maxsize=4)
def _to_xyz(primaries: int) -> NDArray[np.float64]:
    """The matrix from linear RGB of these primaries to CIE XYZ, white D65."""

    def column(x: float, y: float) -> list[float]:
        return [x / y, 1.0, (1 - x - y) / y]

    columns = np.array([column(*xy) for xy in _XY[primaries]]).T  # (3, 3)
    white = np.array(column(*_D65))
    matrix: NDArray[np.float64] = columns * np.linalg.solve(columns, white)
    return matrix
