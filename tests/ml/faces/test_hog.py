"""The second look: what the detector doubts is enlarged and judged again, what it is sure of is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlib
import numpy as np
import pytest

from ml.faces import hog

if TYPE_CHECKING:
    from numpy.typing import NDArray

GREY = np.zeros((600, 800), dtype=np.uint8)


def square(left: int, top: int, side: int) -> dlib.rectangle:
    return dlib.rectangle(left, top, left + side - 1, top + side - 1)


class Detector:
    """Answers `first` for the whole picture, and for each further look what `second` has for its number."""

    def __init__(self, first: list[tuple[dlib.rectangle, float]], *second: list[tuple[dlib.rectangle, float]]) -> None:
        self.answers = [first, *second]
        self.shown: list[tuple[tuple[int, ...], int, float]] = []

    def run(
        self, image: NDArray[np.uint8], times_doubled: int, limit: float
    ) -> tuple[list[dlib.rectangle], list[float], list[int]]:
        answer = self.answers[len(self.shown)] if len(self.shown) < len(self.answers) else []
        self.shown.append((image.shape, times_doubled, limit))
        kept = [(rectangle, score) for rectangle, score in answer if score >= limit]
        return [one for one, _ in kept], [score for _, score in kept], [0] * len(kept)


def corners(found: list[hog.Found]) -> list[tuple[int, int, int, int]]:
    return [(one.left(), one.top(), one.width(), one.height()) for one, _ in found]


def test_what_it_is_sure_of_is_taken_at_the_first_look() -> None:
    detector = Detector([(square(10, 10, 80), 0.4), (square(300, 200, 120), 1.2)])
    found = hog.find(detector, GREY, 1)
    assert corners(found) == [(300, 200, 120, 120), (10, 10, 80, 80)]
    assert detector.shown == [((600, 800), 1, hog.DOUBTFUL)]


def test_a_doubtful_place_that_shows_a_face_when_enlarged_is_one_where_it_really_is() -> None:
    # 70 px with 14 around on each side are shown twice as large: 112 px in it are 56 px of the picture.
    detector = Detector([(square(100, 200, 70), -0.9)], [(square(28, 28, 112), 0.8)])
    ((face, score),) = hog.find(detector, GREY, 0)
    assert detector.shown[1] == ((196, 196), 0, hog.LEAST)
    assert (face.left(), face.top(), face.width(), face.height()) == (100, 200, 56, 56)
    assert score == 0.8


def test_a_doubtful_place_without_a_face_is_dropped() -> None:
    elsewhere = square(0, 0, 40)  # a neighbour's at the edge of what is shown
    detector = Detector([(square(100, 200, 70), -0.3), (square(400, 200, 70), -0.5)], [], [(elsewhere, 1.0)])
    assert hog.find(detector, GREY, 0) == []


@pytest.mark.parametrize(("first", "second", "is_face"), [(-0.3, -0.5, True), (-0.9, -0.5, False), (-0.3, -0.7, False)])
def test_two_doubtful_looks_that_agree_are_enough(first: float, second: float, is_face: bool) -> None:
    detector = Detector([(square(100, 200, 70), first)], [(square(28, 28, 112), second)])
    found = hog.find(detector, GREY, 0)
    assert [score for _, score in found] == ([second] if is_face else [])


def test_a_face_seen_at_both_looks_is_one() -> None:
    detector = Detector([(square(100, 200, 80), 0.5), (square(96, 196, 96), -0.4)], [(square(33, 33, 118), 0.9)])
    assert corners(hog.find(detector, GREY, 0)) == [(100, 200, 80, 80)]


def test_the_likeliest_places_are_looked_at_and_not_more_than_can_be_paid() -> None:
    many = [(square(10 * number % 700, 300, 70), -0.1 - number / 100) for number in range(hog.MOST_LOOKS + 20)]
    detector = Detector(many)
    hog.find(detector, GREY, 0)
    assert len(detector.shown) == 1 + hog.MOST_LOOKS


@pytest.mark.parametrize("place", [square(-30, -30, 70), square(770, 560, 70), square(790, 0, 60)])
def test_places_at_the_edge_are_looked_at_as_far_as_there_is_a_picture(place: dlib.rectangle) -> None:
    detector = Detector([(place, -0.5)])
    assert hog.find(detector, GREY, 0) == []
    assert len(detector.shown) == 2
