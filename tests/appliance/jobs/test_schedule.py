"""The scheduler: one run of a job at a time, which pauses, resumes, fails and is interrupted without losing track."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ConflictError, DatabaseBusyError, InvalidInputError, NotFoundError
from appliance.library import job_runs
from appliance.messages import JobProgress
from appliance.values import now
from tests.appliance.jobs.scheduled import scheduling

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress
    from appliance.jobs.schedule import Scheduler


class Counter:
    """A job that counts to `total`, at the pace the test gives with `go`."""

    title = "Count"

    def __init__(self, name: str = "count", *, every_s: float | None = None) -> None:
        self.name = name
        self.every_s = every_s
        self.go = asyncio.Event()
        self.began = asyncio.Event()
        self.arguments: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.at_once = 0
        self.most_at_once = 0

    def interval_s(self, settings: Settings) -> float | None:
        return self.every_s

    async def run(self, home: Home, progress: Progress, **arguments: Any) -> dict[str, Any]:
        self.arguments.append(arguments)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            progress.update(1, 3)
            self.began.set()
            await self.go.wait()
            await progress.check_in()
            if self.error is not None:
                raise self.error
            progress.update(3, 3)
            return {"counted": 3}
        finally:
            self.at_once -= 1


async def item(scheduler: Scheduler, name: str = "count") -> dict[str, Any]:
    return next(item for item in await scheduler.items() if item["name"] == name)


async def test_a_job_runs_when_asked_and_tells_how_far_it_is(home: Home) -> None:
    job = Counter()
    told: list[dict[str, Any]] = []

    async def listen() -> None:
        async for message in home.bus.listen():
            if isinstance(message, JobProgress):
                told.append(message.item)

    listener = asyncio.create_task(listen())
    async with scheduling(home, job) as scheduler:
        assert (await item(scheduler))["status"] == "idle"
        await scheduler.run("count")
        await job.began.wait()
        now_running = await item(scheduler)
        assert (now_running["status"], now_running["done"], now_running["total"]) == ("running", 1, 3)
        assert now_running["rate"] > 0
        assert now_running["seconds_left"] is not None
        job.go.set()
        assert await scheduler.wait("count") == {"counted": 3}
        ended = await item(scheduler)
        assert (ended["status"], ended["error"], ended["result"]) == ("idle", "", {"counted": 3})
        assert ended["last_run"]
        assert ended["last_seconds"] >= 0
        async with asyncio.timeout(60):
            while not told or told[-1]["status"] != "idle":  # noqa: ASYNC110 - the listener is another task
                await asyncio.sleep(0.01)
    listener.cancel()
    assert "running" in [told_item["status"] for told_item in told]


async def test_an_unknown_job_is_not_found(home: Home) -> None:
    async with scheduling(home, Counter()) as scheduler:
        for ask in (scheduler.run, scheduler.pause, scheduler.resume):
            with pytest.raises(NotFoundError, match="no job called 'nap'"):
                await ask("nap")


async def test_asked_for_while_it_runs_it_runs_once_more_after_that(home: Home) -> None:
    job = Counter()
    async with scheduling(home, job) as scheduler:
        await scheduler.run("count", part=1)
        await job.began.wait()
        await scheduler.run("count", part=2)
        await scheduler.run("count", part=3)
        job.go.set()
        await scheduler.wait("count")
    assert job.arguments == [{"part": 1}, {}]
    assert job.most_at_once == 1


async def test_many_requests_at_the_same_moment_start_one_run(home: Home) -> None:
    job = Counter()
    async with scheduling(home, job) as scheduler:
        await asyncio.gather(*(scheduler.run("count") for _ in range(5)))
        job.go.set()
        await scheduler.wait("count")
    assert job.most_at_once == 1
    assert len(job.arguments) == 2


async def until_paused(scheduler: Scheduler) -> None:
    async with asyncio.timeout(60):
        while (await item(scheduler))["status"] != "paused":  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.01)


async def test_a_job_pauses_where_it_checks_in_and_goes_on(home: Home) -> None:
    job = Counter()
    async with scheduling(home, job) as scheduler:
        await scheduler.run("count")
        await job.began.wait()
        await scheduler.pause("count")
        job.go.set()
        await until_paused(scheduler)
        assert job.at_once == 1
        with pytest.raises(ConflictError, match="paused"):
            await scheduler.run("count")
        await scheduler.resume("count")
        assert await scheduler.wait("count") == {"counted": 3}


async def test_a_pause_survives_a_restart_and_so_does_the_interrupted_run(home: Home) -> None:
    job = Counter()
    async with scheduling(home, job) as scheduler:
        await scheduler.run("count")
        await job.began.wait()
        await scheduler.pause("count")
    again = Counter()
    again.go.set()
    async with scheduling(home, again) as scheduler:
        await until_paused(scheduler)
        assert again.arguments == []
        await scheduler.resume("count")
        assert await scheduler.wait("count") == {"counted": 3}


async def test_an_interrupted_run_is_repeated_after_a_restart(home: Home) -> None:
    job = Counter()
    async with scheduling(home, job) as scheduler:
        await scheduler.run("count", part=1)
        await job.began.wait()
    again = Counter()
    again.go.set()
    async with scheduling(home, again) as scheduler:
        await scheduler.wait("count")
    assert again.arguments == [{}]
    third = Counter()
    async with scheduling(home, third):
        await asyncio.sleep(0.05)
    assert third.arguments == []


async def test_a_failure_is_recorded_and_logged_and_the_next_run_clears_it(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    job = Counter()
    job.go.set()
    async with scheduling(home, job) as scheduler:
        job.error = InvalidInputError("That cannot be counted")
        await scheduler.run("count")
        await scheduler.wait("count")
        failed = await item(scheduler)
        assert (failed["status"], failed["error"]) == ("failed", "That cannot be counted")
        assert "job=count failed: That cannot be counted" in caplog.text
        job.error = ZeroDivisionError("oops")
        with caplog.at_level(logging.ERROR):
            await scheduler.run("count")
            await scheduler.wait("count")
        assert "ZeroDivisionError: oops" in caplog.text
        failed = await item(scheduler)
        assert failed["status"] == "failed"
        assert "oops" not in failed["error"]
        job.error = None
        await scheduler.run("count")
        await scheduler.wait("count")
        assert (await item(scheduler))["status"] == "idle"


async def test_a_job_whose_end_cannot_be_written_down_still_ends(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Counter()
    async with scheduling(home, job) as scheduler:
        await scheduler.run("count")
        await job.began.wait()

        async def refuse(*told: object, **values: object) -> None:
            raise DatabaseBusyError("The database is busy")

        with monkeypatch.context() as busy:
            busy.setattr(job_runs, "end", refuse)
            job.go.set()
            await scheduler.wait("count")
            assert [run.outcome for run in await scheduler.runs("count")] == ["cut_off"]
        await scheduler.run("count")
        assert await scheduler.wait("count") == {"counted": 3}
        assert [run.outcome for run in await scheduler.runs("count")] == ["done", "cut_off"]


async def test_runs_are_told_with_when_how_long_how_they_ended_and_why(home: Home) -> None:
    job = Counter()
    began = now()
    async with scheduling(home, job) as scheduler:
        await scheduler.run("count")
        await job.began.wait()
        (running,) = await scheduler.runs("count")
        assert (running.outcome, running.ended, running.result) == ("running", None, None)
        job.go.set()
        await scheduler.wait("count")
        job.error = InvalidInputError("That cannot be counted")
        await scheduler.run("count")
        await scheduler.wait("count")
        failed, done = await scheduler.runs("count")
        assert (done.outcome, done.error, done.result) == ("done", "", {"counted": 3})
        assert (failed.outcome, failed.error, failed.result) == ("failed", "That cannot be counted", None)
        assert done.ended is not None
        assert began <= done.started <= done.ended <= failed.started
        assert done.seconds is not None
        assert done.seconds >= 0
        with pytest.raises(NotFoundError, match="no job called 'nap'"):
            await scheduler.runs("nap")
    async with scheduling(home, Counter()) as scheduler:  # what the last one did outlives a restart
        assert await scheduler.runs("count") == [failed, done]
        assert (await item(scheduler))["error"] == "That cannot be counted"


async def test_a_run_that_a_stop_ended_and_one_that_a_kill_cut_off_are_told_apart(home: Home) -> None:
    job = Counter()
    async with scheduling(home, job) as scheduler:
        await scheduler.run("count")
        await job.began.wait()
    killed, again = Counter(), Counter()
    async with scheduling(home, killed) as scheduler:
        await killed.began.wait()
        stopped = (await scheduler.runs("count"))[-1]
        assert (stopped.outcome, stopped.error) == ("stopped", job_runs.STOPPED)
        assert stopped.ended is not None
        scheduler._runs.clear()  # a kill tells nobody
    assert (await job_runs.latest(home.db, "count"))[0].outcome == "running"
    async with scheduling(home, again) as scheduler:
        outcomes = [run.outcome for run in await scheduler.runs("count")]
        assert outcomes[-2:] == ["cut_off", "stopped"]
        assert (await scheduler.runs("count"))[-2].error == job_runs.CUT_OFF
        again.go.set()
        await scheduler.wait("count")
        assert [run.outcome for run in await scheduler.runs("count")] == ["done", "cut_off", "stopped"]


async def test_of_each_job_the_last_runs_are_kept_and_no_more(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runs, "KEPT", 3)
    moment = now()
    for number in range(5):
        for job in ("often", "seldom")[: 1 if number else 2]:
            run = await job_runs.begin(home.db, job, moment)
            await job_runs.end(home.db, job, run, seconds=number, error="", result={"number": number})
    assert [run.result for run in await job_runs.latest(home.db, "often")] == [{"number": n} for n in (4, 3, 2)]
    assert await home.db.value('SELECT count(*) FROM "job_run"') == 4
    assert len(await job_runs.latest(home.db, "seldom")) == 1
    states = await job_runs.states(home.db, ["seldom", "often", "never"])
    assert list(states) == ["seldom", "often", "never"]
    assert states["never"] == job_runs.State()
    assert states["often"].last == (await job_runs.latest(home.db, "often"))[0]


async def test_the_next_run_is_an_interval_after_the_last_one(home: Home) -> None:
    timed, asked = Counter("timed", every_s=7200), Counter("asked")
    timed.go.set()
    async with scheduling(home, timed, asked) as scheduler:
        assert (await item(scheduler, "asked"))["next_run"] is None
        first = (await item(scheduler, "timed"))["next_run"]
        assert first is not None
        assert (now() + timedelta(seconds=60)).isoformat() < first < (now() + timedelta(seconds=180)).isoformat()
        await scheduler.run("timed")
        await scheduler.wait("timed")
    async with scheduling(home, Counter("timed", every_s=7200)) as scheduler:
        following = (await item(scheduler, "timed"))["next_run"]
        assert (now() + timedelta(seconds=7100)).isoformat() < following < (now() + timedelta(seconds=7201)).isoformat()
        await scheduler.pause("timed")
        assert (await item(scheduler, "timed"))["next_run"] is None


async def test_the_clock_starts_jobs_by_itself_but_not_paused_ones(home: Home) -> None:
    timed, paused = Counter("timed", every_s=0.1), Counter("paused", every_s=0.1)
    timed.go.set()
    async with scheduling(home, timed, paused) as scheduler:
        await scheduler.pause("paused")
        async with asyncio.timeout(60):
            while len(timed.arguments) < 2:  # noqa: ASYNC110 - the clock is APScheduler's
                await asyncio.sleep(0.02)
    assert paused.arguments == []
