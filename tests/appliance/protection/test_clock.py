"""A clock that jumps: nothing is deleted on its word, and what waited for a moment comes at the right one."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.backup.snapshots import list_snapshots
from appliance.jobs import back_up, empty_trash, schedule
from appliance.jobs.base import Progress
from appliance.jobs.registry import JOBS
from appliance.jobs.schedule import Scheduler
from appliance.library import sessions, users
from appliance.library.viewers import LOCAL_ADMIN
from appliance.protection import clock
from appliance.protection.clock_watch import ClockWatch, open_timer
from appliance.values import now
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

TODAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


def progress() -> Progress:
    return Progress(lambda: None)


@pytest.fixture(autouse=True)
def nobody_sets_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "is_synchronised", lambda: False)


@pytest.mark.parametrize(
    ("seen", "moment", "is_doubted"),
    [
        (None, TODAY, False),
        (TODAY, TODAY + timedelta(days=1), False),
        (TODAY, TODAY + timedelta(days=6), False),
        (TODAY, TODAY - timedelta(minutes=30), False),
        (TODAY, TODAY + timedelta(days=8), True),
        (TODAY, TODAY - timedelta(hours=2), True),
        (None, datetime(1970, 1, 1, tzinfo=UTC), True),
    ],
)
async def test_a_clock_is_doubted_when_it_is_not_where_it_can_be(
    home: Home, seen: datetime | None, moment: datetime, is_doubted: bool
) -> None:
    if seen is not None:
        await clock.look(home.db, moment=seen)
    found = await clock.look(home.db, moment=moment)
    assert (found.doubted is not None) is is_doubted
    assert (await clock.look(home.db, moment=moment, synchronised=True)).doubted is None or moment < clock.BUILT


async def test_after_a_jump_things_are_old_when_they_have_aged_since(home: Home) -> None:
    assert await clock.why_not_old(home.db, MONTH, moment=TODAY) == ""
    jumped = datetime(2036, 2, 3, tzinfo=UTC)
    for days in range(30):
        assert "2036-02-03" in await clock.why_not_old(home.db, MONTH, moment=jumped + timedelta(days=days))
    assert await clock.why_not_old(home.db, MONTH, moment=jumped + MONTH) == ""


async def test_a_time_server_ends_every_doubt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    await clock.look(home.db, moment=TODAY)
    later = TODAY + timedelta(days=400)
    assert await clock.why_not_old(home.db, MONTH, moment=later)
    monkeypatch.setattr(clock, "is_synchronised", lambda: True)
    assert await clock.why_not_old(home.db, MONTH, moment=later) == ""
    assert "1970" in await clock.why_not_old(home.db, MONTH, moment=datetime(1970, 1, 1, tzinfo=UTC))


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """From here on the clock says so."""
    for module in (clock, empty_trash, back_up, schedule, sessions):
        monkeypatch.setattr(module, "now", lambda: moment)


async def test_the_trash_is_not_emptied_by_a_clock_that_jumped(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 2)
    await scan()
    at(monkeypatch, TODAY)
    await clock.look(home.db)
    await home.db.fetch('UPDATE "stored_file" SET "trashed_at" = ?', [TODAY])
    for years in (5, -56):
        at(monkeypatch, TODAY + timedelta(days=365 * years))
        result = await empty_trash.EmptyTrash().run(home, progress())
        assert result["deleted"] == 0
        assert result["waits"]
        assert len(list(photos.iterdir())) == 2
    at(monkeypatch, TODAY)  # it was put right, and a month passes in which the machine is on
    for day in range(32):
        at(monkeypatch, TODAY + timedelta(days=day, hours=1))
        if (await empty_trash.EmptyTrash().run(home, progress()))["deleted"]:
            break
    assert day == 30
    assert list(photos.iterdir()) == []


async def test_snapshots_are_never_thinned_out_by_a_wrong_clock(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    async def there_after(moments: list[datetime]) -> set[str]:
        for moment in moments:
            at(monkeypatch, moment)
            await back_up.BackUp().run(home, progress())
        return {one.name for one in await asyncio.to_thread(list_snapshots, home.paths.backups)}

    good = await there_after([TODAY + timedelta(days=day) for day in range(-12, -1)])
    assert 7 <= len(good) < 11  # thinned out while the clock was right
    wrong = [datetime(1970, 1, 1, 0, minute, tzinfo=UTC) for minute in range(3)]
    wrong += [datetime(2040 + year, 5, 5, tzinfo=UTC) for year in range(20)]
    there = await there_after(wrong)
    assert good <= there
    assert len(there) == len(good) + len(wrong)
    # Right again: the nights from then on count as they did, and those from the future take nobody's place.
    nights = [TODAY + timedelta(days=day) for day in range(9)]
    after = await there_after(nights)
    assert len([name for name in after if "T" in name and name[9:13] == "2026"]) >= 9
    assert {name for name in after if name[9:13] > "2030"} == {name for name in there if name[9:13] > "2030"}


async def test_a_login_does_not_throw_everybody_out_when_the_clock_is_years_ahead(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="long enough")
    at(monkeypatch, TODAY)
    token = await sessions.open_session(home.db, user["id"], device="phone", days=90)
    at(monkeypatch, TODAY + timedelta(days=4000))
    await sessions.open_session(home.db, user["id"], device="desk", days=90)
    assert await sessions.find_session(home.db, token, days=90) is None
    at(monkeypatch, TODAY + timedelta(hours=1))
    assert await sessions.find_session(home.db, token, days=90) is not None


class SetClock:
    """A clock that the test sets; the kernel's sign of it is an event that the test gives."""

    def __init__(self, wall: datetime) -> None:
        self.wall, self.running = wall.timestamp(), 1000.0
        self.signs: list[int] = []

    def open(self) -> int:
        self.signs.append(os.eventfd(0))
        return self.signs[-1]

    def set(self, moment: datetime, *, after_s: float = 60.0) -> None:
        self.running += after_s
        self.wall = moment.timestamp()
        os.eventfd_write(self.signs[-1], 1)


