"""The API of models: what is shown, what may be asked, and by whom; with a real pull from a hub on this machine."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from ml.registry import FACE_ENGINES
from tests.appliance.tiny import SIZE, TAGGERS, WEIGHTS, WORDS
from tests.hub import Hub
from tests.web.conftest import assert_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr("ml.registry.TAGGERS", TAGGERS)
    with Hub() as running:
        running.publish("family/tiny", "model.onnx", WEIGHTS)
        running.publish("family/tiny", "words.txt", WORDS)
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.fixture
def models(hub: Hub, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """The admin's program, with models that can be fetched."""
    return admin


async def one(client: httpx.AsyncClient, name: str = "tiny") -> dict[str, Any]:
    answer = await client.get(f"/models/{name}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def settled(client: httpx.AsyncClient, name: str = "tiny") -> dict[str, Any]:
    """The model, when its pull does not run any more."""
    async with asyncio.timeout(60):
        while (item := await one(client, name))["pull"] and item["pull"]["status"] == "running":  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.05)
    return item


async def test_models_are_shown_with_what_one_should_know(models: httpx.AsyncClient) -> None:
    answer = (await models.get("/models")).json()
    assert set(answer) == {"items", "total", "next", "free_bytes"}
    assert answer["total"] == len(answer["items"])
    assert answer["free_bytes"] > 0
    items = {item["name"]: item for item in answer["items"]}
    tiny = items["tiny"]
    expected: dict[str, Any] = {
        "name": "tiny",
        "title": "Names cats and dogs",
        "task": "tags",
        "version": "1",
        "licence": "MIT",
        "source": "family/tiny",
        "size_bytes": None,
        "size_exact": False,
        "memory_mb": 64,
        "fits": True,
        "fits_hint": "",
        "installed": False,
        "in_use": False,
        "uses": [],
        "needs_download": True,
        "can_be_pulled": True,
        "requires": [],
        "missing_requirements": [],
        "converted": "",
        "pull": None,
    }
    assert tiny == expected
    assert "huge needs 1000000 MB of memory; models may use" in items["huge"]["fits_hint"]
    assert not items["huge"]["fits"]
    assert not items["from-disk"]["can_be_pulled"]
    assert (items["siglip2"]["size_bytes"], items["siglip2"]["size_exact"]) == (413_000_000, False)
    faces = items[FACE_ENGINES[0].spec.name]
    assert faces["in_use"]
    assert faces["installed"]
    assert faces["uses"] == ["finding and comparing faces"]
    in_use = [item["in_use"] for item in answer["items"]]
    assert in_use == sorted(in_use, reverse=True)


async def test_the_model_that_a_setting_names_is_in_use(models: httpx.AsyncClient) -> None:
    assert (await models.patch("/settings", json={"tagging_model": "tiny"})).status_code == 200
    assert (await one(models))["uses"] == ["tags"]


async def test_a_pull_is_started_shown_and_told_to_admins_only(
    models: httpx.AsyncClient, anna: httpx.AsyncClient, hub: Hub
) -> None:
    hub.slow = SIZE
    async with (
        asyncio.timeout(60),
        models.stream("GET", "/messages") as told,
        anna.stream("GET", "/messages") as theirs,
    ):
        answer = await models.post("/models/tiny/pull")
        assert answer.status_code == 202, answer.text
        pull = answer.json()["pull"]
        assert set(pull) == {"status", "done_bytes", "total_bytes", "rate", "seconds_left", "error", "hint"}
        assert pull["status"] == "running"
        heard = []
        name = ""
        async for line in told.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") and name == "ModelProgress":
                heard.append(json.loads(line.removeprefix("data: ")))
                if heard[-1]["installed"]:
                    break
        assert [item["name"] for item in heard] == ["tiny"] * len(heard)
        assert any(item["pull"] and 0 < item["pull"]["done_bytes"] < SIZE for item in heard)
        assert heard[-1] == await one(models)
        async for line in theirs.aiter_lines():
            assert line != "event: ModelProgress"
            if line == "event: JobProgress":
                break
    assert (await models.post("/models/tiny/verify")).json() == {"ok": True, "problems": []}


