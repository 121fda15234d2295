"""Originals are read and never written: the same bytes and times after everything Homeroll does with them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from appliance.paths import DataPaths
from tests.conftest import REPOSITORY
from tests.resilience.outcome import assert_nothing_is_left_over, originals, outcome
from tests.resilience.photos import make_folder

if TYPE_CHECKING:
    from pathlib import Path


#: What every file is read by; everything else looks at few of them.
SHOWING = ("metadata", "renditions")


def run(data: Path, library: Path, *steps: str) -> None:
    command = [sys.executable, "-m", "tests.resilience.service", str(data), str(library), *steps]
    subprocess.run(command, cwd=REPOSITORY, timeout=200, check=True)


def ask_again(data: Path) -> int:
    """Make the metadata and the renditions of every file due, as a new version of the steps would."""
    with sqlite3.connect(DataPaths(data).database) as connection:
        changed = connection.execute(
            """UPDATE "file_step" SET "version" = '0' WHERE "step" IN ('metadata', 'renditions')"""
        ).rowcount
        connection.execute("""DELETE FROM "kept_state" WHERE "name" = 'planned_steps'""")
    connection.close()
    return changed


def check_all_that_is_done_with(library: Path, data: Path, *steps: str) -> None:
    before = originals(library)
    run(data, library, *steps)
    assert originals(library) == before
    first = outcome(data)
    run(data, library, *steps)
    assert originals(library) == before
    assert outcome(data) == first
    assert ask_again(data) > 0
    run(data, library, *steps)
    assert originals(library) == before
    assert outcome(data) == first
    assert_nothing_is_left_over(data)


@pytest.mark.slow
def test_originals_are_the_same_after_import_rescan_restart_and_a_second_reading(tmp_path: Path) -> None:
    make_folder(tmp_path / "photos")
    check_all_that_is_done_with(tmp_path / "photos", tmp_path / "data", *SHOWING)


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_originals_of_every_format_are_the_same_afterwards(corpus: Path, tmp_path: Path) -> None:
    for name in ("formats", "sidecars", "live", "names"):
        shutil.copytree(corpus / name, tmp_path / "photos" / name)
    check_all_that_is_done_with(tmp_path / "photos", tmp_path / "data", *SHOWING)


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_originals_are_the_same_after_every_step(corpus: Path, tmp_path: Path) -> None:
    """Of each ending the smallest; faces and words are looked for on previews, and on originals with more pixels."""
    library = tmp_path / "photos"
    library.mkdir()
    of_each: dict[str, Path] = {}
    for path in sorted((corpus / "formats").rglob("*"), key=lambda one: one.stat().st_size, reverse=True):
        if path.is_file():
            of_each[path.suffix.lower()] = path
    assert len(of_each) > 20
    for path in of_each.values():
        shutil.copy2(path, library)
    check_all_that_is_done_with(library, tmp_path / "data")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_library_on_a_read_only_mount_is_imported_like_any_other(tmp_path: Path) -> None:
    library, mounted = tmp_path / "photos", tmp_path / "mounted"
    make_folder(library)
    mounted.mkdir()
    before = originals(library)
    script = """
        mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" || exit 77
        touch "$2/x" 2>/dev/null && exit 78
        exec "$3" -m tests.resilience.service "$4" "$2" metadata renditions
    """
    words = [str(library), str(mounted), sys.executable, str(tmp_path / "data")]
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script, "bash", *words], cwd=REPOSITORY, timeout=110, check=False
    )
    if done.returncode == 77:
        pytest.skip("this machine does not let its root mount")
    assert done.returncode == 0
    assert originals(library) == before
    assert_nothing_is_left_over(tmp_path / "data")
    run(tmp_path / "plain", library, *SHOWING)
    expected, found = outcome(tmp_path / "plain"), outcome(tmp_path / "data")
    assert found["previews"] == expected["previews"]
    assert found["step_count"] == expected["step_count"]
