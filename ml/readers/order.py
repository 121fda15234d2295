"""The order in which people read lines of text that lie anywhere, tilted, on their side or on their head."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.base import Point

    Corners: TypeAlias = Sequence[Point]  # clockwise from top left

TALL = 1.5  # so much higher than wide is a line that runs down the page
SAME_ROW = 0.5  # lines whose middles are nearer than this part of the thinner one's height stand side by side


class Line(msgspec.Struct, frozen=True):
    """Where a box lies along the text (`start`) and across it, in pixels."""

    index: int
    start: float
    middle: float
    height: float


def length(corners: Corners) -> float:
    """How long its text is, in pixels."""
    return max(math.hypot(*side) for side in _sides(corners))


def is_tall(corners: Corners) -> bool:
    """Whether its text runs down or up, not across."""
    across, down = _sides(corners)
    return math.hypot(*down) >= TALL * math.hypot(*across)


def reading_order(boxes: Sequence[Corners], upside_down: Sequence[bool]) -> list[int]:
    """Indexes of `boxes`, row after row.

    upside_down: of each box, whether its text is on its head: runs to the left, or up where the box is tall.
    """
    if not boxes:
        return []
    x, y = _direction(boxes, upside_down)
    lines = [_line(index, corners, (x, y), (-y, x)) for index, corners in enumerate(boxes)]
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and _beside(rows[-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line.index for row in rows for line in sorted(row, key=lambda line: line.start)]


def _direction(boxes: Sequence[Corners], upside_down: Sequence[bool]) -> Point:
    """Where most of the text runs to, as a unit vector: the mean over the boxes that agree about the quarter turn."""
    turns: dict[tuple[bool, bool], tuple[float, float]] = {}
    for corners, flipped in zip(boxes, upside_down, strict=True):
        tall = is_tall(corners)
        x, y = _sides(corners)[tall]
        sum_x, sum_y = turns.get((tall, flipped), (0.0, 0.0))
        turns[tall, flipped] = (sum_x - x, sum_y - y) if flipped else (sum_x + x, sum_y + y)
    x, y = max(turns.values(), key=lambda turn: math.hypot(*turn))
    length = math.hypot(x, y)
    return (x / length, y / length) if length else (1.0, 0.0)


def _sides(corners: Corners) -> tuple[Point, Point]:
    """Along the top and down the left, each the mean of two opposite sides."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    return ((bx - ax + cx - dx) / 2, (by - ay + cy - dy) / 2), ((dx - ax + cx - bx) / 2, (dy - ay + cy - by) / 2)


def _line(index: int, corners: Corners, along: Point, across: Point) -> Line:
    starts = [x * along[0] + y * along[1] for x, y in corners]
    levels = [x * across[0] + y * across[1] for x, y in corners]
    return Line(index, min(starts), sum(levels) / 4, max(levels) - min(levels))


def _beside(row: Sequence[Line], line: Line) -> bool:
    middle = sum(other.middle for other in row) / len(row)
    height = sum(other.height for other in row) / len(row)
    return line.middle - middle < SAME_ROW * min(line.height, height)
