"""The child's side of `compute.py`: read pickled work from stdin, do it, write the pickled result to stdout.

Started as `python -m appliance.compute_child MEMORY_MB NICE`; its first reply says that it is ready.  Ends at the end
of its input, and is killed by the kernel when the service dies in the middle of a piece of work.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

HEADER = struct.Struct("!Q")
PR_SET_PDEATHSIG = 1  # sys/prctl.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES, _LARGE_BYTES = 64 << 20, 32 << 20
#: A process that holds more than this part of its limit between two files makes room for a fresh one.
FULL = 0.5
OOM_SCORE = 700  # of 1000, the first to go (proc(5))


def main() -> None:
    memory_mb, nice = int(sys.argv[1]), int(sys.argv[2])
    end_with_parent()
    give_way(nice)
    go_first()
    keep_freed_memory()
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # systemd signals every process of a service; the service itself ends its children, when it has put work away.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    # A library that prints must not be taken for a reply, and a program that reads must not swallow a request.
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        _serve(requests, replies, memory_mb)
    except BrokenPipeError:
        # The service is gone; nobody is left to tell.
        os._exit(1)


def _serve(requests: BinaryIO, replies: BinaryIO, memory_mb: int) -> None:
    _reply(replies, pickle.dumps((False, False, None)))
    while header := requests.read(HEADER.size):
        (length,) = HEADER.unpack(header)
        work = requests.read(length)
        if len(work) < length:
            return
        failed, value = _do(work)
        leaving = _resident_mb() > memory_mb * FULL
        _reply(replies, _pickled(failed, leaving, value))
        if leaving:
            return


def _do(work: bytes) -> tuple[bool, Any]:
    """(whether it failed, the result or the error)."""
    try:
        function, args, kwargs = pickle.loads(work)
        return False, function(*args, **kwargs)
    except MemoryError:
        from appliance.errors import ComputeError

        return True, ComputeError(
            "This file needs more memory than compute_memory_mb allows",
            hint="Raise that setting, if the machine has the memory.",
        )
    except Exception as error:  # noqa: BLE001 - the edge of the process: everything goes back to the caller
        return True, error


def _pickled(failed: bool, leaving: bool, value: Any) -> bytes:
    """The reply; what cannot cross to the other process is told as an error that can."""
    try:
        data = pickle.dumps((failed, leaving, value), protocol=pickle.HIGHEST_PROTOCOL)
        if failed:
            pickle.loads(data)  # an exception with arguments of its own may be written well and not be readable
    except Exception as error:  # noqa: BLE001 - whatever pickling raises
        told = f"{type(value).__name__} could not be sent back from the compute process: {type(error).__name__}"
        if failed:
            told += f" ({value})"
        return pickle.dumps((True, leaving, RuntimeError(told)))
    return data


def _reply(replies: BinaryIO, data: bytes) -> None:
    replies.write(HEADER.pack(len(data)) + data)
    replies.flush()


def end_with_parent() -> None:
    """Ask the kernel for SIGKILL when the service dies; if it is dead already, the end of input says so."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def give_way(nice: int) -> None:
    """Run when nobody else wants the processor: a page that is being looked at interrupts the import at once.

    Niceness alone shares time fairly in the long run but lets a request wait some milliseconds for its turn.  Where
    services or sessions have groups of their own (systemd, autogroup) this gives way to our own service, not to others.
    """
    os.nice(nice)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def go_first() -> None:
    """Where memory runs out, the kernel ends this process and not the service: one file is lost, for a while."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123 - as below
        file.write(str(OOM_SCORE))


def keep_freed_memory() -> bool:
    """Let freed memory (at most 64 MB) stay with this process instead of going back to the system after each photo.

    Only sensible in a process that ends when idle: getting 4,000 pages anew costs 7 ms per 12 MP photo.  Returns False
    where the C library has no such setting (musl); nothing else changes then.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)) and bool(mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES))


def _resident_mb() -> float:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - in the loop of a small process
        return int(file.read().split()[1]) * resource.getpagesize() / (1 << 20)


if __name__ == "__main__":
    main()
