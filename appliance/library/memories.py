"""Memories: what was photographed on this day or week in other years, trips that began about now, and somebody through
the years (`person_years.py`).

Only what the timeline shows: nothing archived or hidden, and no photo of somebody whom the family has hidden.
"""

from __future__ import annotations

import calendar
import re
import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import files, person_years
from appliance.library.events import place_of, span_of
from appliance.library.face_index import ids_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

#: So many are shown at once; a day with fewer is filled up with its week.
MOST_MEMORIES = 12
FEW_DAYS = 3
LEAST_OF_A_WEEK = 4
LEAST_OF_A_TRIP = 8
TRIP_DAYS_AROUND = 3
MAX_FILES = 1000

#: A condition on `f`: on the timeline, and nobody hidden is on it.
SHOWN = """f."listed" AND NOT EXISTS (
    SELECT 1 FROM "face" fa JOIN "person" p ON p."id" = fa."person"
    WHERE fa."file" = f."id" AND NOT fa."removed" AND p."hidden")"""


class Memory(msgspec.Struct, frozen=True):
    """`id` is day-<first>-<days>, trip-<event> or person-<person>; `kind` day | week | trip | person."""

    id: str
    kind: str
    title: str
    subtitle: str
    start: str
    end: str
    count: int
    covers: list[Any]


async def memories_of(db: Database, viewer: Viewer, today: date) -> list[Memory]:
    """The nearest year first: this day in other years, and where that is little, this week in others."""
    async with db.read():
        years = await _years(db, viewer, today.year)
        days = [found for year in years if (found := await _memory(db, viewer, today, year, week=False)) is not None]
        known = {memory.start[:4] for memory in days}
        if len(days) < FEW_DAYS:
            for year in years:
                if str(year) not in known and (found := await _memory(db, viewer, today, year, week=True)) is not None:
                    days.append(found)
        trips = [trip for year in years for trip in await _trips(db, viewer, today, year)]
        people = await _people(db, viewer, today)
    dated = sorted([*days, *trips], key=lambda memory: memory.start, reverse=True)
    return [*dated[: MOST_MEMORIES - len(people)], *people]


async def files_of_memory(
    db: Database, viewer: Viewer, memory: str, *, limit: int = 200, offset: int = 0
) -> tuple[list[Row], int]:
    """By time.  Raises InvalidInputError for an id that is none, NotFoundError when there is nothing to show."""
    if not 1 <= limit <= MAX_FILES or offset < 0:
        raise InvalidInputError(f"limit must be between 1 and {MAX_FILES}")
    condition, values = await _meant(db, viewer, memory)
    visible, arguments = viewer.visible("f")
    source = f'FROM "stored_file" f WHERE {condition} AND {SHOWN} AND {visible}'
    values = [*values, *arguments]
    async with db.read():
        total = int(await db.value(f"SELECT count(*) {source}", values))
        if not total:
            raise NotFoundError("There is nothing to remember", hint="Its photos may have been moved or archived.")
        rows = await db.fetch(
            f'SELECT f."id" {source} ORDER BY f."local_start", f."id" LIMIT ? OFFSET ?', [*values, limit, offset]
        )
        return await files.get_files(db, viewer, [row["id"] for row in rows]), total


async def _meant(db: Database, viewer: Viewer, memory: str) -> tuple[str, list[object]]:
    """A condition on `f` and its arguments; raises InvalidInputError for an id that is none."""
    try:
        if person := re.fullmatch(r"person-([0-9a-f-]{36})", memory):
            pictures = await person_years.years_of(db, viewer, uuid.UUID(person[1]), SHOWN)
            return 'f."id" IN (SELECT value FROM json_each(?))', [ids_json(row["id"] for row in pictures)]
        if trip := re.fullmatch(r"trip-([0-9a-f-]{36})", memory):
            event = uuid.UUID(trip[1])
            return 'f."id" IN (SELECT fe."file" FROM "file_event" fe WHERE fe."event" = ?)', [str(event)]
        if found := re.fullmatch(r"day-(\d{4}-\d{2}-\d{2})-(\d{1,2})", memory):
            first = date.fromisoformat(found[1])
            after = first + timedelta(days=int(found[2]))
            return 'f."local_start" >= ? AND f."local_start" < ?', [first.isoformat(), after.isoformat()]
    except (ValueError, OverflowError) as error:
        raise InvalidInputError("There is no such memory") from error
    raise InvalidInputError("There is no such memory")


