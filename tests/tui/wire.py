"""A dashboard on a pseudo-terminal, and what its bytes make a terminal draw: pictures as the protocols' own documents
say, decoded here once more."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

from PIL import Image

from tests.e2e.service import REPOSITORY
from tests.tui.seen import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CELL_PX = (10, 20)
COMMAND = re.compile(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\")
SIXEL = re.compile(r"\x1bP[\d;]*q(.*?)\x1b\\", re.DOTALL)
PLACEHOLDER = "\U0010eeee"
CELLS = re.compile(f"\x1b\\[([\\d;]*)m((?:{PLACEHOLDER}..)+)")
PARTS = re.compile(
    r'"(?P<size>[\d;]+)|#(?P<colour>[\d;]+)|!(?P<times>\d+)(?P<again>[?-~])|(?P<one>[?-~])|(?P<move>[$-])'
)


class Wire:
    """`said`: everything that was written to the terminal so far."""

    def __init__(self, master: int) -> None:
        self._master, self.said = master, ""

    def read(self) -> None:
        raw = b""
        with contextlib.suppress(OSError):  # the other end closes when it has left
            while block := os.read(self._master, 1 << 16):
                raw += block
                self.said = raw.decode(errors="ignore")

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 2 * PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, what
            time.sleep(0.05)

    @property
    def commands(self) -> list[tuple[dict[str, str], str]]:
        """Of Kitty's protocol: keys and payload, in their order."""
        return [
            (dict(pair.split("=") for pair in keys.split(",")), payload) for keys, payload in COMMAND.findall(self.said)
        ]


@contextlib.contextmanager
def on_a_terminal(data: Path, pictures: str, **environ: str) -> Iterator[Wire]:
    """`homeroll tui` as over SSH, 120x40; it has left when this ends."""
    master, slave = pty.openpty()
    columns, lines = 120, 40
    size = struct.pack("HHHH", lines, columns, columns * CELL_PX[0], lines * CELL_PX[1])
    fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
    words = [sys.executable, "-m", "appliance.cli", "--data", str(data), "tui", "--pictures", pictures]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    child = subprocess.Popen(
        words, cwd=REPOSITORY, env=kept | environ, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    wire = Wire(master)
    reader = threading.Thread(target=wire.read)
    reader.start()
    try:
        yield wire
        wire.press("q")
        child.wait(timeout=PATIENCE_S)
    finally:
        child.kill()
        child.wait()
        reader.join()
        os.close(master)


def kitty_picture(commands: list[tuple[dict[str, str], str]]) -> Image.Image:
    """Of the chunks of one transmission."""
    return Image.open(io.BytesIO(base64.b64decode("".join(payload for _, payload in commands)))).convert("RGB")


def colour_number(style: str) -> int:
    """What Kitty takes the foreground of a placeholder for."""
    found = re.search(r"38;5;(\d+)|38;2;(\d+);(\d+);(\d+)", style)
    assert found is not None, style
    if found[1]:
        return int(found[1])
    return int(found[2]) << 16 | int(found[3]) << 8 | int(found[4])


def sixel_picture(data: str) -> Image.Image:
    """As the manual of the VT330 says: six rows at a time, each colour by itself."""
    palette: dict[int, tuple[int, int, int]] = {}
    x = y = colour = 0
    image = Image.new("RGB", (1, 1))
    for part in PARTS.finditer(data):
        if part["size"]:
            _, _, width, height = map(int, part["size"].split(";"))
            image = Image.new("RGB", (width, height), (255, 0, 255))
        elif part["colour"]:
            colour, *rest = map(int, part["colour"].split(";"))
            if rest:
                assert rest[0] == 2, "red, green, blue in hundredths"
                red, green, blue = (value * 255 // 100 for value in rest[1:])
                palette[colour] = red, green, blue
        elif part["move"]:
            x, y = 0, y + 6 * (part["move"] == "-")
        else:
            bits = ord(part["again"] or part["one"]) - 63
            times = int(part["times"] or 1)
            for row in (row for row in range(6) if bits >> row & 1):
                for column in range(x, x + times):
                    image.putpixel((column, y + row), palette[colour])
            x += times
    return image


def apart(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures are apart on average, in levels of 255, once they have the same size."""
    size = (64, 64)
    first, second = (picture.convert("RGB").resize(size, Image.Resampling.BOX).tobytes() for picture in (one, other))
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)
