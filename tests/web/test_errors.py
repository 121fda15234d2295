"""One shape for everything that goes wrong, wherever it does."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from appliance import errors
from tests.web.conftest import assert_error
from web.errors import STATUS, status_of

if TYPE_CHECKING:
    import httpx

    from tests.web.conftest import Service


async def test_unknown_addresses(service: Service, anyone: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    for client in (anyone, admin):
        assert_error(await client.get("/nothing/here"), 404, "not_found")
        assert_error(await client.get(f"{service.url}/nothing"), 404, "not_found")
        assert_error(await client.get(f"{service.url}/static/nothing.js"), 404, "not_found")
        assert_error(await client.get(f"{service.url}/static/../app.py"), 404, "not_found")
        assert_error(await client.get(f"{service.url}/static/%2e%2e/app.py"), 404, "not_found")
        for name in ("%00", "a" * 300, "a/" * 3000, "js/main.js/x", "js/%2e%2e/%2e%2e/app.py", "..%5capp.py", "js/"):
            assert_error(await client.get(f"{service.url}/static/{name}"), 404, "not_found")


async def test_wrong_methods(anyone: httpx.AsyncClient) -> None:
    assert_error(await anyone.delete("/server"), 405, "method_not_allowed")


async def test_bodies_that_do_not_fit(admin: httpx.AsyncClient) -> None:
    for body in (b"{", b"[]", b'{"username": 1, "password": "x"}', b"{}", b"\xff\xfe", b""):
        assert_error(
            await admin.post("/users", content=body, headers={"content-type": "application/json"}), 400, "invalid_input"
        )
    told = assert_error(await admin.post("/users", json={"username": 1, "password": "x"}), 400)
    assert "username" in told["message"]
    unknown = {"username": "x", "password": "long enough", "colour": "red"}
    assert_error(await admin.post("/users", json=unknown), 400, "invalid_input")


async def test_parameters_that_do_not_fit(admin: httpx.AsyncClient) -> None:
    assert_error(await admin.get("/files?limit=many"), 400, "invalid_input")
    assert_error(await admin.get("/files?limit=0"), 400, "invalid_input")
    assert_error(await admin.get("/files?cursor=%00"), 400, "invalid_input")
    assert_error(await admin.get("/files?kind=hat"), 400, "invalid_input")
    assert_error(await admin.get("/timeline/2024-13"), 400, "invalid_input")
    assert_error(await admin.get("/timeline/%F0%9F%8E%84"), 400, "invalid_input")
    assert_error(await admin.get("/files/not-an-id"), 404)


async def test_a_json_body_that_is_too_large(admin: httpx.AsyncClient) -> None:
    body = json.dumps({"username": "x" * (2 << 20), "password": "x"})
    answer = await admin.post("/users", content=body, headers={"content-type": "application/json"})
    assert_error(answer, 413, "too_large")


async def test_a_bug_is_logged_once_with_its_traceback_and_told_without(
    service: Service, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> list[dict[str, object]]:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(service.house.scheduler, "items", broken)
    with caplog.at_level(logging.ERROR):
        body = assert_error(await admin.get("/jobs"), 500, "internal")
    assert "secret" not in repr(body)
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage() == "method=GET path=/api/v1/jobs status=500"
    assert record.exc_info is not None


@pytest.mark.parametrize(("cause", "traced"), [(None, False), (OSError(5, "the disk is gone"), True)])
async def test_a_state_of_the_machine_is_logged_in_words_and_traced_only_with_what_is_behind_it(
    service: Service,
    admin: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    cause: OSError | None,
    traced: bool,
) -> None:
    async def without_a_model() -> list[dict[str, object]]:
        raise errors.ModelUnavailableError("blip", "blip is not here") from cause

    monkeypatch.setattr(service.house.scheduler, "items", without_a_model)
    with caplog.at_level(logging.ERROR):
        assert_error(await admin.get("/jobs"), 503, "model_unavailable")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage().endswith("status=503 code=model_unavailable message='blip is not here'")
    assert (record.exc_info is not None) == traced


def test_every_error_of_the_house_has_a_status() -> None:
    found = {errors.HomerollError}
    waiting = [errors.HomerollError]
    while waiting:
        children = waiting.pop().__subclasses__()
        found.update(children)
        waiting += children
    ours = [kind for kind in found if kind.__module__ == "appliance.errors"]
    assert len(ours) > 15
    without = {kind.__name__ for kind in ours if not set(kind.__mro__) & set(STATUS)}
    assert without == {"HomerollError", "ConfigError", "AccessError", "MediaError", "ModelError", "ModelOutputError"}
    assert status_of(errors.DiskFullError("x")) == 507
    assert status_of(errors.ReadOnlyError("x")) == 503


async def test_every_answer_carries_the_security_headers(service: Service, anyone: httpx.AsyncClient) -> None:
    for path in ("/server", "/files", "/nothing", f"{service.url}/", f"{service.url}/static/js/main.js"):
        headers = (await anyone.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"]
