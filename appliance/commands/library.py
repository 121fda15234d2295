"""`homeroll library`: the folders of photos that are indexed in place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import moment, plural
from appliance.parser import folders

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

COLUMNS: tuple[Column, ...] = (
    ("NAME", lambda item: item["name"]),
    ("FILES", lambda item: f"{item['files']:,}"),
    ("STATUS", lambda item: item["status"]),
    ("WATCHED", lambda item: item["watched"]),
    ("LAST SCAN", lambda item: moment(item["last_scan"])),
    ("FOLDER", lambda item: item["root"]),
)


def arguments(parser: Parser) -> None:
    add = parser.action("add", _add, "index a folder of photos where it is; its files are only read")
    folders(add.add_argument("folder", metavar="DIR"))
    add.add_argument("--name", help="what it is called; the folder's own name if not given")
    parser.action("list", _list, "print every library")
    rename = parser.action("rename", _rename, "call a library something else")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new_name", metavar="NEW_NAME")
    remove = parser.action("remove", _remove, "forget a library; its photos stay on the disk untouched")
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    accept = parser.action("accept-missing", _accept, "believe that the missing files of a frozen library are gone")
    accept.add_argument("name", metavar="NAME")
    accept.add_argument("--yes", action="store_true", help="do not ask")


def run(context: Context) -> int:
    if context.args.action is _add and not context.url:  # a service elsewhere knows its own folders
        context.args.folder = str(Path(context.args.folder).expanduser().absolute())
    return ask(context, context.args.action)


async def _add(context: Context, api: Api) -> int:
    folder = context.args.folder
    name = context.args.name or Path(folder).name or "Photos"
    library = await api.post("/libraries", {"name": name, "root": folder})
    context.console.data(library, f"{library['name']}: {library['root']}")
    context.console.say("`homeroll scan --wait` looks through it now.")
    return 0


async def _list(context: Context, api: Api) -> int:
    libraries = await api.items("/libraries")
    context.console.table(libraries, COLUMNS, empty="There is no library yet: homeroll library add DIR --name NAME")
    for library in libraries:
        if library["status"] == "frozen":
            context.console.say(f"{library['name']} is frozen: {library['reason']} {library['hint']}".rstrip())
    return 0


async def _rename(context: Context, api: Api) -> int:
    library = await _named(context, api)
    library = await api.patch(f"/libraries/{library['id']}", {"name": context.args.new_name})
    context.console.data(library, f"{context.args.name} is now called {library['name']}")
    return 0


async def _remove(context: Context, api: Api) -> int:
    library = await _named(context, api)
    question = f"Forget {library['name']} with what is known of its {plural(library['files'], 'file')}?"
    if not await context.console.confirm(question, yes=context.args.yes):
        return 1
    await api.delete(f"/libraries/{library['id']}")
    context.console.data({"removed": library}, f"{library['name']} is forgotten; its files are where they were.")
    return 0


async def _accept(context: Context, api: Api) -> int:
    library = await _named(context, api)
    question = f"Believe that what is missing from {library['root']} is gone for good?"
    if not await context.console.confirm(question, yes=context.args.yes):
        return 1
    answer = await api.post(f"/libraries/{library['id']}/accept-missing")
    context.console.data(answer, f"{library['name']} goes on with what is there.")
    return 0


async def _named(context: Context, api: Api) -> dict[str, Any]:
    return await api.named("/libraries", context.args.name, by="name")
