"""Every face of one picture, ready to be kept: what the compute child is asked for.

Importing this loads nothing; engines are loaded at their first use and stay for the life of the process.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from ml.base import FoundFace
from ml.registry import face_engine
from ml.runtime import loaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ml.base import Box, DetectedFace, RGBImage, Runtime

_LONGEST: Final = 4  # a panorama may be this many times as long as a 4:3 picture of the same area


def decode_side(engine_name: str, width: int, height: int) -> int:
    """The long side at which to decode a picture for this engine: the same area for every shape."""
    side = face_engine(engine_name).max_side
    long, short = max(width, height, 1), max(1, min(width, height))
    return round(min(side * math.sqrt(0.75 * long / short), side * _LONGEST))


def analyse_faces(image: RGBImage, *, engine_name: str, runtime: Runtime) -> list[FoundFace]:
    """Find, judge and embed every face of an upright RGB array, the surest first.

    Raises NotFoundError for an engine that does not exist and ModelUnavailableError for one that cannot be loaded.
    """
    from ml.faces.quality import judge

    engine = loaded(face_engine(engine_name), runtime)
    faces = engine.detect(image)
    judged = [judge(image, face) for face in faces]
    usable = [face for face, quality in zip(faces, judged, strict=True) if quality.usable]
    vectors = iter(engine.recognise(image, usable)) if usable else iter(())
    return [
        FoundFace(
            box=_fractions(face, image),
            score=face.score,
            quality=quality.value,
            usable=quality.usable,
            reason=quality.reason,
            embedding=_as_bytes(next(vectors)) if quality.usable else None,
        )
        for face, quality in zip(faces, judged, strict=True)
    ]


def analyse_boxes(
    image: RGBImage, boxes: Sequence[Box], *, engine_name: str, runtime: Runtime
) -> list[FoundFace | None]:
    """For boxes (left, top, width, height as fractions) that a person or a file's metadata gave: the face in each.

    Looks again around each box, enlarged when it is small; None where the engine sees no face.  The box stays as given.
    """
    import msgspec

    results: list[FoundFace | None] = []
    height, width = image.shape[:2]
    for box in boxes:
        left, top = box[0] * width, box[1] * height
        across, down = box[2] * width, box[3] * height
        x0, y0 = max(0, int(left - across / 2)), max(0, int(top - down / 2))
        x1, y1 = min(width, int(left + 1.5 * across) + 1), min(height, int(top + 1.5 * down) + 1)
        if x1 - x0 < 2 or y1 - y0 < 2:
            results.append(None)
            continue
        part = image[y0:y1, x0:x1].copy()
        inside = ((left - x0) / (x1 - x0), (top - y0) / (y1 - y0), across / (x1 - x0), down / (y1 - y0))
        found = analyse_faces(part, engine_name=engine_name, runtime=runtime)
        best = max(found, key=lambda face: overlap(face.box, inside), default=None)
        hit = best is not None and overlap(best.box, inside) > 0.2
        results.append(msgspec.structs.replace(best, box=box) if best is not None and hit else None)
    return results


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes (left, top, width, height)."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def _fractions(face: DetectedFace, image: RGBImage) -> Box:
    height, width = image.shape[:2]
    left, right = (min(1.0, max(0.0, x / width)) for x in face.box_px[::2])
    top, bottom = (min(1.0, max(0.0, y / height)) for y in face.box_px[1::2])
    return left, top, right - left, bottom - top


def _as_bytes(vector: NDArray[np.float32]) -> bytes:
    return vector.astype("<f4").tobytes()
