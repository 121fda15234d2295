"""The first start, step by step: the first admin, a folder, models, when to work.  The same steps as the browser's.

Whoever can open the socket is the admin, so the one-time password that a browser needs is not asked for here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from appliance.errors import HomerollError
from tui.phone import code_for
from tui.widgets.dialogs import Field, Form, Paper, Question
from tui.widgets.picking import FolderForm, Ticks
from tui.words import clean, size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.desk import Desk

ANY_TIME, AT_NIGHT = "at any time", "only at night, 23:00 to 06:30"
WINDOWS = {ANY_TIME: "", AT_NIGHT: "23:00-06:30"}
LATER = "Later"


async def walk(desk: Desk) -> None:
    """Ask for one thing after the other; each can be put off.  Call it in a worker."""
    welcome = Question(
        "Welcome to Homeroll",
        "It takes four steps: the first account and a name, a folder of photos, models, and when to work. Each can be"
        " left out, and changed at any time.",
        yes="Begin",
        no=LATER,
        harmless=True,
    )
    if not await desk.push_screen_wait(welcome):
        return
    if await _account(desk) and await _folder(desk) and await _models(desk):
        await _schedule(desk)
    parts = [f"{address}\n" for address in desk.addresses]
    told = Content.assemble(
        "Homeroll is at work. Browsers find it here, phones by the code:\n",
        *parts,
        code_for(desk.phone_address, told=False),
    )
    await desk.push_screen_wait(Paper("That is all", told))


async def _account(desk: Desk) -> bool:
    """Make the admin of the very first start a person."""
    users: dict[str, Any] = await desk.client.get("/users")
    first = next((user for user in users["items"] if user["role"] == "admin"), None)
    problem, values = "", {"name": "", "username": "admin", "called": str((await desk.client.get("/server"))["name"])}
    while first is not None:
        wanted = await desk.push_screen_wait(
            Form(
                "1 of 4: the first account",
                (
                    Field("name", "Your name", values["name"]),
                    Field("username", "User name: what you type to log in", values["username"]),
                    Field("password", "Password", kind="password"),
                    Field("again", "The same once more", kind="password"),
                    Field("called", "What this Homeroll is called", values["called"]),
                ),
                explained="It can add folders and invite the family. At least 8 characters; a few words are good.",
                problem=problem,
                done="Go on",
                leave=LATER,
            )
        )
        if wanted is None:
            break
        values = {name: wanted[name].strip() for name in ("name", "username", "called")}
        person = {name: values[name] for name in ("name", "username")} | {"password": wanted["password"]}
        problem = await _tried(desk, "PATCH", "/settings", {"name": values["called"]})
        problem = problem or await _tried(desk, "PATCH", f"/users/{first['id']}", person)
        if not problem:
            desk.ask_for(("server", "users", "settings"))
            break
    return True


async def _folder(desk: Desk) -> bool:
    problem, root = "", "/"
    while True:
        wanted = await desk.push_screen_wait(
            FolderForm(
                "2 of 4: a folder of photos",
                done="Add and scan",
                tree=desk.client.address.socket is not None,
                root=root,
                explained=problem or "Homeroll reads it where it is and never writes to it.",
                leave=LATER,
            )
        )
        if wanted is None:
            return True
        root = wanted["root"]
        problem = await _tried(desk, "POST", "/libraries", {"root": root, "name": wanted["name"]})
        if not problem:
            desk.ask_for(("libraries", "jobs"))
            return True


async def _models(desk: Desk) -> bool:
    """Those that fit into this machine's memory; nothing is fetched unless it is ticked."""
    answer: dict[str, Any] = await desk.client.get("/models")
    fitting = [item for item in answer["items"] if _is_offered(item)]
    if not fitting:
        return True
    lines = [(item["name"], _line(item)) for item in fitting]
    ticked = await desk.push_screen_wait(
        Ticks(
            "3 of 4: models that fit this machine",
            lines,
            explained="They are fetched from the internet, once. Faces and text in photos are found without them;"
            f" search by meaning and tags need one. {size(answer['free_bytes'])} free. Space ticks.",
            done="Go on",
            leave=LATER,
        )
    )
    for name in ticked or ():
        if problem := await _tried(desk, "POST", f"/models/{name}/pull", {}):
            desk.notify(problem, severity="error", timeout=10, markup=False)
    desk.ask_for(("models",))
    return True


def _is_offered(item: Mapping[str, Any]) -> bool:
    here = item["installed"] or item["pull"] or item["missing_requirements"]
    return bool(item["needs_download"] and item["can_be_pulled"] and item["fits"] and not here)


def _line(item: Mapping[str, Any]) -> str:
    uses = f", for {item['uses'][0]}" if item["uses"] else f", {item['task']}"
    return f"{clean(item['title'])}{uses}: {size(item['size_bytes'])}, {item['licence']}"


async def _schedule(desk: Desk) -> None:
    problem, folder, window = "", "", ANY_TIME
    while True:
        wanted = await desk.push_screen_wait(
            Form(
                "4 of 4: when to work, where to copy",
                (
                    Field("window", "New photos are worked on", window, "choice", tuple(WINDOWS)),
                    Field(
                        "folder",
                        "A copy of everything, every night, in this folder on another disk",
                        folder,
                        help="Empty: none. Backups can be set up later, too.",
                    ),
                ),
                problem=problem,
                done="Go on",
                leave=LATER,
            )
        )
        if wanted is None:
            return
        window, folder = wanted["window"], wanted["folder"].strip()
        body = {"night_window": WINDOWS[window], "backup_folder": folder}
        problem = await _tried(desk, "PATCH", "/settings", body)
        if not problem:
            desk.ask_for(("settings", "steps"))
            return


async def _tried(desk: Desk, method: str, path: str, body: object) -> str:
    """What was wrong with it, for people; "" when it is done."""
    try:
        await desk.client.ask(method, path, body=body)
    except HomerollError as error:
        return f"{error.message}. {error.hint}".replace("..", ".").strip()
    return ""
