"""What no test may do: block the event loop, leave a thread or a process behind, or see the developer's own settings.

Each guard is a context manager that raises AssertionError or BlockingError; `conftest.py` puts them around every test.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, TypeVar

import psutil
from blockbuster import blockbuster_ctx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUR_PACKAGES = ("appliance", "web", "ml", "tui")

# Code that may block the loop, and why: (end of the file's path, function names).
MAY_BLOCK: tuple[tuple[str, tuple[str, ...]], ...] = (
    # runs once, before the first request and after the last one: locks, listens, makes directories
    ("appliance/daemon.py", ("open_house", "serve", "_listen", "_listen_locally")),
    # the same: Piccolo asks for the version of SQLite in a thread and waits for it
    ("appliance/db/engine.py", ("__init__",)),
    # after an error of the disk: one system call, to tell a read-only disk from one that fails
    ("appliance/db/engine.py", ("_failing_disk",)),
    # made before its loop runs, but in a test: Textual looks for the style sheet
    ("tui/desk.py", ("__init__",)),
    # an import inside a function reads its module's file, once per process
    ("importlib/__init__.py", ("import_module",)),
    # starting a child process reads and writes small pipes
    ("multiprocessing/process.py", ("start",)),
    # a log line goes to stderr or to a test's capture buffer
    ("logging/__init__.py", ("emit", "flush")),
    # an error that ends the dashboard is told with source lines
    ("textual/app.py", ("_fatal_error",)),
    # tracebacks in logs read source lines
    ("python3.11/linecache.py", ("updatecache",)),
    ("python3.12/linecache.py", ("updatecache",)),
    ("python3.13/linecache.py", ("updatecache",)),
)

# Threads that a library keeps for the whole process, by the beginning of their name, and why.
PROCESS_WIDE_THREADS: tuple[str, ...] = (
    "AnyIO worker thread",  # anyio's pool belongs to the event loop and ends shortly after it
    "QueueFeederThread",  # multiprocessing's, ends with its queue's last reference
    "execnet",  # pytest-xdist's
    "tmp_path cleanup",  # pytest's
    "rich",  # a progress bar's refresh, stopped by its owner's last write
)

# Processes that libraries keep for the whole process.
PROCESS_WIDE_CHILDREN: tuple[str, ...] = (
    "multiprocessing.resource_tracker",  # one per process, ends with it
    "multiprocessing.forkserver",  # the same
)

Left = TypeVar("Left")
GRACE_S = 60.0  # how long a thread or a child that was told to stop may take to be gone


@contextlib.contextmanager
def event_loop_never_blocked() -> Iterator[None]:
    """Raise `BlockingError` in any of our own code that blocks a running event loop."""
    with blockbuster_ctx(list(OUR_PACKAGES)) as detector:
        for function in detector.functions.values():
            for file_end, names in MAY_BLOCK:
                function.can_block_in(file_end, set(names))
        yield


def _ours(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith(PROCESS_WIDE_THREADS)


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline()) or process.name()
    return ""


def _running_children(of: psutil.Process, but: set[psutil.Process]) -> set[psutil.Process]:
    """What runs below `of`, without those in `but` and what they started."""
    running = set()
    with contextlib.suppress(psutil.Error):
        for child in set(of.children()) - but:
            running |= _running_children(child, but)
            with contextlib.suppress(psutil.Error):
                gone = child.status() == psutil.STATUS_ZOMBIE
                if not gone and not any(name in _command(child) for name in PROCESS_WIDE_CHILDREN):
                    running.add(child)
    return running


def _left_after_grace(find: Callable[[], set[Left]]) -> set[Left]:
    deadline = time.monotonic() + GRACE_S
    left = find()
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = find()
    return left


@contextlib.contextmanager
def nothing_left_running() -> Iterator[None]:
    """Fail when the block leaves a thread or a child process that was not there before."""
    threads_before = set(threading.enumerate())
    children_before = _running_children(psutil.Process(), set())
    yield
    threads = _left_after_grace(lambda: {t for t in set(threading.enumerate()) - threads_before if _ours(t)})
    children = _left_after_grace(lambda: _running_children(psutil.Process(), children_before))
    left = [f"thread {thread.name!r}" for thread in threads]
    left += [f"process {child.pid}: {_command(child)}" for child in children]
    for child in children:  # one test's mistake must not fail the tests after it
        with contextlib.suppress(psutil.Error):
            child.kill()
    assert not left, "left running: " + ", ".join(left)
