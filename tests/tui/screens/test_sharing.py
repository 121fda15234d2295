"""Shares and who is logged in: what opens something from outside is seen, and ended from the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.tui.conftest import PASSWORD
from tests.tui.seen import WIDE, ask, dashboard, watching

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.service import Service

PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


@pytest.fixture
def link(unused: Service, library: Path) -> str:
    """The address of a link to two photos that Anna made."""
    (anna,) = ask(library, "GET", "/users")["items"]
    key = ask(library, "POST", "/keys", {"name": "phone", "scopes": ["all"], "user": anna["id"]})["key"]
    photos = [file["id"] for file in ask(library, "GET", "/files?limit=9")["items"] if file["kind"] == "photo"][:2]
    wish = {"name": "For grandma", "files": photos, "allow_download": True}
    answer = httpx.post(f"{unused.url}/api/v1/shares", json=wish, headers={"x-api-key": key}, timeout=60)
    assert answer.is_success, answer.text
    return f"{unused.url}{answer.json()['path']}"


def shares(data: Path) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ask(data, "GET", "/shares")["items"]
    return items


async def test_a_link_is_seen_given_an_end_and_a_password_and_revoked(library: Path, link: str) -> None:
    async with watching(dashboard(library)) as seen:
        await seen.open("shares")
        await seen.see("For grandma", "selection", "never", "Originals can be downloaded")
        await seen.press("e")
        await seen.see("When does For grandma end?")
        await seen.press("enter")
        await seen.see("in a week", "in a year")
        await seen.press("down", "down", "enter")
        await seen.miss("in a year")
        await seen.see("in a week")
        await seen.press("tab", "tab", "enter")
        await seen.until(lambda: shares(library)[0]["expires"] is not None, "it ends")
        await seen.until(lambda: not seen.line("For grandma").endswith("never"), "its end is seen")
        await seen.press("p")
        await seen.see("A password for")
        await seen.press(*"fern", "tab", *"fern", "enter")
        await seen.until(lambda: shares(library)[0]["has_password"], "it asks")
        await seen.press("c")
        await seen.see(f"/s/{link.partition('/s/')[2]}", "this machine only")
        await seen.press("escape", "d")
        await seen.see("Revoke For grandma?")
        await seen.press("y")
        await seen.see("No link was made")
    assert shares(library) == []
    async with httpx.AsyncClient() as guest:
        assert (await guest.get(link.replace("/s/", "/api/v1/s/"))).status_code == 404


def log_in(service: Service, agent: str) -> str:
    """The cookie of a browser that logged in just now."""
    body = {"username": "anna", "password": PASSWORD}
    answer = httpx.post(f"{service.url}/api/v1/auth/login", json=body, headers={"user-agent": agent}, timeout=60)
    assert answer.is_success, answer.text
    return answer.cookies["homeroll_session"]


def is_in(service: Service, cookie: str) -> bool:
    answer = httpx.get(f"{service.url}/api/v1/auth/me", cookies={"homeroll_session": cookie}, timeout=60)
    return answer.status_code == 200


async def test_who_is_logged_in_is_seen_and_shut_out_on_one_device(unused: Service, data: Path) -> None:
    phone, other = log_in(unused, PHONE), log_in(unused, "curl/8")
    async with watching(dashboard(data), WIDE) as seen:
        await seen.see("Logged in", "anna: Firefox on Android")
        await seen.open("users")
        await seen.see("anna", "Firefox on Android", "Log out")
        await seen.press("l")
        await seen.see("Where is anna to be logged out?", "All 2 of them")
        await seen.press("enter" if "Firefox" in first_line(ask(data, "GET", "/sessions")) else "down")
        if "Where is anna" in seen.text:
            await seen.press("enter")
        await seen.see("anna is logged out there")
        await seen.miss("Firefox on Android")
    assert (is_in(unused, phone), is_in(unused, other)) == (False, True)


def first_line(sessions: dict[str, Any]) -> str:
    """The device that the menu has first: the one that was seen last."""
    return str(max(sessions["items"], key=lambda one: str(one["last_seen"]))["device"])
