"""Integrity: originals whose bytes are not what they were, and healing them from the backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import ListScreen, Part
from tui.widgets.listing import Column
from tui.words import clean, plural, size, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType


class IntegrityScreen(ListScreen):
    NAME = "integrity"
    TITLE = "Integrity"
    SOURCES = ("integrity", "jobs")
    KEY = "path_id"
    EMPTY = "No original is known to be damaged."
    HELP = """Every night some originals are read again, the longest unread first, and compared with what
        they were. What differs is listed here and never touched by itself: `h` puts the backup's bytes in
        the place of a damaged file, after they were compared. `v` reads on now, as much as the setting
        scrub_gb_per_night allows; `a` reads all of them, which takes as long as the disk takes."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("h", "heal_chosen", "Heal"),
        ("v", "check", "Read again now"),
        ("a", "check_all", "Read all"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("File", lambda item: item["path"]),
        Column("Library", lambda item: item["library"], 14, wide_only=True),
        Column("Found", lambda item: (item["verdict"], "bold red"), 10),
        Column("When", lambda item: when(item["checked"]), 11),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        where = f"{clean(item['path'])} in {clean(item['library'])}"
        return [(where, "bold"), "\n", (f"{clean(item['verdict'])}: {clean(item['why'])}\n", "$text-error")]

    def nothing(self) -> list[Part]:
        known = self.house.known.get(self.source)
        if known is None:
            return super().nothing()
        return [(f"{self.EMPTY}\n", "$text-success"), f"{_last(known['last_scrub'])}{self._now()}"]

    def _now(self) -> str:
        job = self.house.one("jobs", "name", "scrub_originals") or {}
        return f" Reading: {job['done']:,} of {job['total']:,}." if job.get("status") == "running" else ""

    def action_heal_chosen(self) -> None:
        if item := self.chosen:
            self.confirm(
                f"Put the backup's bytes in the place of {clean(item['path'])}?",
                "The damaged file is replaced by the copy, which is compared with what the original was first.",
                yes="Heal",
                then=lambda: self.desk.act(
                    "POST", f"/integrity/{item['path_id']}/heal", said="Healed", sources=("integrity", "health")
                ),
            )

    def action_check(self) -> None:
        self._read("Originals are read again", {})

    def action_check_all(self) -> None:
        self._read("Every original is read again", {"everything": "true"})

    def _read(self, said: str, query: dict[str, str]) -> None:
        self.desk.act("POST", "/jobs/scrub_originals/run", said=said, sources=("jobs", "integrity"), query=query)


def _last(scrub: dict[str, Any] | None) -> str:
    if scrub is None:
        return "None was read again yet."
    return f"{plural(scrub['checked'], 'file')} ({size(scrub['bytes'])}) read again {when(scrub['at'])}."
