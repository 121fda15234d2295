"""Where the time of a request goes, line by line of the call tree: for the next requests to one address, when asked.

pyinstrument is loaded when somebody asks, and what it saw is thrown away once it is counted up.  It follows the one
request through its awaits; while it does, everything on the event loop is a little slower.  Of values it knows nothing:
functions, files and milliseconds are all it keeps.
"""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from appliance.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyinstrument.frame import Frame
    from pyinstrument.profiler import Profiler
    from pyinstrument.session import Session

INTERVAL_S = 0.0001  # requests take milliseconds
LONGEST_S = 5.0  # of one request; an answer that goes on for ever is looked at for that long
MOST_REQUESTS = 50
MOST_SAMPLES = 50_000
MOST_LINES = 400
LEAST_SHARE, LEAST_OWN = 0.01, 0.05
SELF = "[self]"
PATIENCE_S = 600.0
HOUSE = Path(__file__).resolve().parents[1]
DOORS = tuple(str(HOUSE / door) for door in ("web/app.py", "web/security.py", "web/recording.py"))
OURS = tuple(f"{HOUSE / package}/" for package in ("appliance", "web", "ml"))


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One function in the call tree.  `ms`: of one request on average, with what it calls; `share`: of all of it."""

    depth: int
    function: str
    place: str
    ours: bool
    ms: float
    share: float


class Profiling:
    """`changed` is called when it begins or ends to wait for requests."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.method = self.path = ""
        self.wanted = self.taken = self.samples = 0
        self.seconds = 0.0
        self._pattern: re.Pattern[str] | None = None
        self._until_s = 0.0
        self._running: Profiler | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._session: Session | None = None
        self._lines: list[Line] | None = None

    @property
    def status(self) -> Literal["none", "waiting", "done"]:
        if self.waits:
            return "waiting"
        return "done" if self.taken else "none"

    @property
    def waits(self) -> bool:
        if self._pattern is not None and self._running is None and time.monotonic() > self._until_s:
            self._pattern = None  # nobody came
        return self._pattern is not None

    async def ask(self, method: str, path: str, requests: int) -> None:
        """Look at the next `requests` requests to `path`, a template such as /api/v1/timeline/{month}."""
        if not 1 <= requests <= MOST_REQUESTS:
            raise InvalidInputError(f"requests must be between 1 and {MOST_REQUESTS}")
        await asyncio.to_thread(_load)
        self.forget()
        self.method, self.path, self.wanted = method, path, requests
        self._pattern = re.compile(re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(path)))
        self._until_s = time.monotonic() + PATIENCE_S
        self._changed()

    def forget(self) -> None:
        self._stop()
        self._pattern = self._session = self._lines = None
        self.method = self.path = ""
        self.wanted = self.taken = self.samples = 0
        self.seconds = 0.0
        self._changed()

    async def lines(self) -> list[Line]:
        """The call tree, what took longest first, without what hardly counts."""
        if self._lines is None and self._session is not None and not self.waits:
            session, taken = self._session, self.taken
            lines = await asyncio.to_thread(lines_of, session, taken)
            if self._session is session:
                self._lines, self._session = lines, None
        return self._lines or []

    # called for every request while it waits

    def begin(self, scope: Any) -> bool:
        """Look at this one?  Whoever was told so must `end`."""
        if not self.waits or self._running is not None or scope["method"] != self.method:
            return False
        assert self._pattern is not None
        if not self._pattern.fullmatch(scope["path"]):
            return False
        from pyinstrument.profiler import Profiler

        profiler = Profiler(interval=INTERVAL_S, async_mode="enabled")
        try:
            profiler.start(target_description="")
        except RuntimeError:  # this request began within the context of one that was looked at for too long
            return False
        self._running = profiler
        self._alarm = asyncio.get_running_loop().call_later(LONGEST_S, self._stop)
        return True

    def end(self, scope: Any) -> None:
        """The request is answered; another route may have had it after all."""
        profiler = self._running
        self._stop()
        if profiler is None or profiler.last_session is None or scope.get("path_template") != self.path:
            return
        session = profiler.last_session
        self._session = session if self._session is None else type(session).combine(self._session, session)
        self.taken += 1
        self.samples += session.sample_count
        self.seconds += session.duration
        if self.taken >= self.wanted or self.samples > MOST_SAMPLES:
            self._pattern = None
            self._changed()

    def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        profiler, self._running = self._running, None
        if profiler is not None and profiler.is_running:
            profiler.stop()


def _load() -> None:
    """pyinstrument reads files when it is imported, and measures its clock when it first begins."""
    from pyinstrument.stack_sampler import timing_overhead

    timing_overhead()


def lines_of(session: Session, requests: int) -> list[Line]:
    from pyinstrument import processors

    frame = session.root_frame(trim_stem=True)
    for process in (
        processors.remove_importlib,
        processors.aggregate_repeated_calls,
        processors.remove_unnecessary_self_time_nodes,
    ):
        frame = process(frame, options={})
    if frame is None or not frame.time:
        return []
    lines: list[Line] = []
    for line in _lines(frame, 0, frame.time, 1000 / requests):
        lines.append(line)
        if len(lines) == MOST_LINES:
            break
    return lines


def _lines(frame: Frame, depth: int, whole: float, to_ms: float) -> Iterator[Line]:
    children = _worth_telling(frame, whole)
    while len(children) == 1 and children[0].time > 0.9 * frame.time and _only_passes_on(frame, children[0]):
        frame = children[0]
        children = _worth_telling(frame, whole)
    yield Line(
        depth=depth,
        function=frame.function,
        place=_place(frame),
        ours=_is_ours(frame),
        ms=round(frame.time * to_ms, 3),
        share=round(frame.time / whole, 4),
    )
    for child in children:
        yield from _lines(child, depth + 1, whole, to_ms)


def _worth_telling(frame: Frame, whole: float) -> list[Frame]:
    """What it calls; of itself, what is left of its line, only where that is much of all."""
    return [
        child
        for child in frame.children
        if child.time / whole >= (LEAST_OWN if child.identifier == SELF else LEAST_SHARE)
    ]


def _only_passes_on(frame: Frame, to: Frame) -> bool:
    """The framework's floors, and the doors of ours that every request goes through; whoever does the work is told."""
    return not to.is_synthetic and (not _is_ours(frame) or (frame.file_path or "").startswith(DOORS))


def _is_ours(frame: Frame) -> bool:
    return not frame.is_synthetic and (frame.file_path or "").startswith(OURS)


def _place(frame: Frame) -> str:
    if frame.is_synthetic:
        return ""
    if _is_ours(frame):
        return f"{Path(frame.file_path or '').relative_to(HOUSE)}:{frame.line_no}"
    return frame.code_position_short() or ""
