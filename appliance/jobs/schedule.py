"""Runs jobs: at their time, when asked, after a restart that interrupted them; one run of each at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from appliance.errors import ConflictError, HomerollError, NotFoundError, StorageError
from appliance.jobs.base import Job, Progress
from appliance.library import job_runs
from appliance.messages import JobProgress
from appliance.protection import strain
from appliance.protection.disk_rest import SETTLE_S, DiskRest
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.home import Home
    from appliance.library.job_runs import Run, State
    from appliance.messages import Message

log = logging.getLogger(__name__)

TELL_EVERY_S = 0.5
#: A job whose time passed while the machine was off runs this long after the start.
CATCH_UP_S = 120.0
#: What was to run soon when the clock was set runs then.
SOON_S = 30.0
#: A last run that lies further in the future was noted by a clock that was wrong.
AHEAD_S = 3600.0
#: A job that starts because something happened rests so many times as long as it took.
IDLE_SHARE = 5.0
#: Jobs that are done about once a day are, where they read disks, done with all others that are due so soon.
DAY_S, TOGETHER = 20 * 3600.0, timedelta(hours=12)


class _Run:
    def __init__(self, progress: Progress, task: asyncio.Task[None]) -> None:
        self.progress, self.task = progress, task


class Scheduler:
    """`start`, then jobs run by themselves; `stop` cancels what runs, which then runs again at the next start."""

    def __init__(
        self,
        home: Home,
        jobs: Sequence[Job],
        started_by: Sequence[tuple[type[Message], str, float]] = (),
        *,
        gauge: strain.Gauge | None = None,
        disks: DiskRest | None = None,
    ) -> None:
        self._home, self._jobs = home, {job.name: job for job in jobs}
        self._started_by = started_by
        self._gauge = gauge or strain.Gauge()
        self._disks = disks or DiskRest(home)
        self._waiting: dict[str, None] = {}  # for their turn in the day's work
        self._days_work: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._clock = AsyncIOScheduler(timezone=UTC)  # intervals need no other, and to look for one reads files
        self._runs: dict[str, _Run] = {}
        self._told_at: dict[str, float] = {}
        self._again: dict[str, dict[str, Any]] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self) -> None:
        await job_runs.cut_off_all(self._home.db)
        states = await self._states()
        for job in self._jobs.values():
            interval = job.interval_s(self._home.settings)
            if interval:
                self._clock.add_job(
                    self._by_the_clock,
                    "interval",
                    args=[job.name],
                    id=job.name,
                    seconds=interval,
                    next_run_time=_next_time(states[job.name].last, interval),
                    coalesce=True,
                    misfire_grace_time=None,
                )
        self._clock.start()
        if self._started_by:
            self._listener = asyncio.create_task(self._listen(), name="scheduler-listener")
            await asyncio.sleep(0)  # it hears from now on
        await self._catch_up(states)

    async def replan(self) -> None:
        """The clock was set: what waits for a moment by the old one would come too late, or all at once."""
        states = await self._states()
        for planned in self._clock.get_jobs():
            job = self._jobs.get(planned.id)
            interval = job.interval_s(self._home.settings) if job else None
            if interval:
                self._clock.modify_job(planned.id, next_run_time=_next_time(states[planned.id].last, interval))
            else:
                self._clock.modify_job(planned.id, next_run_time=now() + timedelta(seconds=SOON_S))

    async def _catch_up(self, states: dict[str, State]) -> None:
        for name, state in states.items():
            if state.is_due and not state.paused:
                log.info("job=%s was interrupted, running it again", name)
                await self.run(name)

    async def stop(self) -> None:
        self._stopped = True
        if self._clock.running:
            self._clock.shutdown(wait=False)
        others = [task for task in (self._listener, self._days_work) if task]
        ending = [*others, *(run.task for run in self._runs.values()), *self._telling]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        if self._runs:
            try:
                await job_runs.stop_all(self._home.db)
            except StorageError as problem:
                log.warning("jobs=%s their end could not be recorded: %s", ", ".join(self._runs), problem.message)

    async def run(self, name: str, **arguments: Any) -> None:
        """Start `name` now; it goes on after this returns.

        Raises NotFoundError for an unknown name, ConflictError when it is paused.  Asked for while it runs, it runs
        once more after that: what changed since the run began must not be missed.
        """
        job = self._job(name)
        if (await self._state(name)).paused:
            raise ConflictError(f"“{job.title}” is paused", hint="Resume it first.")
        if self._stopped:
            return
        if name in self._runs:
            # Two requests for parts make one for the whole.
            self._again[name] = arguments if name not in self._again else {}
            return
        progress = Progress(lambda: self._tell(name), self._gauge)
        self._runs[name] = _Run(
            progress, asyncio.create_task(self._guarded(job, progress, arguments), name=f"job {name}")
        )

    async def wait(self, name: str) -> dict[str, Any]:
        """Wait until `name` does not run any more, or everything stops; returns its last result."""
        while name in self._runs and not self._stopped:
            await asyncio.gather(self._runs[name].task, return_exceptions=True)
        last = (await self._state(name)).last
        return (last.result if last else None) or {}

    async def pause(self, name: str) -> None:
        await self._set_paused(name, paused=True)
        if name in self._runs:
            self._runs[name].progress.pause()
        self._tell(name, force=True)

    async def resume(self, name: str) -> None:
        await self._set_paused(name, paused=False)
        if name in self._runs:
            self._runs[name].progress.resume()
        elif (await self._state(name)).is_due:
            # A restart came while it was paused in the middle.
            await self.run(name)
        self._tell(name, force=True)

    async def items(self) -> list[dict[str, Any]]:
        """One item for each job, as GET /jobs answers them."""
        states = await self._states()
        return [self._item(job, states[job.name]) for job in self._jobs.values()]

    async def runs(self, name: str) -> list[Run]:
        """The last runs of a job, the newest first.  Raises NotFoundError."""
        self._job(name)
        runs = await job_runs.latest(self._home.db, name)
        if name in self._runs:
            return runs
        return [job_runs.cut_off(run) if run.outcome == "running" else run for run in runs]

    def _item(self, job: Job, state: State) -> dict[str, Any]:
        run, last = self._runs.get(job.name), state.last
        planned = self._clock.get_job(job.name)
        paused, error = state.paused, last.error if last else ""
        status = "paused" if paused else "running" if run else "failed" if error else "idle"
        return {
            "name": job.name,
            "title": job.title,
            "status": status,
            "done": run.progress.done if run else 0,
            "total": run.progress.total if run else 0,
            "rate": round(run.progress.rate, 2) if run else 0.0,
            "seconds_left": run.progress.seconds_left if run else None,
            "last_run": last.ended.isoformat() if last and last.ended else None,
            "last_seconds": last.seconds if last else None,
            "next_run": planned.next_run_time.isoformat() if planned and planned.next_run_time and not paused else None,
            "error": error,
            "waits": run.progress.strain.message if run else "",
            "result": last.result if last else None,
        }

    async def run_unless_paused(self, name: str, **arguments: Any) -> None:
        """`run` for the clock and the watcher, to whom a paused job is no error."""
        try:
            await self.run(name, **arguments)
        except ConflictError:
            log.debug("job=%s is paused", name)

    @property
    def strain(self) -> strain.Strain:
        """Why some job goes slowly or waits although nothing is wrong, for health."""
        pressed = [run.progress.strain for run in self._runs.values() if run.progress.strain.level != "none"]
        return next(iter(pressed), strain.NONE)

    async def _by_the_clock(self, name: str) -> None:
        """A disk that sleeps is woken once a day for all that reads it, and never to find nothing.

        Jobs of every day that read disks run one after the other, with those that are due soon; a scan of every hour
        leaves libraries alone whose disks have done nothing since.
        """
        job = self._jobs[name]
        if not _reads_disks(job):
            await self.run_unless_paused(name)
        elif (job.interval_s(self._home.settings) or 0.0) >= DAY_S:
            self._waiting[name] = None
            if self._days_work is None or self._days_work.done():
                self._days_work = asyncio.create_task(self._run_days_work(), name="the day's work")
        elif name not in self._waiting:
            resting = await self._disks.libraries()
            await self.run_unless_paused(name, **({"without": resting} if resting else {}))

    async def _run_days_work(self) -> None:
        for planned in self._clock.get_jobs():
            job = self._jobs.get(planned.id)
            interval = job.interval_s(self._home.settings) if job else None
            if job and interval and _reads_disks(job) and planned.next_run_time <= now() + TOGETHER:
                self._waiting[job.name] = None
                planned.modify(next_run_time=now() + timedelta(seconds=interval))
        while self._waiting:
            name = min(self._waiting, key=list(self._jobs).index)
            try:
                await self.run_unless_paused(name)
            except HomerollError as problem:
                log.warning("job=%s could not be started: %s", name, problem.message)
            await self.wait(name)
            self._waiting.pop(name, None)

    async def _listen(self) -> None:
        async for message in self._home.bus.listen():
            for kind, name, wait_s in self._started_by:
                if isinstance(message, kind):
                    await self._run_soon(name, wait_s)

    async def _run_soon(self, name: str, wait_s: float) -> None:
        """Once, for all that happens until then; a job that takes long is started less often."""
        soon = f"{name} soon"
        if self._clock.get_job(soon) is None:
            last = (await self._state(name)).last
            last_s = (last.seconds if last else None) or 0.0
            self._clock.add_job(
                self.run_unless_paused,
                "date",
                args=[name],
                kwargs={"quick": True},
                id=soon,
                run_date=now() + timedelta(seconds=max(wait_s, IDLE_SHARE * last_s)),
                misfire_grace_time=None,
            )

    async def scan_folders(self, library: str, folders: list[str]) -> None:
        """What the watcher calls: something changed in these folders."""
        await self.run_unless_paused("scan_libraries", library=library, folders=folders)

    async def _guarded(self, job: Job, progress: Progress, arguments: dict[str, Any]) -> None:
        """The edge of a job: whatever goes wrong is recorded, logged, and does not reach the scheduler."""
        started, began = now(), time.monotonic()
        error, result, run = "", None, None
        try:
            run = await job_runs.begin(self._home.db, job.name, started)
            self._tell(job.name, force=True)
            result = await job.run(self._home, progress, **arguments)
        except HomerollError as problem:
            error = problem.message
            log.warning("job=%s failed: %s", job.name, problem.message)
        except Exception:
            error = "Something unexpected went wrong; the log has the details"
            log.exception("job=%s failed unexpectedly", job.name)
        seconds = round(time.monotonic() - began, 3)
        try:
            run = run or await job_runs.begin(self._home.db, job.name, started)
            await job_runs.end(self._home.db, job.name, run, seconds=seconds, error=error, result=result)
        except HomerollError as problem:
            # It still runs by the tables, so the next start calls it cut off and runs it once more.
            log.warning("job=%s its end could not be recorded: %s", job.name, problem.message)
        del self._runs[job.name]
        self._tell(job.name, force=True)
        if _reads_disks(job) and self._clock.running:
            soon = now() + timedelta(seconds=SETTLE_S)
            self._clock.add_job(self._disks.note, "date", id="disks", run_date=soon, replace_existing=True)
        if job.name in self._again:
            await self.run_unless_paused(job.name, **self._again.pop(job.name))

    def _job(self, name: str) -> Job:
        try:
            return self._jobs[name]
        except KeyError:
            raise NotFoundError(
                f"There is no job called {name!r}", hint=f"There are: {', '.join(sorted(self._jobs))}."
            ) from None

    async def _states(self) -> dict[str, State]:
        return await job_runs.states(self._home.db, list(self._jobs))

    async def _state(self, name: str) -> State:
        return (await job_runs.states(self._home.db, [name]))[name]

    async def _set_paused(self, name: str, *, paused: bool) -> None:
        self._job(name)
        await job_runs.set_paused(self._home.db, name, paused=paused)

    def _tell(self, name: str, *, force: bool = False) -> None:
        moment = time.monotonic()
        if not force and moment - self._told_at.get(name, 0.0) < TELL_EVERY_S:
            return
        self._told_at[name] = moment
        task = asyncio.create_task(self._publish(name))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _publish(self, name: str) -> None:
        item = self._item(self._jobs[name], await self._state(name))
        self._home.bus.publish(JobProgress(name=name, item=item))


def _reads_disks(job: Job) -> bool:
    return getattr(job, "reads_disks", False)


def _next_time(last: Run | None, interval: float) -> datetime:
    """When a job is next due: its interval after the last run, but not in the first moments after a start."""
    moment = now()
    earliest = moment + timedelta(seconds=min(interval, CATCH_UP_S))
    if last is None or last.ended is None or last.ended > moment + timedelta(seconds=AHEAD_S):
        return earliest
    return max(earliest, last.ended + timedelta(seconds=interval))
