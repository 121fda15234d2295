"""`homeroll key`: keys with which programs show who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.client import ask
from appliance.console import moment

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

COLUMNS: tuple[Column, ...] = (
    ("ID", lambda item: item["id"]),
    ("USER", lambda item: item["username"]),
    ("NAME", lambda item: item["name"]),
    ("SCOPES", lambda item: item["scopes"]),
    ("CREATED", lambda item: moment(item["created"])),
    ("LAST USED", lambda item: moment(item["last_used"])),
)


def arguments(parser: Parser) -> None:
    create = parser.action("create", _create, "make a key and print it, alone, the only time it can be seen")
    create.add_argument("username", metavar="USER", help="whose key it is: it may do what they may")
    create.add_argument("--scope", action="append", metavar="SCOPE", help="what it may do; again for more (all)")
    create.add_argument("--name", default="command line", help="what it is for")
    parser.action("list", _list, "print every key, without the keys themselves")
    revoke = parser.action("revoke", _revoke, "end a key at once")
    revoke.add_argument("id", metavar="ID")


def run(context: Context) -> int:
    return ask(context, context.args.action)


async def _create(context: Context, api: Api) -> int:
    args, console = context.args, context.console
    user = await api.named("/users", args.username.lower(), by="username")
    key = await api.post("/keys", {"user": user["id"], "name": args.name, "scopes": args.scope or ["all"]})
    console.data(key, key["key"])
    if console.out.isatty():
        console.say("Keep it somewhere safe: it is not shown again.")
    return 0


async def _list(context: Context, api: Api) -> int:
    context.console.table(await api.items("/keys"), COLUMNS, empty="There are no keys.")
    return 0


async def _revoke(context: Context, api: Api) -> int:
    key = await api.named("/keys", context.args.id, by="id")
    await api.delete(f"/keys/{key['id']}")
    context.console.data({"revoked": key}, f"{key['name']} opens nothing any more.")
    return 0
