"""Log: what the service writes to the journal, followed, with a filter."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widgets import Input, Log, Static

from tui.journal import follow
from tui.screens.base import HomerollScreen
from tui.words import clean

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import Worker

KEPT = 2000  # lines


class LogScreen(HomerollScreen):
    NAME = "log"
    TITLE = "Log"
    HELP = """What the service writes to the journal of this machine, as it comes; ids stand first. `/` keeps only what
        holds a word. It is followed only while this screen is shown. Requests have a screen of their own."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("slash", "filter", "Filter"),
        ("escape", "look", "To the lines"),
        ("end", "bottom", "Newest"),
    ]
    wanted = ""
    _reading: Worker[None] | None = None

    def body(self) -> ComposeResult:
        self._lines: deque[str] = deque(maxlen=KEPT)
        yield Input(placeholder="filter", compact=True, id="query")
        yield Static(id="nothing")
        yield Log(max_lines=KEPT, id="log")

    def on_mount(self) -> None:
        self.query_one(Log).focus()

    def on_screen_resume(self) -> None:
        if self.desk.journal and (self._reading is None or self._reading.is_finished):
            self._lines.clear()
            self.query_one(Log).clear()
            self._reading = self.run_worker(self._follow(), group="journal")

    def on_screen_suspend(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _follow(self) -> None:
        async for line in follow(self.desk.journal):
            self._lines.append(clean(line))
            if self.wanted in line.casefold():
                self.query_one(Log).write_line(clean(line))

    def redraw(self) -> None:
        nothing = self.query_one("#nothing", Static)
        nothing.display = not self.desk.journal
        self.query_one("#query").display = self.query_one(Log).display = bool(self.desk.journal)
        if not self.desk.journal:
            nothing.update(self._where())

    def _where(self) -> str:
        if self.desk.client.address.socket is None:
            return "The log is on the machine that Homeroll runs on: open the dashboard there."
        return "This Homeroll is no service of the machine: its log is printed where `homeroll serve` was started."

    @on(Input.Changed, "#query")
    def _filter(self, event: Input.Changed) -> None:
        self.wanted = event.value.strip().casefold()
        log = self.query_one(Log)
        log.clear()
        log.write_lines([line for line in self._lines if self.wanted in line.casefold()])

    def action_filter(self) -> None:
        self.query_one("#query").focus()

    def action_look(self) -> None:
        self.query_one(Log).focus()

    def action_bottom(self) -> None:
        self.query_one(Log).scroll_end(animate=False)
