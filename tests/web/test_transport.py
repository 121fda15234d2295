"""Between plain HTTP and TLS: cookies of each, who is sent to the other, and what browsers are told to remember."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from appliance.tls import Certificate, Served
from appliance.values import now
from tests.web.conftest import PASSWORD, assert_error
from tests.web.safely import safe_client, tls_door
from web.security import COOKIE, SECURE_COOKIE
from web.transport import address

if TYPE_CHECKING:
    from appliance.config import Settings
    from tests.web.conftest import Service

API = "/api/v1"
LOGIN = {"username": "anna", "password": PASSWORD}
STS = "strict-transport-security"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, tls_port=0, https_only=True)


def plain_client(service: Service) -> httpx.AsyncClient:
    url = service.url.replace("127.0.0.1", "localhost")
    return httpx.AsyncClient(base_url=url, headers={"sec-fetch-site": "same-origin"}, timeout=30)


async def test_by_tls_the_session_is_in_a_cookie_that_no_plain_page_can_set_or_read(service: Service) -> None:
    await service.person("anna")
    async with tls_door(service), safe_client(service) as safe:
        answer = await safe.post(f"{API}/auth/login", json=LOGIN)
        assert answer.status_code == 200
        (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
        assert cookie.key == SECURE_COOKIE == "__Host-homeroll_session"
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "lax")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert (await safe.get(f"{API}/auth/me")).json()["username"] == "anna"
        async with httpx.AsyncClient(base_url=service.url) as plain:
            for name in (COOKIE, SECURE_COOKIE):
                sent = await plain.get(f"{API}/auth/me", headers={"cookie": f"{name}={cookie.value}"})
                # The value is a session's: what counts is which door it is shown at, under which name.
                assert sent.status_code == (200 if name == COOKIE else 401)


async def test_logins_at_both_doors_live_side_by_side(service: Service) -> None:
    await service.person("anna")
    async with tls_door(service), safe_client(service) as safe, plain_client(service) as plain:
        assert (await plain.post(f"{API}/auth/login", json=LOGIN)).status_code == 200
        crossed = {"cookie": f"{COOKIE}={plain.cookies[COOKIE]}"}
        assert_error(await safe.get(f"{API}/auth/me", headers=crossed), 401, "not_logged_in")
        assert (await safe.post(f"{API}/auth/login", json=LOGIN)).status_code == 200
        assert (await plain.get(f"{API}/auth/me")).status_code == 200
        again = await safe.post(f"{API}/auth/logout")
        assert (again.status_code, SECURE_COOKIE in safe.cookies) == (204, False)
        assert (await plain.get(f"{API}/auth/me")).status_code == 200


async def test_another_password_keeps_this_browser_logged_in_by_tls(service: Service) -> None:
    await service.person("anna")
    async with tls_door(service), safe_client(service) as safe:
        await safe.post(f"{API}/auth/login", json=LOGIN)
        before = safe.cookies[SECURE_COOKIE]
        words = {"current_password": PASSWORD, "new_password": "another horse battery"}
        assert (await safe.post(f"{API}/auth/password", json=words)).status_code == 204
        assert safe.cookies[SECURE_COOKIE] != before
        assert (await safe.get(f"{API}/auth/me")).status_code == 200


async def test_the_page_knows_by_either_cookie_whether_somebody_is_logged_in(service: Service) -> None:
    await service.person("anna")
    async with tls_door(service), safe_client(service) as safe, plain_client(service) as plain:
        without = (await safe.get("/")).text
        await safe.post(f"{API}/auth/login", json=LOGIN)
        assert (await safe.get("/")).text != without
        assert (await plain.get("/trust")).status_code == 200


async def test_https_only_sends_pages_to_tls_and_nothing_else(service: Service) -> None:
    async with tls_door(service) as door, plain_client(service) as plain:
        port = service.house.home.tls.port
        for path in ("/", "/login", "/search?q=trees%20%26%20sky&x=1", "/people/a%20b", "/nothing-here"):
            answer = await plain.get(path)
            assert answer.status_code == 307, path
            assert answer.headers["location"] == f"https://localhost:{port}{path}"
            assert STS not in answer.headers
        for path in (f"{API}/server", "/static/icon.svg", "/trust", "/trust/homeroll-ca.crt", "/api/schema"):
            assert not (await plain.get(path)).is_redirect, path
        assert not (await plain.post("/")).is_redirect
        assert_error(await plain.get("/", headers={"host": "evil.example"}), 400, "unknown_host")
        for host in ("127.0.0.1:8420", "[::1]:8420"):  # in every certificate of ours
            sent = (await plain.get("/", headers={"host": host})).headers["location"]
            assert sent == f"https://{host.rpartition(':')[0]}:{port}/"
        for host in ("homeroll.local", "192.168.1.5", "photos.example"):  # not in this one
            assert (await plain.get("/", headers={"host": host})).status_code == 200
        async with safe_client(service) as safe:
            assert (await safe.get("/")).status_code == 200
        await door.stop()
        assert (await plain.get("/")).status_code == 200


TRICKS = (
    *("//evil.example/", "/\\\\evil.example", "\\\\evil.example", "/%2f%2fevil.example", "/%5c%5cevil.example"),
    *("/%0d%0aX-Evil:%201", "/?next=//evil.example", "/?x=%0d%0aX-Evil:%201", "/%09//evil.example", "/%00"),
    *("@evil.example/", ".evil.example/", "http://evil.example/", "javascript:alert(1)", "/..//evil.example"),
    *("/login?url=https://evil.example", "/%E2%80%AE/evil.example", "/;@evil.example", "/#@evil.example"),
)


async def test_nobody_is_sent_to_another_host_whatever_they_ask_for(service: Service) -> None:
    """As they come over the wire: no client library tidies them first."""
    async with tls_door(service):
        own = f"localhost:{service.house.home.tls.port}"
        for target in TRICKS:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]))
            writer.write(f"GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
            head = (await reader.read()).decode("latin-1").partition("\r\n\r\n")[0].lower()
            writer.close()
            await writer.wait_closed()
            assert "\r\nx-evil" not in head, target
            places = [line.removeprefix("location: ") for line in head.split("\r\n") if line.startswith("location:")]
            for place in places:
                assert urlsplit(place).netloc == own, f"{target}: {place}"
                assert not urlsplit(place).path.startswith("//"), f"{target}: {place}"
            assert places or not target.startswith("/"), f"{target}: {head}"


async def test_the_local_admin_is_sent_nowhere(service: Service) -> None:
    transport = httpx.ASGITransport(app=service.house.admin_app)
    async with tls_door(service), httpx.AsyncClient(transport=transport, base_url="http://localhost") as local:
        assert (await local.get("/")).status_code == 200


async def test_without_https_only_both_doors_show_pages(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = msgspec.structs.replace(service.house.home.settings, https_only=False)
    monkeypatch.setitem(vars(service.house.home), "settings", quiet)
    async with tls_door(service), plain_client(service) as plain:
        assert (await plain.get("/")).status_code == 200


async def test_with_our_own_certificate_no_browser_is_told_to_remember(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tls_door(service), safe_client(service) as safe:
        usual = msgspec.structs.replace(service.house.home.settings, port=80, tls_port=443)
        monkeypatch.setitem(vars(service.house.home), "settings", usual)
        for path in ("/", f"{API}/server", "/trust", "/nothing-here"):
            assert STS not in (await safe.get(path)).headers


@pytest.mark.parametrize(
    ("url", "how", "days", "remembered"),
    [
        ("https://photos.example", {}, 60, 86400),
        ("https://photos.example", {}, 0.5, 43200),
        ("https://photos.example", {}, -1, None),
        ("http://photos.example", {}, 60, None),
        ("https://localhost", {}, 60, None),
        ("https://192.168.1.5", {}, 60, None),
        ("https://photos.example", {"https_only": False}, 60, None),
        ("https://photos.example:8443", {"tls_port": 8443}, 60, None),
        ("https://photos.example", {"port": 8420}, 60, None),
    ],
)
async def test_browsers_remember_only_a_given_certificate_on_the_usual_ports_for_its_name_and_life(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    how: dict[str, object],
    days: float,
    remembered: int | None,
) -> None:
    home = service.house.home
    chosen = {"port": 80, "tls_port": 443, "https_only": True} | how
    monkeypatch.setitem(vars(home), "settings", msgspec.structs.replace(home.settings, **chosen))
    end = now() + timedelta(days=days)
    certificate = Certificate(names=("photos.example",), start=end - timedelta(days=90), end=end, fingerprint="")
    home.tls.given, home.tls.port = True, 443
    home.tls.served = Served(Path("given.crt"), Path("given.key"), certificate)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service.house.app), base_url=url) as client:
        for path in ("/trust", f"{API}/server"):
            told = (await client.get(path)).headers.get(STS)
            if remembered is None:
                assert told is None
            else:
                assert told is not None
                name, _, seconds = told.partition("=")
                assert name == "max-age"
                assert remembered - 60 < int(seconds) <= remembered


def test_the_usual_port_is_not_written() -> None:
    assert address("photos.example", 443) == "https://photos.example"
    assert address("fd00::20", 8443) == "https://[fd00::20]:8443"
