"""Server-sent events: who hears what, and that nobody keeps the service from stopping."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx

from appliance.library.viewers import Viewer
from appliance.messages import AccessChanged, FileAdded, JobProgress, LibraryChanged, StepProgress
from tests.web.conftest import serving, until_heard, upload
from web.api.messages import stream
from web.closing import Closing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from tests.web.conftest import Service


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """(name, data) of each event; comments are ("", text)."""
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
        elif line.startswith(":"):
            yield "", line


async def test_one_hears_of_the_family_and_oneself_only(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    bus = service.house.home.bus
    before = len(bus._inboxes)
    async with asyncio.timeout(60), anna.stream("GET", "/messages") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = events(answer)
        await until_heard(service, listeners=before + 1)
        theirs = await upload(bruno, photo("2024:05:01 12:00:00"))
        bus.publish(LibraryChanged(id="x", item={"id": "x", "user": theirs["user"]}))
        mine = await upload(anna, photo("2024:06:01 12:00:00"))
        bus.publish(FileAdded(ids=["family"], months=["2020-01"], user=None))
        bus.publish(LibraryChanged(id="y", item={"id": "y", "user": None}))
        bus.publish(StepProgress(items=await service.house.runner.progress()))
        bus.publish(JobProgress(name="last", item={"name": "last"}))
        heard: list[tuple[str, Any]] = []
        async for name, data in lines:
            heard.append((name, data))
            if (name, data) == ("JobProgress", {"name": "last"}):
                break
    asked = (await anna.get("/steps")).json()["items"]
    assert [data[0].keys() for name, data in heard if name == "StepProgress"][-1] == asked[0].keys()
    assert ("FileAdded", {"ids": [mine["id"]], "months": ["2024-06"]}) in heard
    assert ("FileAdded", {"ids": ["family"], "months": ["2020-01"]}) in heard
    assert ("LibraryChanged", {"id": "y", "user": None}) in heard
    assert theirs["id"] not in json.dumps(heard)
    assert ("LibraryChanged", {"id": "x", "user": theirs["user"]}) not in heard


async def test_silence_is_broken_by_a_heartbeat(anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.messages.HEARTBEAT_S", 0.05)
    async with asyncio.timeout(60), anna.stream("GET", "/messages") as answer:
        async for name, _ in events(answer):
            if name == "":
                break


async def test_an_open_stream_does_not_delay_stopping(service: Service) -> None:
    key = await service.key(await service.person("carla"))
    house = service.house
    async with httpx.AsyncClient(headers={"x-api-key": key}, timeout=60) as client:
        async with serving(house.app) as url:
            answer = await client.send(client.build_request("GET", f"{url}/api/v1/messages"), stream=True)
            lines = answer.aiter_lines()
            assert (await anext(lines)).startswith("retry")
            began = time.monotonic()
        assert time.monotonic() - began < 2.9  # after 3 s it would be cut off
        await answer.aclose()


async def test_leaving_unsubscribes(service: Service, anna: httpx.AsyncClient) -> None:
    inboxes = service.house.home.bus._inboxes
    before = len(inboxes)
    async with anna.stream("GET", "/messages") as answer:
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry")
        await until_heard(service, listeners=before + 1)
        assert len(inboxes) == before + 1
    async with asyncio.timeout(60):
        while len(inboxes) > before:  # noqa: ASYNC110 - the server notices a closed connection when it does
            await asyncio.sleep(0.02)


async def test_who_is_let_out_before_anybody_listens_for_them_hears_nothing_either(
    service: Service, anna: httpx.AsyncClient
) -> None:
    viewer = Viewer(user_id=uuid.UUID((await anna.get("/auth/me")).json()["id"]))
    home, welcome = service.house.home, True

    async def is_welcome() -> bool:
        return welcome

    async with asyncio.timeout(60):
        told = stream(home, viewer, Closing(), is_welcome)
        assert (await anext(told)).startswith(b"retry")
        welcome = False
        home.bus.publish(AccessChanged(user=str(viewer.user_id)))  # which it cannot have heard yet
        assert [more async for more in told] == []
