"""Pictures by the terminal's own protocol: what is written to terminals that draw them, and to none that do not."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.e2e.pictures import make_photos
from tests.e2e.service import REPOSITORY, running_service
from tests.tui.conftest import settle
from tests.tui.screens.test_people import groups
from tests.tui.seen import WIDE, admin, ask, dashboard, wait_for_work, watching
from tests.tui.wire import (
    CELL_PX,
    CELLS,
    PLACEHOLDER,
    SIXEL,
    apart,
    colour_number,
    kitty_picture,
    on_a_terminal,
    sixel_picture,
)
from tui.kitty import MARKS
from tui.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIXEL_PICTURE = "\x1bP"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a service with six photos and Anna on one, for every test here."""
    folder = tmp_path_factory.mktemp("known")
    make_photos(folder / "Pictures", 6)
    with running_service(folder / "data") as service:
        settle(service.data)
        ask(service.data, "POST", "/libraries", {"root": str(folder / "Pictures"), "name": "Holidays"})
        wait_for_work(service.data)
        groups(service.data, "Anna")
        yield service.data


@pytest.mark.parametrize("colours", [{}, {"COLORTERM": "truecolor"}], ids=["256 colours", "all colours"])
def test_kitty_is_sent_the_picture_and_draws_it_where_its_placeholders_are(
    known: Path, colours: dict[str, str]
) -> None:
    with on_a_terminal(known, "kitty", TERM="xterm-kitty", **colours) as wire:
        wire.until(lambda: "Holidays" in wire.said, "it is there")
        wire.press("5")
        wire.until(lambda: PLACEHOLDER in wire.said, "the place of the picture")
        before = len(wire.commands)
        wire.press("1")
    commands = wire.commands
    (placed,) = [keys for keys, _ in commands[:before] if keys.get("a") == "p"]
    sent = [(keys, payload) for keys, payload in commands[:before] if payload]
    number, columns, lines = (int(placed[key]) for key in ("i", "c", "r"))
    assert placed["U"] == "1"
    assert (sent[0][0]["a"], sent[0][0]["f"], int(sent[0][0]["i"])) == ("t", "100", number)
    assert [keys["m"] for keys, _ in sent] == ["1"] * (len(sent) - 1) + ["0"]
    assert max(len(payload) for _, payload in sent) <= 4096
    person = ask(known, "GET", "/people")["items"][0]
    assert apart(kitty_picture(sent), thumbnail(known, person["thumbnail_url"])) < 3
    assert columns * CELL_PX[0] == lines * CELL_PX[1]  # a square face
    seen = {}
    for style, cells in CELLS.findall(wire.said):
        assert colour_number(style) == number
        for row, column in re.findall(f"{PLACEHOLDER}(.)(.)", cells):
            seen[MARKS.index(ord(row)), MARKS.index(ord(column))] = True
    assert seen.keys() == {(row, column) for row in range(lines) for column in range(columns)}
    assert [keys for keys, _ in commands[before:]] == [{"a": "d", "d": "I", "i": str(number), "q": "2"}]


def test_sixel_is_the_picture_and_fits_its_place(known: Path) -> None:
    with on_a_terminal(known, "sixel", TERM="xterm-256color") as wire:
        wire.until(lambda: "Holidays" in wire.said, "it is there")
        wire.press("6")
        wire.until(lambda: "anna beach 2019" in wire.said, "the field")
        wire.press("lisbon\r")
        wire.until(lambda: SIXEL.search(wire.said), "the picture")
    found = SIXEL.search(wire.said)
    assert found is not None
    picture = sixel_picture(found[1])
    file = next(one for one in ask(known, "GET", "/files?limit=9")["items"] if one["filename"] == "IMG_0000.jpg")
    shown = thumbnail(known, file["thumbnail_url"])
    assert picture.width / picture.height == pytest.approx(shown.width / shown.height, rel=0.05)
    assert apart(picture, shown) < 6
    line, column = map(int, re.findall(r"\x1b\[(\d+);(\d+)H", wire.said[: found.start()])[-1])
    assert column * CELL_PX[0] + picture.width <= 121 * CELL_PX[0]
    assert line * CELL_PX[1] + picture.height <= 40 * CELL_PX[1]


async def test_sixel_is_drawn_beside_the_list_and_not_over_a_dialog(known: Path) -> None:
    async with watching(dashboard(known, terminal=Terminal("sixel", (10, 20))), WIDE) as seen:
        await seen.press("6", *"lisbon", "enter")
        await seen.see("IMG_0000.jpg", SIXEL_PICTURE)
        await seen.press("question_mark")
        await seen.see("Search: help")
        assert SIXEL_PICTURE not in seen.text
        await seen.press("escape")
        await seen.see(SIXEL_PICTURE)


def thumbnail(data: Path, url: str) -> Image.Image:
    with admin(data) as client:
        return Image.open(io.BytesIO(client.get(f"http://localhost{url}").content)).convert("RGB")


async def test_without_pictures_the_list_has_all_the_room(known: Path) -> None:
    async with watching(dashboard(known, terminal=Terminal("off")), WIDE) as seen:
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
        f"from tui.graphics import prepare; prepare({kind!r}, (9, 18)); sys.__stdout__.flush()\n"
        f"if {kind == 'sixel'}:\n"
        "    from textual_image._terminal import get_cell_size; assert get_cell_size() == (9, 18)\n"
        "try: said = os.read(outside, 1000)\n"
        "except BlockingIOError: said = b''\n"
        "assert said == b'', said"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
