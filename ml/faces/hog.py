"""dlib's HOG detector with a second look: doubtful places of a smaller picture are enlarged and judged again.

Nearly all that the detector costs is proportional to the pixels it is shown, and the smallest faces it can find are as
large as its window.  A face that is somewhat too small for the window still leaves a trace there, far below the limit,
as some other things do; seen again at the right size it is a face, and they are not.  So the whole picture may be
smaller, and both more faces and fewer mistakes come out than by a low limit alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

Found = tuple[Any, float]  # a dlib.rectangle and the detector's score, above 0 for what it would call a face itself

SURE: Final = 0.0
DOUBTFUL: Final = -1.3  # what is below leaves no trace worth a look; 17 places in a photo full of detail are above
LIKELY: Final = -0.4  # scores wander by 0.3 with the size at which a face is seen: two looks that agree are enough
LEAST: Final = -0.2  # at the second look; those under 0 are kept and not grouped
LEAST_IF_LIKELY: Final = -0.6
MOST_LOOKS: Final = 20
WINDOW_PX: Final = 140  # a place is enlarged until it is so wide: three steps of the pyramid above the smallest
AROUND: Final = 0.2  # of its width is shown on each side
MOST_OVERLAP: Final = 0.3


def find(detector: Any, grey: NDArray[np.uint8], times_doubled: int) -> list[Found]:
    """Faces of a grey picture, the surest first; `times_doubled` is how often it is enlarged for the first look."""
    rectangles, scores, _ = detector.run(grey, times_doubled, DOUBTFUL)
    seen = sorted(zip(rectangles, scores, strict=True), key=lambda found: -found[1])
    faces = [found for found in seen if found[1] >= SURE]
    image = Image.fromarray(grey)
    for place, score in [found for found in seen if found[1] < SURE][:MOST_LOOKS]:
        again = _look_again(detector, image, place, LEAST_IF_LIKELY if score >= LIKELY else LEAST)
        if again is not None and all(overlap(again[0], face) <= MOST_OVERLAP for face, _ in faces):
            faces.append(again)
    return sorted(faces, key=lambda found: -found[1])


def _look_again(detector: Any, image: Image.Image, place: Any, least: float) -> Found | None:
    """The surest face whose middle lies in `place`."""
    width = place.width()
    left, top = max(0.0, place.left() - AROUND * width), max(0.0, place.top() - AROUND * width)
    right = min(float(image.width), place.right() + 1 + AROUND * width)
    bottom = min(float(image.height), place.bottom() + 1 + AROUND * width)
    if right - left < 1 or bottom - top < 1:
        return None
    scale = WINDOW_PX / width
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    part = image.resize(size, Image.Resampling.BICUBIC, box=(left, top, right, bottom))
    rectangles, scores, _ = detector.run(np.asarray(part), 0, least)
    best: Found | None = None
    for rectangle, score in zip(rectangles, scores, strict=True):
        back = type(rectangle)(
            round(rectangle.left() / scale + left),
            round(rectangle.top() / scale + top),
            round((rectangle.right() + 1) / scale + left) - 1,
            round((rectangle.bottom() + 1) / scale + top) - 1,
        )
        if place.contains(back.center()) and (best is None or score > best[1]):
            best = back, score
    return best


def overlap(a: Any, b: Any) -> float:
    """Intersection over union of two dlib rectangles."""
    shared = a.intersect(b).area()
    return float(shared / (a.area() + b.area() - shared)) if shared else 0.0
