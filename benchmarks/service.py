"""The real service for a benchmark: started with its own data directory, asked over its admin socket, always ended."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent


class Service:
    """A running `homeroll serve`; `admin` talks to it as the local admin, without a password."""

    def __init__(self, pid: int, url: str, data: Path) -> None:
        self.pid, self.url, self.data = pid, url, data
        transport = httpx.HTTPTransport(uds=str(data / "admin.sock"))
        self.admin = httpx.Client(transport=transport, base_url="http://localhost/api/v1", timeout=60)

    def ask(self, method: str, path: str, **json: Any) -> Any:
        answer = self.admin.request(method, path, json=json or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def without_models(self) -> None:
        """Only what every photo needs is done: no faces, no text, and no model that somebody installed."""
        self.ask("PATCH", "/settings", find_faces="off", text_reader="off")

    def add_library(self, root: Path) -> None:
        self.ask("POST", "/libraries", name=root.name, root=str(root))

    def steps_left(self) -> int:
        items = self.ask("GET", "/steps")["items"]
        return sum(item["running"] + (0 if item["waits"] else item["pending"]) for item in items)

    def is_scanning(self) -> bool:
        return any(item["status"] == "running" for item in self.ask("GET", "/jobs")["items"])

    def wait(self, *, until_steps_are_done: bool) -> None:
        """Until no job runs, and no step is due if asked."""
        time.sleep(0.5)
        while self.is_scanning() or (until_steps_are_done and self.steps_left()):
            time.sleep(0.2)

    def processes(self) -> list[psutil.Process]:
        service = psutil.Process(self.pid)
        return [service, *service.children(recursive=True)]

    def pss_mb(self) -> float:
        """Proportional set size of the service and everything it started."""
        total = 0
        for process in self.processes():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
        return total / 1024

    def wait_for_children_to_leave(self, *, limit_s: float = 90.0) -> float:
        """Seconds until the service is one process again."""
        began = time.monotonic()
        while len(self.processes()) > 1 and time.monotonic() - began < limit_s:
            time.sleep(0.2)
        return time.monotonic() - began


@contextlib.contextmanager
def running(data: Path, *, environ: dict[str, str] | None = None) -> Iterator[Service]:
    """Start it on a free port; SIGTERM at the end."""
    command = [
        sys.executable,
        "-m",
        "appliance.cli",
        "serve",
        "--data",
        str(data),
        "--host",
        "127.0.0.1",
        "--port",
        "0",
    ]
    log = data.with_suffix(".log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=errors, env=environ) as process,
    ):
        assert process.stdout is not None
        try:
            url = ""
            for line in process.stdout:
                if line.startswith(b"HOMEROLL READY"):
                    url = line.split()[-1].decode()
                    break
            if not url:
                raise RuntimeError(f"the service did not start: {log.read_text()}")
            service = Service(process.pid, url, data)
            yield service
            service.admin.close()
        finally:
            process.terminate()
            process.wait(timeout=30)
