"""Pictures by Kitty's graphics protocol: sent once, drawn by the terminal wherever their placeholder characters stand.

https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders.  The colour of a placeholder is the picture's
number, so numbers are chosen that survive what becomes of colours on the way: over SSH most terminals have 256 of them.
Everything goes the way that the screen itself goes: from elsewhere it would end up in the middle of it.
"""

from __future__ import annotations

import base64
import io
import itertools
from functools import cache
from typing import TYPE_CHECKING

from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.pictures import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

PLACEHOLDER = "\U0010eeee"
#: Rows and columns are counted in these marks, in the order of the protocol's table.
MARKS = (
    *(0x0305, 0x030D, 0x030E, 0x0310, 0x0312, 0x033D, 0x033E, 0x033F, 0x0346, 0x034A, 0x034B, 0x034C),
    *(0x0350, 0x0351, 0x0352, 0x0357, 0x035B, *range(0x0363, 0x0370), *range(0x0483, 0x0488)),
    *(0x0592, 0x0593, 0x0594, 0x0595, 0x0597, 0x0598, 0x0599, 0x059C, 0x059D),
)
CHUNK = 4096  # the protocol's limit
#: Of the 256 colours the first sixteen are the terminal's own.
CUBE, GREYS, LEVELS = 16, 232, (0, 95, 135, 175, 215, 255)
COLOURS = 256  # of a thumbnail: more would be three times the bytes, for links that are slow


class KittyImage(Widget, can_focus=False):
    """As large as its styles say.  cell_px: width and height of a character."""

    def __init__(self, image: Image | None, cell_px: tuple[int, int], *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._image, self._cell_px = image, cell_px
        self._sent: tuple[int, int, int] | None = None  # number, columns, lines

    @property
    def image(self) -> Image | None:
        return self._image

    @image.setter
    def image(self, image: Image | None) -> None:
        self._take_back()
        self._image = image
        self.refresh(layout=True)

    def on_unmount(self) -> None:
        self._take_back()

    def render_line(self, y: int) -> Strip:
        columns, lines = min(self.size.width, LARGEST[0]), min(self.size.height, LARGEST[1])
        if self._image is None or not columns or y >= lines:
            return Strip.blank(self.size.width)
        if self._sent is None or self._sent[1:] != (columns, lines):
            self._take_back()
            self._send(self._image, columns, lines)
        assert self._sent is not None, "it has just been sent"
        row = chr(MARKS[y])
        cells = "".join(f"{PLACEHOLDER}{row}{chr(mark)}" for mark in MARKS[:columns])
        return Strip([Segment(cells, Style(color=_colour(self._sent[0])))], columns)

    def _send(self, image: Image, columns: int, lines: int) -> None:
        number = next(_numbers())
        self._sent = (number, columns, lines)
        data = base64.b64encode(_packed(image, columns * self._cell_px[0], lines * self._cell_px[1])).decode()
        chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
        for at, chunk in enumerate(chunks):
            first = f"a=t,f=100,i={self._number_of(number)},q=2," if not at else "q=2,"
            self._write(f"{first}m={int(at < len(chunks) - 1)};{chunk}")
        self._write(f"a=p,U=1,i={self._number_of(number)},c={columns},r={lines},q=2")

    def _take_back(self) -> None:
        if self._sent is not None:
            number, self._sent = self._sent[0], None
            self._write(f"a=d,d=I,i={self._number_of(number)},q=2")  # a capital I: its bytes, too

    def _number_of(self, number: int) -> int:
        """What the terminal takes the colour of a placeholder for: its place among 256, or red, green and blue."""
        if self.app.console.color_system == "256":
            return number
        red, green, blue = _rgb(number)
        return red << 16 | green << 8 | blue

    def _write(self, command: str) -> None:
        driver = self.app._driver  # Textual's own way for what is no text, such as its bell
        if driver is not None:
            driver.write(f"\x1b_G{command}\x1b\\")


def _packed(image: Image, wide_px: int, high_px: int) -> bytes:
    """PNG of at most that size; terminals enlarge it themselves."""
    from PIL.Image import Dither  # only people who look at faces pay for it

    if image.width > wide_px or image.height > high_px:
        image = image.resize((min(image.width, wide_px), min(image.height, high_px)))
    written = io.BytesIO()
    image.quantize(COLOURS, dither=Dither.NONE).save(written, "PNG", optimize=True)
    return written.getvalue()


def _rgb(number: int) -> tuple[int, int, int]:
    """Of the 256 colours: a cube of six levels each, then greys."""
    if number >= GREYS:
        level = 8 + 10 * (number - GREYS)
        return level, level, level
    place = number - CUBE
    return LEVELS[place // 36], LEVELS[place // 6 % 6], LEVELS[place % 6]


def _colour(number: int) -> Color:
    return Color.from_rgb(*_rgb(number))


@cache
def _numbers() -> Iterator[int]:
    """Those whose colour stays the same whether there are 256 or all of them; used again after some hundred.  Black
    is none of them: there is no picture 0."""
    return itertools.cycle(
        number for number in range(CUBE + 1, 256) if _colour(number).downgrade(ColorSystem.EIGHT_BIT).number == number
    )
