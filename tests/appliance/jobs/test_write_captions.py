"""The job that describes every photo: pauses, goes on, and does nothing twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ModelOutputError, ModelUnavailableError
from appliance.jobs import registry
from appliance.jobs import write_captions as module
from appliance.jobs.base import Progress
from appliance.jobs.schedule import Scheduler
from appliance.jobs.write_captions import WriteCaptions
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner
from tests.appliance.captioners import CAPTIONERS, ColourCaptioner
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

PHOTOS = 20


@pytest.fixture(autouse=True)
def captioners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.CAPTIONERS", CAPTIONERS)
    monkeypatch.setattr(ColourCaptioner, "looked", 0)
    monkeypatch.setattr(module, "POLL_S", 0.01)


@pytest.fixture
async def runner(home: Home, photos: Path, scan: Callable[[], Awaitable[Any]]) -> AsyncIterator[Runner]:
    write_jpegs(photos, PHOTOS)
    await scan()
    made = Runner(home, STEPS)
    await made.start()
    yield made
    await made.stop()


async def run(home: Home) -> dict[str, Any]:
    async with asyncio.timeout(60):
        return await WriteCaptions().run(home, Progress(lambda: None))


async def written(home: Home, model: str = "im2txt") -> int:
    found: int = await home.db.value(
        """SELECT count(*) FROM "photo_caption" WHERE "captions_json" ->> ('$.' || ? || '.caption') <> ''""", [model]
    )
    return found


async def test_every_photo_is_described_once(home: Home, runner: Runner) -> None:
    assert await run(home) == {"asked": PHOTOS, "failed": 0}
    assert await written(home) == PHOTOS
    assert await run(home) == {"asked": 0, "failed": 0}
    assert ColourCaptioner.looked == PHOTOS


async def test_another_model_describes_them_too_and_going_back_costs_nothing(home: Home, runner: Runner) -> None:
    await run(home)
    await change_settings(home.db, LOCAL_ADMIN, {"captioning_model": "blip"})
    assert (await run(home))["asked"] == PHOTOS
    await change_settings(home.db, LOCAL_ADMIN, {"captioning_model": "im2txt"})
    assert (await run(home))["asked"] == 0
    assert (await written(home), await written(home, "blip")) == (PHOTOS, PHOTOS)


async def test_failures_do_not_hold_it_up(home: Home, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ColourCaptioner, "error", ModelOutputError("im2txt", "It is speechless."))
    assert await run(home) == {"asked": PHOTOS, "failed": PHOTOS}
    monkeypatch.setattr(ColourCaptioner, "error", None)
    assert await run(home) == {"asked": PHOTOS, "failed": 0}


async def test_without_its_model_it_says_so(home: Home) -> None:
    await change_settings(home.db, LOCAL_ADMIN, {"captioning_model": "absent"})
    with pytest.raises(ModelUnavailableError, match="The model absent is not here"):
        await run(home)


async def test_it_is_paused_and_resumed_like_others_and_never_starts_by_itself(home: Home, runner: Runner) -> None:
    scheduler = Scheduler(home, registry.JOBS)
    await scheduler.start()
    try:
        assert all(name != "write_captions" for _, name, _ in registry.STARTED_BY)
        (item,) = (item for item in await scheduler.items() if item["name"] == "write_captions")
        assert item["next_run"] is None
        await scheduler.run("write_captions")
        await scheduler.pause("write_captions")
        await asyncio.sleep(0.3)
        some = await written(home)
        assert some < PHOTOS
        await asyncio.sleep(0.3)
        assert await written(home) <= some + module.BATCH
        await scheduler.resume("write_captions")
        async with asyncio.timeout(60):
            assert await scheduler.wait("write_captions") == {"asked": PHOTOS, "failed": 0}
    finally:
        await scheduler.stop()
    assert await written(home) == PHOTOS
