"""`./install.sh try` on a Debian with python3, git and ca-certificates only: from nothing to every picture shown."""

from __future__ import annotations

import re
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.install.machine import SUITES, copy_repository, make_machine, missing_for_a_fresh_machine, start_in
from tests.ports import free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.install,
    pytest.mark.corpus,
    pytest.mark.timeout(1500),
]

# Files of formats/ that hold no pixels to show, and why.
WITHOUT_PIXELS = {
    "raw_metadata_only": "headers of RAW files, cut by their source",
}


@dataclass
class Service:
    """A running `install.sh try` and what it said."""

    process: subprocess.Popen[str]
    port: int
    lines: list[str] = field(default_factory=list)
    ready_after_s: float = 0.0

    def said(self, name: str) -> str:
        """The value of a printed line such as `Password: ...`."""
        found = (re.fullmatch(rf"\s*{name}:\s*(\S+)\s*", line) for line in self.lines)
        return next(match[1] for match in found if match)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def _listen(service: Service, ready: threading.Event, began: float) -> None:
    assert service.process.stdout is not None
    for line in service.process.stdout:
        service.lines.append(line.rstrip())
        sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {line}")
        if line.startswith("HOMEROLL READY "):
            service.ready_after_s = time.monotonic() - began
            ready.set()
    ready.set()  # ended without being ready: the test says what it printed


@pytest.fixture(scope="module", params=SUITES)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, corpus: Path
) -> Iterator[Service]:
    if why := missing_for_a_fresh_machine():
        pytest.skip(why)
    root = tmp_path_factory.mktemp("debian")
    began = time.monotonic()
    make_machine(root, request.param)
    sys.stdout.write(f"a fresh {request.param} after {time.monotonic() - began:.0f} s\n")
    home = copy_repository(root)
    port = free_port()
    command = ("./install.sh", "try", "/media/formats", "--no-browser", "--port", str(port))
    process = start_in(root, *command, photos=corpus / "formats", cwd=home)
    running = Service(process=process, port=port)
    ready = threading.Event()
    listener = threading.Thread(target=_listen, args=(running, ready, time.monotonic()), name="listener")
    listener.start()
    try:
        ready.wait(900)
        yield running
    finally:
        process.kill()
        process.wait(30)
        listener.join(30)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[httpx.Client]:
    """Logged in with the printed credentials."""
    assert service.ready_after_s, service.text
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as http:
        answer = http.post(
            "/api/v1/setup",
            json={
                "one_time_password": service.said("Password"),
                "username": service.said("User"),
                "name": "Admin",
                "password": "quite a long passphrase",
            },
        )
        assert answer.is_success, answer.text
        yield http


@pytest.fixture(scope="module")
def files(client: httpx.Client) -> list[dict[str, Any]]:
    """Every stored file, once each has its pictures and the first have been looked at for faces and words."""
    deadline = time.monotonic() + 600
    while True:
        libraries = client.get("/api/v1/libraries").json()["items"]
        steps = {step["name"]: step for step in client.get("/api/v1/steps").json()["items"]}
        scanned = libraries and all(library["status"] == "ready" and library["last_scan"] for library in libraries)
        shown = not any(steps[name]["running"] + steps[name]["pending"] for name in ("metadata", "renditions"))
        if scanned and shown and all(steps[name]["done"] for name in ("faces", "ocr")):
            break
        failed = [job for job in client.get("/api/v1/jobs").json()["items"] if job["status"] == "failed"]
        assert not failed, failed
        assert not any(steps[name]["failed"] for name in ("faces", "ocr")), steps
        assert time.monotonic() < deadline, steps
        time.sleep(0.5)
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/api/v1/files", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next"]
    return items


def test_it_installs_and_says_that_it_is_ready(service: Service) -> None:
    assert service.ready_after_s, service.text
    sys.stdout.write(f"\nready after {service.ready_after_s / 60:.1f} minutes\n")
    assert service.said("URL").startswith("http://")
    assert service.said("User")
    assert service.said("Password")
    assert service.ready_after_s < 600


def test_every_decodable_file_has_a_thumbnail_a_preview_and_a_date(
    client: httpx.Client,
    files: list[dict[str, Any]],
) -> None:
    shown = [file for file in files if file["kind"] in {"photo", "raw", "video"}]
    assert len(shown) >= 100
    wrong = []
    for file in shown:
        without_pixels = any(part in WITHOUT_PIXELS for part in Path(file["content"]).parts)
        if file["start"] is None:
            wrong.append(f"{file['content']}: no date")
        for url in (file["thumbnail_url"], file["preview_url"]):
            answer = client.get(url) if url else None
            is_picture = answer is not None and answer.headers.get("content-type", "").startswith("image/")
            if not (answer and answer.is_success and is_picture) and not without_pixels:
                wrong.append(f"{file['content']}: {url} {answer and answer.status_code}")
    assert wrong == []


def test_each_failure_has_a_reason_people_can_read(client: httpx.Client) -> None:
    for failure in client.get("/api/v1/failures", params={"limit": 100}).json()["items"]:
        sys.stdout.write(f"{failure['path']}: {failure['step']}: {failure['error']}\n")
        assert failure["error"]
        assert "Traceback" not in failure["error"]
