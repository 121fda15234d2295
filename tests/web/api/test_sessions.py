"""Who is logged in where: seen and ended by its owner, and by admins; never what opens a session."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from appliance.library import sessions
from appliance.library.devices import in_words
from tests.web.conftest import PASSWORD, assert_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.web.conftest import Service

PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@contextlib.asynccontextmanager
async def browser(service: Service, username: str, agent: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"origin": service.url, "user-agent": agent}
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers=headers, timeout=30) as client:
        answer = await client.post("/auth/login", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        yield client


async def listed(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/sessions", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_everybody_sees_their_own_devices_in_words_and_no_others(service: Service) -> None:
    await service.person("anna")
    await service.person("bruno")
    async with (
        browser(service, "anna", PHONE) as phone,
        browser(service, "anna", DESK),
        browser(service, "bruno", DESK) as bruno,
    ):
        own = await listed(phone)
        assert [(one["device"], one["current"]) for one in own] == [
            ("Firefox on Android", True),
            ("Chrome on Windows", False),
        ]
        assert {one["address"] for one in own} == {"127.0.0.1"}
        assert {one["username"] for one in await listed(bruno)} == {"bruno"}
        assert await listed(bruno, user=own[0]["user"]) == []


async def test_nothing_that_opens_a_session_is_told(service: Service) -> None:
    user = await service.person("anna")
    async with browser(service, "anna", PHONE) as phone:
        text = (await phone.get("/sessions")).text
        token = phone.cookies["homeroll_session"]
        stored = await service.house.home.db.fetch('SELECT "token_hash" FROM "session" WHERE "user" = ?', [user])
    assert stored[0]["token_hash"] == sessions.hash_token(token)
    assert token not in text
    assert stored[0]["token_hash"] not in text


async def test_ending_a_session_logs_that_device_out_at_once(service: Service) -> None:
    await service.person("anna")
    async with browser(service, "anna", PHONE) as phone, browser(service, "anna", DESK) as desk:
        (lost,) = [one["id"] for one in await listed(desk) if not one["current"]]
        assert (await desk.delete(f"/sessions/{lost}")).status_code == 204
        assert_error(await phone.get("/sessions"), 401)
        assert_error(await desk.delete(f"/sessions/{lost}"), 404)
        assert (await desk.get("/journal")).json()["items"] == []


async def test_all_others_can_be_ended_and_the_one_that_asks_stays(service: Service) -> None:
    await service.person("anna")
    await service.person("bruno")
    async with (
        browser(service, "anna", PHONE) as phone,
        browser(service, "anna", DESK) as desk,
        browser(service, "bruno", DESK) as bruno,
    ):
        assert (await desk.delete("/sessions")).status_code == 204
        assert [one["current"] for one in await listed(desk)] == [True]
        assert_error(await phone.get("/sessions"), 401)
        assert len(await listed(bruno)) == 1


async def test_somebody_elses_session_is_not_there_to_be_ended(service: Service) -> None:
    await service.person("anna")
    await service.person("bruno")
    async with browser(service, "anna", PHONE) as anna, browser(service, "bruno", DESK) as bruno:
        (own,) = await listed(anna)
        assert_error(await bruno.delete(f"/sessions/{own['id']}"), 404)
        assert_error(await bruno.delete("/sessions", params={"user": own["user"]}), 403)
        assert len(await listed(anna)) == 1


async def test_an_admin_sees_everybody_and_whom_they_put_out_is_in_the_journal(
    service: Service, admin: httpx.AsyncClient
) -> None:
    user = await service.person("anna")
    async with browser(service, "anna", PHONE) as anna, browser(service, "anna", DESK) as desk:
        seen = {one["id"] for one in await listed(admin)}
        (first, second) = (one["id"] for one in await listed(anna))
        assert {first, second} <= seen
        assert (await admin.delete(f"/sessions/{first}")).status_code == 204
        assert_error(await anna.get("/sessions"), 401)
        assert (await admin.delete("/sessions", params={"user": str(user)})).status_code == 204
        assert_error(await desk.get("/sessions"), 401)
    entries = (await admin.get("/journal", params={"noun": "session"})).json()["items"]
    assert [(one["verb"], one["noun_id"]) for one in entries] == [("end", second), ("end", first)]


async def test_an_admin_sees_the_keys_of_one_user_and_nobody_else_does(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    (key,) = (await anna.get("/keys")).json()["items"]
    users = {one["username"]: one["id"] for one in (await admin.get("/users")).json()["items"]}
    assert (await admin.get("/keys", params={"user": users["anna"]})).json()["items"] == [key]
    assert_error(await bruno.get("/keys", params={"user": users["anna"]}), 403)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
         "Edge on a Mac"),
        ("Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on a Chromebook"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "A browser on Linux"),
        ("curl/8.5", "curl"),
        ("", "An unknown device"),
        ("<script>alert(1)</script>", "An unknown device"),
    ],
)  # fmt: skip
def test_user_agents_are_told_in_words(agent: str, words: str) -> None:
    assert in_words(agent) == words
