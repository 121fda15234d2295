"""The small picture that cameras store beside the large one: shown at once, until the renditions are made."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import simplejpeg
from PIL import Image

from appliance.errors import MediaError
from appliance.media.guard import media_errors
from appliance.media.jpeg import JpegLayout, read_layout
from appliance.media.pixels import turned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_HEAD_BYTES: Final = 1 << 18  # APP1 ends within 64 KB of its begin; some makers put other segments before it
_MAX_JPEG_BYTES: Final = 4 << 20
_MAX_IFDS: Final = 20
_MAX_TAGS: Final = 512
_LEAST_PX: Final = 100
_LARGEST_PX: Final = 320
_QUALITY: Final = 80
_SAME_SHAPE: Final = 0.02

_COMPRESSION, _STRIP_OFFSETS, _STRIP_LENGTHS, _SUB_IFDS = 0x103, 0x111, 0x117, 0x14A
_JPEG_OFFSET, _JPEG_LENGTH, _PANASONIC_JPEG = 0x201, 0x202, 0x2E
_JPEG_COMPRESSIONS: Final = (6, 7)


def stand_in(path: Path, *, orientation: int, width: int | None = None, height: int | None = None) -> bytes | None:
    """The embedded thumbnail of a JPEG, TIFF or RAW file as an upright JPEG; None if there is none that can be read.

    orientation: the EXIF tag.  width, height: of the upright picture; the black bars that cameras put around a 3:2
    picture in a 4:3 thumbnail are cut off by them.  Reads a few hundred kilobytes at most and never raises MediaError.
    """
    try:
        with media_errors(path):
            for data, layout in _embedded(path):
                if max(layout.width, layout.height) < _LEAST_PX or layout.components not in (1, 3):
                    continue
                with contextlib.suppress(ValueError):  # a broken thumbnail: perhaps there is another
                    return _prepared(data, layout, orientation, width, height)
    except MediaError:
        return None  # the large picture says what is wrong with the file, if anything is
    return None


def _prepared(data: bytes, layout: JpegLayout, orientation: int, width: int | None, height: int | None) -> bytes:
    wide = layout.width >= layout.height
    pixels = simplejpeg.decode_jpeg(
        data,
        "RGB",
        min_width=min(_LARGEST_PX, layout.width) if wide else 0,
        min_height=0 if wide else min(_LARGEST_PX, layout.height),
    )
    box = _without_bars(layout, orientation, width, height)
    if orientation not in range(2, 9) and box is None and max(layout.width, layout.height) <= _LARGEST_PX:
        return data
    image: Image.Image = Image.fromarray(pixels)
    if box is not None:
        scale = image.width / layout.width
        left, top, right, bottom = (round(edge * scale) for edge in box)
        image = image.crop((left, top, right, bottom))
    encoded: bytes = simplejpeg.encode_jpeg(np.asarray(turned(image, orientation)), _QUALITY, "RGB", "420")
    return encoded


def _without_bars(
    layout: JpegLayout, orientation: int, width: int | None, height: int | None
) -> tuple[float, float, float, float] | None:
    """The middle of the thumbnail that has the picture's shape; None if that is all of it."""
    if not width or not height:
        return None
    shape = height / width if orientation in (5, 6, 7, 8) else width / height
    own_shape = layout.width / layout.height
    if abs(shape / own_shape - 1) < _SAME_SHAPE or not 0.5 < shape / own_shape < 2:
        return None
    if own_shape > shape:
        across, down = layout.height * shape, float(layout.height)
    else:
        across, down = float(layout.width), layout.width / shape
    left, top = (layout.width - across) / 2, (layout.height - down) / 2
    return left, top, left + across, top + down


