"""Keys: what programs log in with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.content import Content

from tui.screens.base import ListScreen, Part
from tui.widgets.dialogs import Field, Form, Paper
from tui.widgets.listing import Column
from tui.words import clean, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

SCOPES = ("all", "read", "upload", "metrics")
MEANINGS = "all: everything its user may; read: look; upload: bring photos; metrics: for Prometheus."


class KeysScreen(ListScreen):
    NAME = "keys"
    TITLE = "Keys"
    SOURCES = ("keys", "users")
    EMPTY = "No program has a key."
    HELP = """What programs log in with: a phone's uploads, a script, this dashboard from another machine
        (`HOMEROLL_KEY=… homeroll --url http://…`). A key is shown once, when it is made; only a hash of it
        is kept. Removing it ends it at once."""
    BINDINGS: ClassVar[list[BindingType]] = [("a", "add", "Make a key"), ("d", "remove_chosen", "Remove")]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Key", lambda key: key["name"]),
        Column("Whose", lambda key: key["username"], 16),
        Column("May", lambda key: ", ".join(key["scopes"]), 16),
        Column("Last used", lambda key: when(key["last_used"]), 11),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        return [(clean(item["name"]), "bold"), f" of {clean(item['username'])}, made {when(item['created'])}\n"]

    def action_add(self) -> None:
        names = tuple(user["username"] for user in self.house.items("users"))
        if not names:
            return
        fields = (
            Field("name", "What it is for"),
            Field("user", "Whose", names[0], "choice", names),
            Field("scope", "It may", SCOPES[0], "choice", SCOPES, MEANINGS),
        )
        self.app.push_screen(Form("Make a key", fields, done="Make it"), self._add)

    def _add(self, wanted: dict[str, Any] | None) -> None:
        user = self.house.one("users", "username", wanted["user"]) if wanted else None
        if wanted and user:
            body = {"name": wanted["name"], "scopes": [wanted["scope"]], "user": user["id"]}
            self.desk.act("POST", "/keys", body, sources=self.SOURCES, then=self._show)

    def _show(self, answer: dict[str, Any]) -> None:
        text = Content.assemble((answer["key"], "bold"), "\n\nCopy it now: it is not shown again.")
        self.app.push_screen(Paper(f"The key {clean(answer['name'])}", text))

    def action_remove_chosen(self) -> None:
        if item := self.chosen:
            path, said = f"/keys/{item['id']}", f"{clean(item['name'])} opens nothing any more"
            self.confirm(
                f"Remove the key {clean(item['name'])}?",
                f"Whatever uses it, {when(item['last_used'])} for the last time, is shut out at once.",
                yes="Remove",
                then=lambda: self.desk.act("DELETE", path, said=said, sources=self.SOURCES),
            )
