"""HTTP ranges (RFC 9110, section 14): which bytes a request asks for.  Pure: no files, no sockets."""

from __future__ import annotations

import re

import msgspec

from web.errors import UnsatisfiableRangeError

# Digits only as ASCII: `\d` and int() would take other scripts' digits too.
_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.ASCII | re.IGNORECASE)


class ByteRange(msgspec.Struct, frozen=True):
    """`start` and `length` in bytes; `length` is at least 1."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The range of a Range header for a body of `size` bytes; None: answer with all of it.

    Headers that are malformed or ask for several ranges are ignored, as the RFC allows.  Raises
    UnsatisfiableRangeError when the range is well formed but lies outside.
    """
    found = _ONE_RANGE.fullmatch(header) if header else None
    if found is None:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        if last and int(last) < start:
            return None
        length = min(int(last) if last else size - 1, size - 1) - start + 1
    if length < 1:
        raise UnsatisfiableRangeError(
            "The file has no such bytes", hint=f"It is {size} bytes long.", headers={"Content-Range": f"bytes */{size}"}
        )
    return ByteRange(start, length)


def is_match(header: str | None, etag: str, *, weak: bool = True) -> bool:
    """Whether an If-None-Match (`weak`) or If-Range header names `etag`, which is quoted and strong."""
    if not header:
        return False
    if header.strip() == "*":
        return weak
    for item in header.split(","):
        tag = item.strip()
        if weak:
            tag = tag.removeprefix("W/")
        if tag == etag:
            return True
    return False
