"""The real service in a process of its own, for tests that drive a browser."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
START_S = 90.0
STOP_S = 60.0


@dataclass(frozen=True)
class Service:
    """A service that answers; `password` is the one-time password of its first start."""

    url: str
    user: str
    password: str
    data: Path


@contextlib.contextmanager
def running_service(data: Path) -> Iterator[Service]:
    """Start the service on an empty data directory; end it as systemd would."""
    data.mkdir(parents=True, exist_ok=True)
    log = data.with_suffix(".log")
    port = free_port()
    command = [sys.executable, "-m", "appliance.cli", "serve", "--data", str(data), "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            printed = _wait_until_ready(process, log)
            yield Service(
                url=f"http://localhost:{port}",
                user=_line(printed, "User"),
                password=_line(printed, "Password"),
                data=data,
            )
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        printed = log.read_text("utf-8", errors="replace")
        if "HOMEROLL READY" in printed:
            return printed
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"The service did not start:\n{log.read_text('utf-8', errors='replace')}")


def _line(printed: str, label: str) -> str:
    found = re.search(rf"^\s*{label}:\s*(\S+)", printed, re.MULTILINE)
    assert found is not None, f"no line {label!r} in:\n{printed}"
    return found[1]
