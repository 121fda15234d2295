"""Every job.  `scan_libraries` also runs at start; the others when their time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.jobs.empty_trash import EmptyTrash
from appliance.jobs.scan_libraries import ScanLibraries
from appliance.jobs.tidy_data import TidyData

if TYPE_CHECKING:
    from appliance.jobs.base import Job

JOBS: tuple[Job, ...] = (
    ScanLibraries(),
    EmptyTrash(),
    TidyData(),
)


def check(jobs: tuple[Job, ...]) -> None:
    """Raise ValueError for a name used twice; the daemon asks at start."""
    names = [job.name for job in jobs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two jobs are called {', '.join(twice)}")
