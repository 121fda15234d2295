"""Where a position is, and which clock hangs there: offline, from a table of towns (GeoNames, see NOTICE) and tzfpy.

Both load at the first question.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from appliance.media.values import Place

TABLE = Path(__file__).with_name("places.npz")
FARTHEST_KM = 100.0
KM_PER_DEGREE = 111.195  # 6371 km x pi / 180


class _Table(NamedTuple):
    latitude: np.ndarray[tuple[int], np.dtype[np.float32]]
    longitude: np.ndarray[tuple[int], np.dtype[np.float32]]
    reach_km: np.ndarray[tuple[int], np.dtype[np.float32]]
    region: np.ndarray[tuple[int], np.dtype[np.uint16]]
    region_country: np.ndarray[tuple[int], np.dtype[np.uint8]]
    city_names: bytes
    city_ends: np.ndarray[tuple[int], np.dtype[np.int64]]
    region_names: list[str]
    country_codes: list[str]
    country_names: list[str]


@cache
def _table() -> _Table:
    with np.load(TABLE, allow_pickle=False) as file:
        blob = file["city_names"]
        population = file["population"].astype(np.float32)
        return _Table(
            latitude=(np.cumsum(file["latitude"], dtype=np.int32) / 1e4).astype(np.float32),
            longitude=(file["longitude"] / 1e4).astype(np.float32),
            reach_km=_reach_km(population),
            region=file["region"],
            region_country=file["region_country"],
            city_names=blob.tobytes(),
            city_ends=np.flatnonzero(blob == ord("\n")),
            region_names=file["region_names"].tobytes().decode().split("\n"),
            country_codes=file["country_codes"].tobytes().decode().split("\n"),
            country_names=file["country_names"].tobytes().decode().split("\n"),
        )


def _reach_km(
    population: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """How far a town reaches: the radius of a disc in which its people live at 3000 to the square kilometre."""
    reach: np.ndarray[tuple[int], np.dtype[np.float32]] = np.sqrt(population / (3000 * math.pi)).astype(np.float32)
    return reach


def find_place(latitude: float, longitude: float) -> Place | None:
    """The town a position belongs to; None at sea and in the wilds, FARTHEST_KM from any."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return _find(round(latitude, 4), round(longitude, 4))


@lru_cache(maxsize=512)
def _find(latitude: float, longitude: float) -> Place | None:
    table = _table()
    band = FARTHEST_KM / KM_PER_DEGREE
    first, last = np.searchsorted(table.latitude, (latitude - band, latitude + band))
    north = (table.latitude[first:last] - latitude) * KM_PER_DEGREE
    across = np.abs(table.longitude[first:last] - longitude)
    across = np.minimum(across, 360 - across)
    east = across * (KM_PER_DEGREE * max(math.cos(math.radians(latitude)), 0.01))
    near = np.flatnonzero(east < FARTHEST_KM)
    if not len(near):
        return None
    distance = np.hypot(north[near], east[near])
    closest = int(np.argmin(distance))
    if distance[closest] > FARTHEST_KM:
        return None
    # Country and region are the nearest town's.  Within them a city counts as nearer by its reach, so its quarters,
    # which GeoNames lists as towns of their own, give way to it while its neighbours do not (nor does Jersey City).
    regions = table.region[first:last][near]
    score = np.where(regions == regions[closest], distance - table.reach_km[first:last][near], np.inf)
    chosen = int(np.argmin(score))
    return _place(table, int(first) + int(near[chosen]))


def _place(table: _Table, index: int) -> Place:
    begin = int(table.city_ends[index - 1]) + 1 if index else 0
    end = int(table.city_ends[index]) if index < len(table.city_ends) else len(table.city_names)
    region = int(table.region[index])
    country = int(table.region_country[region])
    return Place(
        city=table.city_names[begin:end].decode(),
        region=table.region_names[region],
        country=table.country_names[country],
        country_code=table.country_codes[country],
    )


def utc_offset_min(
    latitude: float, longitude: float, *, local: datetime | None = None, utc: datetime | None = None
) -> int | None:
    """Minutes east of UTC at a place, then: `local` is a wall clock there, `utc` an aware moment; give one of them."""
    zone = _zone_at(round(latitude, 3), round(longitude, 3))
    if zone is None:
        return None
    try:
        moment = utc.astimezone(zone) if utc is not None else (local or datetime.now(UTC)).replace(tzinfo=zone)
        offset = moment.utcoffset()
    except (OverflowError, ValueError):
        return None
    return None if offset is None else round(offset.total_seconds() / 60)


@lru_cache(maxsize=256)
def _zone_at(latitude: float, longitude: float) -> ZoneInfo | None:
    import tzfpy

    name = tzfpy.get_tz(longitude, latitude)
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
