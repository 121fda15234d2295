"""`homeroll scan`: start a scan; with --wait, stay until every file has been through its steps.

Scripts rely on the numbers: found, added, changed, moved, missing, failed, seconds.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import plural, span
from appliance.errors import ConflictError, HomerollError, NotFoundError

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Context, Progress
    from appliance.parser import Parser

JOB = "scan_libraries"
NUMBERS = ("found", "added", "changed", "moved", "missing")
POLL_S = 0.25


def arguments(parser: Parser) -> None:
    parser.add_argument("--wait", action="store_true", help="stay until all work on the files is done")
    parser.add_argument("--until", metavar="STEP", help="with --wait: until this step and those before it are done")
    parser.add_argument("--library", metavar="NAME", help="only this library")


def run(context: Context) -> int:
    if context.args.until and not context.args.wait:
        context.args.wait = True
    return ask(context, _scan)


async def _scan(context: Context, api: Api) -> int:
    args, console, began = context.args, context.console, time.monotonic()
    if args.until:
        _up_to((await api.get("/steps"))["items"], args.until)
    library = await api.named("/libraries", args.library, by="name") if args.library else None
    if not args.wait:
        await _start(api, library)
        console.data({"started": JOB}, "The scan has started; `homeroll status` shows how it goes.")
        return 0
    with console.progress() as progress:
        numbers = dict.fromkeys(NUMBERS, 0)
        running = await _job(api)
        if running["status"] == "running":  # it may have passed what changed just now: it is waited for, then ours
            _add(numbers, await _finished(api, progress, since=None))
        since = (await _job(api))["last_run"]
        await _start(api, library)
        _add(numbers, await _finished(api, progress, since=since or ""))
        failed = await _steps_done(context, api, progress)
    answer = numbers | {"failed": failed, "seconds": round(time.monotonic() - began, 3)}
    await _tell_frozen(context, api)
    console.data(answer, lambda: _sentence(answer))
    return 0


async def _start(api: Api, library: dict[str, Any] | None) -> None:
    await api.post(f"/libraries/{library['id']}/scan" if library else f"/jobs/{JOB}/run")


async def _job(api: Api) -> dict[str, Any]:
    for item in (await api.get("/jobs"))["items"]:
        if item["name"] == JOB:
            return dict(item)
    raise NotFoundError(f"This Homeroll has no job {JOB}", hint="Is it another version?")


async def _finished(api: Api, progress: Progress, *, since: str | None) -> dict[str, Any]:
    """The result of the run after `since` (None: of the one that is going on), once it has ended."""
    while True:
        job = await _job(api)
        if job["status"] == "running":
            progress.update("scan", done=job["done"], total=job["total"])
        elif job["status"] == "paused" and (since is None or job["last_run"] == since):
            raise ConflictError("Scanning is paused", hint="Resume it on the page's activity panel, then scan again.")
        elif since is None or (job["last_run"] or "") != since:
            if job["status"] == "failed":
                raise HomerollError(f"The scan failed: {job['error']}", hint="`homeroll doctor` looks for the cause.")
            return dict(job.get("result") or {})
        await asyncio.sleep(POLL_S)


async def _steps_done(context: Context, api: Api, progress: Progress) -> int:
    """Wait until no file lacks a step that can be done here; returns how many step rows have failed."""
    told = ""
    while True:
        answer = await api.get("/steps")
        steps = _up_to(answer["items"], context.args.until)
        for step in steps:
            done = step["done"] + step["skipped"] + step["failed"] + step["ignored"]
            progress.update(step["name"], done=done, total=done + step["pending"] + step["running"])
        if not any(step["running"] or (step["pending"] and not step["waits"]) for step in steps):
            for step in steps:
                if step["pending"]:
                    context.console.say(f"{step['name']} is left to do: {step['waits']}")
            return sum(step["failed"] for step in steps)
        if answer["paused"]:
            raise ConflictError("Work on the files is paused", hint="Resume it on the page's activity panel.")
        hindrance = await _hindrance(api, answer["night_window"])
        if hindrance and hindrance != told:
            told = hindrance
            context.console.say(hindrance)
        await asyncio.sleep(POLL_S)


async def _hindrance(api: Api, night_window: str) -> str:
    """Why work may stand still for a while: said once, waited out."""
    health = await api.get("/health")
    if health["status"] == "failing":
        return " ".join(f"{reason['message']}. {reason['hint']}" for reason in health["reasons"])
    return f"Work on the files may wait for the night window ({night_window})." if night_window else ""


def _up_to(steps: list[dict[str, Any]], until: str | None) -> list[dict[str, Any]]:
    names = [step["name"] for step in steps]
    if until is None:
        return steps
    if until not in names:
        raise NotFoundError(f"There is no step {until!r}", hint=f"There are, in this order: {', '.join(names)}")
    return steps[: names.index(until) + 1]


def _add(numbers: dict[str, int], result: dict[str, Any]) -> None:
    """Sum up what two scans did; what they found and missed is the later one's word."""
    for name in NUMBERS:
        value = int(result.get(name, 0))
        numbers[name] = value if name in {"found", "missing"} else numbers[name] + value


async def _tell_frozen(context: Context, api: Api) -> None:
    for library in await api.items("/libraries"):
        if library["status"] == "frozen":
            context.console.say(f"{library['name']} is frozen: {library['reason']} {library['hint']}".rstrip())


def _sentence(answer: dict[str, Any]) -> str:
    parts = [f"{answer[name]:,} {name}" for name in ("added", "changed", "moved", "missing", "failed")]
    return f"{plural(answer['found'], 'file')} found: {', '.join(parts)}, in {span(answer['seconds'])}."
