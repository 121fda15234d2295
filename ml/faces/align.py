"""Bring a face into the place where an embedder expects it: by the similarity transform of its landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ml.base import Point, RGBImage


def similarity(source: Sequence[Point], target: Sequence[Point]) -> NDArray[np.float64]:
    """The 2 x 3 matrix of turning, scaling and shifting that brings `source` closest to `target` (least squares).

    Never a mirror image.  Raises ValueError when the points of `source` are all the same.
    """
    a, b = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    a_centre, b_centre = a.mean(axis=0), b.mean(axis=0)
    a, b = a - a_centre, b - b_centre
    spread = float((a * a).sum())
    if spread <= 1e-12:
        raise ValueError("all points are the same")
    cosine = float((a * b).sum()) / spread
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, b_centre - turn @ a_centre])


def aligned_crop(image: RGBImage, landmarks: Sequence[Point], target: Sequence[Point], side: int) -> RGBImage:
    """A square of `side` pixels in which `landmarks` lie at `target`; black where the image ends."""
    forward = similarity(landmarks, target)
    scale = float(np.hypot(forward[0, 0], forward[1, 0]))
    turn = forward[:, :2] / scale**2
    back = np.column_stack([turn.T, -turn.T @ forward[:, 2]])  # from the square to the image

    corners = back @ np.array([[0, side, 0, side], [0, 0, side, side], [1, 1, 1, 1]], dtype=np.float64)
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(corners.min(axis=1)) - 2, 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=1)) + 2, (left + 1, top + 1), (width, height)).astype(int)
    part = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
    back[:, 2] -= (left, top)
    # Points name the middle of a pixel by its index, as OpenCV does; Pillow says index + 0.5.
    back[:, 2] += 0.5 - back[:, :2].sum(axis=1) / 2

    # Bilinear sampling looks at four pixels: a face much larger than the square is first averaged down.
    reduction = max(1, int(1 / scale))
    if reduction > 1:
        part = part.reduce(reduction)
        back /= reduction
    square = part.transform((side, side), Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BILINEAR)
    return np.asarray(square)
