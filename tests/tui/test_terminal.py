"""What a terminal can draw: by its name, by its answer, and without an answer in a bounded time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import termios
import threading
import tty
from typing import TYPE_CHECKING

import pytest

from tui import terminal
from tui.terminal import Answer, Terminal, ask, cell_of, find, guessed

if TYPE_CHECKING:
    from collections.abc import Iterator

XTERM = {"TERM": "xterm-256color"}
SIXEL, PLAIN = b"\x1b[?62;4;22c", b"\x1b[?62;22c"
CELL = b"\x1b[6;18;9t"


@contextlib.contextmanager
def answering(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """The end of a terminal that programs use, and what it was asked; it answers in these pieces, once."""
    outside, inside = pty.openpty()
    tty.setraw(outside)
    asked: list[bytes] = []

    def answer() -> None:
        with contextlib.suppress(OSError):
            asked.append(os.read(outside, 100))
            for piece in answers:
                os.write(outside, piece)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield inside, asked
    finally:
        if not asked:
            os.write(inside, b"nobody asked")
        thread.join()
        os.close(outside)
        os.close(inside)


def test_a_terminal_that_answers_is_believed_even_in_pieces() -> None:
    with answering(CELL[:4], CELL[4:] + SIXEL[:3], SIXEL[3:]) as (inside, asked):
        before = termios.tcgetattr(inside)
        assert ask(inside, inside, 20.0) == Answer(sixel=True, cell_px=(9, 18))
        assert termios.tcgetattr(inside) == before
    assert asked == [terminal.QUESTION]
    with answering(PLAIN) as (inside, _):
        assert ask(inside, inside, 20.0) == Answer(sixel=False, cell_px=None)


def test_a_terminal_that_never_answers_gets_half_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "PATIENCE_S", 0.05)
    with answering() as (inside, asked):
        assert find("auto", XTERM, inside, inside) == Terminal("blocks")
    assert asked == [terminal.QUESTION]


def test_sixel_is_used_only_where_the_size_of_a_cell_is_known() -> None:
    with answering(CELL + SIXEL) as (inside, _):
        assert find("auto", XTERM, inside, inside) == Terminal("sixel", (9, 18))
    with answering(SIXEL) as (inside, _):
        assert find("auto", XTERM, inside, inside) == Terminal("blocks")
    with answering(SIXEL) as (inside, _):
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
        assert cell_of(inside) == (10, 20)
        assert find("auto", XTERM, inside, inside) == Terminal("sixel", (10, 20))


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, "blocks"),
        ({"TERM": "screen-256color"}, "blocks"),
        ({"TERM": "tmux-256color"}, "blocks"),
        ({"TERM": "linux"}, "blocks"),
        ({"TERM": "xterm-16color"}, "blocks"),
        ({}, "blocks"),
        ({"TERM": "foot"}, ""),
        (XTERM, ""),
    ],
)
def test_only_terminals_that_understand_it_are_asked(environ: dict[str, str], kind: str) -> None:
    assert guessed(environ) == kind


def test_what_is_wanted_is_taken_and_half_blocks_ask_nothing() -> None:
    with answering() as (inside, asked):
        assert find("off", XTERM, inside, inside) == Terminal("off")
        assert find("blocks", {"TERM": "xterm-kitty"}, inside, inside) == Terminal("blocks")
        assert asked == []
    with answering(PLAIN) as (inside, _):
        assert find("sixel", {"TERM": "tmux-256color"}, inside, inside) == Terminal("sixel", terminal.CELL_PX)


def test_without_a_terminal_nothing_is_asked() -> None:
    reads, writes = os.pipe()
    try:
        assert find("auto", XTERM, reads, writes) == Terminal("blocks")
    finally:
        os.close(reads)
        os.close(writes)