def _embedded(path: Path) -> Iterator[tuple[bytes, JpegLayout]]:
    """Every JPEG in the file's metadata, smallest first."""
    with path.open("rb") as file:

        def read_at(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        head = read_at(0, _HEAD_BYTES)
        base = 0
        if head.startswith(b"FUJIFILMCCD-RAW"):
            base = int.from_bytes(head[84:88], "big")  # a whole JPEG, whose EXIF holds the thumbnail
            head = read_at(base, _HEAD_BYTES)
        if head.startswith(b"\xff\xd8"):
            start = _exif_start(head)
            if start is None:
                return
            base += start
        elif head[4:8] == b"ftyp":
            yield from _in_canon_box(head)
            return
        elif head[:2] not in (b"II", b"MM"):
            return
        for offset, length in sorted(_Tiff(file.read, file.seek, base).jpegs(), key=lambda found: found[1]):
            data = read_at(base + offset, length)
            layout = read_layout(data) if data.startswith(b"\xff\xd8") else None
            if layout is not None and layout.width and layout.height:
                yield data, layout


def _exif_start(head: bytes) -> int | None:
    """Where the TIFF structure of APP1 begins."""
    position = 2
    while position + 10 < len(head) and head[position] == 0xFF and head[position + 1] != 0xDA:
        if head[position + 1] == 0xE1 and head.startswith(b"Exif\x00\x00", position + 4):
            return position + 10
        position += 2 + int.from_bytes(head[position + 2 : position + 4], "big")
    return None


def _in_canon_box(head: bytes) -> Iterator[tuple[bytes, JpegLayout]]:
    """CR3 keeps its thumbnail in a box THMB: version, width, height, length, two unknown bytes twice, JPEG."""
    at = head.find(b"THMB")
    if at < 4:
        return
    box = head[at - 4 : at - 4 + int.from_bytes(head[at - 4 : at], "big")]
    start = box.find(b"\xff\xd8")
    layout = read_layout(box[start:]) if start > 0 else None
    if layout is not None and layout.width and layout.height:
        yield box[start:], layout


class _Tiff:
    """Just enough TIFF to find the JPEGs in it, whatever its magic number (RAW makers have their own)."""

    def __init__(self, read: Callable[[int], bytes], seek: Callable[[int], object], base: int) -> None:
        self._read = read
        self._seek = seek
        self._base = base
        head = self._at(0, 8)
        self._order: Literal["little", "big"] = "big" if head[:2] == b"MM" else "little"
        self._first = self._number(head[4:8])

    def jpegs(self) -> list[tuple[int, int]]:
        """Offset and length of each."""
        found: list[tuple[int, int]] = []
        waiting, seen = [self._first], set[int]()
        while waiting and len(seen) < _MAX_IFDS:
            offset = waiting.pop(0)
            if offset < 8 or offset in seen:
                continue
            seen.add(offset)
            tags, following = self._tags(offset)
            waiting += [*tags.get(_SUB_IFDS, [])[:8], following]
            if _JPEG_OFFSET in tags and _JPEG_LENGTH in tags:
                found.append((tags[_JPEG_OFFSET][0], tags[_JPEG_LENGTH][0]))
            if tags.get(_COMPRESSION, [0])[0] in _JPEG_COMPRESSIONS and len(tags.get(_STRIP_OFFSETS, [])) == 1:
                found.append((tags[_STRIP_OFFSETS][0], tags.get(_STRIP_LENGTHS, [0])[0]))
            if _PANASONIC_JPEG in tags:
                found.append((tags[_PANASONIC_JPEG][0], tags[_PANASONIC_JPEG][1]))
        return [(offset, length) for offset, length in found if offset and 0 < length <= _MAX_JPEG_BYTES]

    def _tags(self, offset: int) -> tuple[dict[int, list[int]], int]:
        count = min(self._number(self._at(offset, 2)), _MAX_TAGS)
        block = self._at(offset + 2, count * 12 + 4)
        tags: dict[int, list[int]] = {}
        for number in range(len(block) // 12):
            entry = block[number * 12 : number * 12 + 12]
            tag, kind = self._number(entry[:2]), self._number(entry[2:4])
            amount, value = self._number(entry[4:8]), entry[8:12]
            if tag == _PANASONIC_JPEG:
                tags[tag] = [self._number(value), amount]
                continue
            size = {3: 2, 4: 4, 13: 4}.get(kind)
            if size is None or not 0 < amount <= 64:
                continue
            if amount * size > 4:
                value = self._at(self._number(value), amount * size)
            values = [self._number(value[at : at + size]) for at in range(0, amount * size, size)]
            if all(len(value[at : at + size]) == size for at in range(0, amount * size, size)):
                tags[tag] = values
        return tags, self._number(block[count * 12 : count * 12 + 4])

    def _at(self, offset: int, length: int) -> bytes:
        self._seek(self._base + offset)
        return self._read(length)

    def _number(self, data: bytes) -> int:
        return int.from_bytes(data, self._order)
