"""YuNet's decoding and overlap removal, against values worked out cell by cell in plain Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.errors import ModelOutputError
from ml.faces.yunet import OUTPUTS, STRIDES, YuNet, decode, not_overlapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ml.runtime import Tensor

Outputs = dict[str, NDArray[np.float32]]


def empty_outputs(width: int, height: int) -> Outputs:
    sizes = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    return {
        f"{kind}_{stride}": np.zeros((1, (width // stride) * (height // stride), size), np.float32)
        for kind, size in sizes.items()
        for stride in STRIDES
    }


def random_outputs(width: int, height: int) -> Outputs:
    random = np.random.default_rng(0)
    outputs = empty_outputs(width, height)
    for name, value in outputs.items():
        scores = name.startswith(("cls", "obj"))
        value[:] = random.uniform(-0.2, 1.2, value.shape) if scores else random.normal(size=value.shape)
    return outputs


def decoded_cell_by_cell(outputs: Outputs, width: int, height: int, min_score: float) -> list[list[float]]:
    """The definition, as OpenCV's FaceDetectorYN documents it: no arrays, one cell after another."""
    rows = []
    for stride in STRIDES:
        for row in range(height // stride):
            for column in range(width // stride):
                at = row * (width // stride) + column
                cls = min(max(float(outputs[f"cls_{stride}"][0, at, 0]), 0.0), 1.0)
                obj = min(max(float(outputs[f"obj_{stride}"][0, at, 0]), 0.0), 1.0)
                score = math.sqrt(cls * obj)
                if score < min_score:
                    continue
                dx, dy, log_w, log_h = (float(x) for x in outputs[f"bbox_{stride}"][0, at])
                x, y = (column + dx) * stride, (row + dy) * stride
                w, h = math.exp(log_w) * stride, math.exp(log_h) * stride
                marks = []
                for k in range(5):
                    marks.append((column + float(outputs[f"kps_{stride}"][0, at, 2 * k])) * stride)
                    marks.append((row + float(outputs[f"kps_{stride}"][0, at, 2 * k + 1])) * stride)
                rows.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2, *marks, score])
    return rows


def test_decoding_equals_the_definition_cell_by_cell() -> None:
    outputs = random_outputs(96, 64)
    expected = decoded_cell_by_cell(outputs, 96, 64, 0.6)
    assert len(expected) > 20
    np.testing.assert_allclose(decode(outputs, 96, 64, 0.6), expected, rtol=1e-5, atol=1e-4)


def test_a_face_by_hand() -> None:
    """Stride 16, cell (2, 1): centre (2.5, 1.25) * 16, size e^0.5 * 16 by e^1 * 16."""
    outputs = empty_outputs(64, 64)
    outputs["cls_16"][0, 6, 0] = 0.9
    outputs["obj_16"][0, 6, 0] = 0.4
    outputs["bbox_16"][0, 6] = [0.5, 0.25, 0.5, 1.0]
    (row,) = decode(outputs, 64, 64, 0.5)
    half_w, half_h = math.exp(0.5) * 8, math.e * 8
    np.testing.assert_allclose(row[:4], [40 - half_w, 20 - half_h, 40 + half_w, 20 + half_h], rtol=1e-6)
    assert row[4:6].tolist() == [32, 16]
    assert row[14] == pytest.approx(0.6)


def test_other_outputs_than_yunets_are_told_as_such() -> None:
    outputs = empty_outputs(64, 64)
    outputs["bbox_8"] = outputs["bbox_8"][:, :5]
    with pytest.raises(ModelOutputError, match="stride 8"):
        decode(outputs, 64, 64, 0.5)
    del outputs["cls_8"]
    with pytest.raises(ModelOutputError):
        decode(outputs, 64, 64, 0.5)


def test_the_surest_of_overlapping_boxes_stays_by_the_definition() -> None:
    random = np.random.default_rng(5)
    corner = random.uniform(0, 60, size=(80, 2))
    boxes = np.concatenate([corner, corner + random.uniform(5, 40, size=(80, 2))], axis=1)
    scores = random.permutation(80) / 80

    def share(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        across = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
        return float(across) / float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - across)

    expected: list[int] = []
    for index in sorted(range(80), key=lambda i: -scores[i]):
        if all(share(boxes[index], boxes[kept]) <= 0.3 for kept in expected):
            expected.append(index)
    assert not_overlapping(boxes, scores, 0.3).tolist() == expected
    assert len(expected) > 5


def test_no_box_stays_no_box() -> None:
    assert not_overlapping(np.empty((0, 4)), np.empty(0), 0.3).tolist() == []


class Shaped:
    """An input of a network."""

    name = "input"

    def __init__(self, height: int | str, width: int | str) -> None:
        self.shape: list[int | str | None] = [1, 3, height, width]


class FakeSession:
    """Sees one face, a square of bright pixels, wherever it is; remembers what it was shown."""

    def __init__(self, height: int | str = "height", width: int | str = "width") -> None:
        self._input = Shaped(height, width)
        self.shown: NDArray[np.float32] = np.empty(0, np.float32)

    def get_inputs(self) -> list[Tensor]:
        return [self._input]

    def get_outputs(self) -> list[Tensor]:
        return []

    def run(self, names: Sequence[str] | None, feed: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        self.shown = feed["input"]
        height, width = self.shown.shape[2:]
        outputs = empty_outputs(width, height)
        rows, columns = np.nonzero(self.shown[0].sum(axis=0) > 400)
        x, y = (columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2
        at = int(y // 8) * (width // 8) + int(x // 8)
        outputs["cls_8"][0, at] = outputs["obj_8"][0, at] = 1
        sides = np.log([(columns.max() - columns.min() + 1) / 8, (rows.max() - rows.min() + 1) / 8])
        outputs["bbox_8"][0, at] = [x / 8 - x // 8, y / 8 - y // 8, *sides]
        assert names == OUTPUTS
        return [outputs[name] for name in OUTPUTS]


@pytest.mark.parametrize(("height", "width"), [(200, 300), (1000, 1500), (3000, 300), (31, 33)])
def test_boxes_come_back_in_the_pixels_of_the_picture(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), dtype=np.uint8)
    top, left, side = height // 4, width // 3, width // 4
    image[top : top + side, left : left + side] = 200
    session = FakeSession()
    (face,) = YuNet(session, max_side=640).detect(image)
    np.testing.assert_allclose(face.box_px, [left, top, left + side, top + side], atol=max(2, width / 100))
    assert session.shown.shape[2] % 32 == session.shown.shape[3] % 32 == 0
    assert session.shown.shape[2] * session.shown.shape[3] < 640 * 480 * 1.3


def test_a_file_of_one_size_is_shown_that_size() -> None:
    image = np.zeros((400, 200, 3), dtype=np.uint8)
    image[100:150, 50:100] = 200
    session = FakeSession(320, 320)
    (face,) = YuNet(session, max_side=640).detect(image)
    assert session.shown.shape == (1, 3, 320, 320)
    np.testing.assert_allclose(face.box_px, [50, 100, 100, 150], atol=3)


def test_the_network_is_shown_blue_green_red() -> None:
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    image[:, :] = (250, 150, 50)
    session = FakeSession()
    YuNet(session, max_side=640).detect(image)
    assert session.shown[0, :, 0, 0].tolist() == [50, 150, 250]
