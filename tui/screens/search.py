"""Search: the same line as in the browser, what was found and why, and a small picture of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.widgets import Input

from tui.screens.base import ListScreen, Part
from tui.widgets.calm import Calm
from tui.widgets.listing import Column, Listing
from tui.widgets.picture import Picture
from tui.words import clean, plural, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

LIMIT = 100


def _why(hit: dict[str, Any]) -> str:
    return ", ".join(f"{reason['kind']} {reason['text']}".strip() for reason in hit["why"])


class SearchScreen(ListScreen):
    NAME = "search"
    TITLE = "Search"
    EMPTY = "Type what you look for and press Enter, such as: anna beach 2019"
    HELP = """People, places, tags, dates, cameras and words on photos, in one line: `anna 2019`, `tag:dog
        -place:lisbon`, `rating:>3`. It says why each photo was found. Escape goes from the line to the
        list, `/` back to the line."""
    BINDINGS: ClassVar[list[BindingType]] = [("slash", "type", "Search"), ("escape", "look", "To the list")]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("File", lambda hit: hit["file"]["filename"], 18),
        Column("Taken", lambda hit: (hit["file"]["start"] or "")[:10], 10),
        Column("Why", _why),
        Column("Sure", lambda hit: f"{hit['score']:.0%}", 5, right=True, wide_only=True),
    )
    KEY = "id"
    found: dict[str, Any] | None = None
    asked = ""

    def body(self) -> ComposeResult:
        yield Input(placeholder="anna beach 2019", compact=True, id="query")
        with Horizontal(id="sides"):
            yield Listing(self.COLUMNS, key=self.KEY, id="list")
            yield Picture(id="picture")
        yield Calm(id="details")

    def on_mount(self) -> None:
        self.query_one("#query").focus()

    def items(self) -> list[dict[str, Any]]:
        hits = self.found["items"] if self.found else []
        return [hit | {"id": hit["file"]["id"]} for hit in hits]

    def nothing(self) -> list[Part]:
        self.query_one(Picture).show(None)
        if self.found is None:
            return [(self.EMPTY, "$foreground-muted")]
        return [f"Nothing was found for {clean(self.asked)}. {clean(self.found['hint'])}"]

    def details(self, item: dict[str, Any]) -> list[Part]:
        file, found = item["file"], self.found or {}
        self.query_one(Picture).show(file["thumbnail_url"])
        place = file["place"] or {}
        where = ", ".join(part for part in (place.get("city"), place.get("country")) if part)
        tags = ", ".join(tag["name"] for tag in file["tags"][:8])
        facts = [
            _why(item),
            f"{file['width']} x {file['height']}" if file["width"] else "",
            size(file["size_bytes"]),
            where,
            tags,
        ]
        hint = f" {found['hint']}" if found.get("hint") else ""
        return [
            (clean(file["content"]), "bold"),
            "\n",
            clean("  ·  ".join(fact for fact in facts if fact)),
            "\n",
            (
                f"{plural(found.get('total', 0), 'photo')} found for {clean(self.asked)}.{clean(hint)}",
                "$foreground-muted",
            ),
        ]

    @on(Input.Submitted, "#query")
    def _search(self, event: Input.Submitted) -> None:
        if words := event.value.strip():
            self.desk.act("GET", "/search", query={"q": words, "limit": LIMIT}, then=lambda it: self._show(words, it))

    def _show(self, words: str, answer: dict[str, Any]) -> None:
        self.asked, self.found = words, answer
        self.redraw()
        if answer["items"]:
            self.listing.focus()

    def action_type(self) -> None:
        self.query_one("#query").focus()

    def action_look(self) -> None:
        self.listing.focus()
