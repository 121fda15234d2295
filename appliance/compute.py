"""Where decoding and inference run: never on the event loop, and by default never in this process.

`ChildExecutor` is a `concurrent.futures.Executor` whose workers are child processes at nice 10.  Each child does one
thing at a time, so a crash or a hang names the one file that caused it; a child is ended when it takes too long, and
all of them go when nothing was asked for a while, because that is the only way the memory of models really returns.
Functions given to it are pure: bytes, paths and plain values in, plain results out, all picklable.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import select
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from appliance.errors import ComputeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.config import Settings

P = ParamSpec("P")
T = TypeVar("T")

HEADER = struct.Struct("!Q")  # length of the pickle that follows
DEFAULT_TIMEOUT_S = 120.0
NICE = 10


class Child:
    """One child process and the pipe to it; used by one thread at a time."""

    def __init__(self, memory_mb: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "appliance.compute_child", str(memory_mb), str(NICE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ
            | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,  # Ctrl-C is for the service, which then ends its children in order
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(self, work: bytes, timeout_s: float) -> Any:
        """Send pickled (function, arguments), wait, and return or raise what came back.

        Raises ComputeError when the child died or took longer than `timeout_s`; the child is gone then.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(HEADER.pack(len(work)) + work)
            self._process.stdin.flush()
            reply = self._read(time.monotonic() + timeout_s)
        except (BrokenPipeError, EOFError) as error:
            code = self._end()
            raise ComputeError(
                f"The process that was reading this file died ({_exit_reason(code)})",
                hint="The file may be damaged, or too large for the memory that compute_memory_mb allows.",
            ) from error
        except TimeoutError as error:
            self._end()
            raise ComputeError(
                f"Reading this file took longer than {timeout_s:.0f} s", hint="It may be damaged."
            ) from error
        failed, value = pickle.loads(reply)
        if failed:
            raise value
        return value

    def _read(self, deadline: float) -> bytes:
        (length,) = HEADER.unpack(self._read_exactly(HEADER.size, deadline))
        return self._read_exactly(length, deadline)

    def _read_exactly(self, count: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        parts = bytearray()
        while len(parts) < count:
            ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            part = os.read(fd, min(count - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def _end(self) -> int:
        # The whole process group: a decoder program that the child started must not outlive it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, 9)
        return self.close()

    def close(self) -> int:
        """End of input asks the child to exit; one that does not is ended."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            return self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class ChildExecutor(Executor):
    """`workers` children, started with the first work and ended after `idle_s` without any."""

    def __init__(self, *, workers: int, memory_mb: int, idle_s: float) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="compute")
        self._memory_mb = memory_mb
        self._idle_s = idle_s
        self._spare: list[Child] = []
        self._lock = threading.Lock()
        self._busy = 0
        self._timer: threading.Timer | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self.submit_limited(DEFAULT_TIMEOUT_S, fn, *args, **kwargs)

    def submit_limited(self, timeout_s: float, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `submit`, with a limit: the future fails with ComputeError once `fn` has run longer than `timeout_s`."""
        work = pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        return self._threads.submit(self._run, work, timeout_s)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        self._close_spare()

    def _run(self, work: bytes, timeout_s: float) -> Any:
        with self._lock:
            self._busy += 1
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            child = self._spare.pop() if self._spare else None
        if child is None or not child.alive:
            child = Child(self._memory_mb)
        try:
            return child.call(work, timeout_s)
        finally:
            with self._lock:
                self._busy -= 1
                if child.alive:
                    self._spare.append(child)
                if self._busy == 0:
                    self._timer = threading.Timer(self._idle_s, self._close_spare)
                    self._timer.daemon = True
                    self._timer.start()

    def _close_spare(self) -> None:
        with self._lock:
            children, self._spare = (self._spare, []) if self._busy == 0 else ([], self._spare)
        for child in children:
            child.close()


class InlineExecutor(ThreadPoolExecutor):
    """The same interface in threads of this process: for tests, debugging and machines with no memory for a child."""

    def submit_limited(self, timeout_s: float, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self.submit(fn, *args, **kwargs)


class Compute:
    """What the house uses: await a pure function that runs somewhere else."""

    def __init__(self, settings: Settings) -> None:
        self.workers = settings.workers()
        self._executor: ChildExecutor | InlineExecutor = (
            InlineExecutor(self.workers, thread_name_prefix="compute")
            if settings.compute == "inline"
            else ChildExecutor(
                workers=self.workers, memory_mb=settings.compute_memory_mb, idle_s=settings.compute_idle_s
            )
        )

    async def run(
        self, fn: Callable[..., T], /, *args: object, timeout_s: float = DEFAULT_TIMEOUT_S, **kwargs: object
    ) -> T:
        """Raises what `fn` raises, or ComputeError when its process died or took longer than `timeout_s`."""
        return await asyncio.wrap_future(self._executor.submit_limited(timeout_s, fn, *args, **kwargs))

    async def close(self) -> None:
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)


def _exit_reason(code: int) -> str:
    import signal

    if code < 0:
        return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit status {code}"
