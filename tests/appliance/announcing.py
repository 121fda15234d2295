"""Announces as the service does, in whatever network it is started in: python -m tests.appliance.announcing ID [FILE]

FILE: https is said as long as it is there, and looked for all the time; without it nothing is looked at by the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from appliance.mdns import Announcer


async def main() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    announcer = Announcer(
        port=8420,
        properties={"version": "1.2.3", "path": "/", "id": sys.argv[1]},
        also=lambda: {"https": "8443"} if [path for path in sys.argv[2:] if Path(path).exists()] else {},
        look_every_s=0.5 if sys.argv[2:] else 3600,
    )
    await announcer.start()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), 60)
    await announcer.stop()


if __name__ == "__main__":
    asyncio.run(main())
