"""At a glance: what needs somebody, whether the photos are safe, and what the machine is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content

from tui.glance import attention, graphs, machine, state, visitors, work
from tui.phone import code_for
from tui.screens.base import HomerollScreen
from tui.widgets.calm import Calm
from tui.widgets.dialogs import Paper

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

WIDE = 120
HIGH = 45  # lines; above, the code for phones is always shown


class OverviewScreen(HomerollScreen):
    NAME = "overview"
    TITLE = "Overview"
    SOURCES = (
        "server",
        "health",
        "timeline",
        "libraries",
        "steps",
        "jobs",
        "failures",
        "integrity",
        "growth",
        "sessions",
    )
    SELDOM = ("growth", "sessions")
    MACHINE = True
    HELP = """What needs attention stands first. Steps are work on single files: how many are done, how fast, and how
        long it takes; a step that waits says for what. `p` pauses all of them, such as while you need the machine, and
        goes on again, `s` looks for new photos everywhere, `w` shows a code that opens Homeroll on a phone."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("p", "pause", "Pause or resume steps"),
        ("s", "scan", "Scan all"),
        ("w", "phone", "On a phone"),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(id="overview"):
            yield Calm(id="attention")
            with Container(id="columns"):
                with Vertical():
                    yield Calm(id="state")
                    yield Calm(id="machine")
                    yield Calm(id="visitors")
                    yield Calm(id="code")
                with Vertical():
                    yield Calm(id="work")
                    yield Calm(id="graphs")

    def on_mount(self) -> None:
        self.query_one("#overview").focus()

    def redraw(self) -> None:
        wide = self.size.width >= WIDE
        self.query_one("#columns").set_class(wide, "wide").set_class(not wide, "narrow")
        room = self.size.width // 2 - 4 if wide else self.size.width - 4
        code = self.query_one("#code", Calm)
        code.display = self.query_one("#graphs").display = wide and self.size.height >= HIGH
        if code.display:
            code.update(code_for(self.desk.phone_address))
        for name, parts in (
            ("attention", attention(self.house)),
            ("state", state(self.house, self.desk.addresses, room)),
            ("machine", machine(self.house, room)),
            ("visitors", visitors(self.house, room)),
            ("work", work(self.house, room)),
            ("graphs", graphs(self.house, room) if code.display else []),
        ):
            self.query_one(f"#{name}", Calm).update(Content.assemble(*parts).rstrip())

    def action_scan(self) -> None:
        self.desk.act(
            "POST", "/jobs/scan_libraries/run", said="Every library is scanned", sources=("jobs", "libraries")
        )

    def action_phone(self) -> None:
        code = code_for(self.desk.phone_address, told=False)
        if code.plain:
            self.app.push_screen(Paper(self.desk.phone_address, code))
        else:
            self.notify("Homeroll answers on this machine only: the setting `host` says who else may come in")

    def action_pause(self) -> None:
        paused = self.house.known.get("steps", {}).get("paused")
        verb, said = ("resume", "Steps go on") if paused else ("pause", "Steps are paused")
        self.desk.act("POST", f"/steps/{verb}", said=said, sources=("steps", "health"))
