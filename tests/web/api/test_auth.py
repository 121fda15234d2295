"""Setup, login, sessions, and who may send what a browser sends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from appliance.library import sessions, users
from appliance.values import now
from tests.web.conftest import PASSWORD, assert_error
from web.throttle import FREE_TRIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.web.conftest import Service

SAME_SITE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def browser(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies and says, as browsers do, that requests come from our own page."""
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers=SAME_SITE) as client:
        yield client


def setup_body(service: Service, **values: str) -> dict[str, str]:
    first = service.house.first_admin
    assert first is not None
    body = {"one_time_password": first.password, "username": "Greta", "name": "Greta G.", "password": PASSWORD}
    return body | values


async def test_first_start_asks_for_setup_and_ends_it_with_a_session(
    service: Service, browser: httpx.AsyncClient
) -> None:
    assert (await browser.get("/server")).json()["setup_required"] is True
    answer = await browser.post("/setup", json=setup_body(service))
    assert answer.status_code == 200
    user = answer.json()
    assert (user["username"], user["name"], user["role"]) == ("greta", "Greta G.", "admin")
    assert user["must_change_password"] is False
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert (await browser.get("/auth/me")).json() == user
    assert (await browser.get("/server")).json()["setup_required"] is False
    assert_error(await browser.post("/setup", json=setup_body(service)), 409, "conflict")


async def test_setup_with_a_wrong_one_time_password_is_refused_and_slowed_down(
    service: Service, browser: httpx.AsyncClient
) -> None:
    wrong = setup_body(service, one_time_password="aaaa-aaaa")
    for _ in range(FREE_TRIES):
        assert_error(await browser.post("/setup", json=wrong), 401, "not_logged_in")
    answer = await browser.post("/setup", json=setup_body(service))
    assert_error(answer, 429, "too_many_tries")
    assert int(answer.headers["retry-after"]) > 0


async def test_the_printed_password_logs_in_and_says_it_must_be_changed(
    service: Service, browser: httpx.AsyncClient
) -> None:
    first = service.house.first_admin
    assert first is not None
    answer = await browser.post("/auth/login", json={"username": "ADMIN", "password": first.password})
    assert answer.status_code == 200
    assert answer.json()["must_change_password"] is True
    assert (await browser.get("/users")).status_code == 200


async def test_every_start_without_setup_prints_another_password(service: Service) -> None:
    db = service.house.home.db
    again = await users.ensure_first_admin(db)
    assert again is not None
    assert again != service.house.first_admin
    assert (await users.log_in(db, username="admin", password=again.password))["role"] == "admin"


async def test_a_short_password_is_refused(service: Service, browser: httpx.AsyncClient) -> None:
    body = assert_error(await browser.post("/setup", json=setup_body(service, password="short")), 400, "invalid_input")
    assert "8" in body["message"]


async def test_wrong_password_and_unknown_name_get_the_same_answer(
    service: Service, browser: httpx.AsyncClient
) -> None:
    await service.person("anna")
    wrong = await browser.post("/auth/login", json={"username": "anna", "password": "wrong wrong"})
    unknown = await browser.post("/auth/login", json={"username": "nobody", "password": "wrong wrong"})
    assert assert_error(wrong, 401) == assert_error(unknown, 401)


async def test_guessing_is_slowed_down_for_that_name_only(service: Service, browser: httpx.AsyncClient) -> None:
    await service.person("anna")
    await service.person("bruno")
    for _ in range(FREE_TRIES):
        assert_error(await browser.post("/auth/login", json={"username": "anna", "password": "wrong wrong"}), 401)
    answer = await browser.post("/auth/login", json={"username": "Anna", "password": PASSWORD})
    assert_error(answer, 429, "too_many_tries")
    assert int(answer.headers["retry-after"]) > 0
    assert (await browser.post("/auth/login", json={"username": "bruno", "password": PASSWORD})).status_code == 200


async def test_logout_ends_the_session_on_the_server(service: Service, browser: httpx.AsyncClient) -> None:
    await service.person("anna")
    await browser.post("/auth/login", json={"username": "anna", "password": PASSWORD})
    token = browser.cookies["homeroll_session"]
    assert (await browser.post("/auth/logout")).status_code == 204
    browser.cookies.set("homeroll_session", token, domain="127.0.0.1")
    assert_error(await browser.get("/auth/me"), 401, "not_logged_in")


async def test_changing_the_password_ends_every_other_session(service: Service, browser: httpx.AsyncClient) -> None:
    await service.person("anna")
    login = {"username": "anna", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=str(browser.base_url), headers=SAME_SITE) as phone:
        await phone.post("/auth/login", json=login)
        await browser.post("/auth/login", json=login)
        wrong = {"current_password": "wrong wrong", "new_password": "another good one"}
        assert_error(await browser.post("/auth/password", json=wrong), 401)
        right = {"current_password": PASSWORD, "new_password": "another good one"}
        assert (await browser.post("/auth/password", json=right)).status_code == 204
        assert (await browser.get("/auth/me")).status_code == 200
        assert_error(await phone.get("/auth/me"), 401)
        assert_error(await phone.post("/auth/login", json=login), 401)


async def test_a_session_slides_with_use_and_ends_without(service: Service) -> None:
    db = service.house.home.db
    user_id = await service.person("anna")
    token = await sessions.open_session(db, user_id, device="test", days=10)
    async with db.write():
        await db.fetch(
            'UPDATE "session" SET "last_used" = ?, "expires" = ?',
            [now() - timedelta(days=9), now() + timedelta(days=1)],
        )
    assert await sessions.find_session(db, token, days=10) is not None
    assert await db.value('SELECT "expires" FROM "session"') > now() + timedelta(days=9)
    async with db.write():
        await db.fetch('UPDATE "session" SET "expires" = ?', [now() - timedelta(seconds=1)])
    assert await sessions.find_session(db, token, days=10) is None


async def test_the_token_and_the_key_are_stored_only_as_hashes(service: Service) -> None:
    db = service.house.home.db
    user_id = await service.person("anna")
    token = await sessions.open_session(db, user_id, device="test", days=10)
    key = await service.key(user_id)
    assert key.startswith("hr_")
    dump = repr(await db.fetch('SELECT * FROM "session"')) + repr(await db.fetch('SELECT * FROM "api_key"'))
    assert token not in dump
    assert key not in dump


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {},
    ],
)
async def test_another_site_cannot_use_the_cookie_to_change_something(
    service: Service, headers: dict[str, str]
) -> None:
    user_id = await service.person("anna")
    token = await sessions.open_session(service.house.home.db, user_id, device="", days=1)
    cookies = {"homeroll_session": token}
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers=headers, cookies=cookies) as client:
        assert_error(await client.post("/priority", json={"ids": []}), 403, "not_allowed")
        assert (await client.get("/timeline")).status_code == 200


async def test_our_own_page_may_use_the_cookie(service: Service) -> None:
    user_id = await service.person("anna")
    token = await sessions.open_session(service.house.home.db, user_id, device="", days=1)
    cookies = {"homeroll_session": token}
    for headers in ({"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": service.url}):
        async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers=headers, cookies=cookies) as client:
            assert (await client.post("/priority", json={"ids": []})).status_code == 204


async def test_another_site_cannot_log_a_browser_in(service: Service, anyone: httpx.AsyncClient) -> None:
    await service.person("anna")
    body = {"username": "anna", "password": PASSWORD}
    headers = {"sec-fetch-site": "cross-site"}
    assert_error(await anyone.post("/auth/login", json=body, headers=headers), 403, "not_allowed")
    assert (await anyone.post("/auth/login", json=body)).status_code == 200
