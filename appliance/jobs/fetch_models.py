"""Fetch the models that were asked for, one after the other, each in a process that can be stopped at any moment.

Nothing is kept in memory that a restart would miss: what is asked for and what is there of it are files (`ml.asked`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import HomerollError, ModelUnavailableError
from appliance.library import models
from appliance.messages import ModelsChanged
from ml import asked, registry
from ml.asked import PullProgress
from ml.fetch import Line, Problem, Request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress
    from ml.asked import Asked

RETRY_S = 1800.0
LOOK_EVERY_S = 0.5
RATE_WINDOW_S = 10.0


class FetchModels:
    name = models.JOB
    title = "Fetch models"

    def interval_s(self, settings: Settings) -> float | None:
        """For what the network had no time for; with nothing asked for, a run is a look into a folder."""
        return RETRY_S

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        """Raises ModelUnavailableError, when all were tried, for the first that could not be had."""
        tried: set[str] = set()
        problems: list[tuple[str, Problem]] = []
        fetched = 0
        while (name := await asyncio.to_thread(_next, home, tried)) is not None:
            await progress.check_in()
            wish = await asyncio.to_thread(asked.get, home.paths.models, name)
            if wish is None or wish.paused:
                continue
            problem = await _fetch(home, progress, name, wish, tried)
            if problem is None:
                continue  # the next look at the folder says what now
            tried.add(name)
            if problem.message:
                problems.append((name, problem))
            else:
                fetched += 1
        if problems:
            name, problem = problems[0]
            raise ModelUnavailableError(name, f"{name}: {problem.message}", hint=problem.hint)
        return {"fetched": fetched}


#: What `_fetch` returns when there was no problem.
_NONE = Problem(code="", message="")


async def _fetch(home: Home, progress: Progress, name: str, wish: Asked, tried: set[str]) -> Problem | None:
    """One try; returns the problem, or None when it was ended on the way: it was stopped, the job was paused, something
    else was asked for that goes first."""
    state = home.pulls[name] = PullProgress(total_bytes=wish.total_bytes)
    recent: deque[tuple[float, int]] = deque()
    last = Line(problem=Problem(code="error", message="", again=True))
    try:
        async with _process(_request(home, name, wish)) as lines:
            async for line in lines:
                if line is not None:
                    last = line
                    _note(state, recent, line)
                    progress.update(state.done_bytes >> 20, (state.total_bytes or 0) >> 20)
                    await models.tell(home, name)
                if progress.paused or await asyncio.to_thread(_is_over, home, name, wish, tried):
                    return None
    finally:
        del home.pulls[name]
    if last.finished:
        await asyncio.to_thread(asked.forget, home.paths.models, name)
        home.bus.publish(ModelsChanged())
        await models.tell(home, name)
        return _NONE
    problem = last.problem or Problem(
        code="error", message="The process that fetched it died.", hint="The log may say why.", again=True
    )
    failed = msgspec.structs.replace(
        wish, error=problem.message, hint=problem.hint, again=problem.again, total_bytes=state.total_bytes
    )
    if await asyncio.to_thread(asked.get, home.paths.models, name) == wish:
        # A full disk must not take the word from its own error: the pull is then tried again at the next run.
        with contextlib.suppress(HomerollError):
            await asyncio.to_thread(asked.put, home.paths.models, name, failed)
    await models.tell(home, name)
    return problem


def _next(home: Home, tried: set[str]) -> str | None:
    known = registry.models()
    wishes = asked.everything(home.paths.models)
    return next((name for name, wish in wishes.items() if name in known and name not in tried and not wish.waits), None)


def _is_over(home: Home, name: str, wish: Asked, tried: set[str]) -> bool:
    return asked.get(home.paths.models, name) != wish or _next(home, tried) != name


def _request(home: Home, name: str, wish: Asked) -> Request:
    return Request(
        spec=registry.model(name),
        models_dir=str(home.paths.models),
        parent=os.getpid(),
        action=wish.action,
        folder=wish.folder,
        reserve_bytes=home.settings.reserve_mb << 20,
    )


def _note(state: PullProgress, recent: deque[tuple[float, int]], line: Line) -> None:
    moment = time.monotonic()
    state.done_bytes, state.total_bytes = line.done_bytes, line.total_bytes or state.total_bytes
    if line.phase != "fetch":
        recent.clear()  # a check is no download
    recent.append((moment, line.done_bytes))
    while moment - recent[0][0] > RATE_WINDOW_S:
        recent.popleft()
    seconds = moment - recent[0][0]
    state.rate = (line.done_bytes - recent[0][1]) / seconds if seconds >= LOOK_EVERY_S else None


@contextlib.asynccontextmanager
async def _process(request: Request) -> AsyncIterator[AsyncIterator[Line | None]]:
    """The lines of a process that does `request`, and None whenever it says nothing for a while; leaving ends it."""
    starting = asyncio.ensure_future(asyncio.to_thread(_start, request))
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise
    try:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), process.stdout)
        try:
            async with contextlib.aclosing(_lines(reader)) as lines:
                yield lines
        finally:
            transport.close()
    finally:
        await _end(process)


async def _lines(reader: asyncio.StreamReader) -> AsyncGenerator[Line | None, None]:
    reading = asyncio.ensure_future(reader.readline())
    try:
        while True:
            await asyncio.wait([reading], timeout=LOOK_EVERY_S)
            if not reading.done():
                yield None
                continue
            text = reading.result()
            if not text:
                return
            yield msgspec.json.decode(text, type=Line)
            reading = asyncio.ensure_future(reader.readline())
    finally:
        reading.cancel()


def _start(request: Request) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ml.fetch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        process_group=0,  # Ctrl-C is for the service, which ends it in order
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as stdin:  # if it is gone, it says nothing: told as that
        stdin.write(msgspec.json.encode(request))
    return process


async def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.to_thread(process.wait)
