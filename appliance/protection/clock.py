"""May the clock be believed?  Whatever is removed because it is old asks here first.

A Raspberry Pi has no clock of its own and wakes up in 1970 or in last week; a battery that dies makes years of a night.
Nothing is deleted on the word of a clock that nobody set: after a jump that no time server explains, things are old
only when they have aged since the jump.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.library import kept
from appliance.values import now

if TYPE_CHECKING:
    from appliance.db.engine import Database

STATE = "clock"
#: A clock that shows a time before Homeroll was written is wrong.
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
#: How far the clock may be from where it was last seen: backwards (a correction), forwards (a machine that was off).
BACKWARDS, FORWARDS = timedelta(hours=1), timedelta(days=7)
TIME_ERROR = 5  # sys/timex.h: adjtimex(2) returns it while no time server has set the clock
TIMESYNCD = Path("/run/systemd/timesync/synchronized")


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """When the clock was last looked at, and since when it is not to be believed (by its own time); None: it is."""

    seen: datetime | None = None
    doubted: datetime | None = None


async def look(db: Database, *, moment: datetime | None = None, synchronised: bool | None = None) -> Clock:
    """Look at the clock and remember what it showed.

    moment: what it shows.   synchronised: whether a time server set it; by default the system is asked.
    """
    moment = moment or now()
    if synchronised is None:
        synchronised = await asyncio.to_thread(is_synchronised)
    before = await _remembered(db)
    doubted = before.doubted
    if moment < BUILT:
        doubted = moment
    elif synchronised:
        doubted = None
    elif before.seen is not None and not (before.seen - BACKWARDS <= moment <= before.seen + FORWARDS):
        doubted = moment
    clock = Clock(seen=moment, doubted=doubted)
    async with db.write():
        await kept.remember(db, STATE, clock)
    return clock


async def why_not_old(db: Database, age: timedelta, *, moment: datetime | None = None) -> str:
    """Why nothing can be taken for older than `age` at present, for people; "" when the clock may be believed."""
    moment = moment or now()
    clock = await look(db, moment=moment)
    if moment < BUILT:
        return f"The clock is wrong: it says {moment:%Y-%m-%d}"
    if clock.doubted is not None and moment < clock.doubted + age:
        return f"The clock jumped to {clock.doubted:%Y-%m-%d}, and no time server says that this is right"
    return ""


def is_synchronised() -> bool:
    """Whether a time server has set this machine's clock since it started.  Blocks; asks what may be asked here."""
    with contextlib.suppress(OSError, AttributeError):
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
        if state >= 0:
            return bool(state != TIME_ERROR)
    # A service whose clock is protected (ProtectClock=) may not even ask the kernel.
    if TIMESYNCD.exists():
        return True
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        return subprocess.run(command, capture_output=True, timeout=5, check=False).stdout.strip() == b"yes"
    return False


async def _remembered(db: Database) -> Clock:
    known = await kept.remembered(db, STATE)
    if known is not None:
        return msgspec.convert(known, Clock)
    # The first look: what the library itself has seen is better than nothing.
    return Clock(
        seen=await db.value('SELECT "ended" FROM "job_run" WHERE "ended" IS NOT NULL ORDER BY "ended" DESC LIMIT 1')
    )
