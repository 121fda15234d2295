"""Tells systemd how the service is (sd_notify(3)): ready, alive, stopping.  Elsewhere every call does nothing.

The protocol is one datagram to the socket that $NOTIFY_SOCKET names; the libraries for it are larger than it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import HomerollError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

log = logging.getLogger(__name__)

CHECK_TIMEOUT_S = 20.0


class Supervisor:
    """Whoever started us and wants to hear; `environ` is the process' own, read once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        folder = environ.get("RUNTIME_DIRECTORY", "")
        self.runtime_folder = Path(folder) if folder and self._address else None
        """A folder in memory, gone when the service is stopped, that only its group may read."""
        ours = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        microseconds = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(microseconds) / 1e6 if ours and microseconds.isdigit() and self._address else 0.0
        """Within how many seconds it wants a sign of life; 0 when it wants none."""

    def ready(self, status: str) -> None:
        self._tell(f"READY=1\nSTATUS={status}")

    def refusing(self, why: str) -> None:
        """Before an exit that nothing but a person can do something about: `systemctl status` goes on showing it."""
        self._tell(f"STATUS={' '.join(why.split())}")

    def stopping(self) -> None:
        self._tell("STOPPING=1\nSTATUS=Stopping")

    async def watch(self, is_alive: Callable[[], Awaitable[object]]) -> None:
        """Give a sign of life while `is_alive` answers, for ever.  Cancelled at the stop.

        is_alive: raises, or does not return, when the service is of no use any more; systemd then starts another.
        """
        while self.watchdog_s:
            try:
                async with asyncio.timeout(min(CHECK_TIMEOUT_S, self.watchdog_s / 2)):
                    await is_alive()
            except (HomerollError, OSError, TimeoutError) as error:
                log.error("watchdog: the database does not answer (%s)", error)
            else:
                self._tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 3)

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        # An abstract socket's name begins with a zero byte, written as @.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.connect(address)
            channel.send(state.encode())
