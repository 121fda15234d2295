"""Learn lists of the image index when it has grown, and move vectors into them; searches and new vectors go on."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.files import TEMPORARY_PREFIX
from appliance.library import image_lists
from appliance.library.image_index import in_use

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress
    from appliance.library.image_index import Index

SAMPLED_AT_ONCE = 2000
ASSIGNED_AT_ONCE = 4000
#: A transaction of so many lasts some 10 ms: nobody notices.
MOVED_AT_ONCE = 500
LEARN_TIMEOUT_S = 4 * 3600.0


def learn(sample: Path, dimensions: int, lists: int) -> bytes:
    """In the compute process."""
    from ml.vectors import learn_lists

    return learn_lists(sample, dimensions=dimensions, lists=lists)


def assign(codes: bytes, centres: bytes, dimensions: int) -> list[int]:
    """In the compute process."""
    from ml.vectors import assign

    return assign(codes, centres, dimensions=dimensions)


class IndexImages:
    name = "index_images"
    title = "Keep search by meaning fast"

    def interval_s(self, settings: Settings) -> float | None:
        return 3600

    async def run(self, home: Home, progress: Progress) -> dict[str, Any]:
        index = await image_lists.index_to_learn(home.db)
        if index is not None:
            await self._learn(home, progress, index)
        moved = await self._move(home, progress)
        return {"learned": index is not None, "moved": moved}

    async def _learn(self, home: Home, progress: Progress, index: Index) -> None:
        lists = image_lists.lists_wanted(index.vectors)
        path = await asyncio.to_thread(_temporary, home.paths.previews)
        try:
            parts = max(1, lists * image_lists.SAMPLES_PER_LIST // SAMPLED_AT_ONCE)
            for part in range(parts):
                await progress.check_in()
                await asyncio.to_thread(_append, path, await image_lists.sample(home.db, index, part, parts))
            centres = await home.compute.run(learn, path, index.dimensions, lists, timeout_s=LEARN_TIMEOUT_S)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        await image_lists.use_lists(home.db, index, centres)

    async def _move(self, home: Home, progress: Progress) -> int:
        """All of them, also what an earlier run was stopped at."""
        index = await in_use(home.db)
        if index is None or not index.generation:
            return 0
        lists, centres = await image_lists.newest_lists(home.db, index)
        moved = 0
        while (moving := await image_lists.to_move(home.db, index, ASSIGNED_AT_ONCE)).places:
            numbers = await home.compute.run(assign, moving.codes, centres, index.dimensions)
            for begin in range(0, len(numbers), MOVED_AT_ONCE):
                await progress.check_in()
                end = begin + MOVED_AT_ONCE
                portion = msgspec.structs.replace(
                    moving, places=moving.places[begin:end], embeddings=moving.embeddings[begin:end]
                )
                await image_lists.move(home.db, portion, [lists[number] for number in numbers[begin:end]])
            moved += len(numbers)
            progress.update(moved, max(index.vectors, moved))
        await image_lists.forget_old_lists(home.db, index)
        return moved


def _temporary(folder: Path) -> Path:
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=TEMPORARY_PREFIX)
    os.close(descriptor)
    return Path(name)


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
