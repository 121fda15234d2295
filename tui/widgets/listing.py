"""A table of items that is redrawn often: the chosen row stays chosen, one column takes what room is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from tui.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events

    Item = dict[str, Any]

PADDING = 2  # of a cell, both sides together
SCROLLBAR = 2
NARROWEST = 8
COLOURS = {"red": "text-error", "yellow": "text-warning", "green": "text-success", "cyan": "text-primary"}


class Column(NamedTuple):
    """`width` 0 takes what the others leave; `wide_only` is left out below 100 columns.

    `cell`: a word, or (word, style); colours in it are of the terminal's sixteen, and `COLOURS` says what of the theme
    they are where there are more.
    """

    title: str
    cell: Callable[[Item], str | tuple[str, str]]
    width: int = 0
    right: bool = False
    wide_only: bool = False


class Listing(DataTable[Text]):
    """`show` items; `chosen` is the item under the cursor, or None."""

    def __init__(self, columns: Sequence[Column], *, key: str, id: str) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._every = columns
        self._by = key
        self._items: dict[str, Item] = {}
        self._drawn: tuple[int, list[str]] = (0, [])

    @property
    def chosen(self) -> Item | None:
        names = list(self._items)
        return self._items[names[self.cursor_row]] if 0 <= self.cursor_row < len(names) else None

    @property
    def shown(self) -> list[Item]:
        return list(self._items.values())

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw_again())

    def show(self, items: Sequence[Item]) -> None:
        chosen = self.chosen
        self._items = {self.key_of(item): item for item in items}
        self._draw(self.key_of(chosen) if chosen else "")

    def key_of(self, item: Item) -> str:
        return " ".join(str(item[name]) for name in self._by.split())

    def on_resize(self, event: events.Resize) -> None:
        if event.size.width != self._drawn[0]:
            self._draw_again()

    def _draw_again(self) -> None:
        chosen = self.chosen
        self._draw(self.key_of(chosen) if chosen else "")

    def _draw(self, chosen: str) -> None:
        width = self.size.width
        if not width:
            return
        columns = [column for column in self._every if not (column.wide_only and width < 100)]
        names = list(self._items)
        if self._drawn == (width, names):
            for row, item in enumerate(self._items.values()):
                for at, column in enumerate(columns):
                    cell = self._text(column, item)
                    before = self.get_cell_at(Coordinate(row, at))
                    if (before, before.style) != (cell, cell.style):  # Text compares no style of the whole
                        self.update_cell_at(Coordinate(row, at), cell)
            return
        self._drawn = (width, names)
        top = self.scroll_y
        self.clear(columns=True)
        left = width - SCROLLBAR - sum(column.width + PADDING for column in columns)
        for column in columns:
            title = Text(column.title, justify="right" if column.right else "left")
            self.add_column(title, width=column.width or max(NARROWEST, left - PADDING))
        for name, item in self._items.items():
            self.add_row(*(self._text(column, item) for column in columns), key=name)
        if chosen in self._items:
            self.move_cursor(row=names.index(chosen), animate=False)
            self.scroll_to(y=top, animate=False)

    def _text(self, column: Column, item: Item) -> Text:
        cell = column.cell(item)
        word, style = cell if isinstance(cell, tuple) else (cell, "")
        return Text(
            clean(word),
            style=" ".join(self._ink(part) for part in style.split()),
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if column.right else "left",
        )

    def _ink(self, word: str) -> str:
        """A colour as the theme has it; one of sixteen colours has the terminal's own."""
        colour = self.app.theme_variables.get(COLOURS.get(word, ""), "")
        return colour if colour.startswith("#") else word
