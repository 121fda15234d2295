"""The two lines over every screen: who answers and how it is, and the screens to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.widgets.calm import Calm
from tui.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

EARLIER, LATER = " ‹", "› "
NUMBERED = 10  # the tenth has the key 0


class Top(Calm):
    """`Homeroll at … : all is well`, or how many things need somebody; Homeroll may have been given another name."""

    def tell(self, *, name: str, address: str, version: str, health: str | None, points: int, reachable: bool) -> None:
        if not reachable:
            word, style = "not reachable", "$text-error"
        elif health is None:
            word, style = "connecting …", "$foreground-muted"
        elif health == "failing":
            word, style = "FAILING", "$text-error"
        elif points:
            word, style = f"{plural(points, 'thing')} to look at", "$text-warning"
        else:
            word, style = "all is well", "$text-success"
        room = max(10, self.size.width - len(word) - len(version) - len(name) - 8)
        shown = address if len(address) <= room else "…" + address[1 - room :]
        self.update(
            Content.assemble((f" {name}", "bold"), f" {version}  ", (f"{shown}  ", "$foreground-muted"), (word, style))
        )


class Choice(Calm):
    """The screens' names in one line, the current one and as many beside it as fit; a click opens one."""

    def __init__(self, names: Sequence[tuple[str, str]], current: str) -> None:
        super().__init__()
        self._names = names
        self._labels = [_label(number, title) for number, (_, title) in enumerate(names, start=1)]
        self._current = next(at for at, (name, _) in enumerate(names) if name == current)

    def on_resize(self, event: events.Resize) -> None:
        first, last = self._shown(event.size.width)
        parts = [_link("app.screens", EARLIER)] if first else []
        for at in range(first, last):
            part = _link(f"app.open_screen('{self._names[at][0]}')", self._labels[at])
            parts.append(part.stylize("reverse bold") if at == self._current else part)
        if last < len(self._names):
            parts.append(_link("app.screens", LATER))
        self.update(Content("").join(parts))

    def _shown(self, width: int) -> tuple[int, int]:
        """From the current one outwards, the earlier ones first: they are the everyday ones."""
        room = width - len(self._labels[self._current])
        if sum(map(len, self._labels)) > width:
            room -= len(EARLIER) + len(LATER)
        first, last = self._current, self._current + 1
        while first and len(self._labels[first - 1]) <= room:
            first -= 1
            room -= len(self._labels[first])
        while last < len(self._labels) and len(self._labels[last]) <= room:
            room -= len(self._labels[last])
            last += 1
        return first, last


def _label(number: int, title: str) -> str:
    return f" {number % 10} {title} " if number <= NUMBERED else f" {title} "


def _link(action: str, text: str) -> Content:
    return Content.from_markup(f"[@click={action}]{text}[/]")
