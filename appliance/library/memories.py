"""Memories: what was photographed on this day in other years, or in this week, and trips that began about now.

Only what the timeline shows: nothing archived or hidden, and no photo of somebody whom the family has hidden.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import files
from appliance.library.events import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

#: So many are shown at once; a day with fewer is filled up with its week.
MOST_MEMORIES = 12
FEW_DAYS = 3
LEAST_OF_A_WEEK = 4
MAX_FILES = 1000

#: A condition on `f`: on the timeline, and nobody hidden is on it.
SHOWN = """f."listed" AND NOT EXISTS (
    SELECT 1 FROM "face" fa JOIN "person" p ON p."id" = fa."person"
    WHERE fa."file" = f."id" AND NOT fa."removed" AND p."hidden")"""


class Memory(msgspec.Struct, frozen=True):
    """`id` is day-<first>-<days>; `kind` day | week."""

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
    return days[:MOST_MEMORIES]


async def files_of_memory(
    db: Database, viewer: Viewer, memory: str, *, limit: int = 200, offset: int = 0
) -> tuple[list[Row], int]:
    """By time.  Raises InvalidInputError for an id that is none, NotFoundError when there is nothing to show."""
    found = re.fullmatch(r"day-(\d{4}-\d{2}-\d{2})-(\d{1,2})", memory)
    if found is None:
        raise InvalidInputError("There is no such memory")
    if not 1 <= limit <= MAX_FILES or offset < 0:
        raise InvalidInputError(f"limit must be between 1 and {MAX_FILES}")
    try:
        first = date.fromisoformat(found[1])
        after = first + timedelta(days=int(found[2]))
    except (ValueError, OverflowError) as error:
        raise InvalidInputError("There is no such memory") from error
    visible, arguments = viewer.visible("f")
    source = f"""FROM "stored_file" f WHERE f."local_start" >= ? AND f."local_start" < ? AND {SHOWN} AND {visible}"""
    values = [first.isoformat(), after.isoformat(), *arguments]
    async with db.read():
        total = int(await db.value(f"SELECT count(*) {source}", values))
        if not total:
            raise NotFoundError("There is nothing to remember", hint="Its photos may have been moved or archived.")
        rows = await db.fetch(
            f'SELECT f."id" {source} ORDER BY f."local_start", f."id" LIMIT ? OFFSET ?', [*values, limit, offset]
        )
        return await files.get_files(db, viewer, [row["id"] for row in rows]), total


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
    try:
        day = today.replace(year=year)
    except ValueError:  # 29 February
        day = date(year, 2, 28)
    first, days = (day - timedelta(days=3), 7) if week else (day, 1)
    after = first + timedelta(days=days)
    visible, arguments = viewer.visible("f")
    rows = await db.fetch(
        f"""SELECT f."id", f."local_start", f."place", f."favourite", f."kind", ifnull(f."rating", 0) AS "rating"
            FROM "stored_file" f WHERE f."local_start" >= ? AND f."local_start" < ? AND {SHOWN} AND {visible}
            ORDER BY f."local_start", f."id" LIMIT {MAX_FILES}""",
        [first.isoformat(), after.isoformat(), *arguments],
    )
    if len(rows) < (LEAST_OF_A_WEEK if week else 1):
        return None
    years = today.year - year
    places = [msgspec.json.decode(row["place"]) for row in rows if row["place"]]
    ago = "1 year ago" if years == 1 else f"{years} years ago"
    return Memory(
        id=f"day-{first.isoformat()}-{days}",
        kind="week" if week else "day",
        title=ago if not week else f"This week, {ago}",
        subtitle=place_of(places) or f"{day.day if not week else ''} {day:%B} {year}".strip(),
        start=rows[0]["local_start"][:19],
        end=rows[-1]["local_start"][:19],
        count=len(rows),
        covers=_covers(rows),
    )


def _covers(rows: Sequence[Row]) -> list[Any]:
    """The best of it first: a favourite, what is rated well, a photo before a film."""
    best = sorted(rows, key=lambda row: (not row["favourite"], -row["rating"], row["kind"] == "video"))
    return [row["id"] for row in best[:3]]
