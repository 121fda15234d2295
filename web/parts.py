"""What the web needs of the parts below it, as Protocols: the daemon gives the real ones, tests their own."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from appliance.errors import ModelUnavailableError
from appliance.home import Home
from appliance.importing.uploads import Uploads
from appliance.library.job_runs import Run
from appliance.library.viewers import Viewer
from appliance.protection.strain import Strain


class Runner(Protocol):
    """Runs steps; the real one is in `appliance/steps/runner.py`."""

    @property
    def paused(self) -> bool: ...

    @property
    def storage_problem(self) -> str: ...

    @property
    def strain(self) -> Strain: ...

    @property
    def unavailable(self) -> Mapping[str, ModelUnavailableError]: ...

    def wake(self) -> None: ...

    def reconsider(self) -> None: ...

    def prioritise(self, ids: Iterable[uuid.UUID]) -> None: ...

    async def pause(self) -> None: ...

    async def resume(self) -> None: ...

    async def progress(self) -> list[dict[str, Any]]: ...


class Scheduler(Protocol):
    """Runs jobs; the real one is in `appliance/jobs/schedule.py`."""

    @property
    def strain(self) -> Strain: ...

    async def items(self) -> list[dict[str, Any]]: ...

    async def runs(self, name: str) -> Sequence[Run]: ...

    async def run(self, name: str, **arguments: Any) -> None:
        """Start it and return at once."""
        ...

    async def pause(self, name: str) -> None: ...

    async def resume(self, name: str) -> None: ...


# Handlers name these as types.  Litestar would check and convert what it hands over; these are parts, not data.
HomePart = NamedDependency[SkipValidation[Home]]
RunnerPart = NamedDependency[SkipValidation[Runner]]
SchedulerPart = NamedDependency[SkipValidation[Scheduler]]
UploadsPart = NamedDependency[SkipValidation[Uploads]]
#: Who asks; never None in a route that is not exempt.
Asking = NamedDependency[SkipValidation[Viewer]]
