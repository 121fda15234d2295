"""The last requests with what they cost, in memory: the first place to look when something feels slow.

Every request is noted with its milliseconds.  What it did in the meantime is known of those that were recorded
(`web/recording.py`), which is off unless an admin wants it.
"""

from __future__ import annotations

import uuid
from collections import deque
from datetime import datetime
from typing import Any

import msgspec

from appliance.values import now
from web.recording import LEFT_OUT, Recorder, Recording

REMEMBERED = 200


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a recorded request, at a glance.  `statements`: how many ran; `repeated`: how often the one that
    ran most often, 0 if none did so often that it looks like one for each row of another (N+1)."""

    statements: int
    sql_ms: float
    compute_ms: float
    waited_ms: float
    sent_bytes: int
    repeated: int


class LoggedRequest(msgspec.Struct, frozen=True):
    """`path` is its template, without what was asked for in it or behind its `?`.

    `id` and `recorded` are null where nothing more is known.
    """

    at: datetime
    method: str
    path: str
    status: int
    ms: float
    user: str | None
    id: uuid.UUID | None = None
    recorded: Cost | None = None


class RequestLog:
    def __init__(self) -> None:
        self._requests: deque[tuple[LoggedRequest, Recording | None]] = deque(maxlen=REMEMBERED)
        self.recorder = Recorder()
        self.count = 0
        self.seconds = 0.0

    def add(
        self, scope: Any, *, status: int, seconds: float, user: str | None, recording: Recording | None = None
    ) -> None:
        self.count += 1
        self.seconds += seconds
        if scope["path"].startswith(LEFT_OUT):
            return
        request = LoggedRequest(
            at=now(),
            method=scope["method"],
            path=shown_path(scope),
            status=status,
            ms=round(seconds * 1000, 2),
            user=user,
        )
        self._requests.append((request, recording))
        if recording is not None:
            self.recorder.keep(recording, request)

    def last(self) -> list[LoggedRequest]:
        """The last ones and those that are recorded, newest first."""
        plain = [request for request, recording in self._requests if recording is None or not recording.kept]
        recorded = [told(recording) for recording in self.recorder.kept()]
        return sorted([*plain, *recorded], key=lambda request: request.at, reverse=True)


def told(recording: Recording) -> LoggedRequest:
    """Its request, with what is known of it."""
    assert recording.request is not None
    trace = recording.trace
    return msgspec.structs.replace(
        recording.request,
        id=recording.id,
        recorded=Cost(
            statements=sum(statement.count for statement in trace.statements.values()) + trace.left_out,
            sql_ms=round(1000 * sum(statement.seconds for statement in trace.statements.values()), 2),
            compute_ms=round(1000 * sum(work.seconds for work in trace.works.values()), 2),
            waited_ms=round(1000 * (trace.waited_connection_s + trace.waited_thread_s + trace.waited_compute_s), 2),
            sent_bytes=recording.sent_bytes,
            repeated=recording.repeated,
        ),
    )


def shown_path(scope: Any) -> str:
    """What was asked for, not which file or whose link: the template.  What has none is an address that is none, and
    may hold anything."""
    return scope.get("path_template") or ("/api/v1/…" if scope["path"].startswith("/api/v1/") else "/…")
