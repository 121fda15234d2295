"""What a step is: one thing done to one stored file, as a pure function and one write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

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
    run: pure and picklable, called in the compute process with what `arguments` gave.
    """

    name: str
    version: str
    needs: tuple[str, ...]
    kinds: frozenset[str]
    light: bool
    timeout_s: float

    @property
    def run(self) -> Callable[..., Any]: ...

    def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        """What `run` is called with; `row` is the stored file with its library's `root`."""
        ...

    async def prepare(self, home: Home, row: Row, result: Any) -> None:
        """Write files that belong to the result, before the transaction; must be repeatable."""
        ...

    async def save(self, home: Home, row: Row, result: Any) -> str:
        """Write the result to the tables, inside the transaction that records the step as done; returns a warning
        for the admin, or ""."""
        ...

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        """What a failure means to the stored file itself, inside the transaction that records it."""
        ...


def spec(step: Step) -> StepSpec:
    return StepSpec(step.name, step.version, step.kinds)


def original(row: Row) -> Path:
    """Where the file's bytes are."""
    from pathlib import Path

    return Path(row["root"], row["content"])
