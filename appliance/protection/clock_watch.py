"""Hears when the clock is set, and puts right what was written or planned by the wrong time; no polling.

The kernel tells it: a timer on the clock that is cancelled whenever the clock is set, and when the machine wakes up
(timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).  Elsewhere nothing is heard, and the next start sees to it.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from appliance.errors import HomerollError
from appliance.library import moments
from appliance.protection import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from appliance.home import Home

log = logging.getLogger(__name__)

#: Time servers nudge a clock by less; that is no reason to touch anything.
JUMP = timedelta(minutes=5)
_TFD_TIMER_ABSTIME, _TFD_TIMER_CANCEL_ON_SET = 1, 2  # sys/timerfd.h
_TFD_NONBLOCK, _TFD_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
_FAR = struct.pack("4q", 0, 0, 2**40, 0)  # struct itimerspec: no interval, first at a moment 34,000 years away


class ClockWatch:
    """`start` inside the event loop, `stop` at the end.

    replan: what plans by the clock does so anew.   wall, running: seconds by the clock and since the start of the
    machine, sleep included; open_timer: a descriptor that becomes readable when the clock is set, or None.
    """

    def __init__(
        self,
        home: Home,
        replan: Callable[[], Awaitable[None]],
        *,
        wall: Callable[[], float] = time.time,
        running: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        open_timer: Callable[[], int | None] = lambda: open_timer(),
    ) -> None:
        self._home, self._replan = home, replan
        self._wall, self._running, self._open_timer = wall, running, open_timer
        self._descriptor: int | None = None
        self._began = self._seen = (0.0, 0.0)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._began = self._seen = self._wall(), self._running()
        self._descriptor = self._open_timer()
        if self._descriptor is not None:
            asyncio.get_running_loop().add_reader(self._descriptor, self._was_set)

    async def stop(self) -> None:
        self._forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _forget(self) -> None:
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _was_set(self) -> None:
        # A timer that was cancelled stays readable: another one takes its place.
        self._forget()
        self._descriptor = self._open_timer()
        if self._descriptor is not None:
            asyncio.get_running_loop().add_reader(self._descriptor, self._was_set)
        wall, running = self._wall(), self._running()
        should_be = self._seen[0] + running - self._seen[1]
        began, self._seen = self._began[0], (wall, running)
        jump = timedelta(seconds=wall - should_be)
        if abs(jump) >= JUMP:
            self._began = self._seen
        task = asyncio.create_task(self._put_right(jump, began, should_be), name="clock")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _put_right(self, jump: timedelta, began: float, until: float) -> None:
        try:
            if abs(jump) >= JUMP:
                log.warning("clock=set jump_s=%.0f", jump.total_seconds())
                begin, end = datetime.fromtimestamp(began, UTC), datetime.fromtimestamp(until, UTC)
                await moments.shift(self._home.db, begin, end, jump)
                await clock.look(self._home.db)
            await self._replan()
        except HomerollError as error:
            log.warning("clock=set what was planned by it could not be changed: %s", error.message)


def open_timer() -> int | None:
    """A descriptor that becomes readable when somebody sets the clock; None where there is no such thing."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor: int = libc.timerfd_create(time.CLOCK_REALTIME, _TFD_NONBLOCK | _TFD_CLOEXEC)
    except AttributeError:
        return None
    if descriptor < 0:
        return None
    if libc.timerfd_settime(descriptor, _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET, _FAR, None) < 0:
        os.close(descriptor)
        return None
    return descriptor
