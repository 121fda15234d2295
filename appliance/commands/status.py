"""`homeroll status`: what whoever runs Homeroll wants to know at a glance.  Exit code 1 when something fails."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

from appliance.client import ask, service_answers
from appliance.console import lines, moment, plural, size, span
from appliance.lock import holder
from appliance.paths import DataPaths

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Context
    from appliance.parser import Parser


def arguments(parser: Parser) -> None:
    parser.epilog = "Exit code 1 when the service does not run or its health is failing."


def run(context: Context) -> int:
    if context.url:
        return ask(context, _status)
    settings = context.settings()
    if service_answers(context):
        disk = shutil.disk_usage(settings.data)
        here = {"data": str(settings.data), "disk_free_bytes": disk.free, "disk_total_bytes": disk.total}
        return ask(context, partial(_status, here=here))
    paths = DataPaths(settings.data)
    by = holder(paths)
    state: dict[str, Any] = {"running": False, "data": str(settings.data), "held_by": by.sentence() if by else None}
    held = f"  The data is in use by {by.sentence()}." if by else ""
    if why := paths.refused():
        state["refused"] = why
    there = settings.data.is_dir() or settings.data.is_symlink()
    said = f"No service runs on {settings.data}." if there else f"There is no data directory {settings.data}."
    context.console.data(state, f"{said}{held}")
    if why:
        context.console.say(why)
        return 1
    context.console.say("`homeroll serve` starts it; `homeroll doctor` looks for what could be wrong.")
    return 1


async def _status(context: Context, api: Api, *, here: dict[str, Any] | None = None) -> int:
    server, health = await api.get("/server"), await api.get("/health")
    libraries = await api.items("/libraries")
    steps, jobs = await api.get("/steps"), (await api.get("/jobs"))["items"]
    on_timeline = (await api.get("/timeline"))["total"]
    state: dict[str, Any] = {
        "running": True,
        "server": server,
        "health": health,
        "on_timeline": on_timeline,
        "libraries": libraries,
        "steps": steps["items"],
        "paused": steps["paused"],
        "night_window": steps["night_window"],
        "jobs": jobs,
        "failures": (await api.get("/failures", limit=1))["total"],
    } | (here or {})
    context.console.data(state, lambda: _text(state))
    if server["setup_required"]:
        context.console.say("The first admin has not chosen a password yet: open the page to do so.")
    return 1 if health["status"] == "failing" else 0


def _text(state: dict[str, Any]) -> str:
    health, failures = state["health"], state["failures"]
    pairs = [("Homeroll", f"{state['server']['version']}, {_health(health['status'])}")]
    pairs += [("", _reason(reason)) for reason in health["reasons"]]
    pairs.append(("Timeline", f"{state['on_timeline']:,} photos and videos"))
    pairs += [("Library", _library(item)) for item in state["libraries"]]
    pairs.append(("Work", _work(state)))
    pairs += [("Job", _job(job)) for job in state["jobs"] if job["status"] in {"running", "paused", "failed"}]
    if failures:
        pairs.append(("Failures", f"{plural(failures, 'failed step')}: the page's activity panel lists them"))
    if "data" in state:
        free, total = size(state["disk_free_bytes"]), size(state["disk_total_bytes"])
        pairs.append(("Data", f"{state['data']} ({free} free of {total})"))
    return lines(pairs)


def _health(status: str) -> str:
    return {"ok": "all is well", "degraded": "works, but look at this:", "failing": "FAILING:"}.get(status, status)


def _reason(reason: dict[str, str]) -> str:
    return f"{reason['part']}: {reason['message']}. {reason['hint']}".replace("..", ".").rstrip()


def _library(item: dict[str, Any]) -> str:
    frozen = f"  {item['reason']} {item['hint']}".rstrip() if item["status"] == "frozen" else ""
    scan = f"scanned {moment(item['last_scan'])}" if item["last_scan"] else "never scanned"
    return f"{item['name']}: {plural(item['files'], 'file')}, {item['status']}, {scan}{frozen}"


def _work(state: dict[str, Any]) -> str:
    waiting = {step["name"]: step["pending"] + step["running"] for step in state["steps"]}
    text = ", ".join(f"{name} {count:,}" for name, count in waiting.items() if count)
    if not text:
        return "nothing to do"
    left = max((step["seconds_left"] or 0 for step in state["steps"]), default=0)
    paused = "  (paused)" if state["paused"] else f"  (about {span(left)})" if left else ""
    return f"files waiting for {text}{paused}"


def _job(job: dict[str, Any]) -> str:
    progress = f" {job['done']:,} of {job['total']:,}" if job["status"] == "running" and job["total"] else ""
    return f"{job['title']}: {job['status']}{progress} {job['error'] or ''}".rstrip()
