"""Events as points: a birthday at home at six.  What was taken around then, and near a place if one is said, belongs to
it, also what arrives later (`event_grouping.py`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import InvalidInputError
from appliance.library import event_changes
from appliance.library.event_groups import kilometres

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

MOST_AROUND = timedelta(days=2)
MOST_KM = 500.0
MOST_FILES = 10_000


class Point(msgspec.Struct, frozen=True):
    """A wall clock, and maybe a place; `around_km` counts only with one."""

    moment: datetime
    around: timedelta
    latitude: float | None = None
    longitude: float | None = None
    around_km: float = 1.0


async def make(
    db: Database, bus: Bus, viewer: Viewer, point: Point, *, name: str = ""
) -> tuple[uuid.UUID, uuid.UUID | None]:
    """The event and the journal's entry.  Raises InvalidInputError where nothing was taken that the viewer may change,
    and for what is no moment or place."""
    _check(point)
    found = await _taken(db, viewer, point)
    if not found:
        raise InvalidInputError("No photo was taken around then", hint="Say a longer time, or another place.")
    nearest = min(found, key=lambda row: abs(_clock(row["local_start"]) - point.moment))
    zone = _clock(nearest["local_start"]) - nearest["start"].astimezone(UTC).replace(tzinfo=None)
    columns = {
        "start": (point.moment - _whole_minutes(zone)).replace(tzinfo=UTC),
        "end": None,
        "local_start": point.moment.isoformat(timespec="seconds"),
        "around_s": int(point.around.total_seconds()),
        "latitude": point.latitude,
        "longitude": point.longitude,
        "around_km": point.around_km if point.latitude is not None else None,
    }
    return await event_changes.make(db, bus, viewer, [row["id"] for row in found], name=name, point=columns)


async def _taken(db: Database, viewer: Viewer, point: Point) -> list[Row]:
    condition, arguments = viewer.changeable("f")
    first, last = (point.moment - point.around).isoformat(), (point.moment + point.around).isoformat()
    rows = await db.fetch(
        f"""SELECT f."id", f."start", f."local_start", f."latitude", f."longitude" FROM "stored_file" f
            WHERE f."local_start" >= ? AND f."local_start" <= ? AND f."listed" AND NOT f."locked"
            AND f."start" IS NOT NULL AND {condition} ORDER BY f."local_start" LIMIT {MOST_FILES}""",
        [first, f"{last}~", *arguments],
    )
    if point.latitude is None or point.longitude is None:
        return rows
    here = (point.latitude, point.longitude)
    return [
        row
        for row in rows
        if row["latitude"] is not None and kilometres(here, (row["latitude"], row["longitude"])) <= point.around_km
    ]


def _check(point: Point) -> None:
    if not timedelta(minutes=1) <= point.around <= MOST_AROUND:
        raise InvalidInputError("Around that moment are one minute to two days")
    if (point.latitude is None) != (point.longitude is None):
        raise InvalidInputError("A place has a latitude and a longitude")
    if point.latitude is not None and not (-90 <= point.latitude <= 90 and -180 <= (point.longitude or 0) <= 180):
        raise InvalidInputError("That point is not on the earth")
    if not 0 < point.around_km <= MOST_KM:
        raise InvalidInputError(f"The distance must be more than 0 and at most {MOST_KM:.0f} km")
    if point.moment.tzinfo is not None or not 1800 <= point.moment.year <= 9000:
        raise InvalidInputError("The moment is a wall clock, such as 2024-06-12T18:00:00")


def _whole_minutes(zone: timedelta) -> timedelta:
    """Time zones are; clocks below a second are not."""
    return timedelta(minutes=round(zone.total_seconds() / 60))


def _clock(local_start: str) -> datetime:
    return datetime.fromisoformat(local_start[:19])
