"""Users, keys, libraries, jobs, steps, settings, the request log: what runs the house."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from tests.web.conftest import PASSWORD, assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service


async def test_users_come_change_and_go(admin: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    added = await admin.post("/users", json={"username": " Otto ", "password": PASSWORD, "name": "Otto"})
    assert added.status_code == 201
    otto = added.json()
    assert (otto["username"], otto["role"]) == ("otto", "user")
    assert "password" not in added.text.replace("must_change_password", "")
    assert_error(await admin.post("/users", json={"username": "OTTO", "password": PASSWORD}), 409, "conflict")
    for name in ("", "a b", "x" * 65, "a/b", "a:b"):
        assert_error(await admin.post("/users", json={"username": name, "password": PASSWORD}), 400, "invalid_input")
    changed = await admin.patch(f"/users/{otto['id']}", json={"password": "a better password", "role": "admin"})
    assert changed.json()["role"] == "admin"
    login = {"username": "otto", "password": "a better password"}
    assert (await anyone.post("/auth/login", json=login)).status_code == 200
    assert (await admin.delete(f"/users/{otto['id']}")).status_code == 204
    assert_error(await admin.delete(f"/users/{otto['id']}"), 404, "not_found")
    assert "otto" not in [user["username"] for user in (await admin.get("/users")).json()["items"]]


async def test_the_last_admin_and_people_with_photos_stay(
    service: Service, admin: httpx.AsyncClient, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    shown = await upload(anna, photo())
    assert_error(await admin.delete(f"/users/{shown['user']}"), 409, "conflict")
    users = (await admin.get("/users")).json()["items"]
    first = next(user for user in users if user["username"] == "admin")
    me = next(user for user in users if user["username"] == "greta")
    assert (await admin.delete(f"/users/{first['id']}")).status_code == 204
    assert_error(await admin.delete(f"/users/{me['id']}"), 409, "conflict")
    assert_error(await admin.patch(f"/users/{me['id']}", json={"role": "user"}), 409, "conflict")


async def test_keys_are_shown_once_and_end_at_once(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    made = (await anna.post("/keys", json={"name": "phone", "scopes": ["upload", "upload"]})).json()
    assert made["key"].startswith("hr_")
    assert made["scopes"] == ["upload"]
    listed = (await anna.get("/keys")).json()["items"]
    assert made["id"] in [key["id"] for key in listed]
    assert all("key" not in key for key in listed)
    assert made["id"] not in (await bruno.get("/keys")).text
    assert_error(await bruno.delete(f"/keys/{made['id']}"), 404, "not_found")
    headers = {"x-api-key": made["key"]}
    assert (await anyone.get("/auth/me", headers=headers)).json()["username"] == "anna"
    assert (await anna.delete(f"/keys/{made['id']}")).status_code == 204
    assert_error(await anyone.get("/auth/me", headers=headers), 401, "not_logged_in")
    assert_error(await anna.post("/keys", json={"scopes": ["everything"]}), 400, "invalid_input")
    assert_error(await anna.post("/keys", json={"scopes": []}), 400, "invalid_input")
    other = (await bruno.get("/auth/me")).json()["id"]
    assert_error(await anna.post("/keys", json={"user": other}), 403, "not_allowed")


async def test_a_library_says_that_it_is_looked_through_and_whether_it_is_watched(
    service: Service, admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    added = (await admin.post("/libraries", json={"root": str(tmp_path), "name": "NAS"})).json()
    await service.house.scheduler.wait("scan_libraries")
    (found,) = [item for item in (await admin.get("/libraries")).json()["items"] if item["id"] == added["id"]]
    assert found["status"] == "ready"
    service.house.home.scanning.add(added["id"])
    service.house.home.watched.add(added["id"])
    (found,) = [item for item in (await admin.get("/libraries")).json()["items"] if item["id"] == added["id"]]
    assert (found["status"], found["watched"]) == ("scanning", True)


async def test_a_library_is_added_scanned_renamed_and_forgotten(
    admin: httpx.AsyncClient, anna: httpx.AsyncClient, tmp_path: Path, photo: Callable[..., bytes]
) -> None:
    folder = tmp_path / "nas"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photo("2024:05:01 12:00:00"))
    added = await admin.post("/libraries", json={"name": "NAS", "root": str(folder)})
    assert added.status_code == 201, added.text
    library = added.json()
    async with asyncio.timeout(60):
        while (await anna.get("/timeline")).json()["total"] != 1:  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.05)
    assert_error(await admin.post("/libraries", json={"root": str(folder)}), 409, "conflict")
    assert_error(await admin.post("/libraries", json={"root": str(tmp_path / "none")}), 400, "invalid_input")
    assert_error(await admin.post("/libraries", json={"root": "relative"}), 400, "invalid_input")
    renamed = await admin.patch(f"/libraries/{library['id']}", json={"name": "Disk"})
    assert renamed.json()["name"] == "Disk"
    assert (await anna.get("/libraries")).json()["items"][0]["name"] == "Disk"
    assert (await admin.post(f"/libraries/{library['id']}/scan")).status_code in (202, 409)
    assert_error(await admin.post(f"/libraries/{uuid.uuid4()}/scan"), 404, "not_found")
    assert (await admin.delete(f"/libraries/{library['id']}")).status_code == 204
    assert (folder / "a.jpg").exists()
    assert (await anna.get("/timeline")).json()["total"] == 0


async def test_jobs_and_steps_can_be_paused_and_resumed(admin: httpx.AsyncClient, anna: httpx.AsyncClient) -> None:
    names = [job["name"] for job in (await anna.get("/jobs")).json()["items"]]
    assert "scan_libraries" in names
    assert (await admin.post("/jobs/scan_libraries/pause")).json()["status"] == "paused"
    assert_error(await admin.post("/jobs/scan_libraries/run"), 409, "conflict")
    assert (await admin.post("/jobs/scan_libraries/resume")).json()["status"] == "idle"
    assert (await admin.post("/jobs/scan_libraries/run")).status_code == 202
    assert_error(await admin.post("/jobs/none/run"), 404, "not_found")
    runs: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while not runs or not runs[0]["ended"]:
            await asyncio.sleep(0.05)
            runs = (await admin.get("/jobs/scan_libraries/runs")).json()["items"]
    assert (runs[0]["outcome"], runs[0]["error"], runs[0]["result"]["found"]) == ("done", "", 0)
    assert runs[0]["seconds"] >= 0
    assert sorted(run["id"] for run in runs)[::-1] == [run["id"] for run in runs]
    assert_error(await admin.get("/jobs/none/runs"), 404, "not_found")
    assert (await admin.post("/jobs/scrub_originals/run?everything=true")).status_code == 202
    assert_error(await admin.post("/jobs/empty_trash/run?everything=true"), 400, "invalid_input")
    assert (await admin.post("/steps/pause")).json()["paused"] is True
    health = (await admin.get("/health")).json()
    assert health["status"] == "degraded"
    assert health["reasons"][0]["part"] == "steps"
    steps = (await admin.post("/steps/resume")).json()
    assert steps["paused"] is False
    assert [step["name"] for step in steps["items"]][:2] == ["metadata", "renditions"]


async def test_health_tells_strangers_no_reasons(admin: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    await admin.post("/steps/pause")
    assert (await anyone.get("/health")).json() == {"status": "degraded", "reasons": []}


async def test_failures_are_told_and_tried_again(admin: httpx.AsyncClient, anna: httpx.AsyncClient) -> None:
    damaged = await upload(anna, b"\xff\xd8\xff\xe0" + b"\x00" * 500, "damaged.jpg")
    async with asyncio.timeout(60):
        while not (page := (await anna.get("/failures")).json())["items"]:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.05)
    failure = page["items"][0]
    assert failure["file_id"] == damaged["id"]
    assert failure["filename"] == "damaged.jpg"
    assert failure["error"]
    assert (await admin.get("/failures")).json()["items"] == []
    assert (await anna.post("/failures/retry", json={"file_id": damaged["id"]})).json()["retried"] >= 1
    assert (await admin.post("/failures/retry", json={})).status_code == 200


async def test_a_failure_is_left_at_that_and_tried_again_when_somebody_asks(
    admin: httpx.AsyncClient, anna: httpx.AsyncClient, bruno: httpx.AsyncClient
) -> None:
    async def told(api: httpx.AsyncClient, **query: Any) -> tuple[int, int]:
        page = (await api.get("/failures", params=query)).json()
        return page["total"], page["ignored"]

    async def failed() -> dict[str, Any]:
        """Once the last step of it has failed, of which the first one's failure is a part."""
        async with asyncio.timeout(60):
            while True:
                items: list[dict[str, Any]] = (await anna.get("/failures")).json()["items"]
                if [item["step"] for item in items] == ["renditions"]:
                    return items[0]
                await asyncio.sleep(0.05)

    damaged = await upload(anna, b"\xff\xd8\xff\xe0" + b"\x00" * 500, "damaged.jpg")
    failure = await failed()
    one = {"file_id": damaged["id"], "step": failure["step"]}
    assert_error(await bruno.post("/failures/ignore", json=one), 404, "not_found")
    assert_error(await anna.post("/failures/ignore", json={"step": failure["step"]}), 403, "not_allowed")
    assert (await admin.post("/failures/ignore", json={})).json() == {"ignored": 0}  # she does not see it
    assert (await anna.post("/failures/ignore", json=one)).json() == {"ignored": 1}
    assert await told(anna) == (0, 1)
    assert await told(anna, ignored=True) == (1, 1)
    (kept,) = (await anna.get("/failures?ignored=true")).json()["items"]
    assert kept == failure
    steps = {step["name"]: step for step in (await admin.get("/steps")).json()["items"]}
    assert (steps[failure["step"]]["failed"], steps[failure["step"]]["ignored"]) == (0, 1)
    assert (await admin.post("/failures/retry", json={})).json() == {"retried": 0}
    assert (await admin.post("/failures/retry", json={"ignored": True})).json() == {"retried": 0}
    assert (await anna.post("/failures/retry", json={"file_id": damaged["id"], "ignored": True})).json()["retried"] == 1
    await failed()
    assert_error(await anna.post("/failures/ignore", json={"file": damaged["id"]}), 400, "invalid_input")


