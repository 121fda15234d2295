"""The size of a JPEG XL picture from its first bytes, which ffmpeg 5 tells only by decoding all of it.

Source: ISO/IEC 18181-1, 5.2 (size header) and 18181-2 (boxes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def read_jxl_size(path: Path) -> tuple[int, int]:
    """Width and height, upright.  Raises ValueError if the header is not there."""
    with path.open("rb") as file:
        head = file.read(65536)
    return _size(_Bits(_codestream(head)))


def _codestream(head: bytes) -> bytes:
    if head.startswith(b"\xff\x0a"):
        return head[2:]
    position = 0
    while position + 16 <= len(head):
        length, name = int.from_bytes(head[position : position + 4], "big"), head[position + 4 : position + 8]
        start = position + 8
        if length == 1:
            length = int.from_bytes(head[start : start + 8], "big")
            start += 8
        if name == b"jxlp":
            start += 4
        if name in (b"jxlc", b"jxlp") and head.startswith(b"\xff\x0a", start):
            return head[start + 2 :]
        if length < 8:
            break
        position += length
    raise ValueError("no JPEG XL picture in its container")


class _Bits:
    """Bits of the header, lowest first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data[:64], "little")
        self._left = min(len(data), 64) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the JPEG XL header is cut short")
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return taken


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = (bits.take(5) + 1) * 8 if small else _long_side(bits)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        width = height * across // down
    else:
        width = (bits.take(5) + 1) * 8 if small else _long_side(bits)
    everything_default = bits.take(1)
    if not everything_default and bits.take(1) and bits.take(3) >= 4:  # extra fields; orientation - 1
        width, height = height, width
    return width, height


def _long_side(bits: _Bits) -> int:
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1
