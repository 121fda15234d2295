"""The guards themselves: each must notice what it is there for."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from appliance import errors
from tests import guards


def test_a_thread_left_running_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "GRACE_S", 0.1)
    stop = threading.Event()
    try:
        with pytest.raises(AssertionError, match="'forgotten'"), guards.nothing_left_running():
            threading.Thread(target=stop.wait, name="forgotten").start()
    finally:
        stop.set()


def test_a_child_process_left_running_is_noticed_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "GRACE_S", 0.1)
    with pytest.raises(AssertionError, match=r"left running: process \d+"), guards.nothing_left_running():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert child.wait(timeout=60) == -9


def test_what_an_older_process_starts_is_its_own_affair(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that a module's fixture runs may be in the middle of its work when one of the tests ends."""
    monkeypatch.setattr(guards, "GRACE_S", 0.1)
    script = "import subprocess, sys; sys.stdin.readline(); subprocess.run(['sleep', '60'])"
    older = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, text=True)
    assert older.stdin is not None
    try:
        with guards.nothing_left_running():
            older.stdin.write("go\n")
            older.stdin.flush()
            deadline = time.monotonic() + 60
            while not psutil.Process(older.pid).children():
                assert time.monotonic() < deadline
                time.sleep(0.01)
    finally:
        for child in psutil.Process(older.pid).children():
            child.kill()
        older.communicate(timeout=60)


async def test_our_code_that_blocks_the_event_loop_is_noticed() -> None:
    code = compile("def nap():\n    time.sleep(0.001)\n", errors.__file__, "exec")  # as if it stood in our package
    names = {"time": time}
    exec(code, names)
    nap = names["nap"]
    with pytest.raises(Exception, match=r"Blocking call to time\.sleep"):
        nap()  # type: ignore[operator]  # made by exec just above


def test_the_developers_home_is_hidden() -> None:
    assert Path("~").expanduser().name == "home"
