"""What tests give a compute process to do; a module of its own, because the process imports it by name."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Never

from appliance.errors import UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path


def add(left: int, right: int) -> int:
    return left + right


def process_id() -> int:
    return os.getpid()


def niceness() -> tuple[int, int, int]:
    """Niceness, scheduling policy, and the session that the kernel groups it with."""
    return os.nice(0), os.sched_getscheduler(0), os.getsid(0)


def sleep(seconds: float) -> None:
    """Not `time.sleep` itself, which the tests' guards replace by what cannot be pickled."""
    time.sleep(seconds)


def sleep_after_telling(seconds: float, told: Path) -> int:
    """Write this process' id to `told`, then take long."""
    told.write_text(str(os.getpid()))
    time.sleep(seconds)
    return os.getpid()


def hang_with_a_program(told: Path) -> None:
    """Start a program, write both process ids to `told`, then wait for ever."""
    with subprocess.Popen(["sleep", "300"]) as program:
        told.write_text(f"{os.getpid()} {program.pid}")
        program.wait()


def leave() -> None:
    os._exit(7)


def exit_politely() -> None:
    sys.exit(3)


def crash() -> None:
    ctypes.string_at(0)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def take_memory(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def keep_memory(megabytes: int) -> int:
    """Hold on to it, as a leak would; returns the process' id."""
    kept.append(b"x" * (megabytes << 20))
    return os.getpid()


kept: list[bytes] = []


def print_a_lot() -> str:
    print("x" * 100_000, flush=True)  # noqa: T201 - the test is about it
    return "done"


def read_standard_input() -> bytes:
    return sys.stdin.buffer.read()


def length(data: bytes) -> int:
    return len(data)


def big(size: int) -> bytes:
    return bytes(size)


def not_picklable() -> object:
    return lambda: None


def refuse(path: str) -> Never:
    raise UnreadableFileError(path, "It is torn.", hint="Mend it.")


class AwkwardError(Exception):
    """Can be pickled, but not read back: its arguments are not what its constructor takes."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def raise_awkwardly() -> Never:
    raise AwkwardError(1, 2)
