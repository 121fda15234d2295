"""`homeroll models`: what looks at the photos, fetched from the hub or taken from a disk, checked, removed.

The service does the work and goes on with it when the command ends; without one, the command does it itself, and what
was left undone is done by the service later.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import lines, size
from appliance.errors import HomerollError
from appliance.parser import folders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

POLL_S = 0.5

COLUMNS: tuple[Column, ...] = (
    ("NAME", lambda item: item["name"]),
    ("FOR", lambda item: item["task"]),
    ("STATE", lambda item: _state(item)),
    ("IN USE", lambda item: item["in_use"]),
    ("DOWNLOAD", lambda item: _download(item)),
    ("MEMORY", lambda item: f"{item['memory_mb']} MB{'' if item['fits'] else ' (too much here)'}"),
    ("LICENCE", lambda item: item["licence"]),
)


def arguments(parser: Parser) -> None:
    parser.action("list", _list, "print every model, those in use first")
    pull = parser.action("pull", _pull, "fetch models from where they are published; what is there is resumed")
    pull.add_argument("names", metavar="NAME", nargs="*", help="without one: all that are in use and not here yet")
    _how(pull)
    add = parser.action("add", _add, "take a model's files from a folder; needs no network")
    add.add_argument("names", metavar="NAME", nargs=1)
    folders(add.add_argument("folder", metavar="DIR"))
    _how(add)
    verify = parser.action("verify", _verify, "read the files of models and compare them with what was installed")
    verify.add_argument("names", metavar="NAME", nargs="*", help="without one: all that were fetched")
    remove = parser.action("remove", _remove, "remove a model's files, and what is there of a pull")
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--yes", action="store_true", help="do not ask")


def _how(parser: Parser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--force", action="store_true", help="also one that needs more memory than models may use here")
    parser.add_argument("--no-wait", action="store_true", help="leave it to the running service")


def run(context: Context) -> int:
    if context.args.action is _add and not context.url:  # a service elsewhere knows its own folders
        context.args.folder = str(Path(context.args.folder).expanduser().absolute())
    return ask(context, context.args.action)


async def _list(context: Context, api: Api) -> int:
    items = await api.items("/models")
    context.console.table(items, COLUMNS, empty="This Homeroll knows no models.")
    for item in items:
        if item["pull"] and item["pull"]["error"]:
            context.console.say(f"{item['name']}: {item['pull']['error']} {item['pull']['hint']}".rstrip())
    missing = [item["name"] for item in items if item["in_use"] and not item["installed"] and not item["pull"]]
    if missing:
        context.console.say(f"In use and not here: {', '.join(missing)}.  `homeroll models pull` fetches them.")
    return 0


async def _pull(context: Context, api: Api) -> int:
    items = await api.items("/models")
    if context.args.names:
        wanted = [await api.get(f"/models/{name}") for name in context.args.names]
    else:
        wanted = [item for item in items if item["in_use"] and not item["installed"]]
        if not wanted:
            context.console.data([], "Every model in use is here.")
            return 0
    return await _fetch(context, api, wanted, "pull", {"force": context.args.force})


async def _add(context: Context, api: Api) -> int:
    wanted = [await api.get(f"/models/{name}") for name in context.args.names]
    body = {"folder": context.args.folder, "force": context.args.force}
    return await _fetch(context, api, wanted, "add", body)


async def _fetch(
    context: Context, api: Api, wanted: Sequence[dict[str, Any]], action: str, body: dict[str, Any]
) -> int:
    """Say what will come, ask, start and wait."""
    for item in wanted:
        context.console.say(_described(item))
    names = [item["name"] for item in wanted]
    question = f"{'Fetch' if action == 'pull' else 'Take'} {', '.join(names)}?"
    if not await context.console.confirm(question, yes=context.args.yes):
        return 1
    for name in names:
        await api.post(f"/models/{name}/{action}", body)
    if not context.args.no_wait:
        await _wait(context, api, names)
    answer = [await api.get(f"/models/{name}") for name in names]
    context.console.data(answer, lambda: "\n".join(f"{item['name']}: {_state(item)}" for item in answer))
    return 0 if context.args.no_wait or all(item["installed"] for item in answer) else 1


async def _wait(context: Context, api: Api, names: Sequence[str]) -> None:
    """Until none is on its way; raises HomerollError for the first that stands still."""
    left = list(names)
    with context.console.progress() as progress:
        while left:
            pull = (await api.get(f"/models/{left[0]}"))["pull"]
            if pull is None:
                left.pop(0)
                continue
            done, total = pull["done_bytes"] >> 20, (pull["total_bytes"] or 0) >> 20
            progress.update(f"{left[0]}, MB", done=done, total=total)
            if pull["status"] == "failed":
                raise HomerollError(f"{left[0]}: {pull['error']}", hint=pull["hint"])
            if pull["status"] == "paused":
                raise HomerollError(f"{left[0]} was stopped", hint=f"homeroll models pull {left[0]} goes on with it.")
            await asyncio.sleep(POLL_S)


async def _verify(context: Context, api: Api) -> int:
    items = await api.items("/models")
    names = context.args.names or [item["name"] for item in items if item["installed"] and item["needs_download"]]
    answer = [{"name": name} | await api.post(f"/models/{name}/verify") for name in names]
    if not answer:
        context.console.data([], "No model was fetched yet.")
        return 0
    context.console.data(
        answer, lambda: lines((item["name"], "; ".join(item["problems"]) or "as installed") for item in answer)
    )
    if all(item["ok"] for item in answer):
        return 0
    bad = " ".join(item["name"] for item in answer if not item["ok"])
    context.console.say(f"`homeroll models pull {bad}` fetches what is wrong anew.")
    return 1


async def _remove(context: Context, api: Api) -> int:
    item = await api.get(f"/models/{context.args.name}")
    stops = f" Without it these stop: {'; '.join(item['uses'])}." if item["installed"] and item["uses"] else ""
    if not await context.console.confirm(f"Remove the files of {item['name']}?{stops}", yes=context.args.yes):
        return 1
    answer = await api.delete(f"/models/{item['name']}")
    context.console.data(answer, f"{item['name']} is removed; {size(answer['freed_bytes'])} are free again.")
    if answer["stops"]:
        context.console.say(f"These stop until there is another model: {'; '.join(answer['stops'])}.")
    return 0


def _state(item: Mapping[str, Any]) -> str:
    pull = item["pull"]
    if pull:
        share = f" {100 * pull['done_bytes'] // pull['total_bytes']} %" if pull["total_bytes"] else ""
        return {"running": "on its way", "failed": "failed", "paused": "stopped"}[pull["status"]] + share
    if not item["installed"]:
        return "not here" if item["can_be_pulled"] else "not here, add it"
    if item["missing_requirements"]:
        return f"needs {', '.join(item['missing_requirements'])}"
    return "here" if item["needs_download"] else "built in"


def _download(item: Mapping[str, Any]) -> str:
    if not item["needs_download"]:
        return "-"
    if item["size_bytes"] is None:
        return "size unknown"
    return f"{'' if item['size_exact'] else 'about '}{size(item['size_bytes'])}"


def _described(item: dict[str, Any]) -> str:
    """What someone should know before it is fetched."""
    pairs = [
        (item["name"], item["title"]),
        ("  licence", item["licence"]),
        ("  from", item["source"]),
        ("  download", _download(item)),
        ("  memory", f"{item['memory_mb']} MB while it works"),
    ]
    if item["converted"]:
        pairs.append(("  then", item["converted"]))
    if not item["fits"]:
        pairs.append(("  but", item["fits_hint"]))
    return lines(pairs)
