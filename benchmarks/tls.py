"""What https costs: memory of the service, processor time of a request, of a new connection and of a large file.

    python -m benchmarks.tls [--rounds 5]

Each round is a fresh service: the same requests by plain HTTP, then switched on and by TLS, in turn which comes first.
PSS of all its processes is read when the compute child has left.  Processor time is the service's alone (the kernel
counts it in hundredths of a second, so each is over many requests).
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import ssl
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import psutil
from PIL import Image

from benchmarks.service import Service, running

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[[], http.client.HTTPConnection]

REQUESTS, CONNECTIONS, DOWNLOADS, OPEN = 3000, 400, 40, 50


def noise(side: int) -> bytes:
    """A photo that does not compress: about 8 MB at 2400."""
    data = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).save(data, "JPEG", quality=90)
    return data.getvalue()


def cpu_s(service: Service) -> float:
    times = psutil.Process(service.pid).cpu_times()
    return times.user + times.system


def fetch(connection: http.client.HTTPConnection, path: str, key: str) -> int:
    connection.request("GET", path, headers={"x-api-key": key})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (answer.status, body[:200])
    return len(body)


def costs(service: Service, connect: Connect, key: str, file: str) -> dict[str, float]:
    """Milliseconds of the service's processor for each."""
    kept, found = connect(), {}
    fetch(kept, "/api/v1/server", key)
    began = cpu_s(service)
    for _ in range(REQUESTS):
        fetch(kept, "/api/v1/server", key)
    found["request_ms"] = 1000 * (cpu_s(service) - began) / REQUESTS
    began, total = cpu_s(service), 0
    for _ in range(DOWNLOADS):
        total += fetch(kept, f"/api/v1/files/{file}/content", key)
    found["ms_per_mb"] = 1000 * (cpu_s(service) - began) / (total / 1e6)
    kept.close()
    began = cpu_s(service)
    for _ in range(CONNECTIONS):
        new = connect()
        fetch(new, "/api/v1/server", key)
        new.close()
    found["connection_and_request_ms"] = 1000 * (cpu_s(service) - began) / CONNECTIONS
    return found


def opened_mb(service: Service, connect: Connect, key: str) -> float:
    """PSS while OPEN browsers' connections stay open, each of which has fetched something."""
    connections = [connect() for _ in range(OPEN)]
    for connection in connections:
        fetch(connection, "/api/v1/server", key)
    found = service.pss_mb()
    for connection in connections:
        connection.close()
    return found


def measure(photo: bytes, *, tls_first: bool) -> dict[str, float]:
    environ = os.environ | {"HOMEROLL_TLS_PORT": "0", "HOMEROLL_COMPUTE_IDLE_S": "1"}
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch, "data"), environ=environ) as service:
        service.ask("POST", "/steps/pause")
        user = service.ask("GET", "/users")["items"][0]["id"]
        key = service.ask("POST", "/keys", user=user, name="benchmark", scopes=["all"])["key"]
        sent = httpx.post(
            f"{service.url}/api/v1/files", files={"file": ("a.jpg", photo)}, headers={"x-api-key": key}, timeout=60
        )
        file = sent.json()["items"][0]["file"]["id"]
        service.wait_for_children_to_leave()

        def plain() -> http.client.HTTPConnection:
            return http.client.HTTPConnection("127.0.0.1", urlsplit(service.url).port, timeout=60)

        for name, value in costs(service, plain, key, file).items():
            found[f"plain_{name}"] = value
        found["plain_pss_mb"] = service.pss_mb()
        found["plain_open_pss_mb"] = opened_mb(service, plain, key)
        began = time.monotonic()
        service.ask("PATCH", "/settings", tls="on")
        found["switch_on_s"] = time.monotonic() - began
        port = service.ask("GET", "/tls")["port"]
        found["children_left_after_s"] = service.wait_for_children_to_leave()
        found["on_pss_mb"] = service.pss_mb()
        context = ssl.create_default_context(cafile=service.data / "tls/homeroll-ca.crt")

        def safe() -> http.client.HTTPConnection:
            return http.client.HTTPSConnection("localhost", port, timeout=60, context=context)

        if not tls_first:
            again = costs(service, plain, key, file)
        for name, value in costs(service, safe, key, file).items():
            found[f"tls_{name}"] = value
        found["tls_pss_mb"] = service.pss_mb()
        found["tls_open_pss_mb"] = opened_mb(service, safe, key)
        if tls_first:
            again = costs(service, plain, key, file)
        for name, value in again.items():
            found[f"plain_{name}"] = (found[f"plain_{name}"] + value) / 2
        found["both_pss_mb"] = service.pss_mb()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    photo = noise(2400)
    rounds = [measure(photo, tls_first=bool(number % 2)) for number in range(args.rounds)]
    for name in rounds[0]:
        values = sorted(found[name] for found in rounds)
        spread = {"median": statistics.median(values), "least": values[0], "most": values[-1]}
        print(name, json.dumps({key: round(value, 3) for key, value in spread.items()}))
    gained = [found["tls_pss_mb"] - found["plain_pss_mb"] for found in rounds]
    print("gained_pss_mb", json.dumps([round(value, 2) for value in sorted(gained)]))


if __name__ == "__main__":
    main()
