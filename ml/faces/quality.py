"""Can this face be told from others?  By its size, how sharp it is, and how far it looks away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from ml.base import FaceQuality

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ml.base import DetectedFace, Point, RGBImage

SMALLEST_PX: Final = 24.0
MOST_BLURRED: Final = 0.65  # where the embedding of a blurred face is as far from the sharp one as a stranger is
MOST_TURNED: Final = 0.85
LEAST_SCORE: Final = 0.5
_MEASURED_SIDE: Final = 64  # sharpness is compared at one size, or large faces would always look blurred
_GOOD_SIZE_PX: Final = 112.0  # what embedders look at: more adds nothing
_SHARP: Final = 150.0  # variance of the Laplacian of a sharp face at that size, brightness scaled to a deviation of 50


def judge(image: RGBImage, face: DetectedFace) -> FaceQuality:
    """Judge a face in the image in which it was found."""
    left, top, right, bottom = face.box_px
    size = min(right - left, bottom - top)
    blur = blur_of(_cut_out(image, face)) if size >= 1 else 1.0
    yaw = yaw_of(face.landmarks_px)
    reason = ""
    if size < SMALLEST_PX:
        reason = "too small"
    elif face.score < LEAST_SCORE:
        reason = "perhaps no face"
    elif blur > MOST_BLURRED:
        reason = "too blurred"
    elif yaw > MOST_TURNED:
        reason = "turned away"
    value = min(1.0, size / _GOOD_SIZE_PX) * (1 - blur / 2) * (1 - yaw / 2) * min(1.0, face.score)
    return FaceQuality(usable=not reason, size_px=size, blur=blur, yaw=yaw, reason=reason, value=max(0.0, value))


def blur_of(grey: NDArray[np.float32]) -> float:
    """0 for a sharp picture to 1 for one without edges: by the variance of the Laplacian, whatever the contrast."""
    if min(grey.shape) < 3:
        return 1.0
    deviation = float(grey.std())
    if deviation < 1.0:
        return 1.0
    scaled = grey * np.float32(50.0 / deviation)
    inner = scaled[1:-1, 1:-1]
    laplacian = scaled[:-2, 1:-1] + scaled[2:, 1:-1] + scaled[1:-1, :-2] + scaled[1:-1, 2:] - 4 * inner
    return 1.0 / (1.0 + float(laplacian.var()) / _SHARP)


def yaw_of(landmarks: tuple[Point, ...]) -> float:
    """0 for a face that looks at the camera to 1 for a profile; 0 when nothing is known.

    The nose lies between the eyes, seen along the line through them, and leaves the middle as the head turns.
    """
    if len(landmarks) < 3:
        return 0.0
    left_eye, right_eye, nose = (np.array(point) for point in landmarks[:3])
    across = right_eye - left_eye
    length = float(np.hypot(*across))
    if length < 1.0:
        return 1.0
    along = float((nose - left_eye) @ across) / length**2
    return min(1.0, abs(2 * along - 1))


def _cut_out(image: RGBImage, face: DetectedFace) -> NDArray[np.float32]:
    """The face alone, grey, its longer side brought down to the size at which sharpness is measured."""
    height, width = image.shape[:2]
    left, top, right, bottom = face.box_px
    columns = slice(max(0, int(left)), min(width, int(right) + 1))
    rows = slice(max(0, int(top)), min(height, int(bottom) + 1))
    part = image[rows, columns]
    if part.size == 0:
        return np.zeros((1, 1), dtype=np.float32)
    grey = Image.fromarray(np.ascontiguousarray(part)).convert("L")
    grey.thumbnail((_MEASURED_SIDE, _MEASURED_SIDE), Image.Resampling.BOX)
    return np.asarray(grey, dtype=np.float32)
