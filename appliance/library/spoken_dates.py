"""Times as people say them: "june 2019", "summer 2020", "17.08.2016", "last year", in English and in German.

Words in, a span of local times out; no tables, no clock: who asks says which day today is.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_WORDS = 3
#: Sorts after everything that a time holds: appended to the last day (month, year), it is the end of the span.
NO_END = "~"

_MONTHS = (
    "january jan januar janner",
    "february feb februar",
    "march mar marz mrz",
    "april apr",
    "may mai",
    "june jun juni",
    "july jul juli",
    "august aug",
    "september sep sept",
    "october oct oktober okt",
    "november nov",
    "december dec dezember dez",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
#: A season is called after the year in which it begins; each begins on the first of a month, as weather services count.
_SEASONS = {
    name: first
    for first, names in (
        (3, "spring fruhling fruhjahr"),
        (6, "summer sommer"),
        (9, "autumn fall herbst"),
        (12, "winter"),
    )
    for name in names.split()
}
_CHRISTMAS = ("christmas", "xmas", "weihnachten")
_DAYS_AGO = {"today": 0, "heute": 0, "yesterday": 1, "gestern": 1, "vorgestern": 2}
_THIS = ("this", "dieses", "diesen", "diese", "dieser", "diesem")
_LAST = ("last", "letztes", "letzten", "letzte", "letzter", "letztem")
_UNITS = {
    "year": "year",
    "jahr": "year",
    "month": "month",
    "monat": "month",
    "week": "week",
    "woche": "week",
    "weekend": "weekend",
    "wochenende": "weekend",
}
_YEAR = re.compile(r"(?:18|19|20|21)\d\d")
_DAY = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th)?,?")
_ISO = re.compile(r"((?:18|19|20|21)\d\d)[-/.](\d{1,2})(?:[-/.](\d{1,2}))?")
_GERMAN = re.compile(r"(?:(\d{1,2})\.)?(\d{1,2})\.((?:18|19|20|21)\d\d)")

Span = tuple[str, str]


def span_of(words: Sequence[str], today: date) -> Span | None:
    """First local time and the one that is after the last, of one to `MOST_WORDS` words that together name a time."""
    plain = [_plain(word) for word in words]
    if len(plain) == 1:
        return _one(plain[0], today)
    if len(plain) == 2:
        return _two(plain[0], plain[1], today)
    if len(plain) == 3:
        return _day_month_year(*plain)
    return None


def _plain(word: str) -> str:
    """Without case and diacritics; ("märz" -> "marz")."""
    folded = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def _one(word: str, today: date) -> Span | None:
    if word in _DAYS_AGO:
        return _days(today - timedelta(days=_DAYS_AGO[word]))
    if found := _ISO.fullmatch(word):
        return _month_or_day(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)
    if found := _GERMAN.fullmatch(word):
        return _month_or_day(int(found[3]), int(found[2]), int(found[1]) if found[1] else None)
    return None


def _two(first: str, second: str, today: date) -> Span | None:
    if first in _THIS or first in _LAST:
        return _relative(second, today, ago=1 if first in _LAST else 0)
    if _YEAR.fullmatch(first):
        first, second = second, first
    if not _YEAR.fullmatch(second):
        return None
    year, name = int(second), first.rstrip(".,")
    if name in MONTHS:
        return _month_or_day(year, MONTHS[name], None)
    if name in _SEASONS:
        return _season(year, _SEASONS[name])
    if name in _CHRISTMAS:
        return _days(date(year, 12, 24), date(year, 12, 26))
    return None


def _day_month_year(first: str, second: str, third: str) -> Span | None:
    """17 august 2016, 17. August 2016, august 17, 2016."""
    if first.rstrip(".") in MONTHS:
        first, second = second, first
    day, month = _DAY.fullmatch(first), MONTHS.get(second.rstrip("."))
    if not day or month is None or not _YEAR.fullmatch(third):
        return None
    return _month_or_day(int(third), month, int(day[1]))


def _relative(unit: str, today: date, *, ago: int) -> Span | None:
    if unit in _SEASONS:
        first = _SEASONS[unit]
        # The season that began last, or the one a year before: "last summer" is over.
        year = today.year if today.month >= first else today.year - 1
        running = _season(year, first)
        is_on = running[0] <= today.isoformat() < running[1]
        return _season(year - 1, first) if ago and is_on else running
    kind = _UNITS.get(unit)
    if kind == "year":
        return f"{today.year - ago:04}", f"{today.year - ago:04}{NO_END}"
    if kind == "month":
        month = today.replace(day=1) - timedelta(days=ago)
        return _month_or_day(month.year, month.month, None)
    if kind is None:
        return None
    monday = today - timedelta(days=today.weekday() + 7 * ago)
    if kind == "week":
        return _days(monday, monday + timedelta(days=6))
    return _days(monday + timedelta(days=5), monday + timedelta(days=6))


def _season(year: int, first: int) -> Span:
    """Three months from the first of `first`."""
    end_year, end_month = (year, first + 3) if first < 10 else (year + 1, first - 9)
    return f"{year:04}-{first:02}", f"{end_year:04}-{end_month:02}"


def _month_or_day(year: int, month: int, day: int | None) -> Span | None:
    try:
        begin = date(year, month, day or 1)
    except ValueError:
        return None
    text = begin.isoformat() if day is not None else f"{year:04}-{month:02}"
    return text, text + NO_END


def _days(first: date, last: date | None = None) -> Span:
    return first.isoformat(), (last or first).isoformat() + NO_END
