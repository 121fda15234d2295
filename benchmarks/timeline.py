"""What the timeline costs over HTTP, and what the idle service weighs: 20,000 files by default.

    python -m benchmarks.timeline [--files 20000] [--requests 2000]

Makes a data directory with generated rows (one month has exactly 180 photos; every photo has a thumbhash, every tenth
a RAW beside it), starts the real service on it as a process of its own, and asks over one kept-alive connection on
loopback with a key, as a program does.  Times are wall clock from the first byte sent to the last byte received.
Memory is the sum of PSS of the service and all its children, one minute after start when `--settle 60` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.db.tables import FileStep, RelatedFile, StoredFile
from appliance.library import keys, libraries, users
from appliance.library.viewers import LOCAL_ADMIN
from appliance.paths import DataPaths
from appliance.steps.registry import STEPS
from appliance.values import new_id, now

MEASURED_MONTH = "2019-07"
MEASURED_COUNT = 180
BATCH = 1000

SERVE = """
import asyncio, sys, uvloop
from pathlib import Path
from appliance.config import Settings
from appliance.daemon import serve
settings = Settings(data=Path(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), scan_interval_min=0)
uvloop.run(serve(settings))
"""


async def make_library(paths: DataPaths, files: int) -> str:
    """Fill a database; returns an admin's key."""
    paths.create()
    db = Database(paths.database, paths.thumbnails)
    await db.open()
    await migrate(db)
    user = await users.add_user(db, LOCAL_ADMIN, username="bench", password="a long password", role="admin")
    _, key = await keys.add_key(db, LOCAL_ADMIN, user_id=user["id"], name="bench", scopes=["all"])
    root = paths.root / "photos"
    await asyncio.to_thread(root.mkdir)
    library = await libraries.add_library(db, name="Photos", root=str(root))
    chance = random.Random(1)
    moments = [datetime(2019, 7, 1, tzinfo=UTC) + timedelta(hours=4 * n) for n in range(MEASURED_COUNT)]
    while len(moments) < files:
        moment = datetime(2012, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(13 * 365 * 24 * 60))
        if moment.strftime("%Y-%m") != MEASURED_MONTH:
            moments.append(moment)
    for start in range(0, files, BATCH):
        rows = [_row(n, moments[n], library["id"], chance) for n in range(start, min(start + BATCH, files))]
        async with db.write():
            await db.insert(StoredFile, rows)
            await db.insert(FileStep, [_step(row["id"], step) for row in rows for step in STEPS])
            await db.insert(RelatedFile, [_raw_of(row["id"], rows[0]["id"]) for row in rows[10::10]])
    await db.close()
    return key


def _row(n: int, moment: datetime, library: str, chance: random.Random) -> dict[str, object]:
    width, height = chance.choice([(4032, 3024), (3024, 4032), (6000, 4000), (1920, 1080)])
    return {
        "id": new_id(),
        "filename": f"IMG_{n:06}.jpg",
        "kind": "photo",
        "mime_type": "image/jpeg",
        "size_bytes": 4_000_000 + n,
        "library": library,
        "content": f"{moment:%Y/%m}/IMG_{n:06}.jpg",
        "content_sha": f"{n:064x}",
        "content_sha1": f"{n:040x}",
        "metadata": json.dumps({"camera_make": "Apple", "camera_model": "iPhone 12", "lens": "back camera " * 8}),
        "start": moment,
        "utc_offset_min": 120,
        "local_start": moment.replace(tzinfo=None).isoformat(timespec="milliseconds"),
        "width": width,
        "height": height,
        "thumbhash": base64.b64encode(chance.randbytes(24)).decode(),
        "created": now(),
        "modified": now(),
    }


def _step(file: object, step: object) -> dict[str, object]:
    name, version = step.name, step.version  # type: ignore[attr-defined]  # a Step
    return {"id": new_id(), "file": file, "step": name, "version": version, "status": "done", "modified": now()}


def _raw_of(file: object, raw: object) -> dict[str, object]:
    return {"id": new_id(), "file": raw, "related": file, "role": "raw_of"}


class Connection:
    """One kept-alive connection, with no client library between the clock and the service."""

    def __init__(self, port: int, key: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._key = key

    def ask(self, path: str, *, etag: str = "") -> tuple[float, bytes, bytes]:
        """(milliseconds, head, body)"""
        extra = f"If-None-Match: {etag}\r\n" if etag else ""
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {self._key}\r\n{extra}\r\n".encode()
        began = time.perf_counter()
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(1 << 18)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            body += self._socket.recv(1 << 18)
        return (time.perf_counter() - began) * 1000, head, body

    def close(self) -> None:
        self._socket.close()


def measure(connection: Connection, name: str, path: str, requests: int, *, etag: str = "") -> str:
    """Print one line; returns the ETag."""
    for _ in range(20):
        connection.ask(path, etag=etag)
    times = []
    head = body = b""
    for _ in range(requests):
        ms, head, body = connection.ask(path, etag=etag)
        times.append(ms)
    times.sort()
    status = head.split(b" ")[1].decode()
    p95 = times[int(len(times) * 0.95)]
    median = statistics.median(times)
    print(f"{name:34} {status}  n={requests}  median {median:.2f} ms  p95 {p95:.2f} ms  {len(body)} bytes")
    return next(line.split(b": ")[1].decode() for line in head.split(b"\r\n") if line.lower().startswith(b"etag"))


def pss_mb(pid: int) -> float:
    process = psutil.Process(pid)
    everyone = [process, *process.children(recursive=True)]
    return sum(one.memory_full_info().pss for one in everyone) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--settle", type=float, default=5.0, help="seconds to wait before memory is measured")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = DataPaths(Path(folder) / "data")
        key = asyncio.run(make_library(paths, args.files))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        service = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(paths.root), str(port)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
        )
        try:
            assert service.stdout is not None
            for line in service.stdout:
                if line.startswith("HOMEROLL READY"):
                    break
            time.sleep(args.settle)
            print(f"{args.files} files; idle, before any request: PSS {pss_mb(service.pid):.1f} MB")
            connection = Connection(port, key)
            etag = measure(connection, "month list", "/api/v1/timeline", args.requests)
            measure(connection, "month list, unchanged", "/api/v1/timeline", args.requests, etag=etag)
            month = f"/api/v1/timeline/{MEASURED_MONTH}"
            etag = measure(connection, f"month of {MEASURED_COUNT} photos", month, args.requests)
            measure(connection, f"month of {MEASURED_COUNT}, unchanged", month, args.requests, etag=etag)
            connection.close()
            print(f"after that: PSS {pss_mb(service.pid):.1f} MB")
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(timeout=30)


if __name__ == "__main__":
    main()
