"""Nothing answers without a login but what is listed, and nobody's files answer to anybody else."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import httpx
from litestar.routes import HTTPRoute

from tests.web.conftest import assert_error, upload
from web.security import EXEMPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.conftest import Service

SAMPLES = {"uuid": str(uuid.uuid4()), "str": "2024-05", "path": "js/main.js"}
KNOWN_HOSTS = (
    "localhost:8420",
    "homeroll.local",
    "homeroll-2.local",
    "192.168.1.5:80",
    "[fe80::1]:8420",
    "photos.example",
)
UNKNOWN_HOSTS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "homeroll.local.evil.example",
    "evil-homeroll-2.local",
    "",
)


def routes(service: Service) -> Iterator[tuple[str, str]]:
    """Every (method, path template) of the application."""
    for route in service.house.app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is no HTTP route"
        for method in route.route_handler_map:
            yield str(method), route.path


def filled(template: str, **values: str) -> str:
    """A path with something in every place."""
    parts = []
    for part in template.split("/"):
        if part.startswith("{"):
            name, _, kind = part.strip("{}").partition(":")
            parts.append(values.get(name, SAMPLES[kind]))
        else:
            parts.append(part)
    return "/".join(parts)


def bare(template: str) -> str:
    """A path as the guard sees it: names of parameters without their types."""
    return re.sub(r":\w+}", "}", template)


def is_exempt(method: str, template: str) -> bool:
    return (method, bare(template)) in EXEMPT


async def test_every_route_without_credentials_is_refused_unless_it_is_listed(service: Service) -> None:
    seen = 0
    async with httpx.AsyncClient(base_url=service.url) as client:
        for method, template in routes(service):
            answer = await client.request(method, filled(template))
            seen += 1
            if is_exempt(method, template):
                assert answer.status_code not in (401, 403), f"{method} {template}: {answer.status_code}"
            else:
                assert answer.status_code == 401, f"{method} {template}: {answer.status_code} {answer.text}"
                if method != "HEAD":
                    assert_error(answer, 401, "not_logged_in")
    assert seen > 60


async def test_a_wrong_key_opens_nothing_not_even_what_is_open(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url, headers={"x-api-key": "hr_wrong"}) as client:
        for method, template in routes(service):
            if method not in ("OPTIONS", "HEAD"):
                assert (await client.request(method, filled(template))).status_code == 401


async def test_every_exemption_is_a_route(service: Service) -> None:
    assert set(EXEMPT) - {(method, bare(template)) for method, template in routes(service)} == set()


async def test_a_file_of_someone_else_does_not_exist(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    mine = await upload(anna, photo())
    checked = 0
    for method, template in routes(service):
        if "{file_id" not in template or not template.startswith("/api/") or method == "OPTIONS":
            continue
        body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        if (method, template.rpartition("/")[2]) == ("PUT", "tags"):
            body = {"json": {"names": []}}
        if (method, template.rpartition("/")[2]) == ("PUT", "adjustments"):
            body = {"json": {"turns": 1}}
        path = filled(template, file_id=mine["id"])
        answer = await bruno.request(method, service.url + path, **body)
        assert answer.status_code == 404, f"{method} {template}: {answer.status_code} {answer.text}"
        own = await anna.request("GET", service.url + filled("/api/v1/files/{file_id:uuid}", file_id=mine["id"]))
        assert own.json()["trashed_at"] is None
        checked += 1
    assert checked >= 12
    assert (await bruno.get("/files")).json()["total"] == 0
    assert (await bruno.get("/timeline")).json()["total"] == 0
    assert mine["id"] not in (await bruno.get(f"/timeline/{mine['start'][:7]}")).text
    for verb in ("retry", "ignore"):
        refused = await bruno.post(f"/failures/{verb}", json={"file_id": mine["id"]})
        assert_error(refused, 404, "not_found")


async def test_what_is_for_admins_is_refused_to_others(service: Service, anna: httpx.AsyncClient) -> None:
    nobody = uuid.uuid4()
    for method, path in (
        ("GET", "/users"),
        ("PATCH", f"/users/{nobody}"),
        ("DELETE", f"/users/{nobody}"),
        ("PATCH", f"/libraries/{nobody}"),
        ("DELETE", f"/libraries/{nobody}"),
        ("POST", f"/libraries/{nobody}/scan"),
        ("POST", f"/libraries/{nobody}/accept-missing"),
        ("GET", "/jobs/scan_libraries/runs"),
        ("POST", "/jobs/scan_libraries/run"),
        ("POST", "/jobs/scan_libraries/pause"),
        ("POST", "/jobs/scan_libraries/resume"),
        ("POST", "/steps/pause"),
        ("POST", "/steps/resume"),
        ("POST", "/failures/retry"),
        ("POST", "/failures/ignore"),
        ("GET", "/settings"),
        ("PATCH", "/settings"),
        ("GET", "/requests"),
        ("DELETE", "/requests"),
        ("POST", "/requests/record"),
        ("POST", "/requests/stop"),
        ("GET", "/requests/profile"),
        ("DELETE", "/requests/profile"),
        ("GET", f"/requests/{nobody}"),
        ("GET", f"/requests/{nobody}/statements/0/plan"),
        ("GET", "/metrics"),
    ):
        body: dict[str, Any] = {"json": {"name": "x"} if "libraries" in path else {}} if method == "PATCH" else {}
        if path.startswith("/failures/"):
            body = {"json": {}}
        assert_error(await anna.request(method, path, **body), 403, "not_allowed")
    new_user = {"username": "eve", "password": "long enough", "role": "admin"}
    assert_error(await anna.post("/users", json=new_user), 403, "not_allowed")
    assert_error(await anna.post("/libraries", json={"root": "/"}), 403, "not_allowed")


async def test_a_key_does_what_its_scopes_say_and_no_more(
    service: Service, anyone: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    user = await service.person("carla", role="admin")
    read = {"x-api-key": await service.key(user, "read")}
    send = {"Authorization": f"Bearer {await service.key(user, 'upload')}"}
    files = {"file": ("a.jpg", photo())}
    assert_error(await anyone.post("/files", files=files, headers=read), 403, "not_allowed")
    assert_error(await anyone.post("/keys", json={}, headers=read), 403, "not_allowed")
    created = await anyone.post("/files", files=files, headers=send)
    assert created.status_code == 201
    file_id = created.json()["items"][0]["file"]["id"]
    assert (await anyone.get(f"/files/{file_id}", headers=read)).status_code == 200
    assert_error(await anyone.get(f"/files/{file_id}", headers=send), 403, "not_allowed")
    assert_error(await anyone.delete(f"/files/{file_id}", headers=send), 403, "not_allowed")
    metrics = {"x-api-key": await service.key(user, "metrics")}
    assert "homeroll_files" in (await anyone.get("/metrics", headers=metrics)).text
    assert_error(await anyone.get("/users", headers=metrics), 403, "not_allowed")


async def test_a_header_or_query_cannot_make_anyone_the_local_admin(service: Service) -> None:
    for headers in ({"homeroll.local_admin": "true"}, {"x-homeroll-local-admin": "true"}, {"x-forwarded-for": "unix:"}):
        async with httpx.AsyncClient(base_url=service.url, headers=headers) as client:
            answer = await client.get("/api/v1/users?homeroll.local_admin=true")
            assert_error(answer, 401, "not_logged_in")


async def test_the_admin_socket_is_the_local_admin(service: Service) -> None:
    transport = httpx.ASGITransport(app=service.house.admin_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        assert [user["username"] for user in (await client.get("/users")).json()["items"]] == ["admin"]
        assert (await client.get("/health")).json()["status"] == "ok"
        assert_error(await client.get("/auth/me"), 404)
        assert_error(await client.post("/files", files={"file": ("a.jpg", b"x")}), 400, "invalid_input")


async def test_only_names_of_this_machine_are_answered_to(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        for host in KNOWN_HOSTS:
            assert (await client.get("/api/v1/server", headers={"host": host})).status_code == 200, host
        for host in UNKNOWN_HOSTS:
            assert_error(await client.get("/api/v1/server", headers={"host": host}), 400, "unknown_host")
