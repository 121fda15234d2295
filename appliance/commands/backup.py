"""`homeroll backup`: a snapshot of the database and, when a folder is set, a copy of everything, now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import plural
from appliance.errors import HomerollError
from appliance.parser import folders

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Context
    from appliance.parser import Parser

JOB = "back_up"
POLL_S = 0.25


def arguments(parser: Parser) -> None:
    folders(parser.add_argument("--to", metavar="DIR", help="copy everything there, now and every night from now on"))


def run(context: Context) -> int:
    return ask(context, _back_up)


async def _back_up(context: Context, api: Api) -> int:
    if context.args.to:
        await api.patch("/settings", {"backup_folder": str(Path(context.args.to).expanduser().absolute())})
    before = (await _job(api))["last_run"]
    await api.post(f"/jobs/{JOB}/run")
    with context.console.progress() as progress:
        while True:
            job = await _job(api)
            if job["status"] != "running" and job["last_run"] != before:
                break
            progress.update("back up", done=job["done"], total=job["total"])
            await asyncio.sleep(POLL_S)
    if job["status"] == "failed":
        raise HomerollError(job["error"], hint="What was copied is kept; mend this and run it again.")
    result = dict(job.get("result") or {})
    context.console.data(result, lambda: _sentence(result))
    return 0


async def _job(api: Api) -> dict[str, Any]:
    return next(dict(item) for item in (await api.get("/jobs"))["items"] if item["name"] == JOB)


def _sentence(result: dict[str, Any]) -> str:
    told = f"Snapshot {result.get('snapshot')}."
    if "copied" not in result:
        return f"{told}  Photos are not copied: name a folder on another disk with --to DIR."
    told += f"  {plural(result['copied'], 'file')} copied, {result['same']:,} there already."
    for what, words in (
        ("changed", "changed since the last scan"),
        ("missing", "gone since the last scan"),
        ("unreadable", "unreadable"),
    ):
        if result[what]:
            told += f"  {result[what]:,} {words}."
    return told
