"""The job that fetches models: real processes, a real server; pausing, stopping, failing and dying on the way."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from appliance.errors import ConflictError
from appliance.jobs.fetch_models import FetchModels
from appliance.jobs.schedule import Scheduler
from appliance.library import models
from appliance.messages import ModelProgress, ModelsChanged
from ml import asked, store
from ml.hub import BLOCK_BYTES
from tests.appliance.tiny import SIZE, TAGGERS, WEIGHTS, WORDS, TinyTagger
from tests.hub import Hub
from tests.ml.fetching import tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from appliance.home import Home
    from appliance.messages import Message

JOB = models.JOB
ON_THE_WAY = 2 * BLOCK_BYTES + (128 << 10)  # what ending a process may cost: a block, and what the kernel holds


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr("ml.registry.TAGGERS", TAGGERS)
    with Hub() as running:
        running.publish("family/tiny", "model.onnx", WEIGHTS)
        running.publish("family/tiny", "words.txt", WORDS)
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.fixture
async def scheduler(home: Home, hub: Hub) -> AsyncIterator[Scheduler]:
    running = Scheduler(home, (FetchModels(),))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


@contextlib.asynccontextmanager
async def heard(home: Home) -> AsyncIterator[list[Message]]:
    told: list[Message] = []

    async def listen() -> None:
        async for message in home.bus.listen():
            told.append(message)

    listener = asyncio.create_task(listen())
    await asyncio.sleep(0)
    yield told
    await asyncio.sleep(0.05)
    listener.cancel()


async def until(what: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(what):  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.01)


async def pull(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = (await models.get_model(home, "tiny"))["pull"]
    return found


async def there(home: Home) -> int:
    return await asyncio.to_thread(asked.bytes_there, home.paths.models, "tiny")


async def until_there(home: Home, size_bytes: int) -> None:
    await until(lambda: asked.bytes_there(home.paths.models, "tiny") > size_bytes)


def children() -> list[psutil.Process]:
    """Processes that fetch; one of another test that has ended, and nobody asked how, has no command line any more."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "ml.fetch" in child.cmdline():
                found.append(child)
    return found


async def test_a_model_that_is_asked_for_comes_and_everybody_hears_of_it(
    home: Home, scheduler: Scheduler, hub: Hub
) -> None:
    async with heard(home) as told:
        await models.ask_pull(home, "tiny")
        waiting = await pull(home)
        assert (waiting["status"], waiting["done_bytes"]) == ("running", 0)
        await scheduler.run(JOB)
        assert await scheduler.wait(JOB) == {"fetched": 1}
    item = await models.get_model(home, "tiny")
    assert (item["installed"], item["pull"]) == (True, None)
    assert await asyncio.to_thread(store.verify, home.paths.models, TinyTagger.spec) == []
    progress = [message.item for message in told if isinstance(message, ModelProgress)]
    assert progress[-1] == item
    assert progress[0]["pull"]["status"] == "running"
    assert any(isinstance(message, ModelsChanged) for message in told)
    assert home.pulls == {}


async def test_with_nothing_asked_for_it_does_nothing(home: Home, scheduler: Scheduler, hub: Hub) -> None:
    await scheduler.run(JOB)
    assert await scheduler.wait(JOB) == {"fetched": 0}
    assert hub.requests == []


