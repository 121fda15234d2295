"""About: what this is, where it answers, and a code that opens it on a phone."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content

from tui.phone import code_for
from tui.screens.base import HomerollScreen, Part
from tui.widgets.calm import Calm
from tui.words import clean

if TYPE_CHECKING:
    from textual.app import ComposeResult


class AboutScreen(HomerollScreen):
    NAME = "about"
    TITLE = "About"
    SOURCES = ("server",)
    MACHINE = True
    HELP = """Where browsers find this Homeroll, and a code for the camera of a phone that is in the same network."""

    def body(self) -> ComposeResult:
        with VerticalScroll(id="overview"):
            yield Calm(id="facts")
            yield Calm(id="code")

    def redraw(self) -> None:
        desk = self.desk
        facts = [("Version", self.house.known.get("server", {}).get("version", "?"))]
        facts += [("Address", address) for address in desk.addresses]
        facts += [("Data", desk.data)] if desk.data else []
        facts += [
            ("Dashboard", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"),
            ("Licence", "MIT; models have their own, see Models"),
            ("API", "/api/v1, described at /api/schema; keys are made under Keys"),
        ]
        parts: list[Part] = [("Homeroll, the family's photos at home\n\n", "bold")]
        parts += [f"{name:<11}{clean(text)}\n" for name, text in facts]
        self.query_one("#facts", Calm).update(Content.assemble(*parts).rstrip())
        self.query_one("#code", Calm).update(code_for(desk.phone_address))
