"""Jobs on a machine under strain: slower where they check in, waiting where nothing is left, and on by themselves."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from appliance.jobs.base import Progress
from appliance.jobs.schedule import Scheduler
from appliance.jobs.scrub_originals import ScrubOriginals
from appliance.protection import strain
from appliance.protection.strain import NONE, Gauge, Strain
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest

    from appliance.home import Home

    Scan = Callable[..., Awaitable[Any]]

SLOW = Strain("slow", "The processor is hot (82 °C): work on photos goes slowly", "Wait.")
HALT = Strain("halt", "Memory is short (100 MB are left): work on photos waits", "Wait.", models=False)


class Told(Gauge):
    """A gauge that shows what the test says, and counts who looked."""

    def __init__(self, told: Strain) -> None:
        super().__init__()
        self.told, self.looks = told, 0

    def read(self) -> Strain:
        self.looks += 1
        return self.told


async def work(progress: Progress, pieces: int, each_s: float) -> float:
    """How long so many pieces of work take."""
    began = time.monotonic()
    for _ in range(pieces):
        await asyncio.sleep(each_s)
        await progress.check_in()
    return time.monotonic() - began


async def test_a_job_on_a_hot_machine_rests_as_long_as_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strain, "READ_EVERY_S", 60.0)  # longer than a busy machine may take for this
    gauge = Told(SLOW)
    assert await work(Progress(lambda: None, gauge), 4, 0.05) >= 0.4
    assert gauge.looks == 1, "the kernel's files are read every few seconds, however often a job checks in"


async def test_a_rest_is_never_longer_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strain, "LONGEST_REST_S", 0.0)
    slept: list[float] = []
    real = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    progress = Progress(lambda: None, Told(SLOW))
    await real(0.02)
    monkeypatch.setattr(asyncio, "sleep", note)
    await progress.check_in()
    assert slept == [0.0]


async def test_where_nothing_is_left_a_job_waits_says_so_and_goes_on_by_itself(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strain, "RETRY_S", 0.02)
    monkeypatch.setattr(strain, "READ_EVERY_S", 0.0)
    write_jpegs(photos, 3)
    await scan()
    gauge = Told(HALT)
    scheduler = Scheduler(home, (ScrubOriginals(),), gauge=gauge)
    await scheduler.start()
    try:
        await scheduler.run("scrub_originals")
        async with asyncio.timeout(60):
            while gauge.looks < 4:  # noqa: ASYNC110 - what is told is the kernel's
                await asyncio.sleep(0.01)
        (item,) = await scheduler.items()
        assert (item["status"], item["done"], item["waits"]) == ("running", 0, HALT.message)
        assert scheduler.strain == HALT
        gauge.told = NONE
        assert (await scheduler.wait("scrub_originals"))["ok"] == 3
        (item,) = await scheduler.items()
        assert (item["waits"], scheduler.strain) == ("", NONE)
    finally:
        await scheduler.stop()
