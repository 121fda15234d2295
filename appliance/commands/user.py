"""`homeroll user`: who may log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import moment

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

ROLES = ("admin", "user")
COLUMNS: tuple[Column, ...] = (
    ("USERNAME", lambda item: item["username"]),
    ("NAME", lambda item: item["name"]),
    ("ROLE", lambda item: item["role"]),
    ("PASSWORD", lambda item: "one-time" if item["must_change_password"] else "own"),
    ("OUT", lambda item: "out" if item.get("disabled") else ""),
    ("SINCE", lambda item: moment(item["created"])),
)


def arguments(parser: Parser) -> None:
    add = parser.action("add", _add, "add someone; the password is asked for, or read from stdin")
    add.add_argument("username")
    add.add_argument("--name", default="", help="as the page shows it")
    add.add_argument("--role", choices=ROLES, default="user", help="user (the default) or admin")
    parser.action("list", _list, "print everyone")
    password = parser.action("password", _password, "set a password; it is asked for, or read from stdin")
    password.add_argument("username")
    role = parser.action("role", _role, "make someone admin or user")
    role.add_argument("username")
    role.add_argument("role", choices=ROLES, metavar="ROLE", help="admin or user")
    disable = parser.action(
        "disable", _disable, "let someone out at once: no login, session, key, link; nothing is lost"
    )
    disable.add_argument("username")
    enable = parser.action("enable", _enable, "let someone in again")
    enable.add_argument("username")
    remove = parser.action("remove", _remove, "remove someone")
    remove.add_argument("username")
    remove.add_argument("--yes", action="store_true", help="do not ask")


def run(context: Context) -> int:
    args = context.args
    if args.action in {_add, _password}:
        args.password = context.console.secret(f"Password for {args.username}")
    return ask(context, context.args.action)


async def _add(context: Context, api: Api) -> int:
    args, console = context.args, context.console
    body = {"username": args.username, "name": args.name or args.username, "role": args.role}
    user = await api.post("/users", body | {"password": args.password})
    console.data(user, f"{user['username']} ({user['role']}) may log in.")
    return 0


async def _list(context: Context, api: Api) -> int:
    context.console.table(await api.items("/users"), COLUMNS, empty="There is nobody.")
    return 0


async def _password(context: Context, api: Api) -> int:
    user = await _named(context, api)
    user = await api.patch(f"/users/{user['id']}", {"password": context.args.password})
    context.console.data(user, f"{user['username']} has a new password.")
    return 0


async def _role(context: Context, api: Api) -> int:
    user = await _named(context, api)
    user = await api.patch(f"/users/{user['id']}", {"role": context.args.role})
    context.console.data(user, f"{user['username']} is now {user['role']}.")
    return 0


async def _disable(context: Context, api: Api) -> int:
    user = await _named(context, api)
    user = await api.patch(f"/users/{user['id']}", {"disabled": True})
    context.console.data(user, f"{user['username']} is out.")
    return 0


async def _enable(context: Context, api: Api) -> int:
    user = await _named(context, api)
    user = await api.patch(f"/users/{user['id']}", {"disabled": False})
    context.console.data(user, f"{user['username']} may log in again.")
    return 0


async def _remove(context: Context, api: Api) -> int:
    user = await _named(context, api)
    if not await context.console.confirm(f"Remove {user['username']}, their sessions and keys?", yes=context.args.yes):
        return 1
    await api.delete(f"/users/{user['id']}")
    context.console.data({"removed": user}, f"{user['username']} is removed.")
    return 0


async def _named(context: Context, api: Api) -> dict[str, Any]:
    return await api.named("/users", context.args.username.lower(), by="username")
