"""A picture beside a list: fetched for the chosen item, drawn in half-blocks, gone where there is no room for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from tui.desk import Desk

SMALLEST = 8  # columns


class Picture(Static):
    """`show` an address; the same one again costs nothing."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._shown: tuple[str, int, int] = ("", 0, 0)

    def show(self, url: str | None) -> None:
        room = (self.content_size.width, self.content_size.height)
        wanted = (url or "", *room)
        if wanted == self._shown:
            return
        self._shown = wanted
        if url and room[0] >= SMALLEST:
            cast("Desk", self.app).show_picture(url, room, lambda drawn: self._draw(wanted, drawn))
        else:
            self.update(Content(""))

    def on_resize(self) -> None:
        self.show(self._shown[0])

    def _draw(self, wanted: tuple[str, int, int], drawn: Content) -> None:
        if wanted == self._shown:
            self.update(drawn)
