"""Slows down guessing of passwords: after a few failures an address must wait, longer each time."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from appliance.errors import AccessError
from appliance.library.users import folded
from web.errors import TooManyTriesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FREE_TRIES = 5
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
REMEMBERED = 2000  # pairs of address and user; of those that failed least, the longest unused is forgotten first


class Throttle:
    """Failures by (address, user name, however it is spelled); success forgets them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}  # the last used is last

    @contextlib.contextmanager
    def trying(self, address: str, username: str) -> Iterator[None]:
        """Around the look at a password, which raises AccessError for a wrong one; raises as `check` does.

        A try counts before it is answered: many at once must not all slip through while the first is looked at.  What
        ends otherwise says nothing of a password, and is no try.
        """
        self.check(address, username)
        self.failed(address, username)
        try:
            yield
        except AccessError:
            raise
        except BaseException:
            self._take_back(address, username)
            raise
        self.succeeded(address, username)

    def check(self, address: str, username: str) -> None:
        """Raise TooManyTriesError while this pair has to wait."""
        count, not_before = self._failures.get(_pair(address, username), (0, 0.0))
        wait = not_before - self._clock()
        if count >= FREE_TRIES and wait > 0:
            seconds = int(wait) + 1
            raise TooManyTriesError(
                "Too many tries with a wrong password",
                hint=f"Wait {seconds} seconds, then try again.",
                headers={"Retry-After": str(seconds)},
            )

    def failed(self, address: str, username: str) -> None:
        key = _pair(address, username)
        count = self._failures.pop(key, (0, 0.0))[0] + 1
        wait = min(FIRST_WAIT_S * 2.0 ** min(max(count - FREE_TRIES, 0), 20), LONGEST_WAIT_S)
        self._failures[key] = (count, self._clock() + wait)
        if len(self._failures) > REMEMBERED:
            # Whose password is guessed is not to be forgotten because others are made up.
            others = (known for known in self._failures if known != key)
            del self._failures[min(others, key=lambda known: self._failures[known][0])]

    def succeeded(self, address: str, username: str) -> None:
        self._failures.pop(_pair(address, username), None)

    def _take_back(self, address: str, username: str) -> None:
        key = _pair(address, username)
        count, not_before = self._failures.pop(key, (0, 0.0))
        if count > 1:
            self._failures[key] = (count - 1, not_before)


def _pair(address: str, username: str) -> tuple[str, str]:
    return address, folded(username)[:100]
