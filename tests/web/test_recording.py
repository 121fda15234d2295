"""Which requests are recorded, for how long, and how many are kept."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from appliance.errors import InvalidInputError
from appliance.trace import current
from web import recording
from web.recording import MOST, MOST_OF_A_ROUTE, ONE_IN
from web.requestlog import REMEMBERED, LoggedRequest, RequestLog, shown_path


def scope(path: str = "/api/v1/timeline", **more: Any) -> dict[str, Any]:
    return {"path": path, "method": "GET", "path_template": path} | more


def ask(log: RequestLog, path: str = "/api/v1/timeline", *statements: str) -> LoggedRequest | None:
    """One request, as the application shows it to the log; what that says of it."""
    one = scope(path)
    recorder = log.recorder
    begun = recorder.begin(one) if recorder.on else None
    if begun is not None:
        for sql in statements:
            begun.trace._note(sql, 0, 0.001, 1, failed=False)
        recorder.end(begun, one)
    log.add(one, status=200, seconds=0.001, user=None, recording=begun)
    return log.last()[0] if log.last() else None


def asked(log: RequestLog, path: str = "/api/v1/timeline") -> LoggedRequest:
    told = ask(log, path)
    assert told is not None
    return told


@pytest.fixture
def log() -> RequestLog:
    return RequestLog()


def test_nothing_is_recorded_until_somebody_wants_it(log: RequestLog) -> None:
    assert log.recorder.on is False
    assert asked(log).id is None
    log.recorder.follow("full")
    assert asked(log).id is not None
    log.recorder.follow("off")
    assert log.recorder.on is False
    assert [request.recorded is not None for request in log.last()] == [True, False]


def test_a_recording_for_some_minutes_ends_by_itself(log: RequestLog, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = log.recorder
    recorder.record("full", 10)
    assert (recorder.mode, recorder.setting, recorder.until is not None) == ("full", "off", True)
    assert asked(log).id is not None
    later = time.monotonic() + 601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert asked(log).id is None
    assert (recorder.on, recorder.mode, recorder.until) == (False, "off", None)
    for minutes in (0, -1, 121):
        with pytest.raises(InvalidInputError):
            recorder.record("full", minutes)


def test_sampled_is_one_in_twenty(log: RequestLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.recorder.follow("sampled")
    chances = iter([n / ONE_IN for n in range(ONE_IN)])
    monkeypatch.setattr(random, "random", lambda: next(chances))
    assert [asked(log).id is not None for _ in range(ONE_IN)] == [True] + [False] * (ONE_IN - 1)


def test_who_looks_and_files_of_the_page_are_not_looked_into(log: RequestLog) -> None:
    log.recorder.follow("full")
    for path in ("/api/v1/requests", "/api/v1/requests/profile", "/static/js/app.js"):
        ask(log, path)
    assert log.last() == []
    assert log.recorder.kept() == []
    assert log.count == 3


def test_many_requests_to_one_route_do_not_push_out_another(log: RequestLog) -> None:
    log.recorder.follow("full")
    slow = asked(log, "/api/v1/search")
    for _ in range(1000):
        ask(log, "/api/v1/files/{file_id}/thumbnail")
    kept = [recording.request.path for recording in log.recorder.kept() if recording.request]
    assert kept.count("/api/v1/files/{file_id}/thumbnail") == MOST_OF_A_ROUTE
    assert slow.id in {request.id for request in log.last()}
    assert len(log.last()) == REMEMBERED + 1


def test_what_is_kept_is_bounded_in_requests_and_in_text(log: RequestLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.recorder.follow("full")
    for number in range(MOST + 50):
        ask(log, f"/api/v1/{number}")
    assert len(log.recorder.kept()) == MOST
    first = log.recorder.kept()[0].request
    assert first is not None
    assert first.path == "/api/v1/50"
    monkeypatch.setattr(recording, "MOST_CHARACTERS", 1000)
    for number in range(5):
        ask(log, f"/long/{number}", "x" * 400, "y" * 50)
    assert [recording.request.path for recording in log.recorder.kept() if recording.request] == ["/long/3", "/long/4"]
    log.recorder.clear()
    assert log.recorder.kept() == []
    assert {request.id for request in log.last()} == {None}


def test_a_request_leaves_no_trace_in_force(log: RequestLog) -> None:
    log.recorder.follow("full")
    ask(log)
    assert current.get() is None


def test_an_address_that_is_none_is_not_told_whole() -> None:
    assert shown_path(scope("/s/kJ3h-secret/x", path_template="")) == "/…"
    assert shown_path(scope("/api/v1/secret/x", path_template="")) == "/api/v1/…"
    assert shown_path(scope("/s/kJ3h-secret", path_template="/s/{token}")) == "/s/{token}"
