"""Announces as the service does, in whatever network it is started in: python -m tests.appliance.announcing ID"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from appliance.mdns import Announcer


async def main() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    announcer = Announcer(port=8420, properties={"version": "1.2.3", "path": "/", "id": sys.argv[1]}, look_every_s=0.5)
    await announcer.start()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), 60)
    await announcer.stop()


if __name__ == "__main__":
    asyncio.run(main())
