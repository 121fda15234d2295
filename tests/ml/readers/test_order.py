"""The order of lines is that in which people read them, however the page lies."""

from __future__ import annotations

import math

import pytest

from ml.readers.order import is_tall, length, reading_order

#: A receipt: name, two columns, a total; in pixels, as left, top, right, bottom.
PAGE = [
    (100, 10, 500, 60),  # 0: a title
    (20, 100, 200, 120),  # 1: left of the first row
    (400, 104, 480, 122),  # 2: right of it, a little lower
    (20, 130, 220, 150),  # 3: the second row
    (400, 127, 480, 147),  # 4: right of it, a little higher
    (20, 200, 90, 220),  # 5: alone
]


def corners(box: tuple[int, int, int, int], degrees: float = 0.0) -> list[tuple[float, float]]:
    """Of the box turned clockwise around the origin, clockwise from the one that is now top left."""
    left, top, right, bottom = box
    angle = math.radians(degrees)
    points = [
        (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
        for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))
    ]
    by_side = sorted(points)  # the two left ones, the two right ones: as the detector names them
    (a, d), (b, c) = sorted(by_side[:2], key=lambda point: point[1]), sorted(by_side[2:], key=lambda point: point[1])
    return [a, b, c, d]


@pytest.mark.parametrize("degrees", [0, 3, -4, 12, -20])
def test_rows_are_read_from_left_to_right_also_when_the_page_is_tilted(degrees: int) -> None:
    boxes = [corners(box, degrees) for box in PAGE]
    shuffled = [3, 0, 5, 2, 4, 1]
    order = reading_order([boxes[index] for index in shuffled], [False] * len(boxes))
    assert [shuffled[index] for index in order] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("degrees", "upside_down"), [(90, False), (180, True), (270, True)])
def test_a_page_on_its_side_or_head_is_read_as_if_it_were_upright(degrees: int, upside_down: bool) -> None:
    boxes = [corners(box, degrees) for box in PAGE]
    assert reading_order(boxes, [upside_down] * len(boxes)) == [0, 1, 2, 3, 4, 5]


def test_a_line_that_runs_down_does_not_turn_the_page() -> None:
    boxes = [*(corners(box) for box in PAGE), corners((560, 0, 580, 220))]
    assert reading_order(boxes, [False] * len(boxes))[:2] == [0, 1]


def test_a_large_title_is_not_beside_the_small_print_under_it() -> None:
    assert reading_order([corners((0, 62, 80, 74)), corners((30, 0, 400, 60))], [False, False]) == [1, 0]


def test_no_lines_and_lines_without_extent() -> None:
    assert reading_order([], []) == []
    assert reading_order([[(5.0, 5.0)] * 4, [(1.0, 1.0)] * 4], [False, True]) == [1, 0]


def test_the_length_of_a_line_is_that_of_its_longer_side() -> None:
    assert length(corners((0, 0, 30, 10), 30)) == pytest.approx(30)
    assert not is_tall(corners((0, 0, 30, 10)))
    assert is_tall(corners((0, 0, 10, 30)))
