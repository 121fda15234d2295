"""Guessing gets slower, forgets nobody else, and cannot fill the memory."""

from __future__ import annotations

import pytest

from web.errors import TooManyTriesError
from web.throttle import FREE_TRIES, LONGEST_WAIT_S, REMEMBERED, Throttle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_waits_grow_to_a_limit_and_end_with_success() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(FREE_TRIES + 12):
        throttle.failed("1.2.3.4", "anna")
        try:
            throttle.check("1.2.3.4", "ANNA")
        except TooManyTriesError as error:
            waits.append(int(error.headers["Retry-After"]))
    assert waits == sorted(waits)
    assert len(waits) == 13
    assert waits[-1] <= LONGEST_WAIT_S + 1
    throttle.check("1.2.3.4", "bruno")
    throttle.check("1.2.3.5", "anna")
    clock.now += LONGEST_WAIT_S + 1
    throttle.check("1.2.3.4", "anna")
    throttle.succeeded("1.2.3.4", "anna")
    throttle.failed("1.2.3.4", "anna")
    throttle.check("1.2.3.4", "anna")


def test_made_up_names_do_not_fill_the_memory() -> None:
    throttle = Throttle(Clock())
    for number in range(REMEMBERED * 2):
        throttle.failed("1.2.3.4", f"user{number}" * 100)
    assert len(throttle._failures) == REMEMBERED


def test_the_free_tries_are_free() -> None:
    throttle = Throttle(Clock())
    for _ in range(FREE_TRIES - 1):
        throttle.failed("1.2.3.4", "anna")
    throttle.check("1.2.3.4", "anna")
    throttle.failed("1.2.3.4", "anna")
    with pytest.raises(TooManyTriesError):
        throttle.check("1.2.3.4", "anna")
