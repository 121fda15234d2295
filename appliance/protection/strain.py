"""How hard the machine is pressed: the processor's heat and the memory that is left, as the kernel tells them.

Read while there is work to do and never otherwise.  The service itself always answers; only work on photos gives way:
steps in `steps/runner`, jobs where they check in (`jobs/base.Progress`).
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READ_EVERY_S = 5.0
#: Work that waits looks again after this; work that goes slowly rests as long as it took, and no longer than this.
RETRY_S, LONGEST_REST_S = 30.0, 10.0
#: A Raspberry Pi slows itself down from 80 degrees on, all of it; we do so before, and only where nobody waits.
HOT_C, COOL_C, TOO_HOT_C = 80.0, 75.0, 90.0
#: A 50 megapixel photo takes about 300 MB beside the service.
LOW_MB, TOO_LOW_MB = 384, 160
#: Part of the last ten seconds in which everybody who had something to do waited for memory (kernel: PSI, "full").
PRESSED, TOO_PRESSED = 10.0, 30.0
#: What sensors of the processor are called; others are of batteries, disks and radios.
CPU_ZONES = ("cpu", "soc", "pkg", "core", "acpitz")

Level = Literal["none", "slow", "halt"]


class Strain(msgspec.Struct, frozen=True):
    """slow: one piece of work at a time with rests between, without models unless `models`.   halt: nothing new."""

    level: Level = "none"
    message: str = ""
    hint: str = ""
    models: bool = True


NONE = Strain()


class Gauge:
    """Reads the kernel's files at most every `READ_EVERY_S`; what is too hot must cool down before it is not.

    sys, proc: where the kernel shows them; tests have their own.
    """

    def __init__(
        self,
        *,
        sys: Path = Path("/sys"),
        proc: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._zones, self._proc, self._cgroups = sys / "class" / "thermal", proc, sys / "fs" / "cgroup"
        self._clock = clock
        self._sensors: list[Path] | None = None
        self._read_at = float("-inf")
        self._heat: Level = "none"
        self._strain = NONE

    def read(self) -> Strain:
        """Blocks for the reading of a few small files."""
        moment = self._clock()
        if moment - self._read_at >= READ_EVERY_S:
            self._read_at = moment
            memory, heat = self._memory(), self._warmth()
            self._strain = memory if memory.level == "halt" or heat.level == "none" else heat
        return self._strain

    def _warmth(self) -> Strain:
        celsius = self.celsius()
        if celsius is None:
            return NONE
        if celsius >= TOO_HOT_C or (self._heat == "halt" and celsius >= HOT_C):
            self._heat = "halt"
        elif celsius >= HOT_C or (self._heat != "none" and celsius >= COOL_C):
            self._heat = "slow"
        else:
            self._heat = "none"
            return NONE
        doing = "waits" if self._heat == "halt" else "goes slowly"
        return Strain(
            self._heat,
            f"The processor is hot ({celsius:.0f} °C): work on photos {doing}",
            "It goes on by itself when it is cooler.  A fan, or a place with more air, helps.",
        )

    def celsius(self) -> float | None:
        """Of the processor's hottest sensor; None where the machine has none."""
        if self._sensors is None:
            self._sensors = list(self._find_sensors())
        found = []
        for sensor in self._sensors:
            with contextlib.suppress(OSError, ValueError):
                found.append(int(sensor.read_text(encoding="ascii")) / 1000)
        return max(found, default=None)

    def _find_sensors(self) -> Iterator[Path]:
        for zone in sorted(self._zones.glob("thermal_zone*")):
            with contextlib.suppress(OSError):
                kind = (zone / "type").read_text(encoding="ascii", errors="replace").lower()
                if any(word in kind for word in CPU_ZONES):
                    yield zone / "temp"

    def _memory(self) -> Strain:
        free_mb, waiting = self._available_mb(), self._pressure()
        if (free_mb is not None and free_mb < TOO_LOW_MB) or waiting >= TOO_PRESSED:
            level: Level = "halt"
        elif (free_mb is not None and free_mb < LOW_MB) or waiting >= PRESSED:
            level = "slow"
        else:
            return NONE
        doing = "waits" if level == "halt" else "goes slowly"
        told = f"{free_mb} MB are left" if free_mb is not None and free_mb < LOW_MB else "programs wait for it"
        return Strain(
            level,
            f"Memory is short ({told}): work on photos {doing}",
            "It goes on by itself when there is more.  End other programs, add swap, or use smaller models.",
            models=False,
        )

    def _available_mb(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in (self._proc / "meminfo").read_text(encoding="ascii").splitlines():
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) >> 10
        return None

    def _pressure(self) -> float:
        """The greater one of the machine's and of our own group's, which systemd gives a limit of its own."""
        files = [self._proc / "pressure" / "memory"]
        with contextlib.suppress(OSError):
            own = (self._proc / "self" / "cgroup").read_text(encoding="utf-8").strip().rpartition("::/")[2]
            files.append(self._cgroups / own / "memory.pressure")
        return max(map(_full, files))


def _full(file: Path) -> float:
    """`full avg10=0.00 ...`; 0 where the kernel does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in file.read_text(encoding="ascii").splitlines():
            if line.startswith("full "):
                return float(line.split()[1].removeprefix("avg10="))
    return 0.0
