"""The map: clusters by zoom from counters, files in a box by R*Tree, and what lies near a point or within a line."""

from __future__ import annotations

import asyncio
import math
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.piccolo_migrations.m2026_11_21_places import LEVELS
from appliance.errors import InvalidInputError
from appliance.library import files, map_newest, pages
from appliance.library.event_groups import kilometres

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

MAX_ZOOM = 22
#: A cell is 64 px wide where a tile of 256 px shows 360 / 2^zoom degrees.
CELLS_PER_TILE_LOG2 = 2
MOST_CLUSTERS = 2000
MOST_CORNERS = 200
KM_PER_DEGREE = 111.195
MILLIONTH = 1e-6

Box = tuple[float, float, float, float]  # west, south, east, north


async def clusters(db: Database, viewer: Viewer, box: Box, zoom: int) -> dict[str, Any]:
    """Columns of clusters, the largest first: `longitude`, `latitude` of their middle, `count`; `total` of all.

    From counters, so that a look at the world costs what a look at a village does.
    """
    if not 0 <= zoom <= MAX_ZOOM:
        raise InvalidInputError(f"zoom must be between 0 and {MAX_ZOOM}")
    level = min(zoom + CELLS_PER_TILE_LOG2, LEVELS[-1])
    stored = next(one for one in LEVELS if one >= level)
    coarser = 2 ** (stored - level)
    owners, arguments = viewer.owners()
    conditions, values = [], []
    for west, south, east, north in _halves(box):
        # The cells that the box touches.
        first_x, last_x = _cell(west + 180, stored), _cell(east + 180, stored)
        first_y, last_y = _cell(south + 90, stored), _cell(north + 90, stored)
        conditions.append('("x" BETWEEN ? AND ? AND "y" BETWEEN ? AND ?)')
        values += [first_x, last_x, first_y, last_y]
    rows = await db.fetch(
        f"""SELECT "x" / {coarser} AS "x", "y" / {coarser} AS "y", sum("files") AS "count",
                   sum("east") * {MILLIONTH} / sum("files") AS "longitude",
                   sum("north") * {MILLIONTH} / sum("files") AS "latitude"
            FROM "map_cell" WHERE "level" = {stored} AND ({" OR ".join(conditions)}) AND {owners}
            GROUP BY 1, 2 HAVING sum("files") > 0 ORDER BY 3 DESC LIMIT {MOST_CLUSTERS}""",
        [*values, *arguments],
    )
    digits = 2 + max(0, math.ceil((level - 2) * math.log10(2)))
    return {
        "zoom": zoom,
        "total": sum(row["count"] for row in rows),
        "longitude": [round(row["longitude"], digits) for row in rows],
        "latitude": [round(row["latitude"], digits) for row in rows],
        "count": [row["count"] for row in rows],
    }


async def files_in_box(
    db: Database, viewer: Viewer, box: Box, *, limit: int = 100, offset: int = 0
) -> tuple[list[Row], int]:
    """The newest first."""
    _check_part(limit, offset)
    halves = _halves(box)
    async with db.read():
        total = await map_newest.count_in(db, viewer, halves)
        rows = await map_newest.newest_in(db, viewer, halves, total=total, limit=limit, offset=offset)
        return await files.get_files(db, viewer, [_as_id(row["file"]) for row in rows]), total


async def files_near(
    db: Database, viewer: Viewer, latitude: float, longitude: float, km: float, *, limit: int = 100, offset: int = 0
) -> tuple[list[Row], int]:
    """Within a distance of a point, the nearest first."""
    if not 0 < km <= 20_000:
        raise InvalidInputError("The distance must be more than 0 and at most 20000 km")
    north = min(90.0, latitude + km / KM_PER_DEGREE)
    south = max(-90.0, latitude - km / KM_PER_DEGREE)
    narrowest = math.cos(math.radians(max(abs(north), abs(south))))
    around = km / KM_PER_DEGREE / narrowest if narrowest > 0.001 else 180.0
    west, east = (longitude - around, longitude + around) if around < 180 else (-180.0, 180.0)
    condition, values = _inside((_wrapped(west), south, _wrapped(east), north))
    spots = await _spots(db, viewer, condition, values)
    near = await asyncio.to_thread(_nearest, spots, (latitude, longitude), km)
    _check_part(limit, offset)
    part = near[offset : offset + limit]
    rows = await db.fetch(
        'SELECT "id", "file" FROM "file_spot" WHERE "id" IN (SELECT value FROM json_each(?))', [_json(part)]
    )
    by_spot = {row["id"]: row["file"] for row in rows}
    return await files.get_files(db, viewer, [by_spot[spot] for spot in part if spot in by_spot]), len(near)


