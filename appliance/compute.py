"""Where decoding and inference run: never on the event loop, and by default never in this process.

`ChildExecutor` is a `concurrent.futures.Executor` whose workers are child processes at nice 10.  Each child does one
thing at a time, so a crash or a hang names the one file that caused it; a child is ended when it takes too long, and
all of them go when nothing was asked for a while, because that is the only way the memory of models really returns.
Functions given to it are pure: bytes, paths and plain values in, plain results out, all picklable.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from appliance.errors import ComputeError, ComputeUnavailableError
from appliance.trace import current as current_trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from appliance.config import Settings

P = ParamSpec("P")
T = TypeVar("T")

HEADER = struct.Struct("!Q")  # length of the pickle that follows
DEFAULT_TIMEOUT_S = 120.0
START_TIMEOUT_S = 60.0  # a Pi whose card is busy takes seconds to load Python
NICE = 10
MAKE_WAY_S = 2.0  # from one look to the next
MODELS_BESIDE_MB = 512  # of the models' process: libraries, pictures and what inference needs for a moment


class Child:
    """One child process and the pipes to it; used by one thread at a time, except `kill`."""

    def __init__(self, memory_mb: int) -> None:
        """Raises ComputeUnavailableError when no process could be started; that is no file's fault."""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "appliance.compute_child", str(memory_mb), str(NICE)],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ
                | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
                # Ctrl-C is for the service, which then ends its children in order.  Not a session of its own: the
                # kernel shares out time by sessions first (autogroup), and niceness would count for nothing.
                process_group=0,
            )
        except OSError as error:
            raise ComputeUnavailableError(
                f"No process can be started to read files: {error.strerror}", hint="Is the machine out of memory?"
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._replies = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        self._leaving = False
        try:
            self._receive(time.monotonic() + START_TIMEOUT_S)
        except (EOFError, TimeoutError) as error:
            code = self._exit_code()
            raise ComputeUnavailableError(
                f"The process that reads files does not start ({_exit_reason(code)})", hint="The log has the details."
            ) from error

    @property
    def usable(self) -> bool:
        return not self._leaving and self._process.poll() is None

    def call(self, work: bytes, timeout_s: float) -> Any:
        """Send pickled (function, arguments), wait, and return or raise what came back.

        Raises ComputeError when the child died or took longer than `timeout_s`; the child is gone then.
        """
        deadline = time.monotonic() + timeout_s
        try:
            self._send(HEADER.pack(len(work)) + work, deadline)
            reply = self._receive(deadline)
        except (BrokenPipeError, EOFError) as error:
            code = self._exit_code()
            raise ComputeError(
                f"The process that was reading this file died ({_exit_reason(code)})",
                hint="The file may be damaged, or too large for the memory that compute_memory_mb allows.",
            ) from error
        except TimeoutError as error:
            self.kill()
            raise ComputeError(
                f"Reading this file took longer than {timeout_s:.0f} s", hint="It may be damaged."
            ) from error
        failed, self._leaving, value = pickle.loads(reply)
        if failed:
            raise value
        return value

    def _send(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            _wait(self._requests, select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._requests, rest) :]

    def _receive(self, deadline: float) -> bytes:
        (length,) = HEADER.unpack(self._read_exactly(HEADER.size, deadline))
        return self._read_exactly(length, deadline)

    def _read_exactly(self, count: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            _wait(self._replies, select.POLLIN, deadline)
            part = os.read(self._replies, min(count - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def interrupt(self) -> None:
        """Kill it while another thread waits in `call`, which then raises; that thread ends it for good."""
        # The whole process group: what the child started must not outlive it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> int:
        self.interrupt()
        return self.close()

    def _exit_code(self) -> int:
        """Of a child that stopped answering: how it ends by itself, if it is about to."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        return self.kill()

    def close(self) -> int:
        """End of input asks the child to exit; one that does not is killed.  Returns its exit status."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            return self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.interrupt()
            return self._process.wait()


class ChildExecutor(Executor):
    """`workers` children, each started when there is work for it and ended after `idle_s` without any."""

    def __init__(self, *, workers: int, memory_mb: int, idle_s: float) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="compute")
        self._memory_mb = memory_mb
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._busy: set[Child] = set()
        self._spare: list[tuple[Child, float]] = []  # with the moment it became idle, the longest idle first
        self._timer: threading.Timer | None = None
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self.submit_limited(DEFAULT_TIMEOUT_S, fn, *args, **kwargs)

    def submit_limited(self, timeout_s: float, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `submit`, with a limit: the future fails with ComputeError once `fn` has run longer than `timeout_s`."""
        work = pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        return self._threads.submit(self._run, work, timeout_s)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """cancel_futures: also end what is running; whoever waits for it gets ComputeError."""
        if cancel_futures:
            with self._lock:
                self._closed = True
                for child in self._busy:
                    child.interrupt()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        with self._lock:
            self._closed = True
            self._disarm()
            children, self._spare = [child for child, _ in self._spare], []
        for child in children:
            child.close()

    def _run(self, work: bytes, timeout_s: float) -> Any:
        child = self._take()
        try:
            return child.call(work, timeout_s)
        finally:
            self._give_back(child)

    def _take(self) -> Child:
        child: Child | None = None
        with self._lock:
            self._disarm()
            if self._spare:
                child, _ = self._spare.pop()
        if child is not None and not child.usable:
            child.kill()
            child = None
        child = child or Child(self._memory_mb)
        with self._lock:
            self._busy.add(child)
            if self._closed:
                child.interrupt()
            self._arm()
        return child

    def _give_back(self, child: Child) -> None:
        usable = child.usable
        with self._lock:
            self._busy.discard(child)
            if usable:
                self._spare.append((child, time.monotonic()))
            self._arm()
        if not usable:
            child.close()

    def _arm(self) -> None:
        """Come back when the spare child that has been idle longest is due to leave.  Under the lock."""
        if self._timer is None and self._spare and not self._closed:
            self._timer = threading.Timer(
                max(0.0, self._spare[0][1] + self._idle_s - time.monotonic()), self._close_idle
            )
            self._timer.daemon = True
            self._timer.start()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_idle(self) -> None:
        with self._lock:
            self._timer = None
            oldest = time.monotonic() - self._idle_s
            leaving = [child for child, since in self._spare if since <= oldest]
            self._spare = [(child, since) for child, since in self._spare if since > oldest]
            self._arm()
        for child in leaving:
            child.close()


class InlineExecutor(ThreadPoolExecutor):
    """The same interface in threads of this process: for tests, debugging and machines with no memory for a child."""

    def submit_limited(self, timeout_s: float, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self.submit(fn, *args, **kwargs)


class Turns:
    """Lets `slots` in at a time: who is urgent first, then who came first.

    For a moment after `make_way`, one slot of several is kept for the urgent, and with it a core for whoever browses.
    """

    def __init__(self, slots: int) -> None:
        self._slots, self._running = slots, 0
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._way_until = 0.0

    def make_way(self) -> None:
        self._way_until = time.monotonic() + MAKE_WAY_S

    @contextlib.asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        ticket = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._number), ticket))
        self._let_in()
        try:
            await ticket
        except asyncio.CancelledError:
            if not ticket.cancelled():
                self._leave()
            raise
        try:
            yield
        finally:
            self._leave()

    def cancel(self) -> None:
        """Nobody who waits gets in any more."""
        for _, _, ticket in self._waiting:
            ticket.cancel()
        self._waiting.clear()

    def _leave(self) -> None:
        self._running -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            patient, _, ticket = self._waiting[0]
            if not ticket.done():
                kept = patient and self._slots > 1 and time.monotonic() < self._way_until
                if self._running >= self._slots - kept:
                    return
                self._running += 1
                ticket.set_result(None)
            heapq.heappop(self._waiting)


class Lane:
    """One executor and the turns to it."""

    def __init__(self, executor: ChildExecutor | InlineExecutor, slots: int) -> None:
        self.executor, self.turns = executor, Turns(slots)


class Compute:
    """What the house uses: await a pure function that runs somewhere else.

    Files are read by `workers` processes.  Models have one of their own, with more memory and all cores, so that each
    is loaded once, whatever it is needed for, and goes when it is idle.
    """

    def __init__(self, settings: Settings) -> None:
        self.workers = settings.workers()
        if settings.compute == "inline":
            inline = Lane(InlineExecutor(self.workers, thread_name_prefix="compute"), self.workers)
            self._files, self._models = inline, Lane(inline.executor, 1)
        else:
            self._files = Lane(
                ChildExecutor(
                    workers=self.workers, memory_mb=settings.compute_memory_mb, idle_s=settings.compute_idle_s
                ),
                self.workers,
            )
            # Its limit is for what runs wild; within it, ml.runtime keeps to the budget.
            limit_mb = 2 * settings.models_memory_mb() + MODELS_BESIDE_MB
            self._models = Lane(ChildExecutor(workers=1, memory_mb=limit_mb, idle_s=settings.compute_idle_s), 1)

    async def run(
        self,
        fn: Callable[..., T],
        /,
        *args: object,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        models: bool = False,
        urgent: bool = False,
        **kwargs: object,
    ) -> T:
        """Raises what `fn` raises, or ComputeError when its process died or took longer than `timeout_s`.

        models: in the process that holds models.   urgent: someone waits for it, so it overtakes what does not run yet.
        """
        lane = self._models if models else self._files
        trace = current_trace.get()
        asked = time.perf_counter()
        async with lane.turns.turn(urgent=urgent):
            began = time.perf_counter()
            try:
                return await asyncio.wrap_future(lane.executor.submit_limited(timeout_s, fn, *args, **kwargs))
            finally:
                if trace is not None and trace.open:
                    trace.computed(fn, waited_s=began - asked, seconds=time.perf_counter() - began)

    def make_way(self) -> None:
        """Someone is looking at pictures: for the next `MAKE_WAY_S`, leave them a core if there are several."""
        self._files.turns.make_way()

    async def close(self) -> None:
        """End everything, also what is running."""
        for lane in (self._models, self._files):
            lane.turns.cancel()
            await asyncio.to_thread(lane.executor.shutdown, wait=True, cancel_futures=True)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    # poll, not select: a busy service may have more than 1024 files open.
    poller = select.poll()
    poller.register(descriptor, event)
    if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError


def _exit_reason(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit status {code}"
