"""Once a month: is the backup one?  Part of it is restored beside the data, compared, and thrown away again."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.backup.drill import Tried, open_backup, try_files
from appliance.backup.folder import BackupFolder
from appliance.errors import StorageError
from appliance.library import kept
from appliance.library.settings import get_setting
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.backup.drill import Sample
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress

STATE = "last_drill"
SNAPSHOT_TIMEOUT_S = 3600.0
BATCH_FILES, BATCH_BYTES = 64, 256 << 20
SLOWEST_BYTES_PER_S = 1 << 20
MOST_TOLD = 100


class RestoreDrill:
    name = "restore_drill"
    title = "Try to restore the backup"
    reads_disks = True

    def interval_s(self, settings: Settings) -> float | None:
        return 30 * 24 * 3600

    async def run(self, home: Home, progress: Progress, *, everything: bool = False) -> dict[str, Any]:
        """everything: every file of the backup, not only a sample.

        Raises StorageError when a restore would not bring everything back.
        """
        folder = await get_setting(home.db, "backup_folder")
        if not folder:
            return {"skipped": "There is no backup on another disk: the setting backup_folder is empty."}
        backup, scratch_in = BackupFolder(Path(folder)), home.paths.root
        opened = await home.compute.run(
            open_backup, backup, scratch_in, random.getrandbits(32), everything=everything, timeout_s=SNAPSHOT_TIMEOUT_S
        )
        result = Tried(problems=list(opened.problems))
        for batch in _batches(opened.samples):
            await progress.check_in()
            size = sum(sample.size_bytes for sample in batch)
            tried = await home.compute.run(
                try_files, backup, scratch_in, batch, timeout_s=120 + size / SLOWEST_BYTES_PER_S
            )
            result.files += tried.files
            result.bytes += tried.bytes
            result.problems += tried.problems
            progress.update(progress.done + len(batch), len(opened.samples))
        told: dict[str, Any] = {
            "snapshot": opened.snapshot,
            "rows": opened.rows,
            "files": result.files,
            "bytes": result.bytes,
            "problems": result.problems[:MOST_TOLD],
            "failed": len(result.problems),
        }
        async with home.db.write(durable=True):
            await kept.remember(home.db, STATE, told | {"at": now()})
        if result.problems:
            count = len(result.problems)
            # Without a name: whose file it is decides who is told (`GET /integrity`).
            raise StorageError(
                f"A restore would lose {count:,} {'file' if count == 1 else 'files'}",
                hint="Back up again: sound originals replace damaged copies.  If it stays, that disk is failing."
                "  `homeroll drill` names them.",
            )
        return told


def _batches(samples: list[Sample]) -> Iterator[list[Sample]]:
    batch: list[Sample] = []
    size = 0
    for sample in samples:
        if batch and (len(batch) == BATCH_FILES or size + sample.size_bytes > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(sample)
        size += sample.size_bytes
    if batch:
        yield batch
