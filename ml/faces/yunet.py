"""YuNet, read from its raw outputs: what OpenCV's FaceDetectorYN does around the network, in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from appliance.errors import ModelOutputError
from ml.base import DetectedFace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ml.base import RGBImage
    from ml.runtime import Session

STRIDES: Final = (8, 16, 32)
OUTPUTS: Final = tuple(f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES)
_MULTIPLE: Final = 32
_LARGEST_LOG: Final = 8.0  # a side of e^8 strides: larger is no face but a broken output


class YuNet:
    """The detector around an onnxruntime session; `max_side` is the long side of a 4:3 picture it is shown."""

    def __init__(self, session: Session, *, max_side: int, min_score: float = 0.6, max_overlap: float = 0.3) -> None:
        self._session = session
        self._input = session.get_inputs()[0]
        self._max_side = max_side
        self._min_score = min_score
        self._max_overlap = max_overlap
        height, width = self._input.shape[2:4]
        self._fixed = (width, height) if isinstance(width, int) and isinstance(height, int) else None

    def detect(self, image: RGBImage) -> list[DetectedFace]:
        """Raises ModelOutputError when the network answers something else than YuNet does."""
        height, width = image.shape[:2]
        scale = min(1.0, self._max_side * (0.75 / (width * height)) ** 0.5)
        if self._fixed is not None:
            scale = min(self._fixed[0] / width, self._fixed[1] / height)
        across, down = max(1, round(width * scale)), max(1, round(height * scale))
        if (across, down) != (width, height):
            image = np.asarray(Image.fromarray(image).resize((across, down), Image.Resampling.BILINEAR))
        padded_width, padded_height = self._fixed or (_rounded_up(across), _rounded_up(down))
        pixels = np.zeros((1, 3, padded_height, padded_width), dtype=np.float32)
        pixels[0, :, :down, :across] = image.transpose(2, 0, 1)[::-1]  # RGB to BGR
        values = self._session.run(OUTPUTS, {self._input.name: pixels})
        faces = decode(dict(zip(OUTPUTS, values, strict=True)), padded_width, padded_height, self._min_score)
        faces = faces[not_overlapping(faces[:, :4], faces[:, 14], self._max_overlap)]
        faces[:, 0:14:2] *= width / across
        faces[:, 1:14:2] *= height / down
        return [
            DetectedFace(
                box_px=(float(row[0]), float(row[1]), float(row[2]), float(row[3])),
                landmarks_px=tuple((float(row[i]), float(row[i + 1])) for i in range(4, 14, 2)),
                score=float(row[14]),
            )
            for row in faces
        ]


def decode(
    outputs: Mapping[str, NDArray[np.float32]], width: int, height: int, min_score: float
) -> NDArray[np.float64]:
    """Rows of left, top, right, bottom, five points and score, in pixels of the network's input, unsorted.

    Each stride has a grid of cells; a cell tells a face's centre relative to itself and its size as a logarithm.
    """
    rows: list[NDArray[np.float64]] = [np.empty((0, 15))]
    for stride in STRIDES:
        columns = width // stride
        cells = columns * (height // stride)
        try:
            cls, obj = (outputs[f"{kind}_{stride}"].reshape(cells).astype(np.float64) for kind in ("cls", "obj"))
            box = outputs[f"bbox_{stride}"].reshape(cells, 4).astype(np.float64)
            points = outputs[f"kps_{stride}"].reshape(cells, 5, 2).astype(np.float64)
        except (KeyError, ValueError) as error:
            raise ModelOutputError("yunet", f"The face detector's output at stride {stride} is not YuNet's.") from error
        score = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))
        chosen = np.flatnonzero(score >= min_score)
        cell = np.column_stack([chosen % columns, chosen // columns]).astype(np.float64)
        centre = (cell + box[chosen, :2]) * stride
        half = np.exp(np.minimum(box[chosen, 2:], _LARGEST_LOG)) * stride / 2
        marks = (points[chosen] + cell[:, None, :]) * stride
        rows.append(
            np.column_stack([centre - half, centre + half, marks.reshape(len(chosen), 10), score[chosen, None]])
        )
    return np.concatenate(rows)


def not_overlapping(boxes: NDArray[np.float64], scores: NDArray[np.float64], max_overlap: float) -> NDArray[np.intp]:
    """Indices of the boxes that stay, the surest first: each removes those that overlap it by more (IoU)."""
    order = np.argsort(-scores, kind="stable")
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept: list[int] = []
    while order.size:
        first, rest = order[0], order[1:]
        kept.append(int(first))
        corner = np.maximum(boxes[first, :2], boxes[rest, :2])
        shared = np.prod(np.clip(np.minimum(boxes[first, 2:], boxes[rest, 2:]) - corner, 0, None), axis=1)
        order = rest[shared <= max_overlap * (area[first] + area[rest] - shared)]
    return np.array(kept, dtype=np.intp)


def _rounded_up(pixels: int) -> int:
    return -(-pixels // _MULTIPLE) * _MULTIPLE
