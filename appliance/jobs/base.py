"""What a job is: one thing done to the whole library, with progress, that can pause where it checks in."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from appliance.config import Settings


class Progress:
    """How far one run is.  `check_in` is where a job lets itself be paused; it also tells the listeners."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.done = 0
        self.total = 0
        self._began = time.monotonic()
        self._going = asyncio.Event()
        self._going.set()
        self._tell = tell

    def update(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self._tell()

    async def check_in(self) -> None:
        await self._going.wait()

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
    """A class with these attributes, one instance of which stands in `registry.JOBS`."""

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
