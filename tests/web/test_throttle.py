"""Guessing gets slower, forgets nobody else, and cannot fill the memory."""

from __future__ import annotations

import contextlib

import pytest

from appliance.errors import AuthenticationError, NotFoundError
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


@pytest.mark.parametrize("spelled", [" anna", "anna\t", "ANNA", "\uff41nna", "an\uff4e\uff41  "])
def test_however_a_name_is_spelled_its_tries_count_together(spelled: str) -> None:
    """Logging in takes all of these for anna."""
    throttle = Throttle(Clock())
    for _ in range(FREE_TRIES):
        throttle.failed("1.2.3.4", spelled)
    with pytest.raises(TooManyTriesError):
        throttle.check("1.2.3.4", "anna")


def test_made_up_names_do_not_make_it_forget_whose_password_is_guessed() -> None:
    throttle = Throttle(Clock())
    for _ in range(FREE_TRIES):
        throttle.failed("1.2.3.4", "anna")
    for number in range(REMEMBERED * 2):
        throttle.failed("1.2.3.4", f"user{number}")
    with pytest.raises(TooManyTriesError):
        throttle.check("1.2.3.4", "anna")


def test_tries_at_the_same_time_count_before_any_of_them_is_answered() -> None:
    throttle = Throttle(Clock())
    with contextlib.ExitStack() as under_way:
        for _ in range(FREE_TRIES):
            under_way.enter_context(throttle.trying("1.2.3.4", "anna"))
        with pytest.raises(TooManyTriesError), throttle.trying("1.2.3.4", "anna"):
            pass
    with throttle.trying("1.2.3.4", "anna"):  # all of those were right
        pass


def test_what_says_nothing_of_a_password_is_no_try() -> None:
    throttle = Throttle(Clock())
    for _ in range(2 * FREE_TRIES):
        with contextlib.suppress(NotFoundError), throttle.trying("1.2.3.4", "link x"):
            raise NotFoundError("There is no such link")
    for _ in range(FREE_TRIES):
        with contextlib.suppress(AuthenticationError), throttle.trying("1.2.3.4", "link x"):
            raise AuthenticationError("That is not it")
    with pytest.raises(TooManyTriesError):
        throttle.check("1.2.3.4", "link x")
