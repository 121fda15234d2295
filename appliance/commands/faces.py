"""`homeroll faces`: group them, see who was found, say who they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from appliance.client import ask, expect_id
from appliance.console import plural
from appliance.errors import HomerollError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

JOB = "cluster_faces"
POLL_S = 0.5

COLUMNS: tuple[Column, ...] = (
    ("ID", lambda item: item["id"]),
    ("NAME", lambda item: item["name"] or "-"),
    ("FACES", lambda item: f"{item['faces']:,}"),
    ("BIRTHDAY", lambda item: item["birthday"] or ""),
    ("MARKS", lambda item: ", ".join(mark for mark in ("favourite", "hidden", "ignored", "private") if item[mark])),
)


def arguments(parser: Parser) -> None:
    parser.action("cluster", _cluster, "group all faces anew; what people said stays as it is")
    show = parser.action("list", _list, "print everyone, the named first, then the groups by size")
    show.add_argument("--named", action="store_true", help="only those with a name")
    show.add_argument("--unnamed", action="store_true", help="only groups without a name")
    show.add_argument("--hidden", action="store_true", help="those that are hidden")
    show.add_argument("--ignored", action="store_true", help="strangers")
    name = parser.action("name", _name, "give a person or a group a name")
    name.add_argument("person", metavar="PERSON", help="a name, or the id that `faces list` shows")
    name.add_argument("new_name", metavar="NAME")
    merge = parser.action("merge", _merge, "make two or more people one")
    merge.add_argument("into", metavar="PERSON", help="who they all are")
    merge.add_argument("people", metavar="OTHER", nargs="+", help="who becomes that person")
    undo = parser.action("undo", _undo, "take back a change, by the id that it was told with")
    undo.add_argument("id", metavar="ID")


def run(context: Context) -> int:
    return ask(context, context.args.action)


async def _cluster(context: Context, api: Api) -> int:
    before = (await _job(api))["last_run"]
    await api.post(f"/jobs/{JOB}/run")
    with context.console.progress() as progress:
        while True:
            job = await _job(api)
            if job["status"] == "paused":
                raise HomerollError("Grouping faces is paused", hint="Resume it first.")
            if job["status"] != "running" and job["last_run"] != before:
                break
            progress.update("faces", done=job["done"] or 0, total=job["total"] or 0)
            await asyncio.sleep(POLL_S)
    if job["error"]:
        raise HomerollError(job["error"])
    result = job["result"] or {}
    context.console.data(
        result,
        f"{plural(result.get('faces', 0), 'face')}: {result.get('moved', 0):,} moved, "
        f"{plural(result.get('made', 0), 'group')} made, {result.get('dissolved', 0):,} dissolved",
    )
    return 0


async def _list(context: Context, api: Api) -> int:
    args = context.args
    query: dict[str, Any] = {"limit": 1000}
    if args.named != args.unnamed:
        query["named"] = "true" if args.named else "false"
    query |= {mark: "true" for mark in ("hidden", "ignored") if getattr(args, mark)}
    context.console.table(await api.items("/people", **query), COLUMNS, empty="Nobody was found yet.")
    return 0


async def _name(context: Context, api: Api) -> int:
    person = await _who(api, context.args.person)
    changed = await api.patch(f"/people/{person['id']}", {"name": context.args.new_name})
    context.console.data(changed, f"{context.args.person} is called {changed['person']['name']}")
    _tell_undo(context, changed)
    return 0


async def _merge(context: Context, api: Api) -> int:
    into = await _who(api, context.args.into)
    others = [await _who(api, other) for other in context.args.people]
    changed = await api.post("/people/merge", {"into": into["id"], "people": [other["id"] for other in others]})
    person = changed["person"]
    context.console.data(changed, f"{person['name'] or person['id']}: {plural(person['faces'], 'face')}")
    _tell_undo(context, changed)
    return 0


async def _undo(context: Context, api: Api) -> int:
    expect_id(context.args.id, "change", hint="Naming and merging people print the id that takes it back.")
    entry = await api.post(f"/journal/{context.args.id}/undo")
    context.console.data(entry, "It is as it was before.")
    return 0


def _tell_undo(context: Context, changed: dict[str, Any]) -> None:
    if changed["undo"]:
        context.console.say(f"`homeroll faces undo {changed['undo']}` takes it back.")


async def _job(api: Api) -> dict[str, Any]:
    return next(job for job in await api.items("/jobs") if job["name"] == JOB)


async def _who(api: Api, wanted: str) -> dict[str, Any]:
    """The person of that id or, if only one has it, of that name."""
    everyone = await api.items("/people", limit=1000)
    for mark in ("hidden", "ignored"):
        everyone += await api.items("/people", limit=1000, **{mark: "true"})
    found = [person for person in everyone if wanted == person["id"] or wanted.casefold() == person["name"].casefold()]
    if len(found) > 1:
        ids = ", ".join(person["id"] for person in found)
        raise InvalidInputError(f"{len(found)} people are called {wanted!r}", hint=f"Say which: {ids}")
    if not found:
        raise NotFoundError(f"There is no person {wanted!r}", hint="`homeroll faces list` shows everyone.")
    return found[0]
