"""The page that says how to trust our certificate: without a login, for the device that asks, and never with a key."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from appliance.tls import TlsFiles
from tests.appliance.certs import given, openssl
from tests.web.conftest import assert_error
from tests.web.safely import tls_door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from appliance.config import Settings
    from tests.web.conftest import Service

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"
PIXEL = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROMIUM = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, tls_port=0)


@pytest.fixture
async def visitor(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url.replace("127.0.0.1", "localhost")) as client:
        yield client


async def test_before_anything_was_made_it_says_what_an_admin_does(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get("/trust")
    assert page.status_code == 200
    assert "homeroll tls on" in page.text
    assert "homeroll-ca.crt" not in page.text
    assert_error(await visitor.get("/trust/homeroll-ca.crt"), 404, "not_found")


async def test_it_shows_the_fingerprint_of_what_it_offers_and_where_to_go_then(
    service: Service, visitor: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with tls_door(service):
        page = (await visitor.get("/trust")).text
        offered = await visitor.get("/trust/homeroll-ca.crt")
        assert offered.headers["content-type"].startswith("application/x-x509-ca-cert")
        assert "PRIVATE" not in offered.text
        (tmp_path / "offered.crt").write_bytes(offered.content)
        words = ("x509", "-in", tmp_path / "offered.crt", "-noout", "-fingerprint", "-sha256")
        shown = (await asyncio.to_thread(openssl, *words)).stdout.strip().partition("=")[2]
        assert len(shown) == 95
        assert shown in re.sub(r"</?span>", "", page)
        assert f'href="https://localhost:{service.house.home.tls.port}/"' in page
        assert "$" not in page


async def test_switched_off_again_it_says_so(service: Service, visitor: httpx.AsyncClient) -> None:
    async with tls_door(service):
        pass
    page = (await visitor.get("/trust")).text
    assert "switched off just now" in page
    assert "https://" not in page


@pytest.mark.parametrize(
    ("browser", "opened"),
    [
        (IPHONE, "iPhone and iPad"),
        (PIXEL, "Android"),
        (EDGE, "Windows"),
        (MAC, "macOS"),
        (FIREFOX, "Firefox on a computer"),
        (CHROMIUM, "Linux"),
        ("curl/7.88", None),
    ],
)
async def test_the_steps_of_the_device_that_asks_are_open(
    service: Service, visitor: httpx.AsyncClient, browser: str, opened: str | None
) -> None:
    async with tls_door(service):
        page = (await visitor.get("/trust", headers={"user-agent": browser})).text
    found = re.findall(r"<details( open)?>\s*<summary>([^<]+)</summary>", page)
    assert len(found) == 6
    assert [name for is_open, name in found if is_open] == ([opened] if opened else [])


async def test_whatever_a_client_says_of_itself_stays_out_of_the_page(
    service: Service, visitor: httpx.AsyncClient
) -> None:
    async with tls_door(service):
        odd = await visitor.get("/trust", headers={"host": 'localhost:1"><b>', "user-agent": "<b>iPhone"})
        assert "<b>iPhone" not in odd.text
        assert "1&#x22;" not in odd.text
        assert '1">' not in odd.text


async def test_it_runs_no_script_but_our_own_and_is_asked_for_anew(
    service: Service, visitor: httpx.AsyncClient
) -> None:
    async with tls_door(service):
        page = await visitor.get("/trust")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-cache"
        assert re.findall(r"<script(?! src=\"/static/)", page.text) == []
        for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert (await visitor.get(address)).status_code == 200, address


async def test_the_key_is_reached_by_no_address(service: Service, visitor: httpx.AsyncClient) -> None:
    async with tls_door(service):
        assert TlsFiles(service.house.home.paths.tls).authority.exists()
        for path in (
            "/trust/authority.pem",
            "/trust/server.pem",
            "/trust/../tls/authority.pem",
            "/static/../../tls/authority.pem",
            "/static/%2e%2e/%2e%2e/data/tls/authority.pem",
            "/trust/homeroll-ca.crt/../authority.pem",
        ):
            answer = await visitor.get(path)
            assert answer.status_code == 404, path
            assert "PRIVATE" not in answer.text


class TestGiven:
    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        made = given(tmp_path)
        return msgspec.structs.replace(
            settings, tls_port=0, tls_certificate=str(made.certificate), tls_key=str(made.key)
        )

    async def test_with_a_given_certificate_there_is_nothing_to_install(
        self, service: Service, visitor: httpx.AsyncClient
    ) -> None:
        async with tls_door(service):
            page = (await visitor.get("/trust")).text
            assert "Nothing to install" in page
            assert f'href="https://localhost:{service.house.home.tls.port}/"' in page
            assert "homeroll-ca.crt" not in page
