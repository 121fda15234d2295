"""A program ends with the process that started it, at whatever moment that one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.conftest import REPOSITORY

PATIENCE_S = 30.0
#: Says who it is, who its program is, and waits to be killed; what stands before the program is put first.
STARTER = """
import os, subprocess, sys, time
from appliance.media.programs import end_with_us
os.environ["STARTER"] = str(os.getpid())
process = subprocess.Popen([*sys.argv[1:], *end_with_us(), "sleep", "600"])
print(process.pid, flush=True)
time.sleep(600)
"""
#: As long as the starter lives, its program has not come to ask the kernel for anything.
AFTER_THE_STARTER = ("sh", "-c", 'while [ -d "/proc/$STARTER" ]; do sleep 0.01; done; exec "$@"', "sh")


@pytest.mark.parametrize("before", [(), AFTER_THE_STARTER], ids=["while it runs", "before it asked the kernel"])
def test_a_program_ends_with_whoever_started_it(before: tuple[str, ...]) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, *before], cwd=REPOSITORY, stdout=subprocess.PIPE, process_group=0
    )
    with starter:
        assert starter.stdout is not None
        program = psutil.Process(int(starter.stdout.readline()))
        if not before:
            wait_for_name(program, "sleep")
        starter.kill()
    try:
        assert gone(program, within_s=PATIENCE_S)
    finally:
        if not gone(program, within_s=0):
            os.kill(program.pid, signal.SIGKILL)


def wait_for_name(process: psutil.Process, name: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.name() != name:
        assert time.monotonic() < deadline, process.name()
        time.sleep(0.01)


def gone(process: psutil.Process, *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True
