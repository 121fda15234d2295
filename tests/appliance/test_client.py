"""What comes back from HTTP becomes an answer or the error it carries."""

from __future__ import annotations

import argparse
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from appliance import client
from appliance.client import Api
from appliance.console import Context
from appliance.errors import (
    ConfigError,
    ConflictError,
    DiskFullError,
    HomerollError,
    NotFoundError,
    PermissionDeniedError,
)
from appliance.lock import DataLock
from appliance.paths import DataPaths
from tests.fakes import FakeHomeroll

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def api(answer: Callable[[httpx.Request], httpx.Response]) -> Api:
    transport = httpx.MockTransport(answer)
    return Api(httpx.AsyncClient(transport=transport, base_url="http://homeroll.local"))


def context(**args: object) -> Context:
    from appliance.console import Console

    return Context(argparse.Namespace(verb="status", **args), Console())


@pytest.mark.parametrize(
    ("code", "kind"),
    [("not_found", NotFoundError), ("disk_full", DiskFullError), ("not_allowed", PermissionDeniedError)],
)
async def test_an_error_keeps_its_class_message_and_hint(code: str, kind: type[HomerollError]) -> None:
    body = {"code": code, "message": "No.", "hint": "Try otherwise."}
    with pytest.raises(kind, match=r"^No\.") as raised:
        await api(lambda request: httpx.Response(400, json=body)).get("/files")
    assert raised.value.hint == "Try otherwise."


async def test_an_unknown_code_is_kept() -> None:
    body = {"code": "brand_new", "message": "Newer than this command.", "hint": ""}
    with pytest.raises(HomerollError) as raised:
        await api(lambda request: httpx.Response(418, json=body)).post("/files")
    assert raised.value.code == "brand_new"


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'"text"', b"{}", b"\xff"])
async def test_an_answer_of_something_else_is_said_to_be_that(content: bytes) -> None:
    with pytest.raises(HomerollError, match="was not Homeroll's: HTTP 502"):
        await api(lambda request: httpx.Response(502, content=content)).get("/files")


async def test_a_page_that_answers_200_at_the_wrong_address_is_no_answer() -> None:
    with pytest.raises(HomerollError, match="was not Homeroll's"):
        await api(lambda request: httpx.Response(200, content=b"<html>")).get("/files")


@pytest.mark.parametrize(
    ("error", "words"), [(httpx.ReadTimeout, "in time"), (httpx.ConnectError, "cannot be reached")]
)
async def test_no_answer_is_an_error_with_a_hint(error: type[httpx.TransportError], words: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("gone")

    with pytest.raises(HomerollError, match=words) as raised:
        await api(fail).get("/files")
    assert raised.value.hint


async def test_lists_are_read_page_after_page() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        return httpx.Response(200, json={"items": [{"id": cursor or "first"}], "next": None if cursor else "second"})

    assert [item["id"] for item in await api(answer).items("/files")] == ["first", "second"]


async def test_no_content_is_none_and_a_name_may_be_an_id() -> None:
    assert await api(lambda request: httpx.Response(204)).delete("/keys/1") is None
    fake = Api(httpx.AsyncClient(transport=httpx.ASGITransport(app=FakeHomeroll()), base_url="http://localhost"))
    assert (await fake.named("/users", "u2", by="username"))["username"] == "anna"


def test_a_url_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="--url needs a key"):
        client.connect(context(url="http://homeroll.local"))
    monkeypatch.setenv("HOMEROLL_KEY", "hr_x")
    with pytest.raises(ConfigError, match="no address"):
        client.connect(context(url="homeroll.local"))


def test_a_service_that_holds_the_data_but_never_answers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "START_S", 0.2)
    with DataLock(DataPaths(tmp_path), command="serve"), pytest.raises(ConflictError, match="does not answer"):
        client.answers(DataPaths(tmp_path))


def test_a_command_that_holds_the_data_is_not_waited_for(tmp_path: Path) -> None:
    with DataLock(DataPaths(tmp_path), command="scan"):
        assert not client.answers(DataPaths(tmp_path))


def test_a_socket_deep_below_long_names_is_reached(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    with socket.socket(socket.AF_UNIX) as listener, client._socket_name(deep / "admin.sock") as name:
        listener.bind(name)
        listener.listen()
        assert client.answers(DataPaths(deep))
