"""Slows down guessing of passwords: after a few failures an address must wait, longer each time."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from web.errors import TooManyTriesError

if TYPE_CHECKING:
    from collections.abc import Callable

FREE_TRIES = 5
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
REMEMBERED = 2000  # pairs of address and user; the longest unused is forgotten first


class Throttle:
    """Failures by (address, user name); success forgets them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def check(self, address: str, username: str) -> None:
        """Raise TooManyTriesError while this pair has to wait."""
        count, not_before = self._failures.get((address, username.lower()[:100]), (0, 0.0))
        wait = not_before - self._clock()
        if count >= FREE_TRIES and wait > 0:
            seconds = int(wait) + 1
            raise TooManyTriesError(
                "Too many tries with a wrong password",
                hint=f"Wait {seconds} seconds, then try again.",
                headers={"Retry-After": str(seconds)},
            )

    def failed(self, address: str, username: str) -> None:
        key = (address, username.lower()[:100])
        count = self._failures.pop(key, (0, 0.0))[0] + 1
        wait = min(FIRST_WAIT_S * 2.0 ** min(max(count - FREE_TRIES, 0), 20), LONGEST_WAIT_S)
        self._failures[key] = (count, self._clock() + wait)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, address: str, username: str) -> None:
        self._failures.pop((address, username.lower()[:100]), None)
