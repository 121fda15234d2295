"""What the scripts that tests run in a mount namespace of their own share."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from appliance.compute import Compute
from appliance.config import Settings
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.home import Home
from appliance.importing.scan import ScanResult, scan_library
from appliance.library import libraries
from appliance.messages import Bus
from appliance.paths import DataPaths
from appliance.steps.base import spec
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


@contextlib.asynccontextmanager
async def opened(data: Path, root: Path) -> AsyncIterator[tuple[Home, Callable[[], Awaitable[ScanResult]]]]:
    """A data directory with one library, and a function that scans it."""
    paths = DataPaths(data / "homeroll")
    paths.create()
    settings = Settings(data=paths.root, compute="inline", compute_workers=1)
    db = Database(paths.database, paths.thumbnails)
    await db.open()
    await migrate(db)
    compute = Compute(settings)
    steps = tuple(spec(step) for step in STEPS)
    home = Home(settings=settings, paths=paths, db=db, bus=Bus(), compute=compute, steps=steps)
    await libraries.add_library(db, name="photos", root=str(root))
    library: uuid.UUID = await db.value('SELECT "id" FROM "library"')

    async def scan() -> ScanResult:
        return await scan_library(home, await libraries.get_library(db, library))

    try:
        yield home, scan
    finally:
        await compute.close()
        await db.close()


async def run_all_steps(home: Home) -> None:
    runner = Runner(home, STEPS)
    await runner.start()
    try:
        while any(item["pending"] or item["running"] for item in await runner.progress()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)
    finally:
        await runner.stop()


async def report(home: Home) -> None:
    """Print one line: status, files that are present, files that are missing or in the trash, the reason."""
    library = await libraries.get_library(home.db, await home.db.value('SELECT "id" FROM "library"'))
    trashed = await home.db.value('SELECT count(*) FROM "stored_file" WHERE "trashed_at" IS NOT NULL')
    present, missing = library["files"], library["missing"] + trashed
    print(f"{library['status']} {present} present {missing} missing: {library['reason']}")  # noqa: T201 - read by a test
