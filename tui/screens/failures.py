"""Files that a step could not deal with: which, why, trying again, and leaving it at that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.content import Content

from tui.screens.base import ListScreen, Part
from tui.widgets.calm import Calm
from tui.widgets.listing import Column
from tui.words import clean, plural, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


class FailuresScreen(ListScreen):
    """Shows what failed, or the ignored instead."""

    NAME = "failures"
    TITLE = "Failures"
    SOURCES = ("failures", "ignored")
    KEY = "file_id step"
    HELP = """One line for each file that a step could not deal with. It is not tried again by itself until the file
        changes; `r` tries it again, `a` tries all of them. `i` leaves one at that, `I` all: they count no more, and are
        tried again when the file changes or a newer Homeroll does better. `v` shows the ignored ones, where `r` and `a`
        try those. The original is never touched by this."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("r", "retry_chosen", "Try again"),
        ("a", "retry_all", "All again"),
        ("i", "ignore_chosen", "Ignore"),
        ("I", "ignore_all", "Ignore all"),
        ("v", "view_ignored", "Ignored"),
        ("v", "view_failed", "Failed"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("File", lambda item: item["filename"], 22),
        Column("Step", lambda item: item["step"], 10),
        Column("Reason", lambda item: (item["error"], "red")),
        Column("Library", lambda item: item["library"], 14, wide_only=True),
        Column("When", lambda item: when(item["modified"]), 11, wide_only=True),
    )
    ignored = False

    def body(self) -> ComposeResult:
        yield Calm(id="which")
        yield from super().body()

    @property
    def source(self) -> str:
        return "ignored" if self.ignored else "failures"

    def redraw(self) -> None:
        which = self.query_one("#which", Calm)
        which.display = bool(self._left or self.ignored)
        how = "Ignored failures; v goes back to those that count." if self.ignored else "v shows what is ignored: "
        which.update(Content(how if self.ignored else f"{how}{plural(self._left, 'failure')}."))
        super().redraw()

    def nothing(self) -> list[Part]:
        if self.source not in self.house.known:
            return super().nothing()
        if self.ignored:
            return [("Nothing is ignored.", "$foreground-muted")]
        every = "every other file" if self._left else "every file"
        return [(f"Nothing failed: {every} could be dealt with.", "$foreground-muted")]

    def details(self, item: dict[str, Any]) -> list[Part]:
        tried = plural(item["attempts"], "try")
        where = f"{clean(item['path'])} in {clean(item['library'])}"
        parts: list[Part] = [(where, "bold"), "\n", (f"{item['step']}: {item['error']}", "$text-error"), "\n"]
        parts += [f"{item['hint']}\n"] if item["hint"] else []
        all_of_them = plural(self._total, "ignored failure" if self.ignored else "failure")
        return [*parts, (f"{tried}, the last {when(item['modified'])}; {all_of_them} in all", "$foreground-muted")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "retry_all":
                return self._total > 0
            case "ignore_all":
                return self._total > 0 and not self.ignored
            case "view_ignored":
                return self._left > 0 and not self.ignored
            case "view_failed":
                return self.ignored
        return super().check_action(action, parameters)

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        return action == "retry" or not self.ignored

    def action_retry_chosen(self) -> None:
        self._act_on_chosen("retry", "is tried again")

    def action_ignore_chosen(self) -> None:
        self._act_on_chosen("ignore", "is left at that")

    def action_retry_all(self) -> None:
        said = f"{plural(self._total, 'file')} tried again"
        self.desk.act("POST", "/failures/retry", {"ignored": self.ignored}, said=said, sources=self.SOURCES)

    def action_ignore_all(self) -> None:
        said = f"{plural(self._total, 'failure')} left at that"
        self.confirm(
            f"Leave all {plural(self._total, 'failure')} at that?",
            "They count no more. Each can be tried again at any time, and is when its file changes.",
            yes="Ignore all",
            then=lambda: self.desk.act("POST", "/failures/ignore", {}, said=said, sources=self.SOURCES),
            harmless=True,
        )

    def action_view_ignored(self) -> None:
        self._view(ignored=True)

    def action_view_failed(self) -> None:
        self._view(ignored=False)

    def _view(self, *, ignored: bool) -> None:
        self.ignored = ignored
        self.redraw()

    def _act_on_chosen(self, verb: str, said: str) -> None:
        if item := self.chosen:
            wanted = {"file_id": item["file_id"], "step": item["step"]}
            told = f"{clean(item['filename'])} {said}"
            self.desk.act("POST", f"/failures/{verb}", wanted, said=told, sources=self.SOURCES)

    @property
    def _total(self) -> int:
        return self.house.total(self.source)

    @property
    def _left(self) -> int:
        return int(self.house.known.get("failures", {}).get("ignored", 0))
