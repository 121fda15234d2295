"""The data directory's lock: one holder, named to everyone else, gone with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import ConflictError, ReadOnlyError, StorageError
from appliance.lock import DataLock, holder
from appliance.paths import DataPaths

HOLD = """
import sys, time
from pathlib import Path
from appliance.lock import DataLock
from appliance.paths import DataPaths
with DataLock(DataPaths(Path(sys.argv[1])), command="serve"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    return DataPaths(tmp_path)


def test_a_second_process_is_told_who_holds_it_and_gets_it_when_that_one_is_killed(paths: DataPaths) -> None:
    repository = Path(__file__).resolve().parents[2]
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(paths.root)], stdout=subprocess.PIPE, text=True, cwd=repository
    )
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        by = holder(paths)
        assert by is not None
        assert (by.pid, by.command) == (first.pid, "serve")
        with pytest.raises(
            ConflictError, match=rf"in use by `homeroll serve` \(process {first.pid}\) since"
        ) as refused:
            DataLock(paths, command="scan").acquire()
        assert refused.value.hint
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=60)
        assert holder(paths) is None
        with DataLock(paths, command="scan"):
            pass
    finally:
        first.kill()
        first.communicate(timeout=60)


def test_the_same_process_cannot_take_it_twice_and_lets_go_cleanly(paths: DataPaths) -> None:
    with DataLock(paths, command="scan") as lock, pytest.raises(ConflictError, match="homeroll scan"):
        DataLock(paths, command="user").acquire()
    lock.release()
    assert holder(paths) is None
    with DataLock(paths, command="user"):
        assert (holder(paths) or pytest.fail("nobody holds it")).command == "user"


def test_a_note_that_cannot_be_read_still_means_held(paths: DataPaths) -> None:
    with DataLock(paths, command="scan"):
        paths.lock.write_text("half a no")
        assert (holder(paths) or pytest.fail("nobody holds it")).sentence() == "another Homeroll"


def test_looking_creates_nothing(paths: DataPaths) -> None:
    assert holder(paths) is None
    assert list(paths.root.iterdir()) == []


def test_a_directory_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="There is no directory"):
        DataLock(DataPaths(tmp_path / "gone"), command="serve").acquire()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_of_someone_else_is_refused(paths: DataPaths) -> None:
    paths.root.chmod(0o500)
    with pytest.raises(ReadOnlyError):
        DataLock(paths, command="serve").acquire()
