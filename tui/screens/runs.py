"""The runs of one job: when, how long, how each ended and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DataTable, Static

from tui.widgets.box import Box
from tui.widgets.listing import Column, Listing
from tui.words import clean, moment, plural, result, span, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.desk import Desk

    Told = dict[str, Any]

#: What came of it -> in words, and their colour.
OUTCOMES: dict[str, tuple[str, str]] = {
    "running": ("running", "cyan"),
    "done": ("done", "green"),
    "failed": ("failed", "bold red"),
    "stopped": ("stopped", "yellow"),
    "cut_off": ("cut off", "yellow"),
}


def _outcome(run: Told) -> tuple[str, str]:
    """One that only another version knows is told in its word."""
    word = run["outcome"]
    return OUTCOMES.get(word, (word.replace("_", " "), ""))


def _did(run: Told) -> str:
    """How long it took has a column of its own."""
    return result({name: value for name, value in (run["result"] or {}).items() if name != "seconds"})


class RunsScreen(ModalScreen[None]):
    """job: as GET /jobs lists it.  runs: as GET /jobs/{name}/runs answers."""

    CSS = """
    RunsScreen .dialog { width: 96%; height: 96%; }
    RunsScreen #runs { height: 1fr; min-height: 4; }
    RunsScreen #run { height: auto; min-height: 3; max-height: 8; border-top: solid $secondary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("q", "dismiss(None)", "Close"),
        ("f5", "again", "Ask again"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Began", lambda run: moment(run["started"]), 16),
        Column("Took", lambda run: span(run["seconds"]) or "-", 8, right=True),
        Column("Ended", _outcome, 8),
        Column("What it did, or why not", lambda run: run["error"] or _did(run)),
    )

    def __init__(self, job: Told, runs: list[Told]) -> None:
        super().__init__()
        self._job, self._runs = job, runs

    def compose(self) -> ComposeResult:
        with Box(("F5", "Ask again"), ("Esc", "Close")):
            yield Static(Content(self._job["title"]), classes="title")
            yield Listing(self.COLUMNS, key="id", id="runs")
            yield Static(id="run")

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self._show(self._runs)

    def action_again(self) -> None:
        path = f"/jobs/{self._job['name']}/runs"
        cast("Desk", self.app).act("GET", path, then=lambda told: self._show(told["items"]))

    def _show(self, runs: list[Told]) -> None:
        if self.is_attached:
            self.query_one(Listing).show(runs)
            self._tell()

    @on(DataTable.RowHighlighted)
    def _tell(self) -> None:
        listing = self.query_one(Listing)
        run = listing.chosen
        text = Content.styled("It has not run yet.", "$text-muted")
        if run is not None:
            how, _ = _outcome(run)
            took = f" after {span(run['seconds'])}" if run["seconds"] is not None else ""
            parts: list[Any] = [f"Began {moment(run['started'])}, {when(run['started'])}; {how}{took}.\n"]
            if run["error"]:
                parts += [(clean(run["error"]), "$text-error"), "\n"]
            if did := _did(run):
                parts.append(f"{clean(did)}\n")
            parts.append((f"{plural(len(listing.shown), 'run')} known", "$text-muted"))
            text = Content.assemble(*parts)
        self.query_one("#run", Static).update(text)
