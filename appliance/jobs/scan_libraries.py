"""Bring every library up to date with its folder."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ComputeUnavailableError, StorageError
from appliance.importing.scan import ScanResult, scan_library
from appliance.library import libraries
from appliance.library.viewers import LOCAL_ADMIN

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress


class ScanLibraries:
    name = "scan_libraries"
    title = "Look for new and changed files"
    reads_disks = True

    def interval_s(self, settings: Settings) -> float | None:
        return settings.scan_interval_min * 60 or None

    async def run(
        self,
        home: Home,
        progress: Progress,
        *,
        library: str | uuid.UUID | None = None,
        folders: Sequence[str] | None = None,
        without: Collection[str] = (),
    ) -> dict[str, Any]:
        """library: only that one.   folders: only these below its root.   without: ids of those to leave alone."""
        chosen = (
            [await libraries.get_library(home.db, uuid.UUID(str(library)))]
            if library is not None
            else await libraries.list_libraries(home.db, LOCAL_ADMIN)
        )
        total, problem = ScanResult(), None
        for one in (one for one in chosen if one["id"] not in without):
            await progress.check_in()
            try:
                total.add(await scan_library(home, one, folders=folders, progress=progress))
            except (StorageError, ComputeUnavailableError):
                raise  # the next library would fare no better
            except Exception as error:  # noqa: BLE001 - what ails one library does not keep the others from being seen
                problem = problem or error
        if problem is not None:
            raise problem
        result: dict[str, Any] = msgspec.to_builtins(total)
        return result
