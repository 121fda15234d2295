"""What two files that look alike are to each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from appliance.library.duplicate_search import (
    LITTLE_CONTRAST,
    MAYBE,
    NEAR,
    NEAR_WITH_LITTLE_CONTRAST,
    judged,
    kind_by_time,
)
from tests.appliance.alike import NOON


def row(**values: Any) -> dict[str, Any]:
    usual = {"kind": "photo", "contrast": 50.0, "duration_s": None, "start": None, "proven": 0, "burst_id": ""}
    return usual | values


def taken(seconds: float) -> dict[str, Any]:
    return row(start=NOON + timedelta(seconds=seconds), proven=1)


@pytest.mark.parametrize(
    ("one", "other", "distance", "expected"),
    [
        (row(), row(), 0, "copy"),
        (row(), row(), NEAR, "copy"),
        (row(), row(), NEAR + 1, "maybe"),
        (row(), row(), MAYBE, "maybe"),
        (row(), row(contrast=LITTLE_CONTRAST - 1), NEAR_WITH_LITTLE_CONTRAST, "copy"),
        (row(), row(contrast=LITTLE_CONTRAST - 1), NEAR_WITH_LITTLE_CONTRAST + 1, "maybe"),
        (row(), row(kind="raw"), 5, "copy"),
        (row(), row(kind="video", duration_s=3.0), 5, ""),
        (row(kind="video", duration_s=100.0), row(kind="video", duration_s=101.9), 5, "copy"),
        (row(kind="video", duration_s=100.0), row(kind="video", duration_s=103.0), 5, ""),
        (row(kind="video", duration_s=None), row(kind="video", duration_s=3.0), 5, ""),
    ],
)
def test_looks_kind_and_length_decide(one: dict[str, Any], other: dict[str, Any], distance: int, expected: str) -> None:
    assert judged(one, other, distance) == expected
    assert judged(other, one, distance) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "copy"),
        (1, "copy"),  # a clock that was rounded
        (2, "sequence"),
        (60, "sequence"),
        (3600, "copy"),  # the zone was taken for another
        (5.5 * 3600, "copy"),
        (3600 + 30, "sequence"),
        (26 * 3600, "copy"),
        (48 * 3600, "sequence"),  # the same place two days later
    ],
)
def test_two_moments_make_a_sequence_but_not_two_time_zones(seconds: float, expected: str) -> None:
    assert kind_by_time(taken(0), taken(seconds), 5) == expected


def test_cameras_that_note_fractions_of_a_second_tell_frames_of_a_burst_apart() -> None:
    assert kind_by_time(taken(0.1), taken(0.25), 5) == "sequence"
    assert kind_by_time(taken(0.1), taken(0.1), 5) == "copy"
    assert kind_by_time(row(burst_id="b"), row(burst_id="b"), 5) == "sequence"
    assert kind_by_time(row(burst_id="b"), row(burst_id="b"), 0) == "copy"


def test_a_date_that_is_not_the_cameras_says_nothing() -> None:
    sent = taken(500) | {"proven": 0}
    assert kind_by_time(taken(0), sent, 5) == "copy"
    assert kind_by_time(taken(0), row(), 5) == "copy"
