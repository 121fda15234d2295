"""From another machine, over HTTP: what the key of an admin shows, what another's is refused, a key that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.errors import AuthenticationError
from tests.e2e.service import Service, running_service
from tests.tui.conftest import settle
from tests.tui.seen import ask, watching
from tui.app import Dashboard
from tui.client import Address
from tui.service import Starter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path / "data") as running:
        settle(running.data)
        yield running


def key_of(data: Path, username: str, *scopes: str) -> str:
    user = next(one for one in ask(data, "GET", "/users")["items"] if one["username"] == username)
    answer = ask(data, "POST", "/keys", {"name": "from elsewhere", "scopes": list(scopes), "user": user["id"]})
    return str(answer["key"])


def elsewhere(url: str, key: str) -> Dashboard:
    return Dashboard(Address(url=url, key=key), starter=Starter(), page=(url,))


async def test_the_key_of_an_admin_shows_and_does_everything(service: Service) -> None:
    async with watching(elsewhere(service.url, key_of(service.data, "anna", "all"))) as seen:
        await seen.see("all is well", "0 photos and videos")
        assert "CPU" not in seen.text  # this machine is not the one that Homeroll runs on
        await seen.press("p")
        await seen.see("Work on new files is paused")
        await seen.open("log")
        await seen.see("on the machine that Homeroll runs on")


async def test_the_key_of_a_user_is_told_what_it_may_not_see(service: Service) -> None:
    ask(service.data, "POST", "/users", {"username": "bruno", "password": "another password"})
    async with watching(elsewhere(service.url, key_of(service.data, "bruno", "all"))) as seen:
        await seen.see("all is well", "0 photos and videos")
        await seen.press("8")
        await seen.until(lambda: "settings" in seen.app.house.refused, "refused")
        await seen.see(seen.app.house.refused["settings"].message)


async def test_a_key_that_opens_nothing_ends_it_with_the_reason(service: Service) -> None:
    app = elsewhere(service.url, "hr_nothing")
    async with watching(app) as seen:
        await seen.until(lambda: app.return_value is not None, "it ends")
    assert isinstance(app.return_value, AuthenticationError)
    assert "opens nothing" in app.return_value.message
