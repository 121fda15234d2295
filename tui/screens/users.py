"""Users: who may log in and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import ListScreen, Part
from tui.widgets.dialogs import Field, Form
from tui.widgets.listing import Column
from tui.words import clean, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

ROLES = ("user", "admin")
LEAST = "At least 8 characters; a few words are good."
PASSWORD = (
    Field("password", "Password", kind="password"),
    Field("again", "The same once more", kind="password", help=LEAST),
)


class UsersScreen(ListScreen):
    NAME = "users"
    TITLE = "Users"
    SOURCES = ("users",)
    HELP = """Who may log in. Admins see everyone's account, not everyone's photos. A new password ends that person's
        sessions. An account can be removed once no files belong to it: photos never go with an account."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("a", "add", "Add"),
        ("n", "rename_chosen", "Name"),
        ("p", "password_chosen", "Password"),
        ("o", "role_chosen", "Admin or not"),
        ("d", "remove_chosen", "Remove"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("User name", lambda user: user["username"], 20),
        Column("Name", lambda user: user["name"]),
        Column("Role", lambda user: (user["role"], "bold" if user["role"] == "admin" else ""), 8),
        Column("Since", lambda user: when(user["created"]), 11),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        parts: list[Part] = [(clean(item["name"] or item["username"]), "bold"), f", {item['role']}\n"]
        if item["must_change_password"]:
            parts.append(("Has not chosen a password yet.\n", "$text-warning"))
        return parts

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
