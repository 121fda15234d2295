"""Journal: who did what by hand, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import FilteredScreen, Part
from tui.widgets.listing import Column
from tui.words import clean, plural, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType


def _words(text: str) -> str:
    return text.replace("_", " ")


def _state(entry: dict[str, Any]) -> tuple[str, str]:
    if entry["undone_at"]:
        return "taken back", "italic"
    return ("can be undone", "") if entry["can_undo"] else ("", "")


class JournalScreen(FilteredScreen):
    NAME = "journal"
    TITLE = "Journal"
    SOURCES = ("journal", "users")
    EMPTY = "Nothing was done by hand yet, or nothing of what is looked for."
    HELP = """What people did by hand, the latest first: names given, photos edited and put away, accounts, keys,
        settings. `u` takes the chosen one back, where that can be done; if it was changed again since, the later change
        has to be taken back first. `/` keeps only what holds a word. Photos themselves are not told here."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("u", "undo_chosen", "Undo"),
        ("slash", "filter", "Filter"),
        ("escape", "look", "List"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("When", lambda entry: when(entry["created"]), 11),
        Column("Who", lambda entry: entry["who"], 14),
        Column("Did", lambda entry: f"{_words(entry['verb'])} {_words(entry['noun'])}", 18),
        Column("To", lambda entry: entry["name"] or entry["noun_id"]),
        Column("", _state, 13),
    )

    def every(self) -> list[dict[str, Any]]:
        return [entry | {"who": self._who(entry)} for entry in super().every()]

    def words(self, item: dict[str, Any]) -> str:
        return f"{item['who']} {_words(item['verb'])} {_words(item['noun'])} {item['name']}"

    def _who(self, entry: dict[str, Any]) -> str:
        user = self.house.one("users", "id", entry["user"]) or {}
        return user.get("name") or user.get("username") or ("the admin here" if entry["user"] is None else "somebody")

    def details(self, item: dict[str, Any]) -> list[Part]:
        did = f"{clean(item['who'])}: {_words(item['verb'])} {_words(item['noun'])}"
        parts: list[Part] = [(did, "bold"), f"  {clean(item['name'] or item['noun_id'])}\n", f"{when(item['created'])}"]
        parts.append(f", taken back {when(item['undone_at'])}\n" if item["undone_at"] else "\n")
        total = self.house.total("journal")
        shown = len(self.house.items("journal"))
        more = f"{plural(total, 'entry')} in all" + (f", the latest {shown} are shown" if total > shown else "")
        return [*parts, (more, "$foreground-muted")]

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        return bool(item["can_undo"])

    def action_undo_chosen(self) -> None:
        if item := self.chosen:
            did = f"{_words(item['verb'])} {_words(item['noun'])}"
            self.confirm(
                f"Take back “{did} {clean(item['name'])}”?".replace(" ”", "”"),
                f"{clean(item['who'])} did it {when(item['created'])}. Everything is as it was before that.",
                yes="Take back",
                then=lambda: self.desk.act(
                    "POST", f"/journal/{item['id']}/undo", said="Taken back", sources=("journal", "people", "timeline")
                ),
            )
