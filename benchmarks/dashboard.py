"""What the dashboard costs: memory, processor when idle, and what it asks over its socket.

    python -m benchmarks.dashboard [--runs 5] [--idle 60] [--photos 300]

The real service and the real `homeroll tui` on a pseudo-terminal of 80x24.  Between both stands a relay that counts
bytes.  Memory is PSS (smaps_rollup) ten seconds after the start, and after ten screens were open once; processor time
is that of its process over the idle minute; the import is of so many generated photos.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.memory import make_files
from benchmarks.service import REPOSITORY, Service, running

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES, COLUMNS = 24, 80
CELL_PX = (10, 20)
PICTURES = ("blocks", "kitty", "sixel")
LOOKED_AT = 10
SETTLE_S = 10.0
KEYS = "234567890"


class Relay:
    """Passes admin.sock on and counts what goes through it, in a thread of its own."""

    def __init__(self, listen: Path, real: Path) -> None:
        self.up_bytes = self.down_bytes = 0
        self._listen, self._real = listen, real
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def total_bytes(self) -> int:
        return self.up_bytes + self.down_bytes

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_unix_server(self._serve, str(self._listen)))
        self._ready.set()
        self._loop.run_forever()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.1))  # they end
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(str(self._real))
        await asyncio.gather(self._copy(reader, there_writer, "up"), self._copy(there_reader, writer, "down"))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        with contextlib.suppress(ConnectionError):
            while block := await reader.read(1 << 16):
                if way == "up":
                    self.up_bytes += len(block)
                else:
                    self.down_bytes += len(block)
                writer.write(block)
                await writer.drain()
        writer.close()


class Screen:
    """`homeroll tui` on a pseudo-terminal; what it draws is read and counted."""

    def __init__(self, data: Path, pictures: str) -> None:
        self._master, slave = pty.openpty()
        size = struct.pack("HHHH", LINES, COLUMNS, COLUMNS * CELL_PX[0], LINES * CELL_PX[1])
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        words = [sys.executable, "-m", "appliance.cli", "--data", str(data), "tui", "--pictures", pictures]
        environ = os.environ | {"TERM": "xterm-256color"}
        self._child = subprocess.Popen(
            words, cwd=REPOSITORY, env=environ, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.process = psutil.Process(self._child.pid)
        self.drawn_bytes = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the other end closes when it has left
            while block := os.read(self._master, 1 << 16):
                self.drawn_bytes += len(block)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def pss_mb(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("Pss:"))) / 1024

    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    def close(self) -> None:
        self.press("q")
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(timeout=5)
        os.close(self._master)


@contextlib.contextmanager
def watched(between: Path, service: Service, pictures: str = "blocks") -> Iterator[tuple[Screen, Relay]]:
    between.mkdir()
    relay = Relay(between / "admin.sock", service.data / "admin.sock")
    screen = Screen(between, pictures)
    try:
        yield screen, relay
    finally:
        screen.close()
        relay.close()


def measure(runs: int, idle_s: float, photos: int) -> dict[str, Any]:
    found: dict[str, Any] = {"start_mb": [], "all_screens_mb": []}
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch, "data")) as service:
        service.without_models()
        (admin,) = service.ask("GET", "/users")["items"]
        service.ask("PATCH", f"/users/{admin['id']}", username="anna", name="Anna", password="correct horse battery")
        for number in range(runs):
            with watched(Path(scratch, f"between{number}"), service) as (screen, _):
                time.sleep(SETTLE_S)
                found["start_mb"].append(round(screen.pss_mb(), 1))
                for key in KEYS:
                    screen.press(key)
                    time.sleep(1)
                screen.press("\x1b1")
                time.sleep(2)
                found["all_screens_mb"].append(round(screen.pss_mb(), 1))
        with watched(Path(scratch, "idle"), service) as (screen, relay):
            time.sleep(SETTLE_S)
            found |= {f"idle_{name}": value for name, value in _minute(screen, relay, idle_s).items()}
        with watched(Path(scratch, "import"), service) as (screen, relay):
            library = Path(scratch, "library")
            make_files(library, photos)
            time.sleep(SETTLE_S)
            began, before = time.monotonic(), (screen.cpu_s(), relay.total_bytes, screen.drawn_bytes)
            service.add_library(library)
            service.wait(until_steps_are_done=True)
            minutes = (time.monotonic() - began) / 60
            after = (screen.cpu_s(), relay.total_bytes, screen.drawn_bytes)
            cpu_s, socket_bytes, drawn_bytes = (now - then for now, then in zip(after, before, strict=True))
            found |= {
                "import_s": round(minutes * 60, 1),
                "import_cpu_percent": round(100 * cpu_s / (minutes * 60), 2),
                "import_socket_bytes_per_min": round(socket_bytes / minutes),
                "import_terminal_bytes_per_min": round(drawn_bytes / minutes),
            }
        for kind in PICTURES:
            with watched(Path(scratch, kind), service, kind) as (screen, _):
                found |= {f"{kind}_{name}": value for name, value in _pictures(screen).items()}
    found["start_median_mb"] = median(found["start_mb"])
    found["all_screens_median_mb"] = median(found["all_screens_mb"])
    return found


def _minute(screen: Screen, relay: Relay, seconds: float) -> dict[str, float]:
    cpu_s, socket_bytes, drawn_bytes = screen.cpu_s(), relay.total_bytes, screen.drawn_bytes
    time.sleep(seconds)
    return {
        "cpu_percent": round(100 * (screen.cpu_s() - cpu_s) / seconds, 2),
        "socket_bytes_per_min": round((relay.total_bytes - socket_bytes) * 60 / seconds),
        "terminal_bytes_per_min": round((screen.drawn_bytes - drawn_bytes) * 60 / seconds),
    }


def _pictures(screen: Screen) -> dict[str, float]:
    """Of one that shows the photos of a search, one after the other."""
    time.sleep(SETTLE_S)
    screen.press("6")
    time.sleep(2)
    screen.press("kind:photo\r")
    time.sleep(5)
    drawn_bytes, cpu_s = screen.drawn_bytes, screen.cpu_s()
    for _ in range(LOOKED_AT):
        screen.press("\x1b[B")
        time.sleep(1)
    return {
        "mb": round(screen.pss_mb(), 1),
        "bytes_each": round((screen.drawn_bytes - drawn_bytes) / LOOKED_AT),
        "cpu_s_each": round((screen.cpu_s() - cpu_s) / LOOKED_AT, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--idle", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--photos", type=int, default=300)
    args = parser.parse_args()
    print(json.dumps(measure(args.runs, args.idle, args.photos)))


if __name__ == "__main__":
    main()
