"""Requests: the last ones with what they cost, the slowest first if wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.widgets import Input

from tui.screens.base import ListScreen, Part
from tui.widgets.calm import Calm
from tui.widgets.listing import Column, Listing
from tui.words import clean, clock, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

SLOW_MS = 200.0


def _status(item: dict[str, Any]) -> tuple[str, str]:
    status = item["status"]
    return str(status), "bold red" if status >= 500 else "yellow" if status >= 400 else ""


class RequestsScreen(ListScreen):
    NAME = "requests"
    TITLE = "Requests"
    SOURCES = ("requests",)
    SELDOM = ("requests",)
    KEY = "at method path"
    EMPTY = "No request matches."
    HELP = """The last 200 requests, the newest first, in memory only and without what people searched for.
        `s` puts the slowest first, `/` keeps only what holds a word. F5 asks again; by itself it does so
        every half minute. A stream of messages lasts as long as a page is open: it is no slow request."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("s", "sort", "Slowest first"),
        ("slash", "filter", "Filter"),
        ("escape", "look", "To the list"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Time", lambda item: clock(item["at"]), 8),
        Column("ms", lambda item: (f"{item['ms']:,.1f}", "yellow" if item["ms"] > SLOW_MS else ""), 9, right=True),
        Column("Status", _status, 6),
        Column("", lambda item: item["method"], 6),
        Column("Path", lambda item: item["path"]),
    )
    slowest_first = False
    wanted = ""

    def body(self) -> ComposeResult:
        yield Input(placeholder="filter", compact=True, id="query")
        yield Listing(self.COLUMNS, key=self.KEY, id="list")
        yield Calm(id="details")

    def on_mount(self) -> None:
        self.listing.focus()

    def items(self) -> list[dict[str, Any]]:
        items = [item for item in super().items() if self.wanted in f"{item['method']} {item['path']} {item['status']}"]
        return sorted(items, key=lambda item: -item["ms"]) if self.slowest_first else items

    def details(self, item: dict[str, Any]) -> list[Part]:
        user = self.house.one("users", "id", item["user"]) or {}
        who = user.get("username") or item["user"] or "the admin here, or nobody"
        times = sorted(one["ms"] for one in self.house.items("requests"))
        middle = (
            f"{plural(len(times), 'request')}, half of them under {times[len(times) // 2]:,.1f} ms" if times else ""
        )
        return [(f"{item['method']} {clean(item['path'])}\n", "bold"), f"by {clean(who)}\n", (middle, "$text-muted")]

    def action_sort(self) -> None:
        self.slowest_first = not self.slowest_first
        self.redraw()

    def action_filter(self) -> None:
        self.query_one("#query").focus()

    def action_look(self) -> None:
        self.listing.focus()

    @on(Input.Changed, "#query")
    def _filter(self, event: Input.Changed) -> None:
        self.wanted = event.value.strip()
        self.redraw()
