"""Text that is drawn again only when it changed, and laid out again only when its height may have: links are slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.visual import VisualType


class Calm(Static):
    """A Static for what is written again several times a second."""

    _written: Content | None = None

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        before, self._written = self._written, content if isinstance(content, Content) else None
        if before is not None and self._written is not None:
            if before.is_same(self._written):
                return
            layout = not (self._fits(before) and self._fits(self._written) and _lines(before) == _lines(self._written))
        super().update(content, layout=layout)

    def _fits(self, content: Content) -> bool:
        """Whether no line of it is wrapped."""
        width = self.content_size.width
        return all(cell_len(line) <= width for line in content.plain.splitlines())


def _lines(content: Content) -> int:
    return content.plain.count("\n")
