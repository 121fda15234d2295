"""What a job is: one thing done to the whole library, with progress, that pauses and gives way where it checks in."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

from appliance.protection import strain

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from appliance.config import Settings


class Progress:
    """How far one run is.  `check_in` is where a job lets itself be paused, and gives way to a machine under strain.

    gauge: how hard the machine is pressed; without one nothing gives way.
    """

    def __init__(self, tell: Callable[[], None], gauge: strain.Gauge | None = None) -> None:
        self.done = 0
        self.total = 0
        self._began = time.monotonic()
        self._going = asyncio.Event()
        self._going.set()
        self._tell = tell
        self._gauge = gauge
        self._looked_at = float("-inf")
        self._working_since = self._began
        self.strain = strain.NONE

    def update(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self._tell()

    async def check_in(self) -> None:
        await self._going.wait()
        if self._gauge is not None:
            await self._give_way(self._gauge)

    async def _give_way(self, gauge: strain.Gauge) -> None:
        """Hot or short of memory: a rest as long as the work since the last one; beyond that, wait until it is over."""
        worked_s = time.monotonic() - self._working_since
        await self._look(gauge)
        while self.strain.level == "halt":
            await asyncio.sleep(strain.RETRY_S)
            await self._look(gauge)
        if self.strain.level == "slow":
            await asyncio.sleep(min(strain.LONGEST_REST_S, worked_s))
        await self._going.wait()  # somebody may have paused it meanwhile
        self._working_since = time.monotonic()

    async def _look(self, gauge: strain.Gauge) -> None:
        if time.monotonic() - self._looked_at < strain.READ_EVERY_S:
            return
        self._looked_at = time.monotonic()
        before, self.strain = self.strain, await asyncio.to_thread(gauge.read)
        if self.strain.level != before.level:
            self._tell()

    @property
    def paused(self) -> bool:
        return not self._going.is_set()

    def pause(self) -> None:
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    @property
    def rate(self) -> float:
        """Units per second since the run began."""
        return self.done / max(1e-3, time.monotonic() - self._began)

    @property
    def seconds_left(self) -> float | None:
        return (self.total - self.done) / self.rate if self.done and self.total > self.done else None


class Job(Protocol):
    """A class with these attributes, one instance of which stands in `registry.JOBS`.

    `reads_disks = True` beside them: it reads originals or the backup, and is done together with others that do, so
    that their disks can sleep in between (docs/decisions/0008-sleeping-disks.md).
    """

    name: str
    title: str

    def interval_s(self, settings: Settings) -> float | None:
        """Seconds between runs; None: only when asked."""
        ...

    @property
    def run(self) -> Callable[..., Coroutine[Any, Any, dict[str, Any]]]:
        """`async def run(home, progress, **arguments)`: do it; returns counts for the job's page.

        Cancelled at shutdown: must be safe to run again.
        """
        ...
