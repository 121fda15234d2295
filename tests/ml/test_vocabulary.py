"""Our own list of words: long enough, in order, and read as it is written."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ml.vocabulary.words import TAGS, read_vocabulary

if TYPE_CHECKING:
    from pathlib import Path

#: Words that have no singular, or end like a plural by chance.
ONLY_SO = frozenset(
    [
        "twins",
        "thumbs",
        "glasses",
        "sunglasses",
        "goggles",
        "jeans",
        "trousers",
        "shorts",
        "pyjamas",
        "chopsticks",
        "stairs",
        "scissors",
        "headphones",
        "bagpipes",
        "darts",
        "billiards",
        "fries",
        "crossroads",
        "lights",
        "christmas",
        "santa",
        "claus",
        "fireworks",
        "steps",
        "rapids",
        "gymnastics",
        "tennis",
        "rhinoceros",
        "hippopotamus",
        "walrus",
        "octopus",
        "mantis",
        "cactus",
        "crocus",
        "iris",
        "lotus",
        "asparagus",
        "bus",
        "minibus",
        "circus",
        "oasis",
        "musicians",
        "birds",
        "drawers",
        "numbers",
        "lens",
        "hibiscus",
        "grass",
        "moss",
        "glass",
        "dress",
        "cross",
        "chess",
        "canvas",
        "compass",
        "princess",
        "news",
        "class",
        "eclipse",
        "boxes",
    ]
)


def test_there_are_more_than_nine_hundred_words_in_many_categories() -> None:
    vocabulary = read_vocabulary()
    assert len(vocabulary.words) >= 900
    assert len(vocabulary.words) == len(vocabulary.categories)
    by_category = Counter(vocabulary.categories)
    assert len(by_category) >= 15
    assert min(by_category.values()) >= 25
    for wanted in ("people", "mammals", "food", "town", "events", "things", "sky and weather", "documents"):
        assert wanted in by_category


def test_every_word_is_there_once() -> None:
    lines = [line for line in TAGS.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#["]
    written = [word.strip() for line in lines for word in line.split(",") if word.strip()]
    assert [word for word, count in Counter(written).items() if count > 1] == []
    assert tuple(written) == read_vocabulary().words


def test_words_are_lower_case_and_plain() -> None:
    for word in read_vocabulary().words:
        assert re.fullmatch(r"[a-z][a-z0-9'-]*( [a-z0-9'-]+){0,5}", word), word


def test_words_are_singular() -> None:
    plural = re.compile(r"[a-z]{3,}[^su'i]s")
    for word in read_vocabulary().words:
        last = word.split()[-1]
        assert not plural.fullmatch(last) or last in ONLY_SO, word


def test_no_word_is_broken_by_the_end_of_a_line() -> None:
    lines = TAGS.read_text(encoding="utf-8").splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line and line[0] not in "#[" and following:
            assert line.endswith(","), line
        assert len(line) <= 120


def test_comments_and_empty_lines_are_no_words(tmp_path: Path) -> None:
    file = tmp_path / "tags.txt"
    file.write_text("# ours\n\n[animals]\ncat, dog,  # the friendly ones\nguinea pig\n[food]\nbread, cat,\n")
    vocabulary = read_vocabulary(file)
    assert vocabulary.words == ("cat", "dog", "guinea pig", "bread")
    assert vocabulary.categories == ("animals", "animals", "animals", "food")
