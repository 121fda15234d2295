"""QR codes, read back by a reader of somebody else's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tui.phone import code_for
from tui.qr import TooLongError, qr_code


def read(modules: list[list[bool]]) -> str:
    """What a camera would see of it, from near or far: this reader loses some codes at some sizes, and reads them at
    others."""
    dark = np.pad(np.array(modules, dtype=np.uint8), 4)
    for side in (4, 6, 8, 10):
        image = np.kron(255 * (1 - dark), np.ones((side, side), dtype=np.uint8))
        text, *_ = cv2.QRCodeDetector().detectAndDecode(image.astype(np.uint8))
        if text:
            return str(text)
    return ""


@pytest.mark.parametrize("length", [17, 18, 32, 33, 53, 54, 78, 79, 106])
def test_an_address_is_read_back_at_both_ends_of_every_version(length: int) -> None:
    address = ("http://192.168.178.123:8420/" + "photos/and/more/" * 6)[:length]
    assert read(qr_code(address.encode())) == address


def test_more_than_fits_is_refused_and_drawn_as_nothing() -> None:
    with pytest.raises(TooLongError):
        qr_code(b"x" * 107)
    assert code_for("x" * 107).plain == ""
    assert code_for("").plain == ""


def test_the_code_on_the_screen_is_the_code() -> None:
    lines = code_for("http://192.168.1.20:8420").plain.splitlines()[1:]
    pairs = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}
    rows = [[pairs[sign][half] for sign in line] for line in lines for half in (0, 1)]
    assert read(rows) == "http://192.168.1.20:8420"
    assert len(lines) <= 18
    assert max(map(len, lines)) <= 40