async def test_stopping_keeps_what_is_there_and_pulling_again_goes_on(models: httpx.AsyncClient, hub: Hub) -> None:
    hub.slow = SIZE
    await models.post("/models/tiny/pull")
    async with asyncio.timeout(60):
        while (await one(models))["pull"]["done_bytes"] < SIZE // 3:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
    stopped = await models.delete("/models/tiny/pull")
    assert stopped.status_code == 200
    assert stopped.json()["pull"]["status"] == "paused"
    assert stopped.json()["pull"]["done_bytes"] >= SIZE // 4
    await asyncio.to_thread(hub.settle)
    assert (await models.post("/models/tiny/pull", json={"force": False})).status_code == 202
    assert (await settled(models))["installed"]
    assert hub.served("model.onnx") < 1.5 * SIZE
    assert_error(await models.delete("/models/tiny/pull"), 409)


async def test_a_failed_pull_says_why_and_what_to_do(models: httpx.AsyncClient, hub: Hub) -> None:
    hub.files.clear()
    await models.post("/models/tiny/pull")
    pull = (await settled(models))["pull"]
    assert pull["status"] == "failed"
    assert "HTTP 404" in pull["error"]
    assert "homeroll models add tiny DIR" in pull["hint"]


async def test_what_cannot_be_had_is_refused_with_the_reason(models: httpx.AsyncClient, hub: Hub) -> None:
    assert_error(await models.post("/models/no-such/pull"), 404, "not_found")
    huge = assert_error(await models.post("/models/huge/pull"), 409, "conflict")
    assert "1000000 MB" in huge["message"]
    assert "--force" in huge["hint"]
    disk = assert_error(await models.post("/models/from-disk/pull"), 409, "conflict")
    assert "models add from-disk DIR" in disk["hint"]
    built_in = FACE_ENGINES[0].spec.name
    assert_error(await models.post(f"/models/{built_in}/pull"), 409, "conflict")
    assert_error(await models.delete(f"/models/{built_in}"), 409, "conflict")
    await models.post("/jobs/fetch_models/pause")
    paused = assert_error(await models.post("/models/tiny/pull"), 409, "conflict")
    assert "paused" in paused["message"]
    await models.post("/jobs/fetch_models/resume")
    assert hub.requests == []
    assert (await models.post("/models/huge/pull", json={"force": True})).status_code == 202
    assert (await settled(models, "huge"))["installed"]


async def test_files_are_added_from_a_folder_checked_and_removed(models: httpx.AsyncClient, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "model.onnx").write_bytes(WEIGHTS)
    assert_error(await models.post("/models/tiny/add", json={"folder": "stick"}), 400)
    assert_error(await models.post("/models/tiny/add", json={"folder": str(tmp_path / "no-such")}), 400)
    assert (await models.post("/models/tiny/add", json={"folder": str(stick)})).status_code == 202
    assert "words.txt of tiny is not in" in (await settled(models))["pull"]["error"]
    (stick / "words.txt").write_bytes(WORDS)
    await models.post("/models/tiny/add", json={"folder": str(stick)})
    assert (await settled(models))["installed"]

    damaged = tmp_path / "data" / "models" / "tiny" / "model.onnx"
    damaged.write_bytes(b"x" + WEIGHTS[1:])
    verified = (await models.post("/models/tiny/verify")).json()
    assert not verified["ok"]
    assert "model.onnx" in verified["problems"][0]

    await models.patch("/settings", json={"tagging_model": "tiny"})
    removed = (await models.delete("/models/tiny")).json()
    assert removed["freed_bytes"] >= SIZE
    assert removed["stops"] == ["tags"]
    assert not (await one(models))["installed"]
    assert (await models.delete("/models/tiny")).json()["stops"] == []


async def test_only_an_admin_sees_and_does_it(hub: Hub, anna: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", "/models"),
        ("GET", "/models/tiny"),
        ("POST", "/models/tiny/pull"),
        ("DELETE", "/models/tiny/pull"),
        ("POST", "/models/tiny/verify"),
        ("DELETE", "/models/tiny"),
    ):
        assert_error(await anna.request(method, path), 403)
    assert_error(await anna.post("/models/tiny/add", json={"folder": "/"}), 403)
    assert hub.requests == []


async def test_steps_that_wait_for_a_model_are_looked_at_again(
    models: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconsidered = asyncio.Event()
    monkeypatch.setattr(service.house.runner, "reconsider", reconsidered.set)
    await models.post("/models/tiny/pull")
    async with asyncio.timeout(60):
        await reconsidered.wait()
    assert (await one(models))["installed"]
