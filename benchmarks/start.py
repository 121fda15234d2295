"""How long a start with a large library takes until the first answer, and a stop in the middle of work.

    python -m benchmarks.start [--files 100000] [--repeat 5] [--photos FOLDER]

Start: from the moment the process is made until GET /api/v1/timeline was answered with 200, asked every 10 ms; after a
clean stop, and after a kill (when every page of the database is read first).  The page cache is warm, and dropped
before each start when that is permitted (`cold`).
Stop: SIGTERM while FOLDER is being imported, two clients upload, and a page listens for messages; until the process and
its children are gone.  What was acknowledged is then looked up, and the import goes on after the next start.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from appliance.paths import DataPaths
from benchmarks.timeline import make_library

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(data: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "appliance.cli", "serve", "--data", str(data), "--host", "127.0.0.1"]
    log = data.with_suffix(".log").open("ab")
    return subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=REPOSITORY,
        stdout=log,
        stderr=log,
        env=os.environ | {"HOMEROLL_SCAN_INTERVAL_MIN": "0"},
        start_new_session=True,
    )


def until_answered(port: int, key: str, limit_s: float = 120.0) -> None:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/timeline", headers={"x-api-key": key}, timeout=30)
            answer.raise_for_status()
            return
        time.sleep(0.01)
    raise TimeoutError("no answer")


def start_s(data: Path, key: str, end: Callable[[subprocess.Popen[bytes]], None]) -> float:
    port = free_port()
    began = time.perf_counter()
    process = spawn(data, port)
    try:
        until_answered(port, key)
        return time.perf_counter() - began
    finally:
        end(process)
        process.wait(timeout=60)


def terminate(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def forget_pages() -> bool:
    """Drop what the system keeps of files in memory; False where that is not permitted."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("1", encoding="ascii")
    except OSError:
        return False
    return True


class Client(threading.Thread):
    """Uploads one file after another until the service goes."""

    def __init__(self, url: str, key: str, number: int) -> None:
        super().__init__()
        self.url, self.key, self.number = url, key, number
        self.kept: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, headers={"x-api-key": self.key}, timeout=30) as client:
            for count in range(100_000):
                data = b"\xff\xd8\xff\xe0" + f"{self.number} {count}".encode() + os.urandom(1_000_000)
                try:
                    answer = client.post("/files", files={"file": (f"{self.number}-{count}.jpg", data)})
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    self.kept.append(answer.json()["items"][0]["file"]["id"])


class Listener(threading.Thread):
    """An open page."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__()
        self.url, self.key = url, key

    def run(self) -> None:
        with (
            contextlib.suppress(httpx.TransportError),
            httpx.stream("GET", f"{self.url}/messages", headers={"x-api-key": self.key}, timeout=60) as answer,
        ):
            for _ in answer.iter_bytes():
                pass


def stop_under_load(data: Path, key: str, photos: Path) -> dict[str, object]:
    port = free_port()
    process = spawn(data, port)
    until_answered(port, key)
    url, headers = f"http://127.0.0.1:{port}/api/v1", {"x-api-key": key}
    httpx.post(f"{url}/libraries", headers=headers, json={"name": "new", "root": str(photos)}, timeout=60)
    clients = [Client(url, key, number) for number in range(2)]
    threads: list[threading.Thread] = [*clients, Listener(url, key)]
    for thread in threads:
        thread.start()
    time.sleep(5)
    family = psutil.Process(process.pid).children(recursive=True)
    began = time.perf_counter()
    terminate(process)
    process.wait(timeout=60)
    psutil.wait_procs(family, timeout=10)
    took = time.perf_counter() - began
    for thread in threads:
        thread.join()
    kept = [file for client in clients for file in client.kept]
    port = free_port()
    process = spawn(data, port)
    try:
        until_answered(port, key)
        url = f"http://127.0.0.1:{port}/api/v1"
        there = [httpx.head(f"{url}/files/{file}/content", headers=headers, timeout=60).status_code for file in kept]
    finally:
        terminate(process)
        process.wait(timeout=60)
    return {
        "stop_s": round(took, 2),
        "children_then": len(family),
        "acknowledged": len(kept),
        "there": there.count(200),
        "exit_code": process.returncode,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--photos", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths = DataPaths(Path(scratch) / "data")
        key = asyncio.run(make_library(paths, args.files))
        start_s(paths.root, key, terminate)  # its plan is completed
        told: dict[str, object] = {
            "files": args.files,
            "database_mb": round(paths.database.stat().st_size / 1e6, 1),
            "warm_s": [round(start_s(paths.root, key, terminate), 2) for _ in range(args.repeat)],
        }
        if forget_pages():
            cold = []
            for _ in range(args.repeat):
                forget_pages()
                cold.append(round(start_s(paths.root, key, terminate), 2))
            told["cold_s"] = cold
        start_s(paths.root, key, kill)
        after_kill = []
        for _ in range(args.repeat):
            after_kill.append(round(start_s(paths.root, key, kill), 2))
        told["after_kill_s"] = after_kill
        told["median_warm_s"] = statistics.median(told["warm_s"])  # type: ignore[arg-type]  # a list of floats
        if args.photos is not None:
            folder = Path(scratch) / "photos"
            shutil.copytree(args.photos, folder)
            told["stop"] = [stop_under_load(paths.root, key, folder)]
        print(json.dumps(told))


if __name__ == "__main__":
    main()
