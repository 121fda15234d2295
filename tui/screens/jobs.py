"""Jobs on the whole library: what runs, how far it is, when it ran and will, and why one failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import ListScreen, Part
from tui.screens.runs import RunsScreen
from tui.widgets.dialogs import Field, Form
from tui.widgets.listing import Column
from tui.words import bar, result, span, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

STYLES = {"running": "cyan", "paused": "yellow", "failed": "bold red"}


WINDOW = "night_window"


def hours(window: str) -> str:
    return f"only from {window.replace('-', ' to ')}" if window else "at any time"


def progress(job: dict[str, Any]) -> str:
    """Of a running job: a bar where the whole is known, else a count."""
    if job["status"] != "running":
        return ""
    done, total = job.get("done") or 0, job.get("total") or 0
    return f"{bar(done / total, 6)} {done / total:>4.0%}" if total else f"{done:,}" if done else "…"


class JobsScreen(ListScreen):
    NAME = "jobs"
    TITLE = "Jobs"
    SOURCES = ("jobs", "settings")
    KEY = "name"
    HELP = """Work on the whole library. Jobs run by themselves at their time; `r` starts one now. A paused job does
        nothing until it is resumed, also after a restart. A failed one says why below the list, and is tried again at
        its next time. `h` or Enter shows its last runs: when, how long, how each ended and why. `w` names the hours in
        which new photos are worked on."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("r", "run_chosen", "Run now"),
        ("p", "pause_chosen", "Pause"),
        ("u", "resume_chosen", "Resume"),
        ("h", "history_chosen", "History"),
        ("w", "window", "Working hours"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Job", lambda job: job["title"]),
        Column("State", lambda job: (job["status"], STYLES.get(job["status"], "")), 7),
        Column("Progress", progress, 11),
        Column("Left", lambda job: span(job.get("seconds_left")), 8, wide_only=True),
        Column("Last run", lambda job: when(job["last_run"]), 11),
        Column("Next run", lambda job: when(job["next_run"]) if job["next_run"] else "-", 11),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        parts: list[Part] = [(item["title"], "bold"), "  ", (item["name"], "$foreground-muted"), "\n"]
        if item["status"] == "running":
            left = f", {span(item['seconds_left'])} left" if item.get("seconds_left") else ""
            rate = f", {item['rate']:.3g} a second" if item.get("rate") else ""
            parts.append(f"{item['done'] or 0:,} of {item['total'] or 0:,} done{rate}{left}\n")
        if item.get("waits"):
            parts += [(f"Slow or waiting: {item['waits']}", "$text-warning"), "\n"]
        if item["error"]:
            parts += [(f"Failed: {item['error']}", "$text-error"), "\n"]
        if told := result(item["result"]):
            parts.append(f"Last result: {told}\n")
        elif not item["last_run"]:
            parts.append("It has not run yet.\n")
        return [*parts, (f"New photos are worked on {hours(self.window)}.", "$foreground-muted")]

    @property
    def window(self) -> str:
        return str((self.house.one("settings", "name", WINDOW) or {}).get("value", ""))

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        return action == "history" or (action == "resume") == bool(item["status"] == "paused")

    def action_window(self) -> None:
        explained = "From the evening to the morning, such as 23:00-06:30. Empty: at any time."
        form = Form(
            "When are new photos worked on?", (Field("value", "Hours", self.window),), explained=explained, done="Set"
        )
        self.app.push_screen(form, self._set_window)

    def _set_window(self, wanted: dict[str, Any] | None) -> None:
        if wanted is not None and (window := wanted["value"].strip()) != self.window:
            said = f"New photos are worked on {hours(window)}"
            self.desk.act("PATCH", "/settings", {WINDOW: window}, said=said, sources=("settings", "steps"))

    def on_data_table_row_selected(self) -> None:
        self.action_history_chosen()

    def action_history_chosen(self) -> None:
        if job := self.chosen:
            self.desk.act("GET", f"/jobs/{job['name']}/runs", then=lambda told: self._show_runs(job, told["items"]))

    def _show_runs(self, job: dict[str, Any], runs: list[dict[str, Any]]) -> None:
        self.app.push_screen(RunsScreen(job, runs))

    def action_run_chosen(self) -> None:
        self._do("run", "started")

    def action_pause_chosen(self) -> None:
        self._do("pause", "paused")

    def action_resume_chosen(self) -> None:
        self._do("resume", "goes on")

    def _do(self, verb: str, said: str) -> None:
        if job := self.chosen:
            self.desk.act("POST", f"/jobs/{job['name']}/{verb}", said=f"“{job['title']}” {said}", sources=("jobs",))