async def test_a_paused_job_ends_its_process_and_goes_on_where_it_was(
    home: Home, scheduler: Scheduler, hub: Hub
) -> None:
    hub.slow = SIZE
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await until_there(home, SIZE * 3 // 10)
    running = await pull(home)
    assert running["status"] == "running"
    await scheduler.pause(JOB)
    await until(lambda: home.pulls == {})
    assert children() == []
    kept = await there(home)
    assert SIZE * 3 // 10 < kept < SIZE
    paused = await pull(home)
    assert (paused["status"], paused["done_bytes"]) == ("paused", kept)
    with pytest.raises(ConflictError, match="paused"):
        await models.ask_pull(home, "tiny")
    await asyncio.to_thread(hub.settle)
    await scheduler.resume(JOB)
    assert await scheduler.wait(JOB) == {"fetched": 1}
    assert hub.served("model.onnx") < SIZE + ON_THE_WAY
    assert (await models.get_model(home, "tiny"))["installed"]


async def test_one_that_is_stopped_rests_until_it_is_asked_for_again(
    home: Home, scheduler: Scheduler, hub: Hub
) -> None:
    hub.slow = SIZE
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await until_there(home, SIZE * 3 // 10)
    await models.stop(home, "tiny")
    assert children() == []
    await scheduler.wait(JOB)
    stopped = await pull(home)
    assert (stopped["status"], stopped["total_bytes"]) == ("paused", SIZE + len(WORDS))
    await scheduler.run(JOB)
    await scheduler.wait(JOB)
    assert (await pull(home))["status"] == "paused"
    await asyncio.to_thread(hub.settle)
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await scheduler.wait(JOB)
    assert (await models.get_model(home, "tiny"))["installed"]
    assert hub.served("model.onnx") < SIZE + ON_THE_WAY


async def test_progress_says_how_fast_and_how_long(home: Home, scheduler: Scheduler, hub: Hub) -> None:
    hub.slow = SIZE / 2
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    state = home.pulls
    await until(lambda: "tiny" in state and state["tiny"].rate)
    shown = await pull(home)
    assert 0 < shown["rate"] < 2 * SIZE  # a busy machine is slower than the hub, and may catch up
    assert shown["seconds_left"] == pytest.approx((shown["total_bytes"] - shown["done_bytes"]) / shown["rate"])
    (item,) = await scheduler.items()
    assert (item["status"], item["total"]) == ("running", SIZE >> 20)
    await models.remove(home, "tiny")


async def test_what_cannot_be_mended_by_waiting_is_not_tried_again(home: Home, scheduler: Scheduler, hub: Hub) -> None:
    hub.files.clear()
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await scheduler.wait(JOB)
    failed = await pull(home)
    assert failed["status"] == "failed"
    assert "HTTP 404" in failed["error"]
    assert failed["hint"]
    (item,) = await scheduler.items()
    assert item["status"] == "failed"
    assert "tiny: family/tiny" in item["error"]
    hub.requests.clear()
    await scheduler.run(JOB)
    await scheduler.wait(JOB)
    assert hub.requests == []


async def test_what_may_go_better_later_is_tried_again(home: Home, scheduler: Scheduler, hub: Hub) -> None:
    hub.down = True
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await scheduler.wait(JOB)
    failed = await pull(home)
    assert failed["status"] == "failed"
    assert "cannot be reached" in failed["error"]
    hub.down = False
    await scheduler.run(JOB)  # as the clock does
    await scheduler.wait(JOB)
    assert (await models.get_model(home, "tiny"))["installed"]


async def test_a_process_that_is_killed_is_told_and_the_next_goes_on(
    home: Home, scheduler: Scheduler, hub: Hub
) -> None:
    hub.slow = SIZE
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await until_there(home, SIZE * 3 // 10)
    for child in children():
        child.kill()
    await scheduler.wait(JOB)
    assert "died" in (await pull(home))["error"]
    await asyncio.to_thread(hub.settle)
    await scheduler.run(JOB)
    await scheduler.wait(JOB)
    assert (await models.get_model(home, "tiny"))["installed"]
    assert hub.served("model.onnx") < SIZE + ON_THE_WAY


async def test_a_restart_goes_on_by_itself(home: Home, scheduler: Scheduler, hub: Hub) -> None:
    hub.slow = SIZE
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await until_there(home, SIZE * 3 // 10)
    await scheduler.stop()
    assert children() == []
    await asyncio.to_thread(hub.settle)
    again = Scheduler(home, (FetchModels(),))
    await again.start()
    try:
        await again.wait(JOB)
    finally:
        await again.stop()
    assert (await models.get_model(home, "tiny"))["installed"]
    assert hub.served("model.onnx") < SIZE + ON_THE_WAY


async def test_files_from_a_disk_go_before_a_pull_that_takes_long(
    home: Home, scheduler: Scheduler, hub: Hub, tmp_path: Path
) -> None:
    hub.slow = SIZE / 4
    (tmp_path / "model.onnx").write_bytes(WEIGHTS)
    (tmp_path / "words.txt").write_bytes(WORDS)
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await until_there(home, 0)
    await models.ask_add(home, "from-disk", str(tmp_path))
    await until((home.paths.models / "from-disk").exists)
    assert not (await models.get_model(home, "tiny"))["installed"]
    hub.slow = 0
    await scheduler.wait(JOB)
    assert (await models.get_model(home, "tiny"))["installed"]


async def test_removing_ends_a_pull_and_leaves_nothing(home: Home, scheduler: Scheduler, hub: Hub) -> None:
    hub.slow = SIZE
    await models.ask_pull(home, "tiny")
    await scheduler.run(JOB)
    await until_there(home, SIZE // 10)
    removed = await models.remove(home, "tiny")
    assert removed["freed_bytes"] > SIZE // 10
    await scheduler.wait(JOB)
    assert await there(home) == 0
    assert (await models.get_model(home, "tiny"))["pull"] is None
    assert await asyncio.to_thread(tree, home.paths.models) == {}


async def test_one_that_is_no_model_any_more_harms_nothing(home: Home, scheduler: Scheduler, hub: Hub) -> None:
    await asyncio.to_thread(asked.put, home.paths.models, "of-another-version", asked.Asked(asked="1"))
    await scheduler.run(JOB)
    assert await scheduler.wait(JOB) == {"fetched": 0}


async def test_the_hub_that_the_environment_names_is_asked(
    home: Home, scheduler: Scheduler, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = set(sys.modules)
    with Hub(files=hub.files) as mirror:
        monkeypatch.setenv("HF_ENDPOINT", mirror.url)
        await models.ask_pull(home, "tiny")
        await scheduler.run(JOB)
        assert await scheduler.wait(JOB) == {"fetched": 1}
        assert mirror.served("model.onnx") == SIZE
    assert hub.requests == []
    assert "huggingface_hub" not in set(sys.modules) - loaded
