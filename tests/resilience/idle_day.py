"""Days on which nobody comes, in minutes: `python -m tests.resilience.idle_day DATA LIBRARY DAYS`.

The service without its doors runs everything that its schedules run in 24 hours, as often as they do: scans, nightly
jobs, the runner's looks at the clock, the watchdog's questions, and what an open page asks.  After each day it prints
one line of JSON: what the process holds, and what lies on the disk.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import psutil

from appliance.config import Settings
from appliance.daemon import House, open_house
from appliance.jobs.registry import JOBS
from appliance.library import job_runs, libraries
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN

PAGE = ("/api/v1/health", "/api/v1/timeline", "/api/v1/steps", "/api/v1/jobs", "/api/v1/files?limit=20", "/")


async def run_job(house: House, name: str) -> None:
    await house.scheduler.run_unless_paused(name)
    await house.scheduler.wait(name)


async def until_idle(house: House) -> None:
    """No step is due, and the compute processes have left."""
    while True:
        items = await house.runner.progress()
        busy = any(item["running"] or (item["pending"] and not item["waits"]) for item in items)
        if not busy and not psutil.Process().children(recursive=True):
            return
        await asyncio.sleep(0.1)


async def day(house: House, page: httpx.AsyncClient) -> None:
    for _ in range(24):
        await run_job(house, "scan_libraries")
        for minute in range(60):
            house.runner.wake()
            await house.home.db.check()
            await house.home.db.check()
            if minute % 10 == 0:
                for address in PAGE:
                    (await page.get(address)).raise_for_status()
            await asyncio.sleep(0)
    for job in JOBS:
        if job.name != "scan_libraries" and (job.interval_s(house.home.settings) or 0) > 0:
            await run_job(house, job.name)
    await until_idle(house)


async def held(house: House) -> dict[str, Any]:
    gc.collect()
    own = psutil.Process()
    rows = await house.home.db.fetch("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
    counts = [await house.home.db.value(f'SELECT count(*) FROM "{row["name"]}"') for row in rows]
    data = house.home.paths.root
    sizes = await asyncio.to_thread(lambda: [path.stat().st_size for path in data.rglob("*") if path.is_file()])
    return {
        "memory_kb": own.memory_info().rss >> 10,
        "objects": len(gc.get_objects()),
        "descriptors": own.num_fds(),
        "threads": threading.active_count(),
        "rows": sum(counts),
        "pages": await house.home.db.value("PRAGMA page_count"),
        "files": len(sizes),
        "bytes": sum(sizes),
    }


async def live(data: Path, library: Path, days: int) -> None:
    job_runs.KEPT = 1  # on the first day as many as ever, not after weeks
    settings = Settings(data=data, host="127.0.0.1", compute_workers=1, compute_idle_s=0.2, watch=False)
    async with open_house(settings) as house:
        await change_settings(house.home.db, LOCAL_ADMIN, {"find_faces": "off", "text_reader": "off"})
        await libraries.add_library(house.home.db, name="photos", root=str(library))
        await run_job(house, "scan_libraries")
        transport = httpx.ASGITransport(app=house.admin_app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as page:
            for _ in range(days):
                await day(house, page)
                print(json.dumps(await held(house)), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    os.environ["HOMEROLL_MDNS"] = "false"
    asyncio.run(live(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
