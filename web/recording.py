"""Which requests are recorded, and those that were: in memory, bounded, gone when the service stops.

Off, nothing is recorded and nothing is paid.  On, it is all requests or one in `ONE_IN`: because a setting says so, or
for some minutes because somebody looks.
"""

from __future__ import annotations

import random
import time
import uuid
from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from appliance.errors import InvalidInputError
from appliance.trace import REPEATED, Trace, current
from appliance.values import new_id, now
from web.profiling import Profiling

if TYPE_CHECKING:
    from contextvars import Token

    from web.requestlog import LoggedRequest

Mode = Literal["off", "sampled", "full"]

OFF: Mode = "off"
ONE_IN = 20
#: Of one route, and of all: a page of thumbnails does not push out the one search that was slow.
MOST_OF_A_ROUTE, MOST = 25, 500
#: Characters of SQL, of all recordings together; with what stands around them a few megabytes.
MOST_CHARACTERS = 2_000_000
MOST_MINUTES = 120
#: Not looked into: what looks is no news, and files of the page ask nothing.
LEFT_OUT = ("/api/v1/requests", "/static/")
NOTHING = Trace()


class Recording:
    """One request that is looked into, from its first byte to its last."""

    __slots__ = ("_id", "_token", "began", "first_s", "kept", "profiled", "request", "sent_bytes", "trace")

    def __init__(self, *, profiled: bool) -> None:
        self._id: uuid.UUID | None = None
        self.kept = False
        self.request: LoggedRequest | None = None
        self.profiled = profiled
        self.trace = Trace()
        self.began = time.perf_counter()
        self.first_s: float | None = None
        self.sent_bytes = 0
        self._token: Token[Trace | None] = current.set(self.trace)

    def counting(self, send: Any) -> Any:
        """`send`, with a note of when the answer began and how long it is."""

        async def counted(message: Any) -> None:
            if self.first_s is None:
                self.first_s = time.perf_counter() - self.began
            self.sent_bytes += len(message.get("body", b""))
            await send(message)

        return counted

    def end(self) -> None:
        self.trace.shut()
        current.reset(self._token)

    def empty(self) -> None:
        """Who still lists its request holds nothing else of it."""
        self.kept, self.trace = False, NOTHING

    @property
    def id(self) -> uuid.UUID:
        """Made when somebody looks: most recordings go unseen."""
        if self._id is None:
            self._id = new_id()
        return self._id

    @property
    def repeated(self) -> int:
        """How often the statement ran that ran most often, if that is suspicious; else 0."""
        most = max((statement.count for statement in self.trace.statements.values()), default=0)
        return most if most >= REPEATED else 0


class Recorder:
    """`on`: whether a request must be shown to it at all; the one thing that is looked at while it is off."""

    def __init__(self) -> None:
        self.on = False
        self.profiling = Profiling(self._reconsider)
        self._setting: Mode = OFF
        self._timed: Mode = OFF
        self._until_s = 0.0  # by the monotonic clock
        self._until: datetime | None = None
        self._kept: dict[Recording, None] = {}  # in their order
        self._of_route: defaultdict[tuple[str, str], deque[Recording]] = defaultdict(deque)
        self._characters = 0

    # whether

    @property
    def setting(self) -> Mode:
        return self._setting

    @property
    def mode(self) -> Mode:
        """What holds now."""
        self._look_at_the_clock()
        return self._timed if self._until is not None else self._setting

    @property
    def until(self) -> datetime | None:
        """When what somebody began ends by itself."""
        self._look_at_the_clock()
        return self._until

    def follow(self, setting: Mode) -> None:
        """What the site setting `record_requests` says."""
        self._setting = setting
        self._reconsider()

    def record(self, mode: Mode, minutes: int) -> None:
        """For some minutes, whatever the setting says."""
        if not 1 <= minutes <= MOST_MINUTES:
            raise InvalidInputError(f"minutes must be between 1 and {MOST_MINUTES}", hint="Ten are enough for a look.")
        self._timed = mode
        self._until_s = time.monotonic() + 60 * minutes
        self._until = now() + timedelta(minutes=minutes)
        self._reconsider()

    def stop(self) -> None:
        """What the setting says holds again."""
        self._until = None
        self._reconsider()

    def _look_at_the_clock(self) -> None:
        if self._until is not None and time.monotonic() > self._until_s:
            self.stop()

    def _reconsider(self) -> None:
        mode = self._timed if self._until is not None else self._setting
        self.on = mode != OFF or self.profiling.waits

    # what

    def begin(self, scope: Any) -> Recording | None:
        """Look into this request?  Only asked while `on`; whoever began must `end`."""
        mode = self.mode
        if not scope["path"].startswith(LEFT_OUT):
            if self.profiling.waits and self.profiling.begin(scope):
                return Recording(profiled=True)
            if mode == "full" or (mode == "sampled" and random.random() * ONE_IN < 1):
                return Recording(profiled=False)
        # A connection's next request may begin within the context of the one before.
        current.set(None)
        return None

    def end(self, recording: Recording, scope: Any) -> None:
        recording.end()
        if recording.profiled:
            self.profiling.end(scope)

    def keep(self, recording: Recording, request: LoggedRequest) -> None:
        recording.request, recording.kept = request, True
        of_route = self._of_route[request.method, request.path]
        if len(of_route) >= MOST_OF_A_ROUTE:
            self._forget(of_route[0])
        of_route.append(recording)
        self._kept[recording] = None
        self._characters += recording.trace.characters
        while len(self._kept) > MOST or (self._characters > MOST_CHARACTERS and len(self._kept) > 1):
            self._forget(next(iter(self._kept)))

    def _forget(self, recording: Recording) -> None:
        """The oldest of its route."""
        assert recording.request is not None
        route = recording.request.method, recording.request.path
        self._of_route[route].popleft()
        if not self._of_route[route]:
            del self._of_route[route]
        del self._kept[recording]
        self._characters -= recording.trace.characters
        recording.empty()

    def kept(self) -> list[Recording]:
        return list(self._kept)

    def find(self, recording_id: uuid.UUID) -> Recording | None:
        return next((recording for recording in self._kept if recording.id == recording_id), None)

    def clear(self) -> None:
        for recording in self._kept:
            recording.empty()
        self._kept.clear()
        self._of_route.clear()
        self._characters = 0
