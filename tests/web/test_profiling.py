"""Profiles: of the requests that were asked for and no others, ended in time, counted up into a short tree."""

from __future__ import annotations

import asyncio
import contextvars
import time
from typing import Any

import pytest
from pyinstrument.session import Session

from appliance.errors import InvalidInputError
from web import profiling
from web.profiling import Profiling

PATH = "/api/v1/people/{person_id}"

LONG_S = 0.1  # what is waited for a busy machine hardly counts beside it


def scope(path: str, template: str = PATH, method: str = "GET") -> dict[str, Any]:
    return {"path": path, "method": method, "path_template": template}


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    count = 0
    while time.thread_time() < end:
        for _ in range(1000):
            count += 1


async def request(profile: Profiling, asked: dict[str, Any], seconds: float = 0.01) -> bool:
    """Whether it was looked at."""
    looked = profile.begin(asked)
    burn(seconds)
    await asyncio.sleep(seconds)
    if looked:
        profile.end(asked)
    return looked


@pytest.fixture
def changes() -> list[bool]:
    return []


@pytest.fixture
async def profile(changes: list[bool]) -> Profiling:
    """Waits for two requests to PATH."""
    made = Profiling(lambda: changes.append(made.waits))
    await made.ask("GET", PATH, 2)
    return made


async def test_only_requests_to_the_address_are_looked_at_until_there_are_enough(
    profile: Profiling, changes: list[bool]
) -> None:
    assert not await request(profile, scope("/api/v1/people"))
    assert not await request(profile, scope("/api/v1/people/7/faces"))
    assert not await request(profile, scope("/api/v1/people/7", method="PATCH"))
    assert await request(profile, scope("/api/v1/people/7"), LONG_S)
    # Another route may have an address that fits the template as well: it is no sample.
    assert await request(profile, scope("/api/v1/people/suggestions", "/api/v1/people/suggestions"))
    assert (profile.status, profile.taken) == ("waiting", 1)
    assert await request(profile, scope("/api/v1/people/8"), LONG_S)
    assert (profile.status, profile.taken) == ("done", 2)
    assert not await request(profile, scope("/api/v1/people/9"))
    assert changes[-1] is False
    lines = await profile.lines()
    assert 0.9 < lines[0].share <= 1.0
    assert "burn" in {line.function for line in lines}
    assert "[await]" in {line.function for line in lines}
    assert lines[0].ms > 150  # of one request on average: as long as it burns, and sleeps
    assert await profile.lines() == lines


@pytest.mark.parametrize(("waits", "work"), [([], "burn"), (["select"], "select")])
def test_what_does_the_work_is_told_and_what_only_calls_it_is_not(waits: list[str], work: str) -> None:
    """However little of its time what it calls takes: on a fast machine that is nothing worth telling."""
    stack = [f"{function}\0/usr/lib/{function}.py\x001" for function in ("request", "pass_on", "burn", *waits)]
    session = Session(
        frame_records=[(stack, 0.995), ([*stack, "thread_time\0<built-in>\x000"], 0.005)],
        start_time=0.0,
        duration=1.0,
        min_interval=0.0001,
        max_interval=0.0001,
        sample_count=2,
        start_call_stack=stack[:1],
        target_description="",
        cpu_time=1.0,
        sys_path=[],
        sys_prefixes=[],
    )
    (line,) = [line for line in profiling.lines_of(session, 2) if line.function != "[self]"]
    assert (line.function, line.ms) == (work, 500.0)


async def test_one_request_at_a_time_is_looked_at(profile: Profiling) -> None:
    looked = await asyncio.gather(
        *(asyncio.create_task(request(profile, scope(f"/api/v1/people/{number}"))) for number in range(3))
    )
    assert looked == [True, False, False]


async def test_a_request_that_goes_on_for_ever_is_looked_at_for_a_while(
    profile: Profiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "LONGEST_S", 0.05)
    stream = scope("/api/v1/people/7")
    assert profile.begin(stream)
    await asyncio.sleep(0.15)
    # In the same context, as a second request on its connection may be: nothing breaks.
    assert not profile.begin(scope("/api/v1/people/8"))
    elsewhere = contextvars.Context()
    assert await asyncio.create_task(request(profile, scope("/api/v1/people/9")), context=elsewhere)
    profile.end(stream)


async def test_nobody_is_waited_for_for_ever(profile: Profiling) -> None:
    assert profile._until_s > time.monotonic() + profiling.PATIENCE_S - 60
    profile._until_s = time.monotonic() - 1
    assert not await request(profile, scope("/api/v1/people/7"))
    assert profile.status == "none"


async def test_what_was_asked_for_can_be_given_up_in_the_middle(profile: Profiling) -> None:
    asked = scope("/api/v1/people/7")
    assert profile.begin(asked)
    profile.forget()
    profile.end(asked)
    assert (profile.status, profile.taken) == ("none", 0)
    assert await profile.lines() == []
    with pytest.raises(InvalidInputError):
        await profile.ask("GET", PATH, 0)
