"""Pictures by the terminal's own protocol: what is written to terminals that draw them, and to none that do not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.service import REPOSITORY
from tests.tui.screens.test_people import groups
from tests.tui.seen import WIDE, dashboard, watching
from tui.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

KITTY_PLACE = "\U0010eeee"
KITTY_PICTURE, SIXEL_PICTURE = "\x1b_G", "\x1bP"


async def test_kitty_is_sent_the_picture_and_draws_it_where_its_placeholders_are(
    library: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    groups(library, "Anna")
    async with watching(dashboard(library, terminal=Terminal("kitty", (10, 20))), WIDE) as seen:
        await seen.press("5")
        await seen.see("Anna", KITTY_PLACE)
        assert "▀" not in seen.text
        drawn = seen.app.screen.query_one(".drawn")
        assert (drawn.region.width, drawn.region.height) == (44, 22)  # a square face, in cells of 10 x 20
        await seen.press("1")
        await seen.miss(KITTY_PLACE)
    written = capfd.readouterr().out
    assert written.startswith(KITTY_PICTURE)
    assert "U=1" in written  # to be drawn where its placeholders are


async def test_sixel_is_drawn_beside_the_list_and_not_over_a_dialog(library: Path) -> None:
    async with watching(dashboard(library, terminal=Terminal("sixel", (10, 20))), WIDE) as seen:
        await seen.press("6", *"lisbon", "enter")
        await seen.see("IMG_0000.jpg", SIXEL_PICTURE)
        await seen.press("question_mark")
        await seen.see("Search: help")
        assert SIXEL_PICTURE not in seen.text
        await seen.press("escape")
        await seen.see(SIXEL_PICTURE)


async def test_without_pictures_the_list_has_all_the_room(library: Path) -> None:
    groups(library, "Anna")
    async with watching(dashboard(library, terminal=Terminal("off")), WIDE) as seen:
        await seen.press("5")
        await seen.see("Anna")
        assert seen.app.screen.query_one("#list").region.width == WIDE[0]
        assert "▀" not in seen.text


@pytest.mark.parametrize("kind", ["kitty", "sixel"])
def test_the_library_that_draws_asks_the_terminal_nothing(kind: str) -> None:
    """It would, while it is imported, on whatever terminal it finds."""
    code = (
        "import pty, os, sys, io; outside, inside = pty.openpty(); os.set_blocking(outside, False)\n"
        "sys.__stdout__ = open(inside, 'w')\n"
        f"from tui.graphics import widget_for; widget_for({kind!r}, (9, 18)); sys.__stdout__.flush()\n"
        "from textual_image._terminal import get_cell_size; assert get_cell_size() == (9, 18)\n"
        "try: said = os.read(outside, 1000)\n"
        "except BlockingIOError: said = b''\n"
        "assert said == b'', said"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
