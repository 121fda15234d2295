"""Words of a query as FTS5 expressions.  What was typed only ever stands between quotes, so it is never syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.library import text_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.library.query import Word
    from appliance.library.viewers import Viewer

#: Words from this length on are also found as the beginning of longer ones.
PREFIX_FROM = 3
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
        own = [text_index.own_word(viewer.user_id, one) for one in text_index.words(value)]
        if own:
            parts.append(f"own : ({_string(' '.join(own), prefix=not exact and len(value) >= PREFIX_FROM)})")
    return f"({' OR '.join(parts)})"


def every(viewer: Viewer, words: Sequence[Word]) -> str:
    """Files that hold all of these words, each wherever."""
    return " AND ".join(word(viewer, one.value, exact=one.quoted) for one in words)


def column(kind: str, value: str) -> str:
    """Files that hold this in one column: what the operator `kind` looks at."""
    return f"{_filter([COLUMN_OF.get(kind, kind)])} : ({_string(value, prefix=True)})"


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
    if exact:
        return _string(value, prefix=False)
    forms = [_string(value, prefix=len(value) >= PREFIX_FROM)]
    forms += [_string(one, prefix=False) for one in singulars(value)]
    return " OR ".join(forms)


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
