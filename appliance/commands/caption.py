"""`homeroll caption`: have a model describe files, and print what it says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from appliance.client import ask, expect_id
from appliance.console import plural
from appliance.errors import HomerollError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

JOB = "write_captions"
POLL_S = 0.3

COLUMNS: tuple[Column, ...] = (
    ("CAPTION", lambda item: item["text"] or item["error"]),
    ("MODEL", lambda item: item["model"]),
    ("ID", lambda item: item["id"]),
)


def arguments(parser: Parser) -> None:
    parser.add_argument("files", metavar="FILE_ID", nargs="*", help="ids, as `homeroll search` prints them")
    parser.add_argument("--all", action="store_true", help="every photo and video that has none; --no-wait to leave it")
    parser.add_argument("--model", metavar="NAME", help="another model than the one in use; not with --all")
    parser.add_argument("--no-wait", action="store_true", help="leave it to the running service")


def run(context: Context) -> int:
    args = context.args
    if bool(args.files) == args.all:
        raise InvalidInputError("Say which files, or --all", hint="`homeroll search` prints ids of files.")
    if args.all and args.model:
        raise InvalidInputError("--all is done by the model in use", hint="homeroll config set captioning_model NAME")
    return ask(context, _all if args.all else _some)


async def _some(context: Context, api: Api) -> int:
    args = context.args
    for file in args.files:
        expect_id(file, "file", hint="`homeroll search` prints ids of files.")
    states = {file: await api.post(f"/files/{file}/caption", {"model": args.model}) for file in args.files}
    if not args.no_wait:
        with context.console.progress() as progress:
            while left := [file for file, state in states.items() if state["status"] == "pending"]:
                progress.update("captions", done=len(states) - len(left), total=len(states))
                await asyncio.sleep(POLL_S)
                for file in left:
                    states[file] = await api.get(f"/files/{file}/caption", model=states[file]["model"])
                await _check_steps(api, left)
    items = [{"id": file, **state} for file, state in states.items()]
    context.console.table(items, COLUMNS, empty="")
    return 0 if all(item["status"] in ("done", "pending") for item in items) else 1


async def _check_steps(api: Api, left: Sequence[str]) -> None:
    """Raise when waiting is in vain."""
    answer = await api.get("/steps")
    waits = next((step["waits"] for step in answer["items"] if step["name"] == "caption"), "")
    if waits or answer["paused"]:
        raise HomerollError(
            f"{plural(len(left), 'file')} must wait: {waits or 'work on files is paused'}",
            hint="What was asked for is done when that has changed.",
        )


async def _all(context: Context, api: Api) -> int:
    before = (await _job(api))["last_run"]
    await api.post(f"/jobs/{JOB}/run")
    if context.args.no_wait:
        context.console.data(None, "The service writes captions; `homeroll status` tells how far it is.")
        return 0
    with context.console.progress() as progress:
        while True:
            job = await _job(api)
            if job["status"] == "paused":
                raise HomerollError("Writing captions is paused", hint="Resume it first.")
            if job["status"] != "running" and job["last_run"] != before:
                break
            progress.update("captions", done=job["done"] or 0, total=job["total"] or 0)
            await asyncio.sleep(POLL_S)
    if job["error"]:
        raise HomerollError(job["error"])
    result: dict[str, Any] = job["result"] or {"asked": 0, "failed": 0}
    failed = f", {result['failed']:,} of them have none" if result["failed"] else ""
    context.console.data(result, f"{plural(result['asked'], 'file')} looked at{failed}")
    return 0


async def _job(api: Api) -> dict[str, Any]:
    return next(job for job in await api.items("/jobs") if job["name"] == JOB)