async def _people(db: Database, viewer: Viewer, today: date) -> list[Memory]:
    """One of those who are known through the years; who has their birthday goes first."""
    found = await person_years.person_of_the_day(db, viewer, today, SHOWN)
    if found is None:
        return []
    person, pictures = found
    span = f"{pictures[0]['local_start'][:4]}–{pictures[-1]['local_start'][:4]}"
    told = _told(f"person-{person['id']}", "person", f"{person['name']} through the years", span, pictures)
    latest, first = pictures[-1]["id"], pictures[0]["id"]
    return [msgspec.structs.replace(told, covers=[latest, first, pictures[len(pictures) // 2]["id"]])]


async def _trips(db: Database, viewer: Viewer, today: date, year: int) -> list[Memory]:
    """Events of several days that began about now, that year."""
    day = _same_day(today, year)
    first, after = day - timedelta(days=TRIP_DAYS_AROUND), day + timedelta(days=TRIP_DAYS_AROUND + 1)
    events = await db.fetch(
        """SELECT "id", "name" FROM "event" WHERE "start" >= ? AND "start" < ?
           AND julianday("end") - julianday("start") > 1 ORDER BY "start" """,
        [first.isoformat(), after.isoformat()],
    )
    visible, arguments = viewer.visible("f")
    trips = []
    for event in events:
        rows = await db.fetch(
            f"""SELECT {_COLUMNS} FROM "file_event" fe JOIN "stored_file" f ON f."id" = fe."file"
                WHERE fe."event" = ? AND {SHOWN} AND {visible} ORDER BY f."local_start", f."id" LIMIT {MAX_FILES}""",
            [str(event["id"]), *arguments],
        )
        if len(rows) >= LEAST_OF_A_TRIP:
            where = event["name"] or place_of(_places(rows))
            trips.append(_told(f"trip-{event['id']}", "trip", f"Trip, {_ago(today.year - year)}", where, rows))
    return trips


async def _years(db: Database, viewer: Viewer, this: int) -> list[int]:
    """Years before this one with photos, the latest first; from counters, not from files."""
    owners, arguments = viewer.owners()
    rows = await db.fetch(
        f"""SELECT DISTINCT CAST(substr("month", 1, 4) AS INTEGER) AS "year" FROM "month_count"
            WHERE {owners} AND "files" > 0 AND "month" < ? ORDER BY 1 DESC""",
        [*arguments, f"{this:04}"],
    )
    return [row["year"] for row in rows]


async def _memory(db: Database, viewer: Viewer, today: date, year: int, *, week: bool) -> Memory | None:
    day = _same_day(today, year)
    # Where this year has no 29 February, the 28th remembers both.
    both = (
        not week and (today.month, today.day) == (2, 28) and calendar.isleap(year) and not calendar.isleap(today.year)
    )
    first, days = (day - timedelta(days=3), 7) if week else (day, 1 + both)
    visible, arguments = viewer.visible("f")
    rows = await db.fetch(
        f"""SELECT {_COLUMNS} FROM "stored_file" f
            WHERE f."local_start" >= ? AND f."local_start" < ? AND {SHOWN} AND {visible}
            ORDER BY f."local_start", f."id" LIMIT {MAX_FILES}""",
        [first.isoformat(), (first + timedelta(days=days)).isoformat(), *arguments],
    )
    if len(rows) < (LEAST_OF_A_WEEK if week else 1):
        return None
    ago = _ago(today.year - year)
    when = f"{day:%B} {year}" if week else span_of(rows[0]["local_start"], rows[-1]["local_start"])
    return _told(
        f"day-{first.isoformat()}-{days}",
        "week" if week else "day",
        f"This week, {ago}" if week else ago,
        place_of(_places(rows)) or when,
        rows,
    )


_COLUMNS = """f."id", f."local_start", f."place", f."favourite", f."kind", ifnull(f."rating", 0) AS "rating" """


def _told(memory: str, kind: str, title: str, subtitle: str, rows: Sequence[Row]) -> Memory:
    return Memory(
        id=memory,
        kind=kind,
        title=title,
        subtitle=subtitle,
        start=rows[0]["local_start"][:19],
        end=rows[-1]["local_start"][:19],
        count=len(rows),
        covers=_covers(rows),
    )


def _same_day(today: date, year: int) -> date:
    try:
        return today.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 2, 28)


def _ago(years: int) -> str:
    return "1 year ago" if years == 1 else f"{years} years ago"


def _places(rows: Sequence[Row]) -> list[dict[str, str]]:
    return [msgspec.json.decode(row["place"]) for row in rows if row["place"]]


def _covers(rows: Sequence[Row]) -> list[Any]:
    """The best of it first: a favourite, what is rated well, a photo before a film."""
    best = sorted(rows, key=lambda row: (not row["favourite"], -row["rating"], row["kind"] == "video"))
    return [row["id"] for row in best[:3]]
