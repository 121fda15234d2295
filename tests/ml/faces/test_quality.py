"""Which faces are too small, too blurred or too much turned away to be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from ml.base import DetectedFace, Point
from ml.faces.quality import blur_of, judge, yaw_of

STRAIGHT: tuple[Point, ...] = ((30.0, 40.0), (70.0, 40.0), (50.0, 60.0), (35.0, 80.0), (65.0, 80.0))


def pattern(side: int, blur: float = 0) -> Image.Image:
    """Something with edges at the scale of a face's features."""
    random = np.random.default_rng(1)
    small = random.integers(0, 255, size=(16, 16), dtype=np.uint8)
    image = Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
    return image.filter(ImageFilter.GaussianBlur(blur)) if blur else image


def face(side: float, *, score: float = 0.9, landmarks: tuple[Point, ...] = STRAIGHT) -> DetectedFace:
    return DetectedFace(box_px=(0, 0, side, side), landmarks_px=landmarks, score=score)


def test_a_sharp_large_straight_face_is_usable() -> None:
    quality = judge(np.array(pattern(100)), face(100))
    assert quality.usable
    assert quality.reason == ""
    assert quality.value > 0.5


@pytest.mark.parametrize(
    ("image", "found", "reason"),
    [
        (pattern(100), face(15), "too small"),
        (pattern(100, blur=14), face(100), "too blurred"),
        (pattern(100), face(100, score=0.2), "perhaps no face"),
        (pattern(100), face(100, landmarks=((45.0, 40.0), (55.0, 40.0), (80.0, 60.0))), "turned away"),
        (Image.new("RGB", (100, 100), "grey"), face(100), "too blurred"),
    ],
)
def test_a_face_that_cannot_be_told_apart_says_why(image: Image.Image, found: DetectedFace, reason: str) -> None:
    quality = judge(np.array(image), found)
    assert not quality.usable
    assert quality.reason == reason


def test_blur_grows_with_blurring_and_does_not_depend_on_contrast() -> None:
    sharp, soft, softer = (np.asarray(pattern(64, blur).convert("L"), dtype=np.float32) for blur in (0, 2, 5))
    assert blur_of(sharp) < blur_of(soft) < blur_of(softer)
    assert blur_of(sharp / np.float32(4) + np.float32(90)) == pytest.approx(blur_of(sharp), abs=0.01)


def test_blur_is_the_variance_of_the_laplacian_by_definition() -> None:
    grey = np.random.default_rng(2).uniform(0, 255, size=(9, 7)).astype(np.float32)
    scaled = grey * (50 / grey.std())
    values = [
        scaled[y - 1, x] + scaled[y + 1, x] + scaled[y, x - 1] + scaled[y, x + 1] - 4 * scaled[y, x]
        for y in range(1, 8)
        for x in range(1, 6)
    ]
    assert blur_of(grey) == pytest.approx(1 / (1 + np.var(values) / 150), rel=1e-3)


def test_the_nose_tells_how_far_a_head_is_turned() -> None:
    assert yaw_of(STRAIGHT) == 0
    assert yaw_of(((30.0, 40.0), (70.0, 40.0), (60.0, 60.0))) == pytest.approx(0.5)
    assert yaw_of(((30.0, 40.0), (70.0, 40.0), (90.0, 60.0))) == 1
    assert yaw_of(()) == 0


def test_a_head_laid_on_its_side_is_not_turned_away() -> None:
    assert yaw_of(tuple((100 - y, x) for x, y in STRAIGHT)) == pytest.approx(0)


def test_a_face_beyond_the_edge_is_judged_all_the_same() -> None:
    beyond = DetectedFace(box_px=(150, 150, 200, 200), landmarks_px=(), score=1)
    assert not judge(np.array(pattern(100)), beyond).usable
