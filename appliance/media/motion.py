"""Where the video inside a motion photo begins: Google's XMP, Samsung's trailer, and the box HEIC files keep it in."""

from __future__ import annotations

import os
from typing import IO, Any

_TAIL_BYTES = 1 << 16
_SAMSUNG_MOTION = 0x0A30
_MAX_BOXES = 200


def find_motion_video(stream: IO[bytes], flat: dict[str, Any], mime_type: str) -> int | None:
    """The byte at which an MP4 begins, verified by its `ftyp` box; None when there is none, whatever XMP announces."""
    size = stream.seek(0, os.SEEK_END)
    if mime_type in ("image/heic", "image/heif", "image/avif"):
        found = _in_boxes(stream, size)
        if found is not None:
            return found
    for offset in _announced(flat, size):
        if _is_video(stream, offset, size):
            return offset
    if mime_type == "image/jpeg":
        return _in_samsung_trailer(stream, size) or (_by_search(stream, size) if _is_announced(flat) else None)
    return None


def _is_announced(flat: dict[str, Any]) -> bool:
    return any(_whole(flat.get(f"XMP-GCamera:{name}")) for name in ("MotionPhoto", "MicroVideo", "MicroVideoOffset"))


def _announced(flat: dict[str, Any], size: int) -> list[int]:
    offsets = []
    behind = 0
    items = flat.get("XMP-GContainer:Directory")
    for entry in reversed(items if isinstance(items, list) else []):
        item = entry.get("Item", entry) if isinstance(entry, dict) else None
        if not isinstance(item, dict):
            continue
        behind += _whole(item.get("Length")) + _whole(item.get("Padding"))
        if item.get("Semantic") == "MotionPhoto" and behind:
            offsets.append(size - behind)
    if length := _whole(flat.get("XMP-GCamera:MicroVideoOffset")):
        offsets.append(size - length)
    return offsets


def _whole(value: object) -> int:
    try:
        return max(int(str(value)), 0) if value is not None else 0
    except ValueError:
        return 0


def _is_video(stream: IO[bytes], offset: int, size: int) -> bool:
    if not 0 < offset <= size - 16:
        return False
    stream.seek(offset)
    head = stream.read(8)
    return head[4:] == b"ftyp" and 8 <= int.from_bytes(head[:4], "big") <= 1024


def _in_boxes(stream: IO[bytes], size: int) -> int | None:
    """ISO media: the box `mpvd` at the top level holds the whole video."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > size:
            return None
        stream.seek(at)
        head = stream.read(16)
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1 and len(head) == 16:
            length, header = int.from_bytes(head[8:16], "big"), 16
        if head[4:8] == b"mpvd":
            return at + header if _is_video(stream, at + header, size) else None
        if length < header:
            return None
        at += length
    return None


def _in_samsung_trailer(stream: IO[bytes], size: int) -> int | None:
    """`... SEFH version count (kind offset size)* length SEFT`; offsets count back from SEFH, name and data follow."""
    tail_size = min(size, _TAIL_BYTES)
    stream.seek(max(size - 8, 0))
    if stream.read(8)[4:] != b"SEFT":
        return None
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    begin = len(tail) - 8 - int.from_bytes(tail[-8:-4], "little")
    if begin < 0 or tail[begin : begin + 4] != b"SEFH":
        return None
    count = min(int.from_bytes(tail[begin + 8 : begin + 12], "little"), 100)
    table = size - tail_size + begin
    for number in range(count):
        entry = tail[begin + 12 + 12 * number : begin + 24 + 12 * number]
        if int.from_bytes(entry[2:4], "little") != _SAMSUNG_MOTION:
            continue
        block = table - int.from_bytes(entry[4:8], "little")
        if not 0 < block < size:
            continue
        stream.seek(block)
        name_size = int.from_bytes(stream.read(8)[4:8], "little")
        if name_size < 100 and _is_video(stream, block + 8 + name_size, size):
            return block + 8 + name_size
    return None


def _by_search(stream: IO[bytes], size: int) -> int | None:
    """XMP announces a video but counts wrongly (an editor changed the picture): look for the last `ftyp` box."""
    block = 1 << 20
    end = size
    for _ in range(64):  # 64 MB: no phone makes longer ones
        begin = max(end - block, 0)
        stream.seek(begin)
        data = stream.read(min(block + 8, size - begin))
        at = data.rfind(b"ftyp")
        while at >= 4:
            if _is_video(stream, begin + at - 4, size) and data[at + 4 : at + 8].isalnum():
                return begin + at - 4
            at = data.rfind(b"ftyp", 0, at)
        if begin == 0:
            return None
        end = begin
    return None
