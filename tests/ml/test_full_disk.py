"""A disk that is full, or becomes so: told with the numbers, and nothing half-installed.  Real small disks."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.hub import Hub
from tests.ml.fetching import fetch, parts, spec, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 3 << 20
WEIGHTS = os.urandom(SIZE)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """2 MB; mounted, so only for root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        running.publish("family/tiny", "model.onnx", WEIGHTS)
        yield running


def test_a_model_that_does_not_fit_is_refused_before_a_byte_is_fetched(hub: Hub, small_disk: Path) -> None:
    problem = fetch(spec("model.onnx"), small_disk, hub.url)
    assert problem is not None
    assert problem.code == "disk_full"
    assert "needs 4 MB more on the disk; 3 MB are free" in problem.message
    assert problem.again
    assert hub.served("model.onnx") == 0
    assert tree(small_disk) == {}


def test_a_disk_that_becomes_full_is_told_and_given_its_room_back(hub: Hub, small_disk: Path) -> None:
    hub.silent = True
    free = shutil.disk_usage(small_disk).free
    problem = fetch(spec("model.onnx"), small_disk, hub.url)
    assert problem is not None
    assert problem.code == "disk_full"
    assert "became full" in problem.message
    assert problem.again
    assert hub.served("model.onnx") > 1 << 20
    assert tree(small_disk) == {}
    assert shutil.disk_usage(small_disk).free >= free - (64 << 10)


def test_the_reserve_is_not_touched_and_what_is_there_is_kept(hub: Hub, tmp_path: Path, small_disk: Path) -> None:
    hub.silent = True
    problem = fetch(spec("model.onnx"), small_disk, hub.url, reserve_bytes=1 << 20)
    assert problem is not None
    assert problem.code == "disk_full"
    assert "what is there so far is kept" in problem.message
    assert shutil.disk_usage(small_disk).free >= 1 << 20
    assert len(parts(small_disk)) == 1


def test_files_from_a_folder_that_do_not_fit_leave_nothing(small_disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "stick"
    source.mkdir()
    (source / "model.onnx").write_bytes(WEIGHTS)
    (source / "words.txt").write_bytes(b"cat")
    problem = fetch(spec("words.txt", "model.onnx"), small_disk, "", action="add", folder=str(source))
    assert problem is not None
    assert problem.code == "disk_full"
    assert tree(small_disk) == {}
