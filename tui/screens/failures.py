"""Files that a step could not deal with: which, why, and trying again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import ListScreen, Part
from tui.widgets.listing import Column
from tui.words import clean, plural, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType


class FailuresScreen(ListScreen):
    NAME = "failures"
    TITLE = "Failures"
    SOURCES = ("failures",)
    KEY = "file_id step"
    EMPTY = "Nothing failed: every file could be dealt with."
    HELP = """One line for each file that a step could not deal with. It is not tried again by itself until the file
        changes; `r` tries it again, `a` tries all of them. The original is never touched by this."""
    BINDINGS: ClassVar[list[BindingType]] = [("r", "retry_chosen", "Try again"), ("a", "retry_all", "Try all again")]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("File", lambda item: item["filename"], 22),
        Column("Step", lambda item: item["step"], 10),
        Column("Reason", lambda item: (item["error"], "red")),
        Column("Library", lambda item: item["library"], 14, wide_only=True),
        Column("When", lambda item: when(item["modified"]), 11, wide_only=True),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        total = self.house.total("failures")
        tried = plural(item["attempts"], "try")
        where = f"{clean(item['path'])} in {clean(item['library'])}"
        parts: list[Part] = [(where, "bold"), "\n", (f"{item['step']}: {item['error']}", "$text-error"), "\n"]
        parts += [f"{item['hint']}\n"] if item["hint"] else []
        return [
            *parts,
            (f"{tried}, the last {when(item['modified'])}; {plural(total, 'failure')} in all", "$foreground-muted"),
        ]

    def action_retry_chosen(self) -> None:
        if item := self.chosen:
            wanted = {"file_id": item["file_id"], "step": item["step"]}
            said = f"{clean(item['filename'])} is tried again"
            self.desk.act("POST", "/failures/retry", wanted, said=said, sources=self.SOURCES)

    def action_retry_all(self) -> None:
        if total := self.house.total("failures"):
            said = f"{plural(total, 'file')} tried again"
            self.desk.act("POST", "/failures/retry", {}, said=said, sources=self.SOURCES)
