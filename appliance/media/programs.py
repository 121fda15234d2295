"""Programs of others, run beside us: none outlives the process that started it, however that one ends."""

from __future__ import annotations

import os
import shutil

# By the time the kernel is asked, the parent may be dead already, and then nothing would come.
_ONLY_FOR_A_LIVING_PARENT = '[ "$PPID" = "$1" ] || exit 143; shift; exec "$@"'


def end_with_us() -> list[str]:
    """Words before a command that let the kernel kill it when the thread that starts it ends; none without setpriv."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    return [setpriv, "--pdeathsig", "KILL", "sh", "-c", _ONLY_FOR_A_LIVING_PARENT, "sh", str(os.getpid())]
