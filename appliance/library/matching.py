"""Words of a query as FTS5 expressions.  What was typed only ever stands between quotes, so it is never syntax."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from appliance.library import spoken_dates, text_index
from appliance.library.query import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.library.query import Word
    from appliance.library.viewers import Viewer

#: Words from this length on are also found as the beginning of longer ones.
PREFIX_FROM = 3
#: Shorter words are not taken for others that are written with an umlaut: "due" is not "dü".
SPELLED_FROM = 4
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
#: Said in a sentence, not written on a photo: they are left out as long as another word remains.
FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "is",
        "it",
        "its",
        "my",
        "of",
        "off",
        "on",
        "or",
        "our",
        "over",
        "some",
        "that",
        "the",
        "their",
        "them",
        "they",
        "this",
        "to",
        "under",
        "up",
        "was",
        "were",
        "where",
        "while",
        "with",
        # what is searched are photos anyhow
        "photo",
        "photos",
        "picture",
        "pictures",
        "foto",
        "fotos",
        "bild",
        "bilder",
        # German
        "am",
        "an",
        "auf",
        "aus",
        "bei",
        "beim",
        "das",
        "dem",
        "den",
        "der",
        "des",
        "die",
        "ein",
        "eine",
        "einem",
        "einen",
        "einer",
        "eines",
        "für",
        "im",
        "ins",
        "mein",
        "meine",
        "mit",
        "und",
        "unser",
        "unsere",
        "vom",
        "von",
        "vor",
        "zu",
        "zum",
        "zur",
    ]
)
COLUMN_OF = {"text": "ocr"}
#: Which columns say most about a photo: what people said, then what is on it, then what its file is called.
STRONG = ("people", "albums", "tags", "description", "own")
MIDDLE = ("place", "caption", "ocr")
#: How sure a match is when a word is found anywhere, and what is added when it is found in better columns.
ANYWHERE, BETTER, BEST = 0.4, 0.3, 0.3


def is_searchable(value: str) -> bool:
    """Whether the index can hold any of it: punctuation alone it does not."""
    return any(sign.isalnum() for sign in value)


def telling(words: Sequence[Word]) -> tuple[Word, ...]:
    """Without fillers, unless there is nothing else."""
    kept = tuple(word for word in words if word.quoted or word.value.lower() not in FILLERS)
    return kept or tuple(words)


def word(viewer: Viewer, value: str, *, exact: bool = False, columns: Sequence[str] = ()) -> str:
    """Files that hold this word or phrase: in `columns`, or in any.  What is another person's own never matches."""
    everyone = [column for column in columns or text_index.COLUMNS if column != "own"]
    parts = [f"{_filter(everyone)} : ({_forms(value, exact)})"] if everyone else []
    if viewer.user_id is not None and (not columns or "own" in columns):
        own = [_string(one, prefix=prefix) for one, prefix in _own_forms(viewer.user_id, value, exact)]
        if own:
            parts.append(f"own : ({' OR '.join(own)})")
    month = "" if exact else month_named(value)
    if month and (not columns or "date" in columns):
        parts.append(f"date : ({_string(month, prefix=False)})")
    return f"({' OR '.join(parts)})"


def every(viewer: Viewer, words: Sequence[Word]) -> str:
    """Files that hold all of these words, each wherever."""
    return " AND ".join(word(viewer, one.value, exact=one.quoted) for one in words)


def column(kind: str, value: str) -> str:
    """Files that hold this in one column: what the operator `kind` looks at."""
    found = [_string(one, prefix=prefix) for one, prefix in column_forms(value)]
    return f"{_filter([COLUMN_OF.get(kind, kind)])} : ({' OR '.join(found)})"


def column_forms(value: str) -> list[tuple[str, bool]]:
    """As `forms`, for the value of an operator: always the beginning of a word, and no plural of another."""
    return [(value, True), *spellings(value)]


def tiers(viewer: Viewer, words: Sequence[Word]) -> list[tuple[str, float]]:
    """What to add to the score of which matches: the mean over all words is between `ANYWHERE` and 1."""
    found = []
    for one in words:
        for columns, more in (((*STRONG, *MIDDLE), BETTER), (STRONG, BEST)):
            found.append((word(viewer, one.value, exact=one.quoted, columns=columns), more / len(words)))
    return found


def _filter(columns: Sequence[str]) -> str:
    return "{" + " ".join(columns) + "}"


def _forms(value: str, exact: bool) -> str:
    return " OR ".join(_string(one, prefix=prefix) for one, prefix in forms(value, exact=exact))


def _own_forms(user: object, value: str, exact: bool) -> list[tuple[str, bool]]:
    """As `forms`, each word behind the user's mark."""
    marked = [
        (" ".join(text_index.own_word(user, word) for word in text_index.words(one)), prefix)
        for one, prefix in forms(value, exact=exact)
    ]
    return [(one, prefix) for one, prefix in marked if one]


def forms(value: str, *, exact: bool) -> list[tuple[str, bool]]:
    """Everything that is found for a word: a form of it, and whether as the beginning of longer words, too."""
    if exact:
        return [(value, False)]
    return [(value, len(value) >= PREFIX_FROM), *((one, False) for one in singulars(value)), *spellings(value)]


def spellings(value: str) -> list[tuple[str, bool]]:
    """How German names are written where there are no umlauts, and the other way round: München, Muenchen.

    As in `forms`; the index itself takes ü for u.
    """
    lower = unicodedata.normalize("NFC", value).lower()
    written = lower.translate(_WRITTEN_OUT)
    if written != lower:
        return [(written, len(value) >= PREFIX_FROM)]
    drawn = [re.sub("([aou])e", r"\1", one) for one in (lower, lower.replace("ss", "ß"))] + [lower.replace("ss", "ß")]
    return [(one, False) for one in dict.fromkeys(drawn) if one != lower and len(one) >= SPELLED_FROM]


def month_named(value: str) -> str:
    """As the index calls the month that a word names in German: "juni" is June."""
    number = spoken_dates.MONTHS.get(fold(value).rstrip("."))
    return text_index.MONTHS[number - 1] if number else ""


def singulars(value: str) -> list[str]:
    """What an English plural may be the plural of; the beginning of a word finds its plural by itself."""
    lower = value.lower()
    if len(lower) < 4 or not lower.endswith("s") or lower.endswith("ss"):
        return []
    if lower.endswith("ies"):
        return [f"{lower[:-3]}y"]
    return [lower[:-1], lower[:-2]] if lower.endswith("es") else [lower[:-1]]


def _string(value: str, *, prefix: bool) -> str:
    escaped = value.replace('"', '""')
    return f'"{escaped}"' + ("*" if prefix else "")
