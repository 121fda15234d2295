"""How full disks are and when they will be: known at once, from what was written down once a day."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.jobs.base import Progress
from appliance.jobs.note_growth import NoteGrowth
from appliance.library import kept, libraries
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.protection import growth
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home
    from tests.appliance.conftest import Scan

DAY = growth.DAY_S
START = datetime(2026, 5, 1, 3, tzinfo=UTC)
GB = 10**9


def daily(*free_gb: float) -> growth.Series:
    return [(number * DAY, round(free * GB)) for number, free in enumerate(free_gb)]


@pytest.mark.parametrize(
    ("series", "days"),
    [
        (daily(100, 99, 98, 97), 97.0),
        (daily(200, 100, 99, 98, 97), 97.0),  # the first import is not how it goes on
        (daily(100, 99), None),  # too early to say
        (daily(97, 98, 99, 100), None),  # it does not fill up
        (daily(100, 100, 100, 100), None),
        ([(0, 100 * GB), (DAY, 99 * GB), (4 * DAY, 96 * GB), (5 * DAY, 95 * GB)], 95.0),  # off for three days
    ],
)
def test_days_left_follow_from_usual_days(series: growth.Series, days: float | None) -> None:
    left = growth.days_left(series, series[-1][1])
    assert left == (None if days is None else pytest.approx(days))


async def test_a_month_of_days_is_kept_and_tells_at_once_when_the_disk_is_full(
    home: Home, scan: Scan, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, free = START, 500 * GB
    total = shutil.disk_usage(home.paths.root).total
    monkeypatch.setattr(growth, "now", lambda: moment)
    monkeypatch.setattr(
        growth,
        "_disk_of",
        lambda path: (1, growth.Disk(holds=[], mount="/", free_bytes=free, total_bytes=total)),
    )
    for day in range(40):
        if day == 35:
            write_jpegs(photos, 3)
            await scan()
        moment, free = START + timedelta(days=day), (500 - day) * GB
        assert await growth.note(home)
        assert not await growth.note(home), "the second of the same day is none"
    told = await growth.tell(home)
    (disk,) = told.disks
    assert disk.days_left == pytest.approx(461)
    assert told.files_added == 3
    assert told.since == START + timedelta(days=9)  # 31 days, the present one included
    state = await kept.remembered(home.db, growth.STATE)
    assert len(state["files"]) == len(state["disks"]["/"][1]) == 31
    moment = START - timedelta(days=1)  # the clock was ahead all the time
    assert (await growth.tell(home)).since is None


async def test_every_place_is_told_with_its_disk_and_one_that_is_not_there_with_none(
    home: Home, tmp_path: Path
) -> None:
    roots = [tmp_path / name for name in ("here", "gone")]
    for root in roots:
        root.mkdir()
        await libraries.add_library(home.db, name=root.name, root=str(root))
    roots[1].rmdir()
    await change_settings(home.db, LOCAL_ADMIN, {"backup_folder": str(tmp_path)})
    (disk,) = (await growth.tell(home)).disks
    assert disk.holds == ["data", "here", "backup"]
    assert disk.total_bytes == shutil.disk_usage(tmp_path).total
    assert tmp_path.is_relative_to(disk.mount)
    assert disk.days_left is None


async def test_another_disk_at_the_same_place_has_a_history_of_its_own(home: Home) -> None:
    await growth.note(home)
    state = await kept.remembered(home.db, growth.STATE)
    mount, (total, series) = next(iter(state["disks"].items()))
    now = time.time()
    for size, told in ((total, True), (total + 1, False)):
        falling = [[now - (5 - day) * DAY, series[0][1] + (5 - day) * GB] for day in range(5)]
        async with home.db.write():
            await kept.remember(home.db, growth.STATE, {"files": [], "disks": {mount: [size, falling]}})
        (disk,) = (await growth.tell(home)).disks
        assert (disk.days_left is not None) == told


async def test_a_share_that_hangs_is_waited_for_by_one_thread_and_left_out(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, asked = threading.Event(), []
    really = growth._disk_of

    def hang(path: str) -> tuple[int, growth.Disk] | None:
        asked.append(path)
        there.wait(30)
        return really(path)

    monkeypatch.setattr(growth, "PATIENCE_S", 0.01)
    monkeypatch.setattr(growth, "_disk_of", hang)
    for _ in range(5):
        assert (await growth.tell(home)).disks == []
    assert len(asked) == 1
    there.set()
    await asyncio.gather(*home.disks_asked.values())
    monkeypatch.setattr(growth, "PATIENCE_S", 30)
    (disk,) = (await growth.tell(home)).disks
    assert disk.holds == ["data"]


async def test_the_job_notes_once_a_day_and_says_so(home: Home) -> None:
    job = NoteGrowth()
    assert await job.run(home, Progress(lambda: None)) == {"noted": True}
    assert await kept.remembered(home.db, growth.STATE) is not None
    assert await job.run(home, Progress(lambda: None)) == {"noted": False}


async def test_an_answer_at_the_moment_of_the_end_does_not_keep_the_service_from_ending(home: Home) -> None:
    answer = home.disks_asked["/"] = asyncio.get_running_loop().create_future()
    looking = asyncio.create_task(growth._look(home, "/"))
    await asyncio.sleep(0)
    answer.set_result(None)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    home.disks_asked.clear()
