"""Every job.  `scan_libraries` also runs at start; the others when their time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.jobs.back_up import BackUp
from appliance.jobs.check_database import CheckDatabase
from appliance.jobs.cluster_faces import ClusterFaces
from appliance.jobs.empty_trash import EmptyTrash
from appliance.jobs.fetch_models import FetchModels
from appliance.jobs.find_duplicates import FindDuplicates
from appliance.jobs.group_events import GroupEvents
from appliance.jobs.index_images import IndexImages
from appliance.jobs.index_text import IndexText
from appliance.jobs.note_growth import NoteGrowth
from appliance.jobs.restore_drill import RestoreDrill
from appliance.jobs.scan_libraries import ScanLibraries
from appliance.jobs.scrub_originals import ScrubOriginals
from appliance.jobs.tidy_data import TidyData
from appliance.jobs.write_captions import WriteCaptions
from appliance.messages import DatabaseDoubted, FacesChanged, FileAdded, FileChanged

if TYPE_CHECKING:
    from appliance.jobs.base import Job
    from appliance.messages import Message

JOBS: tuple[Job, ...] = (
    ScanLibraries(),
    EmptyTrash(),
    TidyData(),
    ClusterFaces(),
    FetchModels(),
    IndexText(),
    IndexImages(),
    FindDuplicates(),
    GroupEvents(),
    BackUp(),
    RestoreDrill(),
    ScrubOriginals(),
    WriteCaptions(),
    CheckDatabase(),
    NoteGrowth(),
)

#: What happens -> the job that it asks for, and how long to wait for more of it, in seconds.
STARTED_BY: tuple[tuple[type[Message], str, float], ...] = (
    (FacesChanged, "cluster_faces", 5.0),
    (FileAdded, "index_text", 10.0),
    (FileChanged, "index_text", 10.0),
    (FileAdded, "group_events", 30.0),
    (FileChanged, "group_events", 30.0),
    (FileAdded, "find_duplicates", 60.0),
    (FileChanged, "find_duplicates", 60.0),
    (DatabaseDoubted, "check_database", 60.0),
)


def check(jobs: tuple[Job, ...]) -> None:
    """Raise ValueError for a name used twice; the daemon asks at start."""
    names = [job.name for job in jobs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two jobs are called {', '.join(twice)}")
