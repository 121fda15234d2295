"""A port to start a service on that is told it beforehand."""

from __future__ import annotations

import random
import socket

# Below what systems give out by themselves (32768 and more), so that no test beside this one gets it meanwhile.
FIRST, LAST = 20_000, 32_000


def free_port() -> int:
    """One that nothing listens on, by any of this machine's addresses."""
    while True:
        port = random.SystemRandom().randrange(FIRST, LAST)
        with socket.socket() as taken:
            try:
                taken.bind(("", port))
            except OSError:
                continue
        return port
