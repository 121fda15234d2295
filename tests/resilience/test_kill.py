"""kill -9 at any moment of an import: started again, it ends with what an undisturbed one ends with."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import REPOSITORY
from tests.resilience.outcome import assert_nothing_is_left_over, originals, outcome
from tests.resilience.photos import make_folder

if TYPE_CHECKING:
    from pathlib import Path

KILLS = int(os.environ.get("TEST_KILLS", "100"))
LATEST_KILL_S = 1.3  # an undisturbed import takes 3; what was done before a kill is not done again


def start(data: Path, library: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.resilience.service", str(data), str(library), "metadata", "renditions"]
    return subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)


def killed_after(seconds: float, data: Path, library: Path) -> bool:
    """Start it and kill it; False when it had finished before.  Whatever it started must be gone as well."""
    service = start(data, library)
    try:
        assert service.wait(timeout=seconds) == 0, "it died by itself"
    except subprocess.TimeoutExpired:
        family = psutil.Process(service.pid).children(recursive=True)
        os.killpg(service.pid, signal.SIGKILL)
        service.wait()
        _, left = psutil.wait_procs(family, timeout=5)
        assert left == []
        return True
    return False


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_that_is_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    library = tmp_path / "photos"
    make_folder(library)
    before = originals(library)
    assert len(before) >= 300
    began = time.monotonic()
    undisturbed = tmp_path / "undisturbed"
    assert start(undisturbed, library).wait(timeout=120) == 0
    expected = outcome(undisturbed)
    assert_nothing_is_left_over(undisturbed)
    undisturbed_s = time.monotonic() - began

    chance = random.Random(20_24)
    kills = rounds = 0
    data = tmp_path / "killed"
    while kills < KILLS:
        if killed_after(chance.uniform(0.0, LATEST_KILL_S), data, library):
            kills += 1
        else:
            rounds += 1
            check(data, expected)
            shutil.rmtree(data)
    assert start(data, library).wait(timeout=120) == 0
    check(data, expected)
    assert originals(library) == before
    print(f"{kills} kills over {rounds + 1} imports; an undisturbed one took {undisturbed_s:.1f} s")  # noqa: T201 - shown with -s


def check(data: Path, expected: dict[str, object]) -> None:
    found = outcome(data)
    for name, rows in expected.items():
        assert found[name] == rows, f"{name} differs"
    assert_nothing_is_left_over(data)
