"""A service that nobody visits is after a day what it was before it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.appliance.pictures import write_jpegs
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 4


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_idle_day_leaves_no_memory_descriptors_threads_rows_or_files(tmp_path: Path) -> None:
    library = tmp_path / "photos"
    write_jpegs(library, 60, size=(640, 480))
    command = [sys.executable, "-m", "tests.resilience.idle_day", str(tmp_path / "data"), str(library), str(DAYS)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    days = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(days) == DAYS
    print(*days, sep="\n")  # noqa: T201 - shown with -s
    # The first day fills caches and makes what is made once.
    second, last = days[1], days[-1]
    for name in ("descriptors", "rows", "pages", "files"):
        assert last[name] <= second[name], name
    assert last["threads"] <= second["threads"] + 1  # a pool's thread may be between two tasks
    assert last["objects"] <= second["objects"] * 1.01
    assert last["memory_kb"] - second["memory_kb"] <= 2048
    assert last["bytes"] <= second["bytes"] * 1.02  # a snapshot may be compressed a little better or worse
