"""Small values everything may use: identifiers, the clock, what a step is called."""

from __future__ import annotations

import os
import time
import uuid
from datetime import UTC, datetime

import msgspec


def new_id() -> uuid.UUID:
    """A version 7 UUID (RFC 9562): its first 48 bits are the Unix time in ms, so new rows sit together in the index."""
    ms = time.time_ns() // 1_000_000
    value = (ms << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def now() -> datetime:
    return datetime.now(UTC)


#: What joins letters, and people to a family, in emoji and in some scripts.
_JOINERS = str.maketrans("", "", "\u200c\u200d")


def is_printable(text: str) -> bool:
    """Whether a name can be shown as it is: no line breaks, nothing that turns the rest around."""
    return text.translate(_JOINERS).isprintable()


class StepSpec(msgspec.Struct, frozen=True):
    """What the library must know of a step to plan it: its name, version, and the kinds of file it is for.

    `on_demand`: only for files that someone asks it for.
    """

    name: str
    version: str
    kinds: frozenset[str]
    on_demand: bool = False
