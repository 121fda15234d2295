"""Reads `tags.txt`, our own list of everyday words."""

from __future__ import annotations

from pathlib import Path

import msgspec

TAGS = Path(__file__).with_name("tags.txt")


class Vocabulary(msgspec.Struct, frozen=True):
    """Every word once, in the order of the file, and the category that each belongs to."""

    words: tuple[str, ...]
    categories: tuple[str, ...]


def read_vocabulary(path: Path = TAGS) -> Vocabulary:
    """Of a text file: "[category]" on a line of its own, then words, divided by commas; "#" begins a comment."""
    found: dict[str, str] = {}
    category = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("["):
            category = text.strip("[]")
            continue
        for word in text.split(","):
            if word.strip():
                found.setdefault(word.strip(), category)
    return Vocabulary(tuple(found), tuple(found.values()))
