"""Once a month: is the backup one?  Part of it is restored beside the data, compared, and thrown away again."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.backup.drill import drill
from appliance.backup.folder import BackupFolder
from appliance.errors import StorageError
from appliance.library import kept
from appliance.library.settings import get_setting
from appliance.values import now

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress

STATE = "last_drill"
TIMEOUT_S = 4 * 3600.0
MOST_TOLD = 20


class RestoreDrill:
    name = "restore_drill"
    title = "Try to restore the backup"

    def interval_s(self, settings: Settings) -> float | None:
        return 30 * 24 * 3600

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        """Raises StorageError when a restore would not bring everything back."""
        folder = await get_setting(home.db, "backup_folder")
        if not folder:
            return {"skipped": "There is no backup on another disk: the setting backup_folder is empty."}
        result = await home.compute.run(
            drill, BackupFolder(Path(folder)), home.paths.root, random.getrandbits(32), timeout_s=TIMEOUT_S
        )
        told: dict[str, Any] = msgspec.to_builtins(result) | {
            "problems": result.problems[:MOST_TOLD],
            "failed": len(result.problems),
        }
        async with home.db.write(durable=True):
            await kept.remember(home.db, STATE, told | {"at": now()})
        if result.problems:
            raise StorageError(
                f"A restore would lose {len(result.problems):,} files: {result.problems[0]}",
                hint="Back up again; if it stays, the disk of the backup is failing.",
            )
        return told