async def test_settings_are_checked_explained_and_put_back(admin: httpx.AsyncClient) -> None:
    def value(answer: httpx.Response, name: str = "night_window") -> Any:
        return next(item["value"] for item in answer.json()["items"] if item["name"] == name)

    assert value(await admin.get("/settings")) == ""
    assert value(await admin.patch("/settings", json={"night_window": "23:00 - 6:30"})) == "23:00-06:30"
    assert (await admin.get("/steps")).json()["night_window"] == "23:00-06:30"
    for wrong in ("25:00-06:00", "23:00", 7, "06:00-06:00", ["x"]):
        assert_error(await admin.patch("/settings", json={"night_window": wrong}), 400, "invalid_input")
    told = assert_error(await admin.patch("/settings", json={"nightwindow": ""}), 400, "invalid_input")
    assert "night_window" in told["hint"]
    assert value(await admin.patch("/settings", json={"night_window": None})) == ""


async def test_the_request_log_tells_what_was_asked_and_how_long_it_took(admin: httpx.AsyncClient) -> None:
    await admin.get("/timeline?secret=1")
    newest = (await admin.get("/requests")).json()["items"][0]
    assert (newest["method"], newest["path"], newest["status"]) == ("GET", "/api/v1/timeline", 200)
    assert newest["ms"] > 0
    for _ in range(250):
        await admin.get("/server")
    assert len((await admin.get("/requests")).json()["items"]) == 200


async def test_the_api_is_described_and_its_viewer_needs_no_internet(
    service: Service, admin: httpx.AsyncClient
) -> None:
    schema = (await admin.get(f"{service.url}/api/schema/openapi.json")).json()
    assert {"/api/v1/files", "/api/v1/files/{file_id}/content", "/api/v1/uploads"} <= set(schema["paths"])
    assert set(schema["components"]["schemas"]["File"]["properties"]) >= {"id", "content_url", "related_files"}
    page = await admin.get(f"{service.url}/api/schema")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    script = page.text.split('src="')[1].split('"')[0]
    assert (await admin.get(service.url + script)).status_code == 200


async def test_priority_takes_only_what_one_may_see(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    shown = await upload(anna, photo())
    body = {"ids": [shown["id"], str(uuid.uuid4())]}
    assert (await anna.post("/priority", json=body)).status_code == 204
    assert (await bruno.post("/priority", json=body)).status_code == 204
    assert_error(await anna.post("/priority", json={"ids": [str(uuid.uuid4())] * 501}), 400, "invalid_input")
