"""Settings: every one that can be changed while it runs, with its help and an editor that fits its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import ListScreen, Part
from tui.widgets.dialogs import Field, Form
from tui.widgets.listing import Column
from tui.words import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType


def shown(value: object) -> str:
    return "(empty)" if value == "" else str(value)


def field_of(setting: dict[str, Any]) -> Field:
    """What edits it: a choice where there are some, else a number or a text, as its default is."""
    typed = "integer" if isinstance(setting["default"], int) else "text"
    kind = "choice" if setting["choices"] else typed
    return Field("value", setting["help"], setting["value"], kind, tuple(setting["choices"] or ()))


class SettingsScreen(ListScreen):
    NAME = "settings"
    TITLE = "Settings"
    SOURCES = ("settings",)
    KEY = "name"
    HELP = """What can be changed while Homeroll runs; it holds at once. Values that are not the default are
        bold. What is fixed when it starts, such as the port, stands in homeroll.toml: `homeroll config`
        shows all of it."""
    BINDINGS: ClassVar[list[BindingType]] = [("e", "edit_chosen", "Change"), ("d", "reset_chosen", "Default")]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Setting", lambda item: item["name"], 20),
        Column("Value", lambda item: (shown(item["value"]), "bold" if item["value"] != item["default"] else ""), 16),
        Column("Meaning", lambda item: item["help"]),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        parts: list[Part] = [(item["name"], "bold"), f" = {clean(shown(item['value']))}\n", clean(item["help"]), "\n"]
        offers = f" One of: {', '.join(item['choices'])}." if item["choices"] else ""
        return [*parts, (f"Default: {clean(shown(item['default']))}.{offers}", "$foreground-muted")]

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        return action != "reset" or item["value"] != item["default"]

    def action_edit_chosen(self) -> None:
        if item := self.chosen:
            form = Form(item["name"], (field_of(item),), done="Change")
            self.app.push_screen(form, lambda wanted: self._edited(item, wanted))

    def on_data_table_row_selected(self) -> None:
        self.action_edit_chosen()

    def _edited(self, item: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        if wanted is not None and wanted["value"] != item["value"]:
            self._change(item, wanted["value"], f"{item['name']} = {shown(wanted['value'])}")

    def action_reset_chosen(self) -> None:
        if item := self.chosen:
            self._change(item, None, f"{item['name']} is at its default again")

    def _change(self, item: dict[str, Any], value: object, said: str) -> None:
        sources = ("settings", "steps", "health", "models", "server")
        self.desk.act("PATCH", "/settings", {item["name"]: value}, said=said, sources=sources)
