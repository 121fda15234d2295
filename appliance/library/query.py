"""The query language: what somebody typed becomes a small tree.  It never fails: what is not understood is a word.

`person:anna place:lisbon tag:beach -tag:screenshot camera:x100 album:"Summer" year:2019 before:2020-05 kind:video
has:gps rating:>3 favourite: trees in a valley`: all of them must hold; `OR` between two makes them alternatives.
No tables here; names are looked up by `conditions.py`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import TypeAlias

import msgspec

from appliance.library import spoken_dates
from appliance.library.spoken_dates import NO_END

MOST_CHARACTERS = 1000
MOST_TERMS = 40

#: Operators whose value is a name -> what they are called in answers.
NAMED = {
    "person": "person",
    "people": "person",
    "place": "place",
    "city": "place",
    "country": "place",
    "tag": "tag",
    "camera": "camera",
    "album": "album",
    "name": "name",
    "file": "name",
    "folder": "folder",
    "path": "folder",
    "text": "text",
    "description": "description",
    "caption": "caption",
}
DATED = ("year", "month", "date", "before", "after")
#: Operators with a few values; other spellings of a value -> the value.
CHOICES: dict[str, dict[str, str]] = {
    "kind": {
        "photo": "photo",
        "image": "photo",
        "picture": "photo",
        "video": "video",
        "movie": "video",
        "film": "video",
        "raw": "raw",
    },
    "has": {
        "gps": "gps",
        "location": "gps",
        "place": "gps",
        "face": "people",
        "faces": "people",
        "people": "people",
        "person": "people",
        "tag": "tags",
        "tags": "tags",
        "album": "album",
        "albums": "album",
        "text": "text",
        "caption": "caption",
        "description": "description",
        "rating": "rating",
        "motion": "motion",
        "live": "motion",
        "raw": "raw",
    },
    "favourite": {"": "yes", "yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"},
    "archived": {"": "yes", "yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no"},
}
SPELLINGS = {"type": "kind", "favorite": "favourite", "fav": "favourite", "stars": "rating"}
OPERATORS = (*dict.fromkeys(NAMED.values()), *DATED, *CHOICES, "rating")

#: What phones make of quotes and hyphens while somebody types.
_TYPED = str.maketrans({**dict.fromkeys("“”„«»", '"'), **dict.fromkeys("‐‑‒–—−", "-")})
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´′", "'"))
_TOKEN = re.compile(r'(?P<minus>-?)(?:(?P<operator>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>[^\s"]*))')
_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_RATING = re.compile(r"(>=|<=|>|<|=|)(\d)(?:(?:-|\.\.)(\d))?\*?")
YEAR = re.compile(r"(18|19|20|21)\d\d")


class Word(msgspec.Struct, frozen=True, tag="word"):
    """A word, or a phrase when it was quoted; found in every text, and by meaning."""

    text: str
    value: str
    negated: bool = False
    quoted: bool = False
    kind: str = "word"


class Named(msgspec.Struct, frozen=True, tag="named"):
    """`kind`: person, place, tag, camera, album, name, folder, ...; any of `values`, none while it is being typed."""

    text: str
    kind: str
    values: tuple[str, ...]
    negated: bool = False

    @property
    def value(self) -> str:
        return ",".join(self.values)


class Dates(msgspec.Struct, frozen=True, tag="dates"):
    """Local times from `first` up to, not including, `end`; ISO-8601 or beginnings of it.

    `said`: the words of a time that was typed without an operator (`kind` is "when"); they may stand on a photo, too.
    """

    text: str
    kind: str
    value: str
    first: str
    end: str
    negated: bool = False
    said: tuple[Word, ...] = ()


class Choice(msgspec.Struct, frozen=True, tag="choice"):
    """`kind`: has, kind, favourite, archived; `value` is one of `CHOICES`."""

    text: str
    kind: str
    value: str
    negated: bool = False


class Rating(msgspec.Struct, frozen=True, tag="rating"):
    """Stars from `low` to `high`, both included; 0 is what nobody rated."""

    text: str
    value: str
    low: int
    high: int
    negated: bool = False
    kind: str = "rating"


Term: TypeAlias = Word | Named | Dates | Choice | Rating


class Query(msgspec.Struct, frozen=True):
    """Every group must hold; a group holds when any of its terms does."""

    groups: tuple[tuple[Term, ...], ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(term for group in self.groups for term in group)

    @property
    def words(self) -> str:
        """What is searched by meaning, and shown as the words of the query."""
        return " ".join(term.value for term in self.terms if isinstance(term, Word) and not term.negated)

    @property
    def is_empty(self) -> bool:
        """Nothing that could be found by: nothing typed, or only operators without their values."""
        return all(isinstance(term, Named) and not term.values for term in self.terms)


def parse(text: str, today: date | None = None) -> Query:
    """Never raises; what is longer than `MOST_CHARACTERS` or has more terms than `MOST_TERMS` is cut.

    today: what "yesterday" and "last year" are told from; by default by this machine's clock.
    """
    groups: list[list[Term]] = []
    joining = False
    for found in _TOKEN.finditer(clean(text)):
        if found[0] == "" or len(groups) >= MOST_TERMS:
            continue
        if found[0] in ("OR", "|"):
            joining = bool(groups)
            continue
        term = _term(found)
        if term is None:
            continue
        if joining:
            groups[-1].append(term)
        else:
            groups.append([term])
        joining = False
    return Query(tuple(tuple(group) for group in _with_times(groups, today or datetime.now().astimezone().date())))


def _with_times(groups: list[list[Term]], today: date) -> list[list[Term]]:
    """Neighbouring words that together name a time as one term, the longest first."""
    found: list[list[Term]] = []
    at = 0
    while at < len(groups):
        words = _plain_words(groups[at : at + spoken_dates.MOST_WORDS])
        for length in range(len(words), 0, -1):
            span = spoken_dates.span_of([word.value for word in words[:length]], today)
            if span is not None:
                said = " ".join(word.text for word in words[:length])
                found.append([Dates(said, "when", said, *span, said=tuple(words[:length]))])
                at += length
                break
        else:
            found.append(groups[at])
            at += 1
    return found


def _plain_words(groups: list[list[Term]]) -> list[Word]:
    """Words from the first on, as far as they are neither quoted, negated nor alternatives."""
    words: list[Word] = []
    for group in groups:
        if len(group) > 1 or not isinstance(group[0], Word) or group[0].negated or group[0].quoted:
            break
        words.append(group[0])
    return words


def clean(text: str) -> str:
    """Without what no text column holds: lone surrogates and control characters; typographic signs as plain ones."""
    cut = text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
    plain = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in cut)
    return plain.translate(_TYPED)


def fold(text: str) -> str:
    """As the text index compares: without case and diacritics; every apostrophe is one."""
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def fold_umlauts(text: str) -> str:
    """As `fold`, and "Mueller" is "Müller"; both sides of a comparison must be folded so."""
    return re.sub("([aou])e", r"\1", fold(text))


def quoted(value: str) -> str:
    """As it must be typed to be one value."""
    value = value.replace('"', "")
    return f'"{value}"' if re.search(r"[\s,|]", value) or not value else value


def _term(found: re.Match[str]) -> Term | None:
    text, negated = found[0], bool(found["minus"])
    is_quoted = found["quoted"] is not None
    value = (found["quoted"] if is_quoted else found["plain"]).strip()
    if found["operator"] is not None:
        known = _operator(found["operator"].lower(), text, value, negated, is_quoted)
        if known is not None:
            return known
        value = f"{found['operator']}:{value}"
    return Word(text, value, negated, quoted=is_quoted) if value else None


def _operator(name: str, text: str, value: str, negated: bool, is_quoted: bool) -> Term | None:
    """None: this is no operator, or none that can have such a value."""
    name = SPELLINGS.get(name, name)
    if not value and not is_quoted and name in OPERATORS and "" not in CHOICES.get(name, {}):
        return Named(text, name, (), negated)  # its value is still to be typed
    if name in NAMED:
        values = (value,) if is_quoted else tuple(part.strip() for part in value.split(","))
        return Named(text, NAMED[name], tuple(part for part in values if part), negated)
    if name in CHOICES:
        chosen = CHOICES[name].get(value.lower())
        return Choice(text, name, chosen, negated) if chosen else None
    if name == "rating":
        stars = _stars(value)
        return Rating(text, value, *stars, negated) if stars else None
    if name in DATED:
        span = _span(name, value)
        return Dates(text, name, value, *span, negated) if span else None
    return None


def _stars(value: str) -> tuple[int, int] | None:
    found = _RATING.fullmatch(value)
    if not found:
        return None
    sign, stars = found[1], int(found[2])
    if found[3]:
        return stars, int(found[3])
    return {">": (stars + 1, 9), ">=": (stars, 9), "<": (1, stars - 1), "<=": (1, stars)}.get(sign, (stars, stars))


def _span(name: str, value: str) -> tuple[str, str] | None:
    """First local time and the one that is after the last; "" and "~" are without a limit."""
    first, _, last = value.partition("..")
    if not last and re.fullmatch(r"\d{4}-\d{4}", value):
        first, last = value[:4], value[5:]
    begin, end = _date(first), _date(last or first)
    if begin is None or end is None:
        return None
    if name == "before":
        return "", begin
    if name == "after":
        return end + NO_END, NO_END
    return begin, end + NO_END


def _date(value: str) -> str | None:
    """yyyy, yyyy-mm or yyyy-mm-dd: the beginning of every local time in it."""
    found = _DATE.fullmatch(value)
    if not found:
        return None
    year, month, day = found.groups()
    if month is None:
        return year
    if not 1 <= int(month) <= 12 or (day is not None and not 1 <= int(day) <= 31):
        return None
    return f"{year}-{int(month):02}" + (f"-{int(day):02}" if day is not None else "")
