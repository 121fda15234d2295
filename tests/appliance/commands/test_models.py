"""`homeroll models` as it is typed: real processes, a real hub, with a service and without, killed on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from ml.hub import BLOCK_BYTES
from tests.appliance.commands.test_service import Machine
from tests.appliance.tiny import SIZE, WEIGHTS, WORDS
from tests.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ON_THE_WAY = 2 * BLOCK_BYTES + (128 << 10)  # what a kill may cost: a block, and what the kernel holds


class Modelled(Machine):
    """A machine whose Homeroll knows the tests' models and asks the tests' hub."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        super().__init__(folder)
        self.hub = hub
        self.model = self.data / "models" / "tiny"

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tests.appliance.commands.with_tiny", *words]

    def how(self, environ: dict[str, str]) -> dict[str, Any]:
        return super().how({"HF_ENDPOINT": self.hub.url} | environ)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        how = self.how({}) | {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        del how["capture_output"]
        return subprocess.Popen(self.words(*words), **how)

    def until_there(self, size_bytes: int) -> None:
        deadline = time.monotonic() + 90
        while sum(part.stat().st_size for part in self.data.glob("models/.pulls/tiny/*.part")) < size_bytes:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def until_installed(self) -> None:
        deadline = time.monotonic() + 90
        while not self.model.exists():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Modelled]:
    with Hub() as hub:
        hub.publish("family/tiny", "model.onnx", WEIGHTS)
        hub.publish("family/tiny", "words.txt", WORDS)
        found = Modelled(tmp_path, hub)
        yield found
        if found.service is not None:
            found.stop(signal.SIGKILL)


@pytest.mark.slow
def test_without_a_service_a_model_is_pulled_checked_and_removed(machine: Modelled) -> None:
    listed = machine.run("models", "list")
    assert "tiny" in listed.stdout
    assert "not here, add it" in listed.stdout  # from-disk
    assert {item["name"] for item in machine.json("models", "list")} >= {"dlib", "tiny", "huge"}

    unasked = machine.run("models", "pull", "tiny")
    assert unasked.returncode == 1
    assert "Nobody is there to ask" in unasked.stderr
    for known in ("licence   MIT", "memory    64 MB", "from      family/tiny", "Names cats and dogs"):
        assert known in unasked.stderr
    assert machine.hub.requests == []

    pulled = machine.run("models", "pull", "tiny", "--yes")
    assert (pulled.returncode, pulled.stdout) == (0, "tiny: here\n"), pulled.stderr
    assert (machine.model / "model.onnx").read_bytes() == WEIGHTS
    assert machine.run("models", "verify").stdout == "tiny  as installed\n"

    (machine.model / "model.onnx").write_bytes(b"x" + WEIGHTS[1:])
    bad = machine.run("models", "verify", "tiny")
    assert bad.returncode == 1
    assert "model.onnx is not the one that was installed" in bad.stdout
    assert "`homeroll models pull tiny`" in bad.stderr
    assert machine.json("models", "pull", "tiny", "--yes")[0]["installed"]
    assert machine.run("models", "verify").returncode == 0

    assert machine.run("config", "set", "tagging_model", "tiny").returncode == 0
    asked = machine.run("models", "remove", "tiny")
    assert asked.returncode == 1
    assert "Without it these stop: tags" in asked.stderr
    removed = machine.run("models", "remove", "tiny", "--yes")
    assert "tiny is removed; 3.15 MB are free again" in removed.stdout
    assert "These stop until there is another model: tags" in removed.stderr
    assert machine.run("config", "set", "embedding_model", "off").returncode == 0
    assert "In use and not here: tiny." in machine.run("models", "list").stderr
    assert machine.run("models", "pull", "--yes").stdout == "tiny: here\n"
    assert machine.run("models", "pull", "--yes").stdout == "Every model in use is here.\n"


@pytest.mark.slow
def test_without_a_network_models_come_from_a_disk(machine: Modelled, tmp_path: Path) -> None:
    machine.hub.down = True
    failed = machine.run("models", "pull", "tiny", "--yes")
    assert failed.returncode == 1
    assert "cannot be reached" in failed.stderr
    assert "homeroll models add tiny DIR" in failed.stderr
    assert "failed" in machine.run("models", "list").stdout
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "model.onnx").write_bytes(WEIGHTS)
    missing = machine.run("models", "add", "tiny", str(stick), "--yes")
    assert missing.returncode == 1
    assert "words.txt of tiny is not in" in missing.stderr
    (stick / "words.txt").write_bytes(WORDS)
    added = machine.run("models", "add", "tiny", str(stick), "--yes")
    assert (added.returncode, added.stdout) == (0, "tiny: here\n"), added.stderr
    assert machine.run("models", "verify").stdout == "tiny  as installed\n"


def test_one_that_does_not_fit_is_refused_with_the_numbers_unless_forced(machine: Modelled) -> None:
    refused = machine.run("models", "pull", "huge", "--yes")
    assert refused.returncode == 1
    assert "huge needs 1000000 MB of memory; models may use" in refused.stderr
    assert machine.hub.requests == []
    assert machine.run("models", "pull", "huge", "--yes", "--force").returncode == 0


def test_a_killed_command_leaves_what_the_next_one_goes_on_with(machine: Modelled) -> None:
    machine.run("models", "list")
    machine.hub.slow = SIZE
    command = machine.begin("models", "pull", "tiny", "--yes")
    machine.until_there(SIZE * 3 // 10)
    command.kill()
    command.wait()
    assert not machine.model.exists()
    machine.hub.settle()
    assert machine.run("models", "pull", "tiny", "--yes").returncode == 0
    assert (machine.model / "model.onnx").read_bytes() == WEIGHTS
    assert machine.hub.served("model.onnx") < SIZE + ON_THE_WAY


def test_a_killed_service_goes_on_with_a_pull_when_it_is_started_again(machine: Modelled) -> None:
    machine.start()
    machine.hub.slow = SIZE
    started = machine.run("models", "pull", "tiny", "--yes", "--no-wait")
    assert started.returncode == 0, started.stderr
    assert "on its way" in started.stdout
    machine.until_there(SIZE * 3 // 10)
    machine.stop(signal.SIGKILL)
    assert not machine.model.exists()
    machine.hub.settle()
    machine.start()
    machine.until_installed()
    assert machine.hub.served("model.onnx") < SIZE + ON_THE_WAY
    assert machine.json("models", "verify") == [{"name": "tiny", "ok": True, "problems": []}]


def test_a_command_waits_for_what_the_service_fetches(machine: Modelled) -> None:
    machine.start()
    waited = machine.run("models", "pull", "tiny", "--yes")
    assert (waited.returncode, waited.stdout) == (0, "tiny: here\n"), waited.stderr
