"""Users: who may log in and as what, and where they are logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.glance import device
from tui.screens.base import ListScreen, Part
from tui.widgets.dialogs import Field, Form
from tui.widgets.listing import Column
from tui.widgets.picking import Menu
from tui.words import clean, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

    from tui.house import House

ROLES = ("user", "admin")
SHOWN = 4  # devices, below the list
EVERYWHERE = "everywhere"
LEAST = "At least 8 characters; a few words are good."
PASSWORD = (
    Field("password", "Password", kind="password"),
    Field("again", "The same once more", kind="password", help=LEAST),
)


def sessions_of(house: House, user: str) -> list[dict[str, Any]]:
    found = [one for one in house.items("sessions") if one["user"] == user]
    return sorted(found, key=lambda one: str(one["last_seen"]), reverse=True)


def _role(user: dict[str, Any]) -> tuple[str, str]:
    return ("locked", "yellow") if user["disabled"] else (user["role"], "bold" if user["role"] == "admin" else "")


class UsersScreen(ListScreen):
    NAME = "users"
    TITLE = "Users"
    SOURCES = ("users", "sessions")
    SELDOM = ("sessions",)
    HELP = """Who may log in, and on which devices they are. `l` logs somebody out on one of them, such as a lost
        phone. Admins see everyone's account, not everyone's photos. A new password ends that person's sessions. An
        account can be removed once no files belong to it: photos never go with an account. `x` locks one instead, and
        opens it again: nobody logs in with it meanwhile."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("a", "add", "Add"),
        ("n", "rename_chosen", "Name"),
        ("p", "password_chosen", "Password"),
        ("o", "role_chosen", "Role"),
        ("x", "lock_chosen", "Lock"),
        ("l", "log_out_chosen", "Log out"),
        ("d", "remove_chosen", "Remove"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("User name", lambda user: user["username"], 20),
        Column("Name", lambda user: user["name"]),
        Column("Role", _role, 8),
        Column("Devices", lambda user: f"{len(user['sessions']):,}", 7, right=True),
        Column("Since", lambda user: when(user["created"]), 11),
    )

    def items(self) -> list[dict[str, Any]]:
        """Each with its sessions, the one seen last first."""
        return [user | {"sessions": sessions_of(self.house, user["id"])} for user in super().items()]

    def details(self, item: dict[str, Any]) -> list[Part]:
        parts: list[Part] = [(clean(item["name"] or item["username"]), "bold"), f", {item['role']}\n"]
        if item["disabled"]:
            parts.append(("Locked: nobody can log in with it. x opens it again.\n", "$text-warning"))
        if item["must_change_password"]:
            parts.append(("Has not chosen a password yet.\n", "$text-warning"))
        parts += [f"{device(one)}\n" for one in item["sessions"][:SHOWN]]
        more = len(item["sessions"]) - SHOWN
        return [*parts, (f"and {more} more\n", "$foreground-muted")] if more > 0 else parts

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        return action != "log_out" or bool(item["sessions"])

    def action_log_out_chosen(self) -> None:
        if item := self.chosen:
            lines = [(one["id"], device(one)) for one in item["sessions"]]
            if len(lines) > 1:
                lines.append((EVERYWHERE, f"All {len(lines)} of them"))
            menu = Menu(f"Where is {item['username']} to be logged out?", lines, broad=True)
            self.app.push_screen(menu, lambda name: self._log_out(item, name))

    def _log_out(self, item: dict[str, Any], session: str | None) -> None:
        if session == EVERYWHERE:
            said, query = f"{item['username']} is logged out everywhere", {"user": item["id"]}
            self.desk.act("DELETE", "/sessions", said=said, sources=("sessions",), query=query)
        elif session is not None:
            said = f"{item['username']} is logged out there"
            self.desk.act("DELETE", f"/sessions/{session}", said=said, sources=("sessions",))

    def action_add(self) -> None:
        fields = (
            Field("username", "User name: what is typed to log in"),
            Field("name", "Name"),
            Field("role", "Role", ROLES[0], "choice", ROLES),
            *PASSWORD,
        )
        self.app.push_screen(Form("Add someone", fields, done="Add"), self._add)

    def _add(self, wanted: dict[str, Any] | None) -> None:
        if wanted:
            body = {name: wanted[name] for name in ("username", "name", "role", "password")}
            self.desk.act("POST", "/users", body, said=f"{body['username']} may log in", sources=self.SOURCES)

    def action_rename_chosen(self) -> None:
        if item := self.chosen:
            fields = (Field("username", "User name", item["username"]), Field("name", "Name", item["name"]))
            form = Form(f"Rename {item['username']}", fields, done="Rename")
            self.app.push_screen(form, lambda wanted: self._change(item, wanted, "Renamed"))

    def action_password_chosen(self) -> None:
        if item := self.chosen:
            form = Form(f"A new password for {item['username']}", PASSWORD, done="Set it")
            self.app.push_screen(form, lambda wanted: self._set_password(item, wanted))

    def _set_password(self, item: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        if wanted:
            said = f"{item['username']} has a new password; every session ended"
            self._change(item, {"password": wanted["password"]}, said)

    def action_role_chosen(self) -> None:
        if item := self.chosen:
            role = "user" if item["role"] == "admin" else "admin"
            self._change(
                item, {"role": role}, f"{item['username']} is {'an admin' if role == 'admin' else 'a user'} now"
            )

    def action_lock_chosen(self) -> None:
        if item := self.chosen:
            if item["disabled"]:
                self._change(item, {"disabled": False}, f"{item['username']} may log in again")
                return
            self.confirm(
                f"Lock {item['username']}?",
                "They are logged out everywhere and cannot log in until it is opened again; their photos stay.",
                yes="Lock",
                then=lambda: self._change(item, {"disabled": True}, f"{item['username']} is locked"),
            )

    def action_remove_chosen(self) -> None:
        if item := self.chosen:
            path, said = f"/users/{item['id']}", f"{item['username']} is removed"
            self.confirm(
                f"Remove {item['username']}?",
                "They cannot log in any more, and their keys end.",
                yes="Remove",
                then=lambda: self.desk.act("DELETE", path, said=said, sources=self.SOURCES),
            )

    def _change(self, item: dict[str, Any], wanted: dict[str, Any] | None, said: str) -> None:
        if wanted:
            self.desk.act("PATCH", f"/users/{item['id']}", wanted, said=said, sources=self.SOURCES)
