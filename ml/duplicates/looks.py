"""What a picture looks like, in 256 bits that survive resizing, re-encoding and slight editing.

The signs of the lowest 16 x 16 frequencies (DCT) of the picture squeezed to 64 x 64 grey pixels.  It is ours because it
is twenty lines of numpy over thumbnails that are there already: a package would bring its own decoder, 64 bits (too few
to tell a hundred thousand photos apart) and no answer for mirrored or turned copies.  Here those are plain operations
on the bits: a mirrored picture has the signs of its odd frequencies changed, a turned one has rows and columns swapped.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

SIDE: Final = 64
FREQUENCIES: Final = 16
BYTES: Final = FREQUENCIES * FREQUENCIES // 8
PLAIN: Final = 2.0
"""Below this contrast (of 255) a picture is one colour, and its bits are noise."""
_EDGE_TOLERANCE: Final = 12
_EDGE_SHARE: Final = 0.95  # of a row that has the border's colour: a clock or a battery may stand in it
_LEAST_TRIMMED: Final = 0.03
_LEAST_KEPT: Final = 0.15  # of a side; a wide photo on an upright screen is a quarter of it


class Looks(msgspec.Struct, frozen=True):
    """`bits` of the whole picture, `inner` without a one-coloured border where it has one; empty where it is plain.

    `contrast`: standard deviation of what the bits describe, in grey levels; little of it, and bits say less.
    """

    bits: bytes
    inner: bytes
    contrast: float


def looks_of(thumbnails: Sequence[bytes]) -> list[Looks | None]:
    """Of each encoded picture; None for one that cannot be decoded.  A millisecond each."""
    return [_looks(data) for data in thumbnails]


def looks_of_grey(grey: NDArray[np.uint8]) -> Looks:
    """grey: upright, shape (height, width)."""
    bits, contrast = _bits(grey)
    inner = b""
    trimmed = _without_border(grey)
    if trimmed is not None:
        inner, _ = _bits(trimmed)
    return Looks(bits, inner, round(contrast, 3))


def _looks(data: bytes) -> Looks | None:
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            return looks_of_grey(np.asarray(image.convert("L")))
    except (UnidentifiedImageError, OSError, ValueError):
        return None


def _bits(grey: NDArray[np.uint8]) -> tuple[bytes, float]:
    import numpy as np
    from PIL import Image

    small = Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    waves = _cosines()
    strength = waves @ np.asarray(small, dtype=np.float32) @ waves.T  # (16, 16)
    strength[0, 0] = 0.0  # how bright it is says nothing of what is on it
    contrast = float(np.sqrt((strength**2).sum())) / SIDE
    if contrast < PLAIN:
        return b"", contrast
    return np.packbits((strength > 0).ravel()[order()]).tobytes(), contrast


def _without_border(grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Without bars of one colour, such as a screenshot has around a photo; None when there are none."""
    import numpy as np

    kept = []
    for lines in (grey, grey.T):
        first, last = 0, len(lines)
        for edge, step in ((lines[0], 1), (lines[-1], -1)):
            like_edge = np.abs(lines.astype(np.int16) - int(np.median(edge))) < _EDGE_TOLERANCE
            same = like_edge.mean(axis=1) >= _EDGE_SHARE
            run = int(np.argmin(same[::step])) if not same.all() else len(lines)
            first, last = (run, last) if step == 1 else (first, last - run)
        if last - first < _LEAST_KEPT * len(lines):
            return None
        kept.append(slice(first, last))
    inner = grey[kept[0], kept[1]]
    trimmed = 1 - inner.size / grey.size
    return inner if trimmed >= _LEAST_TRIMMED else None


@cache
def _cosines() -> NDArray[np.float32]:
    """The first rows of the orthonormal DCT-II: (16, 64)."""
    import numpy as np

    place, frequency = np.arange(SIDE)[None, :], np.arange(FREQUENCIES)[:, None]
    waves: NDArray[np.float32] = np.cos(np.pi * (2 * place + 1) * frequency / (2 * SIDE)).astype(np.float32)
    waves *= np.float32(np.sqrt(2 / SIDE))
    waves[0] /= np.float32(np.sqrt(2))
    return waves


@cache
def order() -> NDArray[np.intp]:
    """Place of each bit in the 16 x 16 square: the lowest 8 x 8 first, dealt out in turn to the four 16-bit parts by
    which neighbours are looked up, so that no part holds only what all photos have in common (sky above, ground below).
    """
    import numpy as np

    places = [(row, column) for row in range(FREQUENCIES) for column in range(FREQUENCIES)]
    half = FREQUENCIES // 2
    low = sorted((place for place in places if max(place) < half), key=lambda place: (sum(place), place))
    high = sorted((place for place in places if max(place) >= half), key=lambda place: (sum(place), place))
    dealt = [place for part in range(4) for place in low[part::4]]
    return np.array([row * FREQUENCIES + column for row, column in (*dealt, *high)], dtype=np.intp)
