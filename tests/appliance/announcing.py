"""Announces as the service does, in whatever network it is started in: python -m tests.appliance.announcing ID [FILE]

FILE: https is said as long as it is there, by the name that is in it, and looked for all the time; without it nothing
is looked at by the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from appliance.mdns import Announcer, Told


async def told() -> Told:
    properties = {"version": "1.2.3", "path": "/", "id": sys.argv[1]}
    for path in sys.argv[2:]:
        with contextlib.suppress(FileNotFoundError):
            return Told(Path(path).read_text(encoding="utf-8") or "Homeroll", properties | {"https": "8443"})
    return Told("Homeroll", properties)


async def main() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    announcer = Announcer(
        port=8420,
        tells=told,
        look_every_s=0.5 if sys.argv[2:] else 3600,
    )
    await announcer.start()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), 60)
    await announcer.stop()


if __name__ == "__main__":
    asyncio.run(main())
