"""The inspector of requests, against the real service: what is seen of a request, and what never is."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from litestar import get
from litestar.params import FromPath  # noqa: TC002 - Litestar reads annotations

from appliance.trace import REPEATED
from tests.web.conftest import assert_error, upload
from web.parts import HomePart  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from appliance.home import Home
    from tests.web.conftest import Service

SECRET = "xylophonist"


@get("/api/v1/planted/{number:int}")
async def planted(home: HomePart, number: FromPath[int]) -> int:
    """What one does who asks for each row by itself."""
    names = [await home.db.value('SELECT "name" FROM "library" WHERE "id" = ?', [str(n)]) for n in range(number)]
    return len(names)


@get("/api/v1/planted/together/{number:int}")
async def together(home: HomePart, number: FromPath[int]) -> int:
    """Its statements run in tasks of their own, and it takes its time."""
    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(_ask_slowly(home, number))
    return number


async def _ask_slowly(home: Home, number: int) -> None:
    await asyncio.sleep(0.01)
    await home.db.fetch(f"SELECT {number}")


@pytest.fixture
async def inspected(service: Service, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """An admin's program, to a service that records and has routes that were made badly."""
    service.house.app.register(planted)
    service.house.app.register(together)
    assert (await admin.post("/requests/record", json={})).json()["mode"] == "full"
    return admin


