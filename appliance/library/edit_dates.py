"""Moving when files were taken: by so much, to one moment, or all of them so that the earliest gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import InvalidInputError
from appliance.library.file_changes import DATE, said_by_hand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appliance.library.edits import Edit
    from appliance.library.file_changes import Values

    Shift = Callable[[Mapping[str, Values]], dict[str, Values]]

#: What media/dates.py believes too.
FIRST_YEAR, LAST_YEAR = 1601, 2100
MOST_SHIFT_S = 200 * 366 * 86_400


def understood(edit: Edit) -> Shift:
    """What `edit` asks of dates, as a function from rows to the columns that shall change.

    Raises InvalidInputError for more than one wish, or a date that is none.
    """
    named = [value for value in (edit.shift_s, edit.date, edit.first_date) if value is not msgspec.UNSET]
    if len(named) > 1:
        raise InvalidInputError("Say one of shift_s, date and first_date")
    offset = None if edit.utc_offset_min is msgspec.UNSET else edit.utc_offset_min
    shift_s = 0 if edit.shift_s is msgspec.UNSET else edit.shift_s
    if abs(shift_s) > MOST_SHIFT_S:
        raise InvalidInputError("That is more than 200 years")
    each = None if edit.date is msgspec.UNSET else wall_clock(edit.date)
    first = None if edit.first_date is msgspec.UNSET else wall_clock(edit.first_date)

    def shift(rows: Mapping[str, Values]) -> dict[str, Values]:
        by = timedelta(seconds=shift_s)
        if first is not None:
            known = [_parsed(row["local_start"]) for row in rows.values() if row["local_start"]]
            by = first - min(known) if known else timedelta()
        moved = {}
        for file, row in rows.items():
            to = each if each is not None else _moved(row["local_start"], by, otherwise=first)
            if to is not None:
                moved[file] = _columns(row, to, offset)
        return moved

    return shift


def wall_clock(text: str) -> datetime:
    """2019-06-12, 2019-06-12T14:30 or with seconds; the clock that hung where the photo was taken."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("A date is written like 2019-06-12T14:30:00") from error
    if value.tzinfo is not None:
        raise InvalidInputError("A date here is a wall clock without a zone", hint="Give utc_offset_min beside it.")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise InvalidInputError(f"There are no photos before {FIRST_YEAR} or after {LAST_YEAR}")
    return value


def _moved(local_start: str, by: timedelta, *, otherwise: datetime | None) -> datetime | None:
    """otherwise: for files whose date nobody knows; None leaves them so."""
    if not local_start:
        return otherwise
    try:
        to = _parsed(local_start) + by
    except OverflowError as error:
        raise InvalidInputError("That leads out of the calendar") from error
    if not FIRST_YEAR <= to.year <= LAST_YEAR:
        raise InvalidInputError(f"That leads to the year {to.year}", hint="Shift by less.")
    return to


def _columns(row: Values, local: datetime, offset: int | None) -> Values:
    """The columns of a file that was taken at this wall clock; the length of a video stays what it was."""
    minutes = row["utc_offset_min"] if offset is None else offset
    start = _moment(local, minutes)
    end = row["end"]
    if row["start"] is not None:
        was = datetime.fromisoformat(row["start"])
        end = str(start + (datetime.fromisoformat(end) - was)) if end is not None else None
        if row["local_start"]:
            # The wall clock is kept to the millisecond, the moment as exactly as the camera knew it.
            finer = was - _moment(_parsed(row["local_start"]), row["utc_offset_min"])
            start += finer if timedelta() < finer < timedelta(milliseconds=1) else timedelta()
    return {
        "start": str(start),
        "end": end,
        "local_start": local.isoformat(timespec="milliseconds"),
        "utc_offset_min": minutes,
        "by_hand": said_by_hand(row["by_hand"], DATE),
    }


def _moment(local: datetime, offset_min: int | None) -> datetime:
    return (local - timedelta(minutes=offset_min or 0)).replace(tzinfo=UTC)


def _parsed(local_start: str) -> datetime:
    return datetime.fromisoformat(local_start)
