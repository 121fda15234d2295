"""The similarity transform against exact cases, and crops whose landmarks must land where they were sent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ml.faces.align import aligned_crop, similarity
from ml.faces.onnx_engine import RetailFaceEngine

POINTS = ((10.0, 20.0), (50.0, 18.0), (31.0, 40.0), (15.0, 60.0), (47.0, 58.0))


@pytest.mark.parametrize(("angle", "scale"), [(0.0, 1.0), (0.4, 0.5), (-1.2, 3.0), (math.pi, 1.0)])
def test_a_known_turn_scale_and_shift_is_found_again(angle: float, scale: float) -> None:
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    moved = [(cosine * x - sine * y + 7, sine * x + cosine * y - 3) for x, y in POINTS]
    expected = [[cosine, -sine, 7], [sine, cosine, -3]]
    np.testing.assert_allclose(similarity(POINTS, moved), expected, atol=1e-9)


def test_the_residual_is_the_least_of_all_similarities() -> None:
    """Against numpy's own least squares on the four unknowns a, b, tx, ty."""
    random = np.random.default_rng(3)
    target = np.array(POINTS) * 1.7 + random.normal(scale=4, size=(5, 2))
    rows, wanted = [], []
    for (x, y), (u, v) in zip(POINTS, target.tolist(), strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        wanted += [u, v]
    a, b, tx, ty = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    found = similarity(POINTS, [(u, v) for u, v in target.tolist()])
    np.testing.assert_allclose(found, [[a, -b, tx], [b, a, ty]], atol=1e-8)


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    mirrored = [(-x, y) for x, y in POINTS]
    found = similarity(POINTS, mirrored)
    assert np.linalg.det(found[:, :2]) > 0


def test_points_in_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="the same"):
        similarity([(1.0, 1.0)] * 5, POINTS)


@pytest.mark.parametrize("size", [60, 128, 700])
@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_landmarks_land_on_the_given_points(size: int, angle: float) -> None:
    """Blobs are painted at the landmarks of a turned face of any size; the crop shows them at the target points."""
    aligned = RetailFaceEngine.aligned
    scale = size / aligned.side
    middle = np.array([aligned.side / 2] * 2)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    marks = [(float(x), float(y)) for x, y in ((np.array(aligned.points) - middle) * scale) @ turn.T + 600]
    rows, columns = np.mgrid[0:1200, 0:1200]
    image = np.zeros((1200, 1200, 3), dtype=np.uint8)
    for x, y in marks:
        image[(columns - x) ** 2 + (rows - y) ** 2 <= (4 * scale) ** 2] = 255
    square = aligned_crop(image, marks, aligned.points, aligned.side)
    assert square.shape == (128, 128, 3)
    weight = square[:, :, 0].astype(float)
    y_at, x_at = np.mgrid[0:128, 0:128]
    for x, y in aligned.points:
        near = weight * (np.hypot(x_at - x, y_at - y) < 9)
        assert near.sum() > 0
        assert np.hypot((near * x_at).sum() / near.sum() - x, (near * y_at).sum() / near.sum() - y) < 1.0


def test_a_face_at_the_edge_is_filled_up_with_black() -> None:
    image = np.full((40, 40, 3), 200, dtype=np.uint8)
    marks = [(x - 30, y) for x, y in POINTS]
    square = aligned_crop(image, marks, RetailFaceEngine.aligned.points, 128)
    assert square.min() == 0
    assert square.max() == 200
