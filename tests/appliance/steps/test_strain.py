"""Work under strain: it goes slowly or waits and goes on by itself; a file that takes all memory costs one row."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.importing.scan import scan_library
from appliance.library import libraries
from appliance.protection.strain import NONE, Gauge, Strain
from appliance.steps import runner as runner_module
from appliance.steps.base import PICTURES, Step, StepBase, original
from appliance.steps.runner import Runner
from tests.appliance.pictures import jpeg, write_jpegs
from tests.appliance.steps.steps import Sayer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from appliance.db.engine import Row
    from appliance.home import Home

    Scan = Callable[..., Awaitable[Any]]

SLOW = Strain("slow", "The processor is hot (82 °C): work on photos goes slowly", "Wait.")
SHORT = Strain("slow", "Memory is short (300 MB are left): work on photos goes slowly", "Wait.", models=False)
HALT = Strain("halt", "Memory is short (100 MB are left): work on photos waits", "Wait.", models=False)


class Told(Gauge):
    """A gauge that shows what the test says."""

    def __init__(self, strain: Strain) -> None:
        super().__init__()
        self.told = strain

    def read(self) -> Strain:
        return self.told


class Watching(Sayer):
    """Notes how many pieces of its work there were at a time, and when each was begun."""

    def __init__(self, name: str = "renditions", *, models: bool = False) -> None:
        super().__init__(name, slowly_s=0.05, models=models)
        self.begun: list[float] = []
        self.saves: list[tuple[int, float]] = []

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        self.begun.append(time.monotonic())
        return await super().arguments(home, row)

    async def save(self, home: Home, row: Row, result: Any) -> str:
        self.saves.append((len(self.begun) - len(self.saves), time.monotonic()))
        return await super().save(home, row, result)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.01)


async def run(home: Home, gauge: Told, *steps: Step, ends: Callable[[Runner], bool]) -> Runner:
    runner = Runner(home, steps, gauge=gauge)
    await runner.start()
    try:
        await until(lambda: ends(runner))
    finally:
        await runner.stop()
    return runner


async def test_under_strain_there_is_one_piece_of_work_at_a_time_with_rests_between(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 6)
    await scan()
    step = Watching()
    await run(home, Told(SLOW), step, ends=lambda _: len(step.saved) == 6)
    assert [at_once for at_once, _ in step.saves] == [1] * 6
    gaps = [after - before for before, after in pairwise(step.begun)]
    assert min(gaps) >= 0.09, "0.05 of work, and a rest as long"


async def test_without_strain_there_is_more_than_one(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 6)
    await scan()
    step = Watching()
    await run(home, Told(NONE), step, ends=lambda _: len(step.saved) == 6)
    assert max(at_once for at_once, _ in step.saves) > 1


async def test_models_are_not_loaded_where_memory_is_short_and_go_on_when_it_is_not(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "STRAIN_RETRY_S", 0.05)
    write_jpegs(photos, 3)
    await scan()
    files, models, gauge = Watching("first"), Watching("second", models=True), Told(SHORT)

    def ends(runner: Runner) -> bool:
        if len(files.saved) == 3 and gauge.told is SHORT:
            assert models.begun == []
            gauge.told = NONE
        return len(models.saved) == 3

    await run(home, gauge, files, models, ends=ends)


async def test_where_nothing_is_left_nothing_is_begun_until_there_is(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "STRAIN_RETRY_S", 0.05)
    write_jpegs(photos, 3)
    await scan()
    step, gauge = Watching(), Told(HALT)
    runner = Runner(home, [step], gauge=gauge)
    await runner.start()
    try:
        await asyncio.sleep(0.5)
        assert (step.begun, runner.strain.level, runner.storage_problem) == ([], "halt", "")
        gauge.told = NONE
        await until(lambda: len(step.saved) == 3)
        assert runner.strain.level == "none"
    finally:
        await runner.stop()


def take_all(path: Path) -> str:
    """What a picture that unpacks to gigabytes does, and what the kernel does about it."""
    if "greedy" in path.name:
        held = [bytearray(32 << 20) for _ in range(100)]
        return str(len(held))
    if "victim" in path.name:
        os.kill(os.getpid(), signal.SIGKILL)  # the kernel's choice when the whole machine has no memory left
    return Path("/proc/self/oom_score_adj").read_text(encoding="ascii").strip()


class Taking(StepBase):
    name, version, kinds = "renditions", "1", PICTURES

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    @property
    def run(self) -> Callable[..., Any]:
        return take_all

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        return (original(row),)

    async def save(self, home: Home, row: Row, result: Any) -> str:
        self.said[row["filename"]] = result
        return ""


async def test_a_file_that_takes_all_memory_is_marked_and_the_service_and_the_other_files_are_unharmed(
    tmp_path: Path, photos: Path
) -> None:
    for number, name in enumerate(("a.jpg", "b-greedy.jpg", "c.jpg", "d-victim.jpg", "e.jpg")):
        (photos / name).write_bytes(jpeg(number))
    settings = Settings(data=tmp_path / "real", compute_workers=1, compute_memory_mb=256)
    async with open_home(settings) as home:
        library = await libraries.add_library(home.db, name="photos", root=str(photos))
        await scan_library(home, await libraries.get_library(home.db, library["id"]))
        step = Taking()
        runner = Runner(home, [step], gauge=Told(NONE))
        await runner.start()
        try:
            async with asyncio.timeout(60):
                while any(item["pending"] or item["running"] for item in await runner.progress()):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            await runner.stop()
        rows = await home.db.fetch(
            """SELECT f."filename", s."status", s."error", s."hint" FROM "file_step" s
               JOIN "stored_file" f ON f."id" = s."file" WHERE s."step" = 'renditions' """
        )
        told = {row["filename"]: row for row in rows}
    assert {name: row["status"] for name, row in told.items()} == {
        "a.jpg": "done",
        "b-greedy.jpg": "failed",
        "c.jpg": "done",
        "d-victim.jpg": "failed",
        "e.jpg": "done",
    }
    assert "compute_memory_mb" in told["b-greedy.jpg"]["error"]
    assert "SIGKILL" in told["d-victim.jpg"]["error"]
    assert all(told[name]["hint"] for name in ("b-greedy.jpg", "d-victim.jpg"))
    assert set(step.said.values()) == {"700"}, "the kernel ends it before the service"