async def test_when_the_clock_is_set_what_was_written_gets_its_real_time_and_jobs_are_planned_anew(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 1)
    await scan()
    boot = datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)  # a Pi without a network
    at(monkeypatch, boot)
    machine, planned = SetClock(boot), asyncio.Event()

    async def replan() -> None:
        planned.set()

    watch = ClockWatch(
        home, replan, wall=lambda: machine.wall, running=lambda: machine.running, open_timer=machine.open
    )
    await watch.start()
    try:
        user = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="long enough")
        token = await sessions.open_session(home.db, user["id"], device="phone", days=90)
        await home.db.fetch('UPDATE "stored_file" SET "trashed_at" = ?', [boot])
        monkeypatch.setattr(clock, "is_synchronised", lambda: True)
        at(monkeypatch, TODAY)
        machine.set(TODAY)
        await asyncio.wait_for(planned.wait(), 60)
        assert await home.db.value('SELECT "trashed_at" FROM "stored_file"') == TODAY - timedelta(seconds=60)
        assert await sessions.find_session(home.db, token, days=90) is not None
        planned.clear()
        machine.set(TODAY + timedelta(seconds=61))  # nudged by a second: nothing is moved, timers are looked at
        await asyncio.wait_for(planned.wait(), 60)
        assert await home.db.value('SELECT "trashed_at" FROM "stored_file"') == TODAY - timedelta(seconds=60)
        assert len(machine.signs) == 3
    finally:
        await watch.stop()


async def test_jobs_that_were_last_run_in_the_future_run_soon_and_not_in_years(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = now()
    async with home.db.write():
        await home.db.fetch(
            """INSERT INTO "job_run" ("job", "outcome", "ended")
                   VALUES ('back_up', 'done', ?), ('tidy_data', 'done', ?)""",
            [moment + timedelta(days=4000), moment - timedelta(hours=3)],
        )
    at(monkeypatch, moment)
    scheduler = Scheduler(home, JOBS)
    await scheduler.start()
    try:
        planned = {item["name"]: item["next_run"] for item in await scheduler.items()}
        assert planned["back_up"] == (moment + timedelta(minutes=2)).isoformat()
        assert planned["tidy_data"] == (moment + timedelta(hours=21)).isoformat()
        at(monkeypatch, moment + timedelta(days=30))
        await scheduler.replan()
        planned = {item["name"]: item["next_run"] for item in await scheduler.items()}
        assert planned["back_up"] == planned["tidy_data"] == (moment + timedelta(days=30, minutes=2)).isoformat()
    finally:
        await scheduler.stop()


def test_the_kernel_gives_a_descriptor_that_waits_for_the_clock_to_be_set() -> None:
    descriptor = open_timer()
    assert descriptor is not None
    try:
        with pytest.raises(BlockingIOError):
            os.read(descriptor, 8)
    finally:
        os.close(descriptor)
