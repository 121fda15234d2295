"""The last requests with what they cost, in memory: the first place to look when something feels slow."""

from __future__ import annotations

from collections import deque
from datetime import datetime

import msgspec

from appliance.values import now

REMEMBERED = 200


class LoggedRequest(msgspec.Struct, frozen=True):
    """`path` is without its query, which may hold what someone searched for."""

    at: datetime
    method: str
    path: str
    status: int
    ms: float
    user: str | None


class RequestLog:
    def __init__(self) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=REMEMBERED)
        self.count = 0
        self.seconds = 0.0

    def add(self, *, method: str, path: str, status: int, seconds: float, user: str | None) -> None:
        self.count += 1
        self.seconds += seconds
        self._requests.append(
            LoggedRequest(at=now(), method=method, path=path, status=status, ms=round(seconds * 1000, 2), user=user)
        )

    def last(self) -> list[LoggedRequest]:
        """Newest first."""
        return list(reversed(self._requests))
