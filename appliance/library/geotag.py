"""Placing photos by a GPX track: where was whoever carried the logger when the photo was taken?"""

from __future__ import annotations

import uuid
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import InvalidInputError
from appliance.library import edits
from appliance.library.face_index import ids_json
from appliance.library.file_changes import DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.home import Home
    from appliance.library.viewers import Viewer

#: Where a moment without a zone is one in UTC, and no clock on a wall (media/dates.py); SQL.
_KNOWN_IN_UTC = "'gps', 'quicktime', 'file'"
#: seconds since 1970, latitude, longitude, metres above the sea
Point = tuple[float, float, float, float | None]


class Geotagged(msgspec.Struct, frozen=True):
    changed: int
    undo: uuid.UUID | None
    outside: int
    skipped: int
    points: int


async def geotag(
    home: Home,
    viewer: Viewer,
    ids: Sequence[uuid.UUID],
    gpx: str,
    *,
    shift_s: int,
    max_gap_s: int,
    replace: bool,
) -> Geotagged:
    """Give those of `ids` that the viewer may change their place on the track; raises InvalidInputError for text that
    is no track with times.

    shift_s: how much the camera's clock was behind.   max_gap_s: between two points farther apart nobody knows.
    """
    seen = await edits.changeable_ids(home.db, viewer, ids)
    rows = await home.db.fetch(
        f"""SELECT "id", "start", "latitude" IS NOT NULL AS "located", "utc_offset_min" IS NULL
                   AND (ifnull("metadata" ->> '$.date_source', '') NOT IN ({_KNOWN_IN_UTC})
                        OR instr("by_hand", '{DATE}')) AS "by_the_wall"
            FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))""",
        [ids_json(seen)],
    )
    asked = [row for row in rows if replace or not row["located"]]
    taken = [
        (row["id"], row["start"] + timedelta(seconds=shift_s), bool(row["by_the_wall"]))
        for row in asked
        if row["start"] is not None
    ]
    positions, points = await home.compute.run(places_on, gpx, taken, max_gap_s, urgent=True)
    if not points:
        raise InvalidInputError("There is no track with times in it", hint="Is it a GPX file of a recorded track?")
    done = await edits.locate_files(home, viewer, positions) if positions else edits.Edited(changed=0, undo=None)
    return Geotagged(
        changed=done.changed,
        undo=done.undo,
        outside=len(asked) - len(positions),
        skipped=len(rows) - len(asked),
        points=points,
    )


def places_on(
    gpx: str, taken: Sequence[tuple[uuid.UUID, datetime, bool]], max_gap_s: float
) -> tuple[dict[uuid.UUID, edits.Location], int]:
    """Where files were taken, as far as the track knows, and how many points it has.  In the compute process.

    taken: file, moment, whether that is the clock on a wall whose zone nobody knows, written as if it were UTC: then
    the zone is that of the track.
    """
    points = read_gpx(gpx)
    found = {}
    for file, moment, by_the_wall in taken if points else ():
        here = position_at(points, _in_the_zone_of(points, moment) if by_the_wall else moment, max_gap_s)
        if here is not None:
            found[file] = here
    return found, len(points)


def _in_the_zone_of(points: Sequence[Point], wall: datetime) -> datetime:
    """The moment at which clocks showed `wall` where the track was then."""
    from appliance.media.places import utc_offset_min

    nearest = points[min(bisect_left(points, (wall.timestamp(),)), len(points) - 1)]
    offset = utc_offset_min(nearest[1], nearest[2], local=wall.replace(tzinfo=None))
    return wall - timedelta(minutes=offset or 0)


def position_at(points: Sequence[Point], moment: datetime, max_gap_s: float) -> edits.Location | None:
    """Where the track is at a moment, between two of its points by the time gone; None where it has a gap, and beyond
    its ends."""
    when = moment.timestamp()
    after = bisect_left(points, (when,))
    if after < len(points) and points[after][0] == when:
        return edits.Location(*points[after][1:])
    if after in (0, len(points)):
        return None
    before, behind = points[after - 1], points[after]
    if behind[0] - before[0] > max_gap_s:
        return None
    share = (when - before[0]) / (behind[0] - before[0])
    # The short way round, where a track crosses the line of dates.
    east = (behind[2] - before[2] + 180) % 360 - 180
    altitudes = before[3], behind[3]
    height = None if None in altitudes else before[3] + share * (behind[3] - before[3])  # type: ignore[operator]  # None is not in them
    return edits.Location(
        latitude=round(before[1] + share * (behind[1] - before[1]), 7),
        longitude=round((before[2] + share * east + 180) % 360 - 180, 7),
        altitude=None if height is None else round(height, 1),
    )


def read_gpx(text: str) -> list[Point]:
    """Points with times of all tracks, in the order of time.  In the compute process.

    Raises InvalidInputError for what is no XML, or XML with entities of its own, which no logger writes.
    """
    from xml.parsers import expat

    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    points: list[Point] = []
    here: dict[str, str] = {}
    words: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if _bare(name) == "trkpt":
            here.clear()
            here.update(attributes)
        words.clear()

    def end(name: str) -> None:
        bare = _bare(name)
        if bare in ("ele", "time"):
            here[bare] = "".join(words).strip()
        elif bare == "trkpt" and (point := _point(here)) is not None:
            points.append(point)
        words.clear()

    def refuse(*_: object) -> None:
        raise InvalidInputError("This file declares XML entities, which no track needs")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = words.append
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise InvalidInputError("That is no GPX file", hint=f"Its XML ends to make sense: {error}.") from error
    return sorted(dict.fromkeys(points), key=lambda point: point[0])


def _bare(name: str) -> str:
    return name.rpartition(" ")[2]


def _point(values: dict[str, str]) -> Point | None:
    """None for a point without a time or off the earth."""
    try:
        latitude, longitude = float(values["lat"]), float(values["lon"])
        moment = datetime.fromisoformat(values["time"])
        height = float(values["ele"]) if values.get("ele") else None
    except (KeyError, ValueError):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    if height is not None and not -12_000 <= height <= 100_000:
        height = None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.timestamp(), latitude, longitude, height
