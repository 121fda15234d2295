"""Requests: the last ones with what they cost, the slowest first if wanted; and what one of them did, once recorded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual.content import Content

from appliance.values import now
from tui.screens.base import FilteredScreen, Part
from tui.screens.profile import ProfileScreen
from tui.screens.request import RequestScreen
from tui.widgets.calm import Calm
from tui.widgets.listing import Column
from tui.words import clean, clock, plural, size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

SLOW_MS = 200.0
MINUTES = 10
#: Lasts as long as a page is open: that is no slow request.
ENDLESS = "/api/v1/messages"


def is_slow(item: dict[str, Any]) -> bool:
    return bool(item["ms"] > SLOW_MS and item["path"] != ENDLESS)


def repeated(item: dict[str, Any]) -> int:
    return int((item["recorded"] or {}).get("repeated", 0))


#: What `f` goes through, one after the other.
ONLY: tuple[tuple[str, Callable[[dict[str, Any]], object]], ...] = (
    ("", lambda item: True),
    ("recorded ones", lambda item: item["recorded"]),
    (f"slow ones, over {SLOW_MS:.0f} ms", is_slow),
    ("those with a statement that ran again and again (N+1)", repeated),
    ("refused and failed ones", lambda item: item["status"] >= 400),
)


def _status(item: dict[str, Any]) -> tuple[str, str]:
    status = item["status"]
    return str(status), "bold red" if status >= 500 else "yellow" if status >= 400 else ""


def _statements(item: dict[str, Any]) -> tuple[str, str]:
    if item["recorded"] is None:
        return "", ""
    times = repeated(item)
    return (f"N+1 {times}x", "bold yellow") if times else (str(item["recorded"]["statements"]), "")


def _recorded(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda item: f"{item['recorded'][name]:,.1f}" if item["recorded"] else ""


class RequestsScreen(FilteredScreen):
    NAME = "requests"
    TITLE = "Requests"
    SOURCES = ("requests", "users")
    SELDOM = ("requests",)
    KEY = "at method path"
    EMPTY = "No request matches."
    HELP = """The last 200 requests and those that were recorded, the newest first, in memory only and without what
        people searched for. `r` records every request for ten minutes, or stops that: then a line tells how many
        statements it ran (N+1: the same one again and again), and Enter shows them, with their plans. The setting
        record_requests records for longer, all or one in twenty. `p` profiles the next requests to the chosen
        address. `f` and `/` keep only some, `s` puts the slowest first. F5 asks again; by itself it does so every
        half minute. A stream of messages lasts as long as a page is open: it is no slow request."""
    CSS = "#recording { padding: 1 1 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("r", "record", "Record"),
        ("p", "profile_chosen", "Profile"),
        ("s", "sort", "Slowest"),
        ("f", "only", "Only …"),
        ("slash", "filter", "Filter"),
        ("escape", "look", "List"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Time", lambda item: clock(item["at"]), 8),
        Column("ms", lambda item: (f"{item['ms']:,.1f}", "yellow" if is_slow(item) else ""), 9, right=True),
        Column("Status", _status, 6),
        Column("SQL", _statements, 8, right=True),
        Column("SQL ms", _recorded("sql_ms"), 8, right=True, wide_only=True),
        Column("Waited", _recorded("waited_ms"), 8, right=True, wide_only=True),
        Column("", lambda item: item["method"], 6),
        Column("Path", lambda item: item["path"].removeprefix("/api/v1")),
    )
    slowest_first = False
    only = 0

    def body(self) -> ComposeResult:
        yield Calm(id="recording")
        yield from super().body()

    def words(self, item: dict[str, Any]) -> str:
        return f"{item['method']} {item['path']} {item['status']}"

    def items(self) -> list[dict[str, Any]]:
        _, fits = ONLY[self.only]
        items = [item for item in super().items() if fits(item)]
        return sorted(items, key=lambda item: -item["ms"]) if self.slowest_first else items

    def redraw(self) -> None:
        self.query_one("#recording", Calm).update(self._recording_line())
        super().redraw()

    @property
    def recording(self) -> dict[str, Any]:
        told: dict[str, Any] = self.house.known.get("requests", {}).get("recording", {})
        return told

    def _recording_line(self) -> Content:
        told = self.recording
        if not told:
            return Content("")
        which = "every request" if told["mode"] == "full" else f"one request in {told['one_in']}"
        parts: list[Part]
        if told["mode"] == "off":
            parts = [("Recording is off", "bold"), f"; press r to record for {MINUTES} minutes."]
        elif told["until"]:
            minutes = max(1, round((datetime.fromisoformat(told["until"]) - now()).total_seconds() / 60))
            parts = [(f"Recording {which}", "$text-success"), f" for {plural(minutes, 'minute')} more; r stops it."]
        else:
            parts = [(f"Recording {which}", "$text-success"), ", as the setting record_requests says."]
        if told["kept"]:
            parts.append((f" {plural(told['kept'], 'request')} recorded.", "$text-muted"))
        what, _ = ONLY[self.only]
        if what:
            parts.append((f"\nOnly {what}.", "$text-warning"))
        return Content.assemble(*parts)

    def details(self, item: dict[str, Any]) -> list[Part]:
        user = self.house.one("users", "id", item["user"]) or {}
        who = user.get("username") or item["user"] or "the admin here, or nobody"
        parts: list[Part] = [(f"{item['method']} {clean(item['path'])}", "bold"), f"  by {clean(who)}\n"]
        cost = item["recorded"]
        if cost is None:
            return [*parts, (self._middle(), "$text-muted")]
        computing = f"{cost['compute_ms']:,.1f} ms computing, " if cost["compute_ms"] else ""
        parts.append(
            f"{plural(cost['statements'], 'statement')} in {cost['sql_ms']:,.1f} ms, {computing}"
            f"{cost['waited_ms']:,.1f} ms waiting, {size(cost['sent_bytes'])} sent\n"
        )
        return [*parts, ("Enter shows all of it.", "$text-muted")]

    def _middle(self) -> str:
        times = sorted(one["ms"] for one in self.house.items("requests"))
        return f"{plural(len(times), 'request')}, half of them under {times[len(times) // 2]:,.1f} ms" if times else ""

    def on_data_table_row_selected(self) -> None:
        if item := self.chosen:
            if item["id"]:
                self.desk.act("GET", f"/requests/{item['id']}", then=self._show)
            else:
                self.notify("What this one did was not recorded: press r, and ask for it again")

    def _show(self, told: dict[str, Any]) -> None:
        self.app.push_screen(RequestScreen(told))

    def action_record(self) -> None:
        if not self.recording:
            return
        if self.recording["until"]:
            self.desk.act("POST", "/requests/stop", said="Recording has stopped", sources=("requests",))
        else:
            body = {"mode": "full", "minutes": MINUTES}
            said = f"Every request is recorded for {MINUTES} minutes"
            self.desk.act("POST", "/requests/record", body, said=said, sources=("requests",))

    def action_profile_chosen(self) -> None:
        if item := self.chosen:
            self.app.push_screen(ProfileScreen(item["method"], item["path"]))

    def action_sort(self) -> None:
        self.slowest_first = not self.slowest_first
        self.redraw()

    def action_only(self) -> None:
        self.only = (self.only + 1) % len(ONLY)
        self.redraw()
