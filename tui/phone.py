"""The code that a phone's camera reads: drawn dark on light, whatever the theme, two rows to a line."""

from __future__ import annotations

from textual.content import Content

from tui.qr import TooLongError, qr_code

STYLE = "#000000 on #ffffff"
QUIET = 2  # modules around it; cameras want light there
BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def code_for(address: str, *, told: bool = True) -> Content:
    """Nothing where there is no address that other machines could open.  told: with a line that says whom it is for."""
    if not address:
        return Content("")
    try:
        modules = qr_code(address.encode())
    except TooLongError:
        return Content("")
    side = len(modules) + 2 * QUIET
    light = [False] * side
    rows = [light] * QUIET + [[False] * QUIET + row + [False] * QUIET for row in modules] + [light] * (QUIET + 1)
    lines = [
        "".join(BLOCKS[upper, lower] for upper, lower in zip(rows[at], rows[at + 1], strict=True))
        for at in range(0, side, 2)
    ]
    head = Content.assemble(("For phones in the same network:\n", "bold")) if told else Content("")
    return head + Content("\n").join(Content.assemble((line, STYLE)) for line in lines)
