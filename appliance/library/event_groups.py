"""Which photos are one event: pure arithmetic on when and where they were taken, for one owner's files at a time.

Days at home end after some hours without a photo.  Away from home, where nights and drives lie between photos, an event
is the whole trip.  Home is where most days have photos.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HOUR = 3600.0
#: Fewer photos are no event.
LEAST_FILES = 4
#: At home, or where nobody knows where: so long without a photo ends an event.
HOME_GAP_S = 6 * HOUR
#: On a trip: two nights and a day on the road.
AWAY_GAP_S = 40 * HOUR
#: Leaving home, coming home, or being somewhere else altogether ends it sooner.
MOVE_GAP_S = 0.75 * HOUR
AWAY_KM = 60.0
#: Two places on one day that nobody drives between.
FAR_KM = 250.0
#: A photo without a position was taken where the nearest one in time was, within so long.
BORROW_S = 3 * HOUR
#: A cell of about 11 km; home is one, and the cells around it.
CELL_DEGREES = 0.1
LEAST_HOME_DAYS = 10
DAY_S = 86_400.0


class Taken(NamedTuple):
    file: str
    start: float  # seconds since 1970
    latitude: float | None
    longitude: float | None


def grouped(files: Iterable[Taken]) -> list[list[str]]:
    """Ids of the files of each event, by time.  The same files in any order give the same events."""
    ordered = sorted(files, key=lambda one: (one.start, one.file))
    where = _positions(ordered)
    home = _home(ordered)
    events: list[list[str]] = []
    current: list[int] = []
    for place in range(len(ordered)):
        if current and _ends(ordered, where, home, current[-1], place):
            events.append([ordered[one].file for one in current])
            current = []
        current.append(place)
    if current:
        events.append([ordered[one].file for one in current])
    return [event for event in events if len(event) >= LEAST_FILES]


def named(groups: Sequence[Sequence[str]], known: Mapping[str, str]) -> list[str | None]:
    """For each group the event that it already is: the one it shares most files with; None for a new one.

    known: file -> its event.   An event that falls apart goes on as its largest part.
    """
    shared = [Counter(known[file] for file in group if file in known) for group in groups]
    claims = sorted(
        ((count, event, place) for place, counts in enumerate(shared) for event, count in counts.items()),
        key=lambda claim: (-claim[0], claim[1], claim[2]),
    )
    given: dict[int, str] = {}
    taken: set[str] = set()
    for _, event, place in claims:
        if place not in given and event not in taken:
            given[place] = event
            taken.add(event)
    return [given.get(place) for place in range(len(groups))]


def _ends(
    files: Sequence[Taken],
    where: Sequence[tuple[float, float] | None],
    home: tuple[float, float] | None,
    before: int,
    after: int,
) -> bool:
    """Whether a new event begins between these two, one after the other."""
    gap = files[after].start - files[before].start
    here, there = where[before], where[after]
    if home is None or here is None or there is None:
        apart = here is not None and there is not None and kilometres(here, there) > FAR_KM
        return gap > (MOVE_GAP_S if apart else HOME_GAP_S)
    away, still_away = kilometres(here, home) > AWAY_KM, kilometres(there, home) > AWAY_KM
    if away and still_away:
        return gap > AWAY_GAP_S
    if away != still_away:
        return gap > MOVE_GAP_S
    return gap > HOME_GAP_S


def _positions(files: Sequence[Taken]) -> list[tuple[float, float] | None]:
    """Where each was taken; those that do not say borrow from the nearest in time that does."""
    found: list[tuple[float, float] | None] = [None] * len(files)
    nearest = [math.inf] * len(files)
    for order in (range(len(files)), range(len(files) - 1, -1, -1)):
        last: tuple[float, tuple[float, float]] | None = None
        for place in order:
            one = files[place]
            if one.latitude is not None and one.longitude is not None:
                last = one.start, (one.latitude, one.longitude)
            if last is not None and abs(one.start - last[0]) < min(nearest[place], BORROW_S):
                nearest[place], found[place] = abs(one.start - last[0]), last[1]
    return found


def _home(files: Sequence[Taken]) -> tuple[float, float] | None:
    """The middle of the cell with photos on most days, its neighbours counted in; None while that tells nothing."""
    days: dict[tuple[int, int], set[int]] = {}
    for one in files:
        if one.latitude is not None and one.longitude is not None:
            cell = (math.floor(one.latitude / CELL_DEGREES), math.floor(one.longitude / CELL_DEGREES))
            days.setdefault(cell, set()).add(int(one.start // DAY_S))
    if not days:
        return None
    score = {
        (y, x): len(set().union(*(days.get((y + dy, x + dx), set()) for dy in (-1, 0, 1) for dx in (-1, 0, 1))))
        for y, x in days
    }
    cell = max(days, key=lambda one: (score[one], len(days[one]), one))
    if score[cell] < LEAST_HOME_DAYS:
        return None
    return (cell[0] + 0.5) * CELL_DEGREES, (cell[1] + 0.5) * CELL_DEGREES


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The way over the globe (haversine); 6371 km is the mean radius of the earth."""
    south, north = math.radians(one[0]), math.radians(other[0])
    east = math.radians(other[1] - one[1])
    a = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(east / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(min(1.0, a)))
