"""Commands as a family's admin types them: real processes, a real service, a real unix socket, or no service at all."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[3]
START_S = 90


class Machine:
    """A data directory, a folder of photos, and `homeroll` on the PATH."""

    def __init__(self, folder: Path) -> None:
        # longer than a unix socket's name may be
        self.data = folder / ("a-rather-long-name-for-a-data-directory-" * 3)
        self.photos = folder / "photos"
        self.data.mkdir()
        self.photos.mkdir()
        self.log_file = folder / "service.log"
        self.url = ""
        self.service: subprocess.Popen[str] | None = None

    def run(self, *words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.words(*words), **self.how(environ), input=stdin, timeout=90, check=False)

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "appliance.cli", *words]

    def how(self, environ: dict[str, str]) -> dict[str, Any]:
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "HOMEROLL_DATA": str(self.data)}
        return {"env": own | environ, "cwd": self.photos.parent, "text": True, "capture_output": True}

    def start(self, *words: str) -> None:
        """Run the service until it is ready; `self.log` is what it says."""
        how = self.how({}) | {"stderr": subprocess.STDOUT}
        del how["capture_output"]
        with self.log_file.open("w") as log:
            words = ("serve", "--host", "127.0.0.1", "--port", "0", *words)
            self.service = subprocess.Popen(self.words(*words), stdout=log, **how)
        deadline = time.monotonic() + START_S
        while not (ready := re.search(r"^HOMEROLL READY (\S+)\n", self.log, re.MULTILINE)):
            if self.service.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                pytest.fail(f"the service did not get ready: {self.log}")
            time.sleep(0.05)
        self.url = ready[1]

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.service is not None
        service, self.service = self.service, None
        service.send_signal(how)
        try:
            return service.wait(timeout=90)
        finally:
            service.kill()
            service.wait()


def picture(path: Path, shade: int) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), (shade, 120, 255 - shade)).save(path, "JPEG")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    for number in range(5):
        picture(machine.photos / f"2024/{number}.jpg", number * 40)
    yield machine
    if machine.service is not None:
        machine.stop(signal.SIGKILL)


def test_with_a_service_commands_ask_it_and_numbers_are_what_happened_on_disk(machine: Machine) -> None:
    machine.start("--library", str(machine.photos))
    assert re.search(r"^URL: http://127\.0\.0\.1:\d+$", machine.log, re.MULTILINE)
    assert re.search(r"^User: admin\nPassword: \S+$", machine.log, re.MULTILINE)

    first = machine.json("scan", "--wait")
    assert list(first) == ["found", "added", "changed", "moved", "missing", "failed", "seconds"]
    assert (first["found"], first["failed"]) == (5, 0)
    steps = {step["name"]: step for step in machine.json("status")["steps"]}
    assert steps["renditions"]["done"] == 5

    picture(machine.photos / "new.jpg", 33)
    (machine.photos / "elsewhere").mkdir()
    (machine.photos / "2024/0.jpg").rename(machine.photos / "elsewhere/renamed.jpg")
    (machine.photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    second = machine.json("scan", "--wait", "--library", "photos")
    assert second["found"] == 7
    # the watcher may have seen some of it before the scan did
    assert second["added"] <= 2
    assert second["moved"] <= 1
    assert second["missing"] == 0
    assert second["failed"] >= 1

    # what an admin types next
    key = machine.run("key", "create", "admin", "--scope", "all")
    assert re.fullmatch(r"\S+\n", key.stdout), key.stderr
    over_http = httpx.get(f"{machine.url}/api/v1/timeline", headers={"x-api-key": key.stdout.strip()})
    assert over_http.json()["total"] >= 6
    elsewhere = machine.run("library", "list", "--json", "--url", machine.url, HOMEROLL_KEY=key.stdout.strip())
    assert json.loads(elsewhere.stdout)[0]["root"] == str(machine.photos)
    key_id = machine.json("key", "list")[0]["id"]
    assert machine.run("key", "revoke", key_id).returncode == 0
    refused = machine.run("status", "--url", machine.url, HOMEROLL_KEY=key.stdout.strip())
    assert (refused.returncode, refused.stdout) == (1, "")

    # users
    assert machine.run("user", "add", "Anna", "--name", "Anna B", stdin="correct horse battery\n").returncode == 0
    assert machine.run("user", "role", "anna", "admin").returncode == 0
    assert {user["username"]: user["role"] for user in machine.json("user", "list")} == {
        "admin": "admin",
        "anna": "admin",
    }
    assert machine.run("user", "password", "anna", stdin="another horse battery\n").returncode == 0
    login = {"username": "anna", "password": "another horse battery"}
    assert httpx.post(f"{machine.url}/api/v1/auth/login", json=login).status_code in {200, 201}
    assert machine.run("user", "remove", "anna", "--yes").returncode == 0

    # settings, libraries, health
    assert machine.run("config", "set", "night_window", "23:00-06:00").returncode == 0
    items = {item["name"]: item for item in machine.json("config")}
    assert items["night_window"]["value"] == "23:00-06:00"
    assert items["port"]["origin"] == "default"
    assert machine.run("config", "set", "night_window", "").returncode == 0
    assert machine.run("library", "rename", "photos", "Family").returncode == 0
    assert machine.run("library", "remove", "Family", "--yes").returncode == 0
    assert (machine.photos / "2024/1.jpg").is_file()
    findings = json.loads(machine.run("doctor", "--json").stdout)
    assert [item for item in findings if item["state"] == "broken" and item["check"] != "programs"] == []

    assert machine.stop() == 0
    assert not (machine.data / "admin.sock").exists()
    assert machine.run("status").returncode == 1


def test_with_no_service_commands_open_the_data_themselves_and_leave_it_free(machine: Machine) -> None:
    assert machine.run("library", "add", "photos", "--name", "Family").returncode == 0
    numbers = machine.json("scan", "--until", "renditions")
    assert {name: numbers[name] for name in ("found", "missing", "failed")} == {"found": 5, "missing": 0, "failed": 0}
    assert machine.json("library", "list")[0]["files"] == 5
    key = machine.run("key", "create", "admin", "--scope", "all")
    assert re.fullmatch(r"\S+\n", key.stdout), key.stderr
    shutil.move(machine.photos / "2024", machine.photos / "2025")
    again = machine.json("scan", "--wait", "--until", "renditions")
    assert (again["moved"], again["added"], again["missing"]) == (5, 0, 0)
    assert machine.run("status").returncode == 1

    assert (machine.data / "homeroll.db").stat().st_mode & 0o007 == 0

    # the same data, then served: what commands did is there
    machine.start()
    answer = httpx.get(f"{machine.url}/api/v1/timeline", headers={"x-api-key": key.stdout.strip()})
    assert answer.json()["total"] == 5
    assert machine.stop(signal.SIGINT) == 0


def test_a_second_service_on_the_same_data_is_told_who_has_it(machine: Machine) -> None:
    machine.start()
    assert machine.service is not None
    second = machine.run("serve", "--host", "127.0.0.1", "--port", "0")
    assert (second.returncode, second.stdout) == (1, "")
    assert f"in use by `homeroll serve` (process {machine.service.pid})" in second.stderr
    assert "Traceback" not in second.stderr
    assert machine.run("status").returncode == 0


def test_a_killed_service_leaves_a_socket_that_stops_nobody(machine: Machine) -> None:
    machine.start()
    machine.stop(signal.SIGKILL)
    assert (machine.data / "admin.sock").exists()
    assert machine.run("user", "list").returncode == 0
    machine.start()
    assert machine.run("status").returncode == 0


def test_ctrl_c_ends_a_waiting_scan_quietly_and_the_data_is_free(machine: Machine) -> None:
    for number in range(100):
        picture(machine.photos / f"many/{number}.jpg", number)
    machine.run("library", "add", "photos")
    how = machine.how({}) | {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    del how["capture_output"]
    scan = subprocess.Popen(machine.words("scan", "--wait", "--json"), **how)
    try:
        with contextlib.closing(sqlite3.connect(machine.data / "homeroll.db", timeout=30)) as database:
            while scan.poll() is None and not database.execute("SELECT 1 FROM stored_file").fetchone():
                time.sleep(0.05)
        scan.send_signal(signal.SIGINT)
        out, err = scan.communicate(timeout=60)
    finally:
        scan.kill()
        scan.communicate()
    if scan.returncode != 0:  # it may have been faster than this test
        assert (scan.returncode, out, err) == (130, "", "")
    assert machine.json("scan", "--until", "renditions")["found"] == 105
