"""Does what is due: asks the tables, computes elsewhere, writes results in small transactions.

Nothing is remembered here that a kill could lose.  A transaction records finished steps with what they wrote and
claims the next ones, so that a busy import costs one commit for a handful of files.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any

from appliance.errors import (
    DatabaseDamagedError,
    ModelUnavailableError,
    StorageError,
)
from appliance.files import remove_temporaries
from appliance.library import announcing
from appliance.library import steps as plan
from appliance.library.settings import get_setting, window_is_open
from appliance.messages import FileAdded, FileChanged, LibraryChanged, ModelsChanged, StepProgress, StepsAsked
from appliance.protection import strain
from appliance.protection.room import check_disk
from appliance.steps.base import Step, compute, original, spec
from appliance.steps.outcomes import Done, Outcomes, nobodys_fault

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable, Sequence

    from appliance.home import Home
    from appliance.library.steps import Due

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 0.25
#: While nobody waits for what is being made: each transaction writes the same pages of a dozen indexes anew.
UNSEEN_FLUSH_EVERY_S = 1.0
FLUSH_FILES = 16
MODELS_AHEAD = 3  # claimed for the models' process while it works on one
NEW_WORK_EVERY_S = 0.5
PROGRESS_EVERY_S = 1.0
STORAGE_RETRY_S = 30.0
MODEL_RETRY_S = 600.0
STRAIN_RETRY_S, LONGEST_REST_S = strain.RETRY_S, strain.LONGEST_REST_S
RATE_WINDOW_S = 30.0
MOST_PRIORITIES = 2000


class Runner:
    """`start`, then `wake` whenever something may have become due; `stop` gives back what was claimed."""

    def __init__(
        self,
        home: Home,
        steps: Sequence[Step],
        *,
        clock: Callable[[], datetime] = datetime.now,
        gauge: strain.Gauge | None = None,
    ) -> None:
        self._home, self._steps = home, {step.name: step for step in steps}
        self._clock = clock
        self._gauge = gauge or strain.Gauge()
        self._strain = strain.NONE
        self._outcomes = Outcomes(home, self._steps)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._paused = False
        self._storage_problem = ""
        self._unavailable: dict[str, tuple[ModelUnavailableError, float]] = {}  # step -> why, and until when
        self._first: dict[uuid.UUID, None] = {}
        self._hindered: dict[str, str] = {}  # step -> why it cannot run for any file at present
        self._computing: dict[asyncio.Task[Done], Step] = {}
        self._finished_at: dict[str, deque[float]] = {step.name: deque(maxlen=500) for step in steps}
        self._told_at = 0.0

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def storage_problem(self) -> str:
        """Why no step can run at present, for health; "" when all is well."""
        return self._storage_problem

    @property
    def strain(self) -> strain.Strain:
        """Why work goes slowly or waits although nothing is wrong, for health."""
        return self._strain

    @property
    def unavailable(self) -> dict[str, ModelUnavailableError]:
        """Steps that wait because their model cannot be used, and why, for health."""
        return {step: error for step, (error, _) in self._unavailable.items()}

    async def start(self) -> None:
        await asyncio.to_thread(remove_temporaries, self._home.paths.previews)
        await plan.reconcile(self._home.db, [spec(step) for step in self._steps.values()])
        paused = await self._home.db.value("""SELECT "paused" FROM "job_state" WHERE "name" = 'run_steps'""")
        self._paused = bool(paused)
        self._task = asyncio.create_task(self._run(), name="runner")
        self._listener = asyncio.create_task(self._listen(), name="runner-listener")
        self.wake()

    async def stop(self) -> None:
        for task in (self._task, self._listener):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for computing in self._computing:
            computing.cancel()
        await asyncio.gather(*self._computing, return_exceptions=True)
        try:
            async with self._home.db.write():
                await plan.unclaim_all(self._home.db)
        except StorageError as error:
            log.warning("step=runner could not put its work away, the next start will: %s", error.message)

    def wake(self) -> None:
        self._wake.set()

    def reconsider(self) -> None:
        """Models may be there by now: try those steps again that wait for one."""
        self._unavailable.clear()
        self.wake()

    def prioritise(self, ids: Iterable[uuid.UUID]) -> None:
        """Someone is looking at these now: they come first, the latest request before older ones."""
        self._first = {**dict.fromkeys(ids), **self._first}
        for extra in list(self._first)[MOST_PRIORITIES:]:
            del self._first[extra]
        self.wake()

    async def pause(self) -> None:
        await self._set_paused(True)

    async def resume(self) -> None:
        await self._set_paused(False)

    async def _set_paused(self, paused: bool) -> None:
        self._paused = paused
        async with self._home.db.write():
            await self._home.db.fetch(
                """INSERT INTO "job_state" ("name", "paused") VALUES ('run_steps', ?)
                   ON CONFLICT ("name") DO UPDATE SET "paused" = excluded."paused" """,
                [paused],
            )
        self.wake()
        await self._tell(force=True)

    async def progress(self) -> list[dict[str, Any]]:
        """One item for each step: counts by status, why it waits, files per second lately, seconds left."""
        counts = await plan.counts(self._home.db)
        items = []
        for step in self._steps.values():
            by_status = counts.get(step.name, dict.fromkeys(plan.STATUSES, 0))
            rate = self._rate(step.name)
            unavailable = self._unavailable.get(step.name)
            waits = self._hindered.get(step.name) or (unavailable[0].message if unavailable else "")
            left = by_status["pending"] + by_status["running"]
            items.append(
                {
                    "name": step.name,
                    "version": step.version,
                    **by_status,
                    "waits": waits,
                    "rate": round(rate, 2),
                    "seconds_left": round(left / rate) if rate and left else None,
                }
            )
        return items

    def _rate(self, step: str) -> float:
        now = time.monotonic()
        recent = [moment for moment in self._finished_at[step] if now - moment <= RATE_WINDOW_S]
        return len(recent) / max(1.0, now - recent[0]) if len(recent) > 1 else 0.0

    async def _listen(self) -> None:
        async for message in self._home.bus.listen():
            if isinstance(message, FileAdded | FileChanged | LibraryChanged | StepsAsked):
                self.wake()
            elif isinstance(message, ModelsChanged):
                self.reconsider()

    async def _run(self) -> None:
        finished: list[Done] = []
        while True:
            self._wake.clear()
            try:
                idle = await self._turn(finished)
            except StorageError as error:
                await self._hold(error.message)
                continue
            except Exception:
                log.exception("step=runner an unexpected error")
                await self._give_back(finished)
                await self._hold("Something unexpected went wrong; the log has the details")
                continue
            if self._storage_problem:
                log.warning("step=runner goes on")
                self._storage_problem = ""
            if idle:
                await self._tell(force=True)
                # The night window opens without anything happening, so look at the clock now and then.
                await self._wait(60.0 if self._strain.level == "none" else STRAIN_RETRY_S)

    async def _hold(self, problem: str) -> None:
        """Nothing can be done at present; what is finished waits, and so does everyone."""
        if problem != self._storage_problem:
            log.warning("step=runner waits: %s", problem)
            self._storage_problem = problem
        await asyncio.sleep(STORAGE_RETRY_S)

    async def _give_back(self, finished: list[Done]) -> None:
        ids = [done.due.id for done in finished]
        finished.clear()
        try:
            async with self._home.db.write():
                await plan.unclaim(self._home.db, ids)
        except Exception:
            # They stay "running" until the next start, which makes them due again.
            log.exception("step=runner could not give back %d steps", len(ids))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _turn(self, finished: list[Done]) -> bool:
        """Write what is finished, claim more, wait for some of it; True when there is nothing to do."""
        await asyncio.to_thread(self._look_around)
        for due in await self._flush_and_claim(finished):
            self._computing[asyncio.create_task(self._compute(due))] = self._steps[due.step]
        if not self._computing:
            return True
        began = time.monotonic()
        while self._computing and len(finished) < FLUSH_FILES:
            # Never let the compute processes run dry for long for the sake of a fuller transaction.
            is_dry = len(self._computing) < self._home.compute.workers
            deadline = began + (FLUSH_EVERY_S if self._first or is_dry else UNSEEN_FLUSH_EVERY_S)
            patience = None if self._busy(models=False) else NEW_WORK_EVERY_S  # a model may take its time
            done, _ = await asyncio.wait(
                self._computing,
                timeout=max(0.0, deadline - time.monotonic()) if finished else patience,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                del self._computing[task]
                finished.append(task.result())
            if not done:
                break
        if self._strain.level == "slow":
            # As long as the work took, so that half of the time nothing makes heat or takes memory.
            await asyncio.sleep(min(LONGEST_REST_S, sum(done.seconds for done in finished)))
        await self._tell()
        return False

    async def _flush_and_claim(self, finished: list[Done]) -> list[Due]:
        await self._outcomes.judge(finished)
        self._note_models(finished)
        trouble = next((problem for done in finished if (problem := nobodys_fault(done.error))), "")
        idle = self._paused or bool(trouble)
        room, models_room = (0, 0) if idle else self._room()
        self._hindered = await self._hindrances()
        open_now = window_is_open(await get_setting(self._home.db, "night_window"), self._clock())
        claimed: list[Due] = []
        async with self._home.db.write():
            valid = await plan.still_claimed(self._home.db, [done.due.id for done in finished]) if finished else set()
            outcomes = [await self._outcomes.save(done) for done in finished if done.due.id in valid]
            await plan.finish(self._home.db, outcomes)
            for step in self._steps.values():
                if step.name in self._unavailable or step.name in self._hindered:
                    continue
                # First everybody sees their pictures, then models look at them.
                free = min(models_room, room) if step.models else room
                taken = await plan.claim(
                    self._home.db,
                    step=step.name,
                    needs=[need for need in step.needs if need not in self._hindered],
                    limit=free,
                    first=list(self._first),
                    only_first=not (step.light or open_now or step.on_demand),
                )
                claimed += taken
                if step.models:
                    models_room -= len(taken)
                else:
                    room -= len(taken)
        await self._after_flush(finished)
        finished.clear()
        if trouble:
            raise StorageError(trouble)
        return claimed

    def _room(self) -> tuple[int, int]:
        """How many pieces of work may be claimed: for the processes that read files, for the one with models."""
        if self._strain.level == "halt":
            return 0, 0
        if self._strain.level == "slow":
            one = max(0, 1 - len(self._computing))
            return one, one if self._strain.models else 0
        return (
            self._home.compute.workers + FLUSH_FILES - self._busy(models=False),
            1 + MODELS_AHEAD - self._busy(models=True),
        )

    def _busy(self, *, models: bool) -> int:
        return sum(step.models is models for step in self._computing.values())

    async def _hindrances(self) -> dict[str, str]:
        reasons = {step.name: await step.hindrance(self._home) for step in self._steps.values()}
        return {name: reason for name, reason in reasons.items() if reason}

    def _note_models(self, finished: Sequence[Done]) -> None:
        """A step whose model cannot be used waits as a whole: it is no file's fault, and is told once."""
        moment = time.monotonic()
        for step, (_, until) in list(self._unavailable.items()):
            if moment >= until:
                del self._unavailable[step]
        for done in finished:
            if isinstance(done.error, ModelUnavailableError):
                if done.due.step not in self._unavailable:
                    log.warning("step=%s waits: %s %s", done.due.step, done.error.message, done.error.hint)
                self._unavailable[done.due.step] = (done.error, moment + MODEL_RETRY_S)

    async def _compute(self, due: Due) -> Done:
        step = self._steps[due.step]
        began = time.monotonic()
        try:
            computed = await self._home.compute.run(
                compute,
                original(due.row),
                due.seen,
                step.run,
                await step.arguments(self._home, due.row),
                timeout_s=step.timeout_s,
                models=step.models,
            )
        except Exception as error:  # noqa: BLE001 - the edge of a step: whatever it is becomes this file's row
            return Done(due=due, seconds=time.monotonic() - began, error=error)
        return Done(due=due, seconds=computed.seconds, result=computed.result)

    async def _after_flush(self, finished: Sequence[Done]) -> None:
        was_in: dict[str, str] = {}
        for done in finished:
            row = done.due.row
            if done.status == "pending":
                continue
            self._finished_at[done.due.step].append(time.monotonic())
            self._outcomes.forget(done.due.id)
            was_in[str(row["id"])] = row["local_start"]
        # Asked now: who may see them may have changed while they were worked on.
        await announcing.tell_changed(self._home.db, self._home.bus, sorted(was_in), was_in=was_in)

    def _look_around(self) -> None:
        """Raise StorageError when results could not be kept; note how hard the machine is pressed."""
        if self._home.db.damage:
            raise DatabaseDamagedError("The database is damaged: nothing is written to it until that is mended")
        check_disk(self._home.paths.root, self._home.settings.reserve_mb)
        before, self._strain = self._strain, self._gauge.read()
        if self._strain.level != before.level:
            log.warning("step=runner strain=%s %s", self._strain.level, self._strain.message)

    async def _tell(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self._told_at >= PROGRESS_EVERY_S:
            self._told_at = now
            if self._first:
                wanted = await plan.unfinished(self._home.db, self._first)
                self._first = {file: None for file in self._first if file in wanted}
            self._home.bus.publish(StepProgress(items=await self.progress()))
