"""The parts that almost everything needs, built once by the daemon (or a command) and passed down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from appliance.tls import TlsState
from ml.base import Runtime

if TYPE_CHECKING:
    import asyncio

    from appliance.compute import Compute
    from appliance.config import Settings
    from appliance.db.engine import Database
    from appliance.messages import Bus
    from appliance.paths import DataPaths
    from appliance.values import StepSpec
    from ml.asked import PullProgress


@dataclass(frozen=True, kw_only=True)
class Home:
    """The open database and what belongs to it; nothing here listens or runs by itself."""

    settings: Settings
    paths: DataPaths
    db: Database
    bus: Bus
    compute: Compute
    steps: tuple[StepSpec, ...]
    """What is planned for every new file, in the order of the pipeline."""
    pulls: dict[str, PullProgress] = field(default_factory=dict)
    """Models that are being fetched now; what is asked for is on disk (`ml.asked`)."""
    watched: set[str] = field(default_factory=set)
    """Ids of libraries whose folders the kernel watches for us just now: changes in them are heard as they happen."""
    scanning: set[str] = field(default_factory=set)
    """Ids of libraries that are looked through as a whole just now."""
    tls: TlsState = field(default_factory=TlsState)
    """What the door that speaks TLS (`door.py`) serves just now."""
    disks_asked: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    """Folders whose disk has been asked how full it is and has not answered yet (`protection/growth.py`)."""

    @property
    def runtime(self) -> Runtime:
        """What models may use, for functions that run in their process (`compute.run(..., models=True)`)."""
        settings = self.settings
        return Runtime(self.paths.models, settings.models_memory_mb(), settings.workers())