async def newest(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """What is told of the last request to `path`."""
    items = (await client.get("/requests")).json()["items"]
    found = next(item for item in items if item["path"] == path)
    details: dict[str, Any] = (await client.get(f"/requests/{found['id']}")).json()
    return details


async def test_a_request_is_told_with_its_statements_and_what_it_waited_for(
    inspected: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    await upload(inspected, photo("2024:05:01 12:00:00"))
    answer = await inspected.get("/files")
    told = await newest(inspected, "/api/v1/files")
    request, recorded = told["request"], told["request"]["recorded"]
    assert (request["method"], request["status"]) == ("GET", 200)
    assert recorded["sent_bytes"] == len(answer.content)
    assert recorded["statements"] == sum(one["count"] for one in told["statements"]) >= 5
    assert any('FROM "stored_file"' in one["sql"] and one["rows"] == 1 for one in told["statements"])
    assert 0 < recorded["sql_ms"] < request["ms"]
    assert recorded["repeated"] == 0
    assert told["transactions"] >= 1
    assert 0 < told["first_ms"] <= request["ms"]
    assert told["waited"]["thread_ms"] > 0


async def test_an_n_plus_1_is_flagged_and_one_less_is_not(inspected: httpx.AsyncClient) -> None:
    await inspected.get(f"/planted/{REPEATED}")
    flagged = await newest(inspected, "/api/v1/planted/{number}")
    assert flagged["request"]["recorded"]["repeated"] == REPEATED
    (one,) = [one for one in flagged["statements"] if one["repeated"]]
    assert (one["sql"], one["count"]) == ('SELECT "name" FROM "library" WHERE "id" = ?', REPEATED)
    await inspected.get(f"/planted/{REPEATED - 1}")
    fine = await newest(inspected, "/api/v1/planted/{number}")
    assert fine["request"]["recorded"]["repeated"] == 0
    assert not any(one["repeated"] for one in fine["statements"])


async def test_requests_at_the_same_time_do_not_mix(inspected: httpx.AsyncClient) -> None:
    await asyncio.gather(*(inspected.get(f"/planted/together/{number}") for number in range(1, 7)))
    items = (await inspected.get("/requests")).json()["items"]
    seen = []
    for item in items:
        if item["path"] == "/api/v1/planted/together/{number}":
            told = (await inspected.get(f"/requests/{item['id']}")).json()
            own = [one for one in told["statements"] if one["sql"].removeprefix("SELECT ").isdecimal()]
            seen += [(one["sql"], one["count"]) for one in own]
            assert len(own) == 1
    assert sorted(seen) == [(f"SELECT {number}", number) for number in range(1, 7)]


async def test_the_plan_is_of_a_recorded_statement_and_of_nothing_else(inspected: httpx.AsyncClient) -> None:
    await inspected.get("/planted/1")
    told = await newest(inspected, "/api/v1/planted/{number}")
    at = f"/requests/{told['request']['id']}/statements"
    statement = next(one for one in told["statements"] if 'FROM "library"' in one["sql"])
    plan = (await inspected.get(f"{at}/{statement['id']}/plan")).json()
    assert plan["sql"] == statement["sql"]
    assert plan["lines"][0]["text"].startswith("SEARCH library USING")
    for wrong in ("99", "-1", "DELETE FROM library", "0 --", "²", "9" * 5000):
        assert_error(await inspected.get(f"{at}/{wrong}/plan"), 404, "not_found")
    assert_error(await inspected.get(f"/requests/{uuid.uuid4()}/statements/0/plan"), 404, "not_found")


async def test_nothing_of_what_people_searched_or_wrote_is_recorded(
    inspected: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = (await upload(inspected, photo(), f"{SECRET}.jpg"))["id"]
    for path in ("/search", "/search/suggest", "/tags", "/people", f"/files/{SECRET}", f"/{SECRET}/{SECRET}"):
        await inspected.get(path, params={"q": f"tag:{SECRET} {SECRET} {SECRET}*"})
    await inspected.patch(f"/files/{file}", json={"description": SECRET})
    await inspected.put(f"/files/{file}/tags", json={"names": [SECRET]})
    await inspected.post("/files/edit", json={"ids": [file], "changes": {"add_tags": [f"{SECRET}s"]}})
    await inspected.post("/albums", json={"name": SECRET, "query": f"tag:{SECRET}"})
    await inspected.get(f"/files?content_sha={SECRET}")
    await inspected.get("/places/towns", params={"q": SECRET})
    assert (await inspected.get("/search", params={"q": SECRET})).json()["total"] == 1
    listed = await inspected.get("/requests")
    assert SECRET not in listed.text
    ids = [item["id"] for item in listed.json()["items"] if item["id"]]
    assert len(ids) >= 12
    for one in ids:
        told = await inspected.get(f"/requests/{one}")
        assert SECRET not in told.text
        for statement in told.json()["statements"]:
            assert SECRET not in (await inspected.get(f"/requests/{one}/statements/{statement['id']}/plan")).text


async def test_recording_is_begun_ended_and_forgotten_and_the_setting_holds_at_once(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/requests")).json()["recording"]["mode"] == "off"
    await admin.get("/timeline")
    begun = (await admin.post("/requests/record", json={"mode": "full", "minutes": 5})).json()
    assert (begun["mode"], begun["setting"]) == ("full", "off")
    assert begun["until"]
    await admin.get("/tags")
    stopped = (await admin.post("/requests/stop")).json()
    assert (stopped["mode"], stopped["until"], stopped["kept"]) == ("off", None, 1)
    await admin.get("/timeline")
    items = {item["path"]: item["recorded"] for item in (await admin.get("/requests")).json()["items"]}
    assert items["/api/v1/tags"] is not None
    assert items["/api/v1/timeline"] is None
    assert (await admin.delete("/requests")).status_code == 204
    assert (await admin.get("/requests")).json()["recording"]["kept"] == 0
    assert_error(await admin.post("/requests/record", json={"minutes": 1000}), 400, "invalid_input")
    assert_error(await admin.post("/requests/record", json={"mode": "off"}), 400, "invalid_input")
    await admin.patch("/settings", json={"record_requests": "full"})
    assert (await admin.get("/requests")).json()["recording"]["mode"] == "full"
    assert (await admin.post("/requests/stop")).json()["mode"] == "full"
    assert_error(await admin.patch("/settings", json={"record_requests": "always"}), 400, "invalid_input")
    await admin.patch("/settings", json={"record_requests": None})
    assert (await admin.get("/requests")).json()["recording"]["mode"] == "off"


async def test_a_profile_of_the_next_requests_tells_where_their_time_went(inspected: httpx.AsyncClient) -> None:
    asked = await inspected.post("/requests/profile", json={"path": "/api/v1/planted/{number}", "requests": 2})
    assert (asked.status_code, asked.json()["status"]) == (202, "waiting")
    await inspected.get("/timeline")
    await asyncio.gather(*(inspected.get("/planted/40") for _ in range(3)))
    while (told := (await inspected.get("/requests/profile")).json())["status"] == "waiting":
        await inspected.get("/planted/40")
    assert (told["taken"], told["wanted"]) == (2, 2)
    assert told["samples"] > 0
    ours = {line["function"] for line in told["lines"] if line["ours"]}
    assert "fetch_one" in ours or "value" in ours or "fetch" in ours
    assert all(0 <= line["share"] <= 1 for line in told["lines"])
    details = await newest(inspected, "/api/v1/planted/{number}")
    assert details["request"]["recorded"]["statements"] >= 40
    assert (await inspected.delete("/requests/profile")).status_code == 204
    assert (await inspected.get("/requests/profile")).json()["status"] == "none"


async def test_only_routes_of_the_house_are_profiled_and_nothing_else_is_recorded(
    admin: httpx.AsyncClient, service: Service
) -> None:
    told = assert_error(await admin.post("/requests/profile", json={"path": "/api/v1/timelin"}), 400, "invalid_input")
    assert "/api/v1/timeline" in told["hint"]
    for path in ("/api/v1/requests", "/static/{file_path}", "/api/v1/(a+)+$"):
        assert_error(await admin.post("/requests/profile", json={"path": path}), 400, "invalid_input")
    assert_error(await admin.post("/requests/profile", json={"path": "/api/v1/tags", "requests": 51}), 400)
    assert_error(await admin.post("/requests/profile", json={"path": "/api/v1/tags", "method": "DELETE"}), 400)
    await admin.post("/requests/profile", json={"path": "/api/v1/tags", "requests": 1})
    await admin.get("/timeline")
    await admin.get("/tags")
    assert service.house.app._request_log.recorder.on is False
    items = {item["path"]: item["id"] for item in (await admin.get("/requests")).json()["items"]}
    assert items["/api/v1/timeline"] is None
    assert (await admin.get(f"/requests/{items['/api/v1/tags']}")).json()["profiled"] is True


async def test_recorded_requests_are_for_admins(admin: httpx.AsyncClient, anna: httpx.AsyncClient) -> None:
    await admin.post("/requests/record")
    await anna.get("/timeline")
    told = await newest(admin, "/api/v1/timeline")
    assert told["request"]["user"] == (await anna.get("/auth/me")).json()["id"]
    at = f"/requests/{told['request']['id']}"
    for method, path in (
        ("GET", "/requests"),
        ("DELETE", "/requests"),
        ("POST", "/requests/record"),
        ("POST", "/requests/stop"),
        ("GET", at),
        ("GET", f"{at}/statements/0/plan"),
        ("GET", "/requests/profile"),
        ("POST", "/requests/profile"),
        ("DELETE", "/requests/profile"),
    ):
        body: dict[str, Any] = {"json": {"path": "/api/v1/tags"}} if path.endswith("profile") else {}
        assert_error(await anna.request(method, path, **({} if method != "POST" else body)), 403, "not_allowed")


async def test_bytes_of_a_stream_are_counted_and_its_trace_ends_with_it(
    service: Service, inspected: httpx.AsyncClient
) -> None:
    async with inspected.stream("GET", "/messages") as stream:
        assert stream.status_code == 200
        assert all(item["path"] != "/api/v1/messages" for item in (await inspected.get("/requests")).json()["items"])
    async with asyncio.timeout(60):
        while not any(  # noqa: ASYNC110 - polled, as clients do
            item["path"] == "/api/v1/messages" for item in (await inspected.get("/requests")).json()["items"]
        ):
            await asyncio.sleep(0.02)
