"""The machine: its Python and programs, memory, heat and clock."""

from __future__ import annotations

import contextlib
import platform
import shutil
import sqlite3
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.doctor.base import House, Said

MEMORY_BROKEN_MB, MEMORY_WARNING_MB = 256, 700  # a 50 megapixel photo takes about 300 beside the service's 100
WATCHES_SPARE = 1.2
AHEAD_S = 300.0
SYS = Path("/sys")
#: Of the word that a Raspberry Pi's firmware says: too little voltage, now and once; the processor held back.
_LOW_NOW, _CAPPED, _SLOWED, _WARM, _LOW_ONCE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 16
SUPPLY = "Use the supply made for it (5 V and 3 A, for a Pi 5 5 A) and a short cable; give disks a supply of their own."


def check_python(house: House) -> Iterator[Said]:
    version = platform.python_version()
    if not ((3, 11) <= sys.version_info[:2] <= (3, 13)):
        yield "broken", f"Python {version}", "Use Python 3.11, 3.12 or 3.13: ./install.sh deps chooses one."
    elif sys.maxsize <= 2**32:
        yield "broken", f"Python {version} is 32 bit", "Install a 64-bit system; the models and SQLite need it."
    else:
        yield "ok", f"Python {version} ({sys.executable})", ""


def check_sqlite(house: House) -> Iterator[Said]:
    from appliance.db import engine

    engine.check_sqlite()
    connection = sqlite3.connect(":memory:")
    try:
        connection.enable_load_extension(True)
        connection.load_extension(str(engine.sqlite_vec_path()))
        vec = connection.execute("SELECT vec_version()").fetchone()[0]
    except sqlite3.OperationalError as error:
        yield "broken", f"sqlite-vec cannot be loaded: {error}", "Run ./install.sh deps again."
        return
    finally:
        connection.close()
    yield "ok", f"SQLite {sqlite3.sqlite_version} with sqlite-vec {vec}", ""


def check_programs(house: House) -> Iterator[Said]:
    wanted = (
        ("exiftool", "libimage-exiftool-perl", "rare formats have no dates and places"),
        ("ffmpeg", "ffmpeg", "videos have no pictures"),
        ("ffprobe", "ffmpeg", "videos have no dates and lengths"),
    )
    found = [(program, shutil.which(program)) for program, _, _ in wanted]
    for (program, path), (_, package, cost) in zip(found, wanted, strict=True):
        if path is None:
            yield "broken", f"{program} is not installed: {cost}", f"sudo apt-get install {package}"
    if all(path for _, path in found):
        yield "ok", ", ".join(program for program, _ in found), ""


def check_memory(house: House) -> Iterator[Said]:
    import psutil

    free_mb, total_mb = psutil.virtual_memory().available // 2**20, psutil.virtual_memory().total // 2**20
    text = f"{free_mb:,} MB available of {total_mb:,}"
    if free_mb < MEMORY_BROKEN_MB:
        yield "broken", text, "End other programs, or add swap."
    elif free_mb < MEMORY_WARNING_MB:
        yield "warning", text, "Large photos may fail: set compute_workers to 1, or add swap."
    else:
        yield "ok", text, ""


def check_heat(house: House) -> Iterator[Said]:
    from appliance.protection.strain import HOT_C, Gauge

    celsius = Gauge().celsius()
    if celsius is None:
        yield "ok", "this machine has no sensor of the processor's heat", ""
    elif celsius >= HOT_C:
        yield (
            "warning",
            f"{celsius:.0f} °C: work on photos goes slowly from {HOT_C:.0f} on",
            "A fan, or more air, helps.",
        )
    else:
        yield "ok", f"{celsius:.0f} °C", ""


def check_power(house: House) -> Iterator[Said]:
    """A Raspberry Pi tells whether its supply is strong enough, and what it does about that and about heat."""
    bits = _throttled(SYS)
    if bits is None:
        yield "ok", "this machine does not tell about its supply", ""
    elif bits & _LOW_NOW:
        yield "broken", f"the supply is too weak just now{_slowed(bits)}", SUPPLY
    elif bits & _LOW_ONCE:
        yield "warning", "the supply was too weak at some time since the start", SUPPLY
    elif bits & (_CAPPED | _SLOWED | _WARM):
        yield "warning", f"the supply is strong enough{_slowed(bits)}", "A fan, or more air, helps."
    else:
        yield "ok", "the supply is strong enough", ""


def _slowed(bits: int) -> str:
    return ", and the processor is held back" if bits & (_CAPPED | _SLOWED | _WARM) else ""


def _throttled(sys: Path) -> int | None:
    """As `vcgencmd get_throttled` says it, from what the kernel shows: the firmware's own word, or its alarm alone."""
    for word in sorted(sys.glob("devices/platform/soc*/*firmware/get_throttled")):
        with contextlib.suppress(OSError, ValueError):
            return int(word.read_text(encoding="ascii"), 16)
    for name in sorted(sys.glob("class/hwmon/hwmon*/name")):
        with contextlib.suppress(OSError, ValueError):
            if name.read_text(encoding="ascii").strip() == "rpi_volt":
                alarm = int((name.parent / "in0_lcrit_alarm").read_text(encoding="ascii"))
                return _LOW_NOW if alarm else 0
    return None


def check_clock(house: House) -> Iterator[Said]:
    from appliance.protection.clock import BUILT, is_synchronised

    now = time.time()
    newest = house.paths.database.stat().st_mtime if house.there else 0.0
    shown, set_it = time.strftime("%Y-%m-%d %H:%M %Z"), "Set it: sudo timedatectl set-ntp true."
    if now < BUILT.timestamp():
        yield "broken", f"it says {shown}", f"{set_it}  A Pi has no clock of its own."
    elif newest > now + AHEAD_S:
        yield "broken", f"it says {shown}, yet the database was written later", set_it
    elif not is_synchronised():
        hint = f"{set_it}  Until then nothing is deleted for its age after the clock has jumped."
        yield "warning", f"{shown}; no time server has set it since the machine started", hint
    else:
        yield "ok", f"{shown}, set by a time server", ""


def check_watching(house: House) -> Iterator[Said]:
    limit_file = Path("/proc/sys/fs/inotify/max_user_watches")
    if not house.settings.watch or not limit_file.is_file():
        yield "ok", "folders are scanned, not watched", ""
        return
    limit = int(limit_file.read_text(encoding="ascii"))
    sql = "SELECT count(*) FROM (SELECT DISTINCT library, folder FROM file_path)"
    folders = int((house.rows(sql) or [(0,)])[0][0])
    text = f"{folders:,} folders to watch, {limit:,} allowed"
    if folders * WATCHES_SPARE > limit:
        yield (
            "warning",
            f"{text}: some changes are seen only by the next scan",
            f"echo fs.inotify.max_user_watches={max(524288, folders * 4)} | sudo tee /etc/sysctl.d/60-homeroll.conf"
            " && sudo sysctl --system",
        )
    else:
        yield "ok", text, ""
