"""Many lives of one program, to be killed: each is forked from a process that has imported what all of them need.

Loading modules would be half of such a life, and leaves nothing on the disk that a kill could harm.  As a program,
`python -m tests.resilience.lives MODULE`: calls `main` of MODULE with the words of each line of JSON that it reads, in
a child that leads a session of its own.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from typing import TYPE_CHECKING, NoReturn, Self

import psutil

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

PATIENCE_S = 120.0
BORN, GONE = "born ", "gone "


class Lives:
    """One life at a time; a context manager that ends with the last of them."""

    def __init__(self, module: str) -> None:
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.resilience.lives", module],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._heard = b""
        self._pid = 0
        self._orphans: list[psutil.Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._pid:
            os.killpg(self._pid, signal.SIGKILL)
        self._mother.communicate(timeout=PATIENCE_S)

    def begin(self, *words: str) -> None:
        """Let one begin; what lived before is over."""
        assert self._mother.stdin is not None
        os.write(self._mother.stdin.fileno(), json.dumps(words).encode() + b"\n")
        said = self.line()
        assert said is not None, "it was not born"
        self._pid = int(said.removeprefix(BORN))

    def line(self, *, within_s: float = PATIENCE_S) -> str | None:
        """The next thing said, or None when that took too long."""
        assert self._mother.stdout is not None
        pipe, ears, deadline = self._mother.stdout.fileno(), select.poll(), time.monotonic() + within_s
        ears.register(pipe, select.POLLIN)
        while b"\n" not in self._heard:
            if not ears.poll(1000 * max(0.0, deadline - time.monotonic())):
                return None
            part = os.read(pipe, 4096)
            assert part, "the program from which they are forked ended"
            self._heard += part
        said, _, self._heard = self._heard.partition(b"\n")
        return said.decode()

    def ended(self, *, within_s: float = PATIENCE_S) -> bool:
        """Whether it comes to its end by itself; fails if that is no good end."""
        said = self.line(within_s=within_s)
        assert said in (None, f"{GONE}0"), f"it died by itself: {said}"
        return said is not None

    def kill(self) -> bool:
        """False when it had just come to its end."""
        self._orphans += psutil.Process(self._pid).children(recursive=True)
        os.killpg(self._pid, signal.SIGKILL)
        said = self.line()
        assert said in (f"{GONE}0", f"{GONE}{-signal.SIGKILL}"), said
        return said != f"{GONE}0"

    def assert_no_orphans(self) -> None:
        """Whatever those that were killed had started is gone as well."""
        # Waited for now, not after each: the next life begins beside what is still ending, as it would after a crash.
        deadline = time.monotonic() + PATIENCE_S
        while left := [one for one in self._orphans if not _is_over(one)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.02)
        self._orphans.clear()


def _is_over(process: psutil.Process) -> bool:
    """Gone, or only waiting for whoever adopted it to notice, which is no business of ours."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def main() -> None:
    module = importlib.import_module(sys.argv[1])
    child = 0
    for line in sys.stdin:
        if child:
            os.waitpid(child, 0)  # not earlier: until now its number was nobody else's
        child = os.fork()
        if child == 0:
            _live(module.main, json.loads(line))
        ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        _say(f"{GONE}{ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status}")


def _live(program: Callable[[list[str]], None], words: list[str]) -> NoReturn:
    os.setsid()
    _say(f"{BORN}{os.getpid()}")
    try:
        program(words)
    except BaseException:  # noqa: BLE001 - the edge of a process; what it was forked from must not go on in it
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main()
