"""What a step is: one thing done to one stored file, as a pure function and one write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from appliance.files import mtime_ns
from appliance.values import StepSpec

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home

PICTURES = frozenset({"photo", "video", "raw"})


class Step(Protocol):
    """A class with these attributes, one instance of which stands in `registry.STEPS`.

    version: a new one makes every file due again.   needs: steps that must have finished first, well or not.
    light: done at any hour; the others wait for the night window when one is set.
    models: runs in the models' process, when files wait for nothing else.
    on_demand: only for files that someone asks it for (`library.steps.request`).
    run: pure and picklable, called in the compute process with what `arguments` gave.
    """

    name: str
    version: str
    needs: tuple[str, ...]
    kinds: frozenset[str]
    light: bool
    models: bool
    on_demand: bool
    timeout_s: float

    @property
    def run(self) -> Callable[..., Any]: ...

    async def hindrance(self, home: Home) -> str:
        """Why it cannot run for any file at present (its model is not here), for people; "" when it can.  Asked often:
        it must be quick.  Nothing waits for a hindered step."""
        ...

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        """What `run` is called with; `row` is the stored file with its library's `root`."""
        ...

    async def prepare(self, home: Home, row: Row, result: Any) -> None:
        """Write what is not in the main database, before the transaction; must be repeatable."""
        ...

    async def stow(self, home: Home, row: Row, result: Any) -> None:
        """Write what goes into the other database file, inside a transaction of several files that ends before the one
        that records the steps as done; must be repeatable."""
        ...

    async def save(self, home: Home, row: Row, result: Any) -> str:
        """Write the result to the tables, inside the transaction that records the step as done; returns a warning
        for the admin, or ""."""
        ...

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        """What a failure means to the stored file itself, inside the transaction that records it."""
        ...


class StepBase:
    """What most steps have in common; a step says what is different."""

    needs: tuple[str, ...] = ()
    light = False
    models = False
    on_demand = False
    timeout_s = 120.0

    async def hindrance(self, home: Home) -> str:
        return ""

    async def prepare(self, home: Home, row: Row, result: Any) -> None:
        pass

    async def stow(self, home: Home, row: Row, result: Any) -> None:
        pass

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        pass


class ChangedError(Exception):
    """The file is not the one that was registered any more: what was computed from it belongs to nothing known."""


class SkipError(Exception):
    """This step has nothing to do for this file; the message says why."""


class Computed(msgspec.Struct, frozen=True):
    """What a step's `run` returned, and how long that took where it ran."""

    result: Any
    seconds: float


def compute(path: Path, seen: tuple[int, int] | None, run: Callable[..., Any], arguments: tuple[Any, ...]) -> Computed:
    """`run(*arguments)` in the compute process, provided that `path` is what was registered, before and after.

    seen: size in bytes and mtime in ns as registered; None when unknown.
    Raises ChangedError otherwise, FileNotFoundError when it is gone, and what `run` raises.
    """
    began = time.monotonic()
    _check_unchanged(path, seen)
    try:
        result = run(*arguments)
    finally:
        # A file that is being overwritten looks damaged: that is not the verdict on the finished one.
        _check_unchanged(path, seen)
    return Computed(result, time.monotonic() - began)


def _check_unchanged(path: Path, seen: tuple[int, int] | None) -> None:
    stat = path.stat()
    if seen is not None and (stat.st_size, mtime_ns(stat)) != seen:
        raise ChangedError


def spec(step: Step) -> StepSpec:
    return StepSpec(step.name, step.version, step.kinds, step.on_demand)


def original(row: Row) -> Path:
    """Where the file's bytes are."""
    from pathlib import Path

    return Path(row["root"], row["content"])
