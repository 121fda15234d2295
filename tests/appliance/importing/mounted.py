"""What the scripts that tests run in a mount namespace of their own share."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.importing.scan import ScanResult, scan_library
from appliance.library import libraries
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home


@contextlib.asynccontextmanager
async def opened(data: Path, root: Path) -> AsyncIterator[tuple[Home, Callable[[], Awaitable[ScanResult]]]]:
    """A data directory with one library, and a function that scans it."""
    settings = Settings(data=data / "homeroll", compute="inline", compute_workers=1)
    async with open_home(settings) as home:
        await libraries.add_library(home.db, name="photos", root=str(root))
        library: uuid.UUID = await home.db.value('SELECT "id" FROM "library"')

        async def scan() -> ScanResult:
            return await scan_library(home, await libraries.get_library(home.db, library))

        yield home, scan


async def run_all_steps(home: Home) -> None:
    runner = Runner(home, STEPS)
    await runner.start()
    try:
        while any(  # noqa: ASYNC110 - no event
            item["running"] or (item["pending"] and not item["waits"]) for item in await runner.progress()
        ):
            await asyncio.sleep(0.02)
    finally:
        await runner.stop()


async def report(home: Home) -> None:
    """Print one line: status, files that are present, files that are missing or in the trash, the reason."""
    library = await libraries.get_library(home.db, await home.db.value('SELECT "id" FROM "library"'))
    trashed = await home.db.value('SELECT count(*) FROM "stored_file" WHERE "trashed_at" IS NOT NULL')
    present, missing = library["files"], library["missing"] + trashed
    print(f"{library['status']} {present} present {missing} missing: {library['reason']}")  # noqa: T201 - read by a test
