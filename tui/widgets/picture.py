"""A picture beside a list: fetched for the chosen item, drawn as the terminal can, gone where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from tui.pictures import fitted

if TYPE_CHECKING:
    from PIL.Image import Image
    from textual.app import ComposeResult
    from textual_image.widget import SixelImage

    from tui.desk import Desk
    from tui.kitty import KittyImage

SMALLEST = 8  # columns


class Picture(Container):
    """`show` an address; the same one again costs nothing."""

    _drawer: KittyImage | SixelImage | None = None

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._shown: tuple[str, int, int] = ("", 0, 0)

    @property
    def desk(self) -> Desk:
        return cast("Desk", self.app)

    def compose(self) -> ComposeResult:
        yield Static(classes="blocks")

    def on_mount(self) -> None:
        self.display = self.desk.terminal.pictures != "off"

    def show(self, url: str | None) -> None:
        room = (self.content_size.width, self.content_size.height)
        wanted = (url or "", *room)
        if wanted == self._shown:
            return
        self._shown = wanted
        if url and room[0] >= SMALLEST and room[1]:
            self.desk.show_picture(url, room, self.id or "", lambda drawn: self._draw(wanted, drawn))
        else:
            self._clear()

    def on_resize(self) -> None:
        self.show(self._shown[0])

    def _draw(self, wanted: tuple[str, int, int], drawn: Content | Image) -> None:
        if wanted != self._shown or not self.is_attached:
            return
        if isinstance(drawn, Content):
            self._clear()
            self.query_one(".blocks", Static).update(drawn)
            return
        cell_px = self.desk.terminal.cell_px
        if self._drawer is None:
            from tui.graphics import drawer_for

            self._drawer = drawer_for(self.desk.terminal.pictures, drawn, cell_px)
            self.mount(self._drawer)
        else:
            self._drawer.image = drawn
        # Said, not left to the drawer: one that finds out by itself leaves a black edge.
        self._drawer.styles.width, self._drawer.styles.height = fitted(drawn.size, wanted[1:], cell_px)

    def _clear(self) -> None:
        self.query_one(".blocks", Static).update(Content(""))
        if self._drawer is not None:
            self._drawer.image = None