async def files_within(
    db: Database, viewer: Viewer, corners: Sequence[tuple[float, float]], *, limit: int = 100, offset: int = 0
) -> tuple[list[Row], int]:
    """Within a line drawn on the map, [longitude, latitude] of each corner, the newest first; never across 180°."""
    if not 3 <= len(corners) <= MOST_CORNERS:
        raise InvalidInputError(f"A polygon has 3 to {MOST_CORNERS} corners")
    easts, norths = [corner[0] for corner in corners], [corner[1] for corner in corners]
    condition, values = _inside((min(easts), min(norths), max(easts), max(norths)))
    spots = await _spots(db, viewer, condition, values)
    inside = await asyncio.to_thread(_enclosed, spots, corners)
    _check_part(limit, offset)
    rows = await db.fetch(
        """SELECT r."file" FROM json_each(?) i CROSS JOIN "file_text_row" r ON r."id" = i.value
           ORDER BY r."local_start" DESC, r."id" DESC LIMIT ? OFFSET ?""",
        [_json(inside), limit, offset],
    )
    return await files.get_files(db, viewer, [row["file"] for row in rows]), len(inside)


def is_inside(x: float, y: float, corners: Sequence[tuple[float, float]]) -> bool:
    """Whether a ray from the point to the east crosses the line an odd number of times."""
    odd = False
    for place, (x1, y1) in enumerate(corners):
        x2, y2 = corners[place - 1]
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd


def _nearest(found: str, point: tuple[float, float], km: float) -> list[int]:
    away = [(kilometres(point, (latitude, longitude)), spot) for spot, latitude, longitude in _decoded(found)]
    return [spot for distance, spot in sorted(away) if distance <= km]


def _enclosed(found: str, corners: Sequence[tuple[float, float]]) -> list[int]:
    return [spot for spot, latitude, longitude in _decoded(found) if is_inside(longitude, latitude, corners)]


def _decoded(found: str) -> list[tuple[int, float, float]]:
    return msgspec.json.decode(found, type=list[tuple[int, float, float]])


def read_box(text: str) -> Box:
    """`west,south,east,north` in degrees; west may be greater than east, across the line of dates."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInputError("A box is written west,south,east,north") from error
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInputError("That box is not on the earth", hint="Longitudes from -180 to 180, latitudes to 90.")
    return west, south, east, north


def read_point(text: str) -> tuple[float, float]:
    """`latitude,longitude` in degrees."""
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInputError("A point is written latitude,longitude") from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidInputError("That point is not on the earth")
    return latitude, longitude


def _halves(box: Box) -> list[Box]:
    """One box, or the two on both sides of the line of dates."""
    west, south, east, north = box
    return [box] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]


def _inside(box: Box) -> tuple[str, list[object]]:
    """Spots on the timeline in a box: R*Tree finds what may be inside, the spot says whether it is."""
    parts, values = [], []
    for west, south, east, north in _halves(box):
        parts.append(
            """SELECT s."id", s."file", s."latitude", s."longitude", s."owner"
               FROM "file_box" b JOIN "file_spot" s ON s."id" = b."id"
               WHERE b."east" >= ? AND b."west" <= ? AND b."north" >= ? AND b."south" <= ?
               AND s."longitude" BETWEEN ? AND ? AND s."latitude" BETWEEN ? AND ? AND s."shown" """
        )
        # The tree keeps 32-bit floats, rounded outwards: it may find a little too much, never too little.
        values += [west, east, south, north, west, east, south, north]
    return " UNION ALL ".join(parts), list(values)


async def _spots(db: Database, viewer: Viewer, inside: str, values: Sequence[object]) -> str:
    """[id, latitude, longitude] of each as JSON: a tenth of what as many rows would cost."""
    visible, arguments = viewer.owners("i")
    return str(
        await db.value(
            f"""SELECT json_group_array(json_array(i."id", i."latitude", i."longitude")) FROM ({inside}) i
                WHERE {visible}""",
            [*values, *arguments],
        )
    )


def _json(spots: Sequence[int]) -> str:
    return msgspec.json.encode(spots).decode()


def _as_id(value: object) -> uuid.UUID:
    """A column of a compound select has no declared type, so its UUID comes as text."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))


def _check_part(limit: int, offset: int) -> None:
    pages.check_limit(limit)
    if offset < 0:
        raise InvalidInputError("offset must be 0 or more")


def _cell(degrees: float, level: int) -> int:
    return int(degrees * 2**level / 360.0)


def _wrapped(longitude: float) -> float:
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180
