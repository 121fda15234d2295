"""Being let out, keys that cannot grow, guessing, and where an answer may send a browser."""

from __future__ import annotations

import asyncio
import contextlib
import re
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.web.conftest import PASSWORD, assert_error, upload
from tests.web.test_default_deny import filled, routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Service

STATIC = Path(__file__).parents[2] / "web" / "static" / "js"


async def logged_in(service: Service, username: str) -> httpx.AsyncClient:
    client = httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"origin": service.url}, timeout=30)
    answer = await client.post("/auth/login", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


async def test_who_is_let_out_is_out_at_once_and_in_again_when_let_in(
    service: Service, admin: httpx.AsyncClient, anna: httpx.AsyncClient
) -> None:
    browser, anna_id = await logged_in(service, "anna"), (await anna.get("/auth/me")).json()["id"]
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(browser.aclose)
        async with asyncio.timeout(60), browser.stream("GET", "/messages") as listening:
            lines = listening.aiter_lines()
            await anext(lines)
            changed = await admin.patch(f"/users/{anna_id}", json={"disabled": True})
            assert changed.json()["disabled"]
            async for _ in lines:  # ends: the test would run out of time otherwise
                pass
        for client in (browser, anna):
            assert_error(await client.get("/files"), 401, "not_logged_in")
            assert_error(await client.get("/messages"), 401, "not_logged_in")
        told = await browser.post("/auth/login", json={"username": "anna", "password": PASSWORD})
        unknown = await browser.post("/auth/login", json={"username": "nobody", "password": PASSWORD})
        assert told.text == unknown.text
        assert told.status_code == unknown.status_code == 401
        await admin.patch(f"/users/{anna_id}", json={"disabled": False})
        assert (await anna.get("/files")).status_code == 200
        assert_error(await browser.get("/files"), 401)  # the session is gone for good
    await (await logged_in(service, "anna")).aclose()


async def test_the_last_admin_who_may_log_in_is_not_let_out(service: Service, admin: httpx.AsyncClient) -> None:
    users = {user["username"]: user["id"] for user in (await admin.get("/users")).json()["items"]}
    assert (await admin.patch(f"/users/{users['admin']}", json={"disabled": True})).status_code == 200
    assert_error(await admin.patch(f"/users/{users['greta']}", json={"disabled": True}), 409)
    assert_error(await admin.patch(f"/users/{users['greta']}", json={"role": "user"}), 409)


async def test_a_removed_key_ends_what_listens_with_it(service: Service) -> None:
    user = await service.person("otto")
    spare = await service.key(user)
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"x-api-key": spare}) as client:
        (key,) = (await client.get("/keys")).json()["items"]
        async with asyncio.timeout(60), client.stream("GET", "/messages") as listening:
            lines = listening.aiter_lines()
            await anext(lines)
            assert (await client.delete(f"/keys/{key['id']}")).status_code == 204
            async for _ in lines:
                pass
        assert_error(await client.get("/messages"), 401)


@pytest.mark.parametrize("scopes", [("read",), ("upload",), ("metrics",), ("read", "upload", "metrics")])
async def test_a_key_never_does_or_grants_what_it_lacks(service: Service, scopes: tuple[str, ...]) -> None:
    user = await service.person("greta", role="admin")
    whole = await service.key(user)
    key = {"x-api-key": await service.key(user, *scopes)}
    async with httpx.AsyncClient(base_url=service.url, headers=key, timeout=30) as client:
        for method, template in routes(service):
            if method in ("GET", "HEAD", "OPTIONS") or not template.startswith("/api/") or "/s/{" in template:
                continue
            if template in ("/api/v1/auth/login", "/api/v1/setup"):
                continue
            sends = "upload" in scopes and (
                template.startswith("/api/v1/uploads") or (method, template) == ("POST", "/api/v1/files")
            )
            answer = await client.request(method, filled(template))
            if sends:
                assert answer.status_code not in (401, 403), f"{method} {template}"
            else:
                assert_error(answer, 403, "not_allowed")
        for wanted in (["all"], ["read", "all"], list(scopes)):
            assert_error(await client.post("/api/v1/keys", json={"scopes": wanted}), 403, "not_allowed")
    async with httpx.AsyncClient(base_url=service.url, headers={"x-api-key": whole}) as client:
        assert len((await client.get("/api/v1/keys")).json()["items"]) == 2


async def test_a_key_of_a_user_grants_nothing_to_others_and_a_demoted_admins_key_is_no_admins(
    service: Service, admin: httpx.AsyncClient, anna: httpx.AsyncClient
) -> None:
    someone = (await admin.get("/auth/me")).json()["id"]
    assert_error(await anna.post("/keys", json={"user": someone}), 403, "not_allowed")
    users = {user["username"]: user["id"] for user in (await admin.get("/users")).json()["items"]}
    await admin.patch(f"/users/{users['greta']}", json={"role": "user"})
    assert_error(await admin.get("/users"), 403, "not_allowed")


async def test_a_name_that_nobody_has_is_refused_like_a_wrong_password_and_as_slowly(
    service: Service, anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.throttle.FREE_TRIES", 10_000)
    took: dict[str, list[float]] = {"anna": [], "nobody": []}
    texts = set()
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"origin": service.url}) as client:
        for _ in range(7):
            for name, times in took.items():
                began = time.perf_counter()
                answer = await client.post("/auth/login", json={"username": name, "password": "not the one"})
                times.append(time.perf_counter() - began)
                texts.add((answer.status_code, answer.text))
    assert len(texts) == 1
    # Not a measure of speed, but of a difference: a missing hash would answer fifty times as fast.
    assert 0.3 < statistics.median(took["nobody"]) / statistics.median(took["anna"]) < 3


async def test_logging_in_is_slowed_down_also_for_names_that_nobody_has(service: Service) -> None:
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"origin": service.url}) as client:
        for name in ("admin", "nobody"):
            answers = [
                (await client.post("/auth/login", json={"username": name, "password": "wrong"})).status_code
                for _ in range(6)
            ]
            assert answers == [401] * 5 + [429]


async def test_no_answer_sends_a_browser_elsewhere(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo())
    evil = "https://evil.example/"
    async with httpx.AsyncClient(base_url=service.url, headers=anna.headers, follow_redirects=False) as client:
        for _, template in routes(service):
            path = filled(template, file_id=file["id"])
            if template == "/api/v1/messages":
                continue
            for query in ("", f"?next={evil}&url={evil}&redirect={evil}&to={evil}"):
                headers = {"x-forwarded-host": "evil.example", "x-original-url": evil, "referer": evil}
                answer = await client.get(path + query, headers=headers)
                place = answer.headers.get("location", "/")
                assert re.match("/(?!/)", place), f"{path}: {place}"


def test_pages_go_to_addresses_of_their_own_only() -> None:
    """Whatever script sets the address of the page writes down where to, or asks `go`, which takes paths only."""
    told = re.compile(r"(?<!const )(?<!let )location(?:\.href)?\s*=(?!=)|location\.(?:assign|replace)\(")
    found = []
    for path in STATIC.rglob("*.js"):
        for line in path.read_text("utf-8").splitlines():
            match = told.search(line)
            own = r"[\"'`](/(?!/)|https?://\$\{location\.host)"  # a path, or this host by another door
            if match and not re.match(own, line[match.end() :].lstrip()):
                found.append(f"{path.relative_to(STATIC)}: {line.strip()}")
    assert found == []
