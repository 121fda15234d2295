"""How full the disks are that hold the data and the libraries; only for a service on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

RATE_AFTER_S = 600.0  # a rate over less than this says nothing about days
RATE_FROM_BYTES = 10 << 20
DAY_S = 86400.0


def measure(places: dict[str, str]) -> list[dict[str, Any]]:
    """One item per disk: `holds` names, `mount`, `free_bytes`, `total_bytes`.  Blocking: call it in a thread.

    places: what is there -> path.  A path that is not there (a disk that is not mounted) is left out.
    """
    disks: dict[int, dict[str, Any]] = {}
    for name, path in places.items():
        with contextlib.suppress(OSError):
            device = Path(path).stat().st_dev
            if device not in disks:
                usage = shutil.disk_usage(path)
                disks[device] = {
                    "holds": [],
                    "mount": str(_mount_of(Path(path))),
                    "free_bytes": usage.free,
                    "total_bytes": usage.total,
                }
            disks[device]["holds"].append(name)
    return list(disks.values())


class Growth:
    """How fast disks fill up while somebody looks."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[float, int]] = {}

    def foresee(self, disks: list[dict[str, Any]], at_s: float) -> list[dict[str, Any]]:
        """The same disks with `days_left` at the rate since the first look; None while there is none to speak of."""
        return [disk | {"days_left": self._days_left(disk, at_s)} for disk in disks]

    def _days_left(self, disk: dict[str, Any], at_s: float) -> float | None:
        since_s, free_bytes = self._first.setdefault(disk["mount"], (at_s, disk["free_bytes"]))
        taken_bytes = free_bytes - disk["free_bytes"]
        if at_s - since_s < RATE_AFTER_S or taken_bytes < RATE_FROM_BYTES:
            return None
        return float(disk["free_bytes"] / (taken_bytes / (at_s - since_s)) / DAY_S)


def _mount_of(path: Path) -> Path:
    path = path.resolve()
    while not os.path.ismount(path):
        path = path.parent
    return path
