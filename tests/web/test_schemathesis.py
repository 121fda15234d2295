"""Every route, asked at random by the API's own description, as an admin, as somebody and as nobody: no fault of the
service, and no answer that is not described.

TEST_SCHEMATHESIS=20000 asks that often at least (`just fuzz`); without it every third address is, as an admin.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from appliance.daemon import open_house
from tests.web.conftest import Service, serving
from tests.web.furnish import found, furnish
from tests.web.fuzz import Asked, ask
from tests.web.world import settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from appliance.config import Settings

WANTED = int(os.environ.get("TEST_SCHEMATHESIS", "0"))
ADMIN, SOMEBODY, NOBODY = "greta", "anna", "nobody"
EXAMPLES = 9  # of each route, each time: fresh rooms find more than long stays
log = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def _harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched from anywhere, and nobody has to wait after a wrong password."""
    nowhere = "http://127.0.0.1:9"
    monkeypatch.setenv("HF_ENDPOINT", nowhere)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, nowhere)
        monkeypatch.setenv(name.lower(), nowhere)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setattr("web.throttle.FREE_TRIES", 1_000_000)


@dataclass(frozen=True)
class Caller:
    """`ids`: what they see; `kept`: their own key and account, which no request may end."""

    key: str | None
    ids: dict[str, list[str]]
    kept: frozenset[str]


@contextlib.asynccontextmanager
async def furnished(
    settings: Settings, photo: Callable[..., bytes]
) -> AsyncIterator[tuple[Service, dict[str, Caller]]]:
    """A service with an admin and somebody else who both have one of everything.  Streams of messages end at once."""
    async with open_house(settings) as house, serving(house.app) as url:
        service, callers = Service(house, url), {}
        for name in (SOMEBODY, ADMIN):
            user = await service.person(name, role="admin" if name == ADMIN else "user")
            key = await service.key(user)
            async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers={"x-api-key": key}, timeout=60) as api:
                begun = await furnish(api, photo)
                own = {one["id"] for one in (await api.get("/keys")).json()["items"] if one["name"] == "test"}
                callers[name] = Caller(key, await found(api) | {"tus": begun}, frozenset({str(user), *own}))
        callers[NOBODY] = Caller(None, callers[SOMEBODY].ids, frozenset())
        await settled(service)
        house.app.end_streams()
        yield service, callers


async def asked_as(
    name: str, settings: Settings, photo: Callable[..., bytes], *, seed: int, examples: int, every: int = 1
) -> Asked:
    """In a house of its own, so that what others broke is whole.  every: only one address in so many, and only once."""
    async with furnished(settings, photo) as (service, callers):
        caller = callers[name]
        document = service.house.app.openapi_schema.to_schema()
        document["paths"] = {path: document["paths"][path] for path in sorted(document["paths"])[::every]}
        return await asyncio.to_thread(
            ask,
            service.url,
            document,
            key=caller.key,
            ids=caller.ids,
            folder=settings.data.parent,
            seed=seed,
            examples=examples,
            thorough=every == 1,
            kept=caller.kept,
        )


async def test_a_little_of_every_third_address(settings: Settings, photo: Callable[..., bytes]) -> None:
    done = await asked_as(ADMIN, settings, photo, seed=1, examples=1, every=3)
    assert not done.broken, done.report()
    assert len(done.asked) > 50, done.asked
    well = [label for label, found in done.answered.items() if any(200 <= status < 300 for status in found)]
    assert len(well) > 15, well


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not WANTED, reason="TEST_SCHEMATHESIS says how often to ask")
async def test_every_route_many_times(
    settings: Settings, photo: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    for talkative in ("apscheduler", "httpx", "web", "appliance"):
        caplog.set_level(logging.CRITICAL, logger=talkative)
    done, seed = Asked(), 0
    while sum(done.asked.values()) < WANTED or seed < 3:
        name = (ADMIN, SOMEBODY, NOBODY)[seed % 3]
        seed += 1
        own = msgspec.structs.replace(settings, data=settings.data.parent / f"{name}-{seed}" / "data")
        one = await asked_as(name, own, photo, seed=seed, examples=EXAMPLES)
        log.info("%s, seed %d: %d requests, %d broken", name, seed, sum(one.asked.values()), len(one.broken))
        if one.broken:
            log.info("%s", one.report())
        done.add(one)
    for label, count in sorted(done.asked.items(), key=lambda one: one[1]):
        log.info("%5d %s %s", count, label, dict(sorted(done.answered[label].items())))
    assert not done.broken, done.report()
    assert min(done.asked.values()) >= seed  # what takes nothing can be asked in few ways
