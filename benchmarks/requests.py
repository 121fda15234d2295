"""What recording requests costs: off, sampled and full, side by side in one run over loopback.

    python -m benchmarks.requests [--files 20000] [--rounds 150] [--against DIR]

One service with generated rows; the ways of recording take turns, `BLOCK` requests each, in an order that changes from
round to round, so that whatever else the machine does hits all of them alike.  Each round gives one ratio to `off` for
each way: of the median wall-clock time of its requests, and of the processor time that the service used for them.  What
is printed is the median of these ratios and their quartiles.

`again` is `off` once more: how far two that are the same differ here.  --against: another checkout, such as of the
commit before recording was there.  Its service then runs beside, on a copy of the same data, and the two take turns:
`off` against it is what the possibility alone costs.  `--against .` says how far two processes of the same differ.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx

from appliance.paths import DataPaths
from benchmarks.timeline import MEASURED_MONTH, SERVE, Connection, make_library

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 20
UNCOUNTED = 3  # of each block: the first ones after another process ran find colder caches
WARM = 300
HERE = Path(__file__).resolve().parent.parent
ROUTES = {
    "month list": "/api/v1/timeline",
    "one month": f"/api/v1/timeline/{MEASURED_MONTH}",
    "list of 50 files": "/api/v1/files?limit=50",
}


class Cost(NamedTuple):
    """Of one block: the median request's wall clock, and processor time of a request on average."""

    wall_ms: float
    cpu_ms: float


class Running:
    def __init__(self, process: subprocess.Popen[str], data: Path, port: int, key: str) -> None:
        self.pid = process.pid
        self.connection = Connection(port, key)
        transport = httpx.HTTPTransport(uds=str(data / "admin.sock"))
        self._admin = httpx.Client(transport=transport, base_url="http://localhost/api/v1", timeout=60)

    def record(self, mode: str) -> None:
        """ "" asks for nothing that a service without recording does not know."""
        match mode:
            case "":
                self._admin.get("/server").raise_for_status()
            case "off":
                self._admin.post("/requests/stop").raise_for_status()
            case _:
                self._admin.post("/requests/record", json={"mode": mode, "minutes": 120}).raise_for_status()

    def cpu_ns(self) -> int:
        """Of every thread of the process, by its own clock, clock_getcpuclockid(3): `stat` counts hundredths."""
        return time.clock_gettime_ns(~self.pid << 3 | 2)

    def block(self, path: str) -> Cost:
        before = self.cpu_ns()
        times = [self.connection.ask(path)[0] for _ in range(BLOCK)]
        return Cost(statistics.median(times), (self.cpu_ns() - before) / BLOCK / 1e6)


@contextlib.contextmanager
def serving(checkout: Path, data: Path, key: str) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(data), str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("HOMEROLL READY"):
                break
        running = Running(process, data, port, key)
        yield running
        running.connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def compare(name: str, path: str, ways: dict[str, tuple[Running, str]], rounds: int) -> None:
    """Print one line for each way."""
    costs: dict[str, list[Cost]] = {way: [] for way in ways}
    for service in {id(service): service for service, _ in ways.values()}.values():
        for _ in range(WARM):
            service.connection.ask(path)
    order = list(ways)
    chance = random.Random(1)
    for _ in range(rounds):
        chance.shuffle(order)
        for way in order:
            service, mode = ways[way]
            service.record(mode)
            for _ in range(UNCOUNTED):
                service.connection.ask(path)
            costs[way].append(service.block(path))
    for way, found in costs.items():
        wall = _ratios([cost.wall_ms for cost in found], [cost.wall_ms for cost in costs["off"]])
        cpu = _ratios([cost.cpu_ms for cost in found], [cost.cpu_ms for cost in costs["off"]])
        median = statistics.median(cost.wall_ms for cost in found)
        busy = statistics.median(cost.cpu_ms for cost in found)
        print(f"{name:18} {way:8} median {median:6.3f} ms {wall}   processor {busy:6.3f} ms {cpu}", flush=True)


def _ratios(ours: list[float], theirs: list[float]) -> str:
    low, middle, high = statistics.quantiles([a / b - 1 for a, b in zip(ours, theirs, strict=True)], n=4)
    return f"{middle:+7.2%} ({low:+.1%} .. {high:+.1%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--against", type=Path, help="another checkout, to compare `off` with")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        data = Path(folder) / "data"
        key = asyncio.run(make_library(DataPaths(data), args.files))
        copy = Path(folder) / "copy"
        shutil.copytree(data, copy)
        service = stack.enter_context(serving(HERE, data, key))
        time.sleep(3)
        ways = {"off": (service, "off"), "again": (service, "off")}
        ways |= {"sampled": (service, "sampled"), "full": (service, "full")}
        for name, path in ROUTES.items():
            compare(name, path, ways, args.rounds)
        if args.against:
            other = stack.enter_context(serving(args.against.resolve(), copy, key))
            time.sleep(3)
            for name, path in ROUTES.items():
                compare(name, path, {"off": (service, "off"), "without": (other, "")}, args.rounds)


if __name__ == "__main__":
    main()
