"""Offline reverse geocoding and time zones."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from appliance.media.places import TABLE, find_place, utc_offset_min


@pytest.mark.parametrize(
    ("latitude", "longitude", "city", "region", "code"),
    [
        (52.5200, 13.4050, "Berlin", "State of Berlin", "DE"),  # the middle, where a quarter is nearer than the city
        (52.4990, 13.4030, "Berlin", "State of Berlin", "DE"),  # Kreuzberg
        (52.3906, 13.0645, "Potsdam", "Brandenburg", "DE"),  # 25 km beside it
        (48.8860, 2.3430, "Paris", "Île-de-France", "FR"),  # Montmartre
        (48.8049, 2.1204, "Versailles", "Île-de-France", "FR"),
        (35.6580, 139.7016, "Tokyo", "Tokyo", "JP"),  # Shibuya
        (35.4437, 139.6380, "Yokohama", "Kanagawa", "JP"),
        (47.6140, 7.6650, "Lörrach", "Baden-Wurttemberg", "DE"),  # 8 km from Basel, across the border
        (40.7282, -74.0776, "Jersey City", "New Jersey", "US"),  # across the Hudson
        (43.7384, 7.4246, "Monaco", "Municipality of Monaco", "MC"),
    ],
)
def test_positions_are_named_as_people_there_would(
    latitude: float, longitude: float, city: str, region: str, code: str
) -> None:
    place = find_place(latitude, longitude)
    assert place is not None
    assert (place.city, place.region, place.country_code) == (city, region, code)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(30, -40), (-60, 100), (90, 0), (-90, 0), (89.9, 179.9), (91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))],
)
def test_the_open_sea_and_impossible_positions_are_nowhere(latitude: float, longitude: float) -> None:
    assert find_place(latitude, longitude) is None


def test_both_sides_of_the_date_line_are_near_each_other() -> None:
    east, west = find_place(-16.85, 179.99), find_place(-16.85, -179.99)
    assert east is not None
    assert west is not None
    assert (east.country_code, west.country_code) == ("FJ", "FJ")


def test_a_look_up_costs_less_than_a_millisecond() -> None:
    find_place(0, 0)
    begun = time.process_time()
    for step in range(200):
        find_place(-60 + step * 0.6, -170 + step * 1.7)
    assert (time.process_time() - begun) / 200 < 0.001


def test_the_table_stays_small() -> None:
    assert TABLE.stat().st_size < 3_500_000


@pytest.mark.parametrize(
    ("latitude", "longitude", "moment", "minutes"),
    [
        (52.52, 13.405, datetime(2020, 1, 15, 12, tzinfo=UTC), 60),
        (52.52, 13.405, datetime(2020, 7, 15, 12, tzinfo=UTC), 120),
        (27.694, 85.2853, datetime(2020, 7, 15, 12, tzinfo=UTC), 345),
        (40.7127, -74.006, datetime(2020, 7, 15, 12, tzinfo=UTC), -240),
        (64.1412, -21.9431, datetime(2020, 7, 15, 12, tzinfo=UTC), 0),
        (-36.8544, 174.7554, datetime(2020, 1, 15, 12, tzinfo=UTC), 780),
    ],
)
def test_zones_follow_the_place_and_the_season(
    latitude: float, longitude: float, moment: datetime, minutes: int
) -> None:
    assert utc_offset_min(latitude, longitude, utc=moment) == minutes
