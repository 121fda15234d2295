"""What this terminal can draw, found out before the dashboard takes it: by its name, else by one question.

The question (its primary device attributes, and the size of a cell) is understood by everything that calls itself an
xterm, and answered in one go, so a slow link costs one round trip; a terminal that never answers costs `PATIENCE_S`.
Kitty's own question is never asked: terminals that do not know it print it.
"""

from __future__ import annotations

import array
import fcntl
import os
import re
import select
import termios
import time
import tty
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

PICTURES = ("auto", "kitty", "sixel", "blocks", "off")
#: Those that draw Kitty's pictures where placeholder characters stand, which is what survives scrolling and dialogs.
KITTY = frozenset({"xterm-kitty", "xterm-ghostty"})
#: Beginnings of the names of terminals that answer the question.
ASKED = ("xterm", "foot", "mlterm", "contour", "wezterm", "rio", "mintty", "konsole")
#: Inside of these the terminal outside is not the one that answers, and pictures are lost on the way.
WITHIN = ("TMUX", "STY")
MULTIPLEXERS = ("tmux", "screen")
QUESTION = b"\x1b[16t\x1b[c"
CELL = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
SIXEL = b"4"
#: An answer that comes later would be taken for keys, so this is longer than any link is slow.
PATIENCE_S = 2.0
CELL_PX = (10, 20)  # width, height; where nobody tells


class Terminal(msgspec.Struct, frozen=True):
    """pictures: kitty, sixel, blocks or off.  cell_px: width and height of a character."""

    pictures: str = "blocks"
    cell_px: tuple[int, int] = CELL_PX


class Answer(msgspec.Struct, frozen=True):
    """cell_px is None where the terminal does not tell."""

    sixel: bool = False
    cell_px: tuple[int, int] | None = None


def find(wanted: str, environ: Mapping[str, str], reads: int, writes: int) -> Terminal:
    """The best that is sure to work, or what is `wanted`.  reads, writes: descriptors of the terminal.  Blocking."""
    kind = wanted if wanted != "auto" else guessed(environ)
    if kind in ("blocks", "off"):
        return Terminal(kind)
    cell = cell_of(writes)
    if kind == "kitty" and cell:
        return Terminal(kind, cell)
    answer = ask(reads, writes, PATIENCE_S)
    cell = cell or answer.cell_px
    if kind:
        return Terminal(kind, cell or CELL_PX)
    # A picture of a size that is only guessed would reach beyond its place.
    return Terminal("sixel", cell) if answer.sixel and cell else Terminal()


def guessed(environ: Mapping[str, str]) -> str:
    """What the environment says of the terminal; "" where it has to be asked."""
    term = environ.get("TERM", "")
    if any(name in environ for name in WITHIN) or term.startswith(MULTIPLEXERS):
        return "blocks"
    if term in KITTY:
        return "kitty"
    return "" if term.startswith(ASKED) and not term.endswith("16color") else "blocks"


def cell_of(terminal: int) -> tuple[int, int] | None:
    """What the kernel was told of it, such as by ssh; most terminals tell nothing."""
    size = array.array("H", [0, 0, 0, 0])
    try:
        fcntl.ioctl(terminal, termios.TIOCGWINSZ, size)
    except OSError:
        return None
    lines, columns, width, height = size
    return (width // columns, height // lines) if lines and columns and width and height else None


def ask(reads: int, writes: int, patience_s: float) -> Answer:
    """Its answer, or none; what is typed meanwhile is lost."""
    try:
        before = termios.tcgetattr(reads)
    except termios.error:  # no terminal
        return Answer()
    try:
        tty.setcbreak(reads, termios.TCSANOW)
        os.write(writes, QUESTION)
        said = _read(reads, patience_s)
    finally:
        termios.tcsetattr(reads, termios.TCSANOW, before)
    cell, attributes = CELL.search(said), ATTRIBUTES.search(said)
    return Answer(
        sixel=attributes is not None and SIXEL in attributes[1].split(b";"),
        cell_px=(int(cell[2]), int(cell[1])) if cell and int(cell[1]) and int(cell[2]) else None,
    )


def _read(reads: int, patience_s: float) -> bytes:
    """Until the last part of the answer, or as long as there is patience."""
    said, deadline = b"", time.monotonic() + patience_s
    while not ATTRIBUTES.search(said):
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not select.select([reads], [], [], left_s)[0]:
            break
        block = os.read(reads, 1024)
        if not block:
            break
        said += block
    return said
