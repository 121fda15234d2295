"""Places: clusters add up at every zoom, boxes and lines hold what lies in them, and nobody sees others' spots."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import InvalidInputError
from appliance.library import map as photo_map
from appliance.library import places, trash
from appliance.library.event_groups import kilometres
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home

WORLD = (-180.0, -90.0, 180.0, 90.0)
VIENNA, LINZ, LISBON = (48.2082, 16.3738), (48.3069, 14.2858), (38.7223, -9.1393)


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def at(findable: Findable, spot: tuple[float, float], *place: str, **columns: Any) -> uuid.UUID:
    return await findable.file(latitude=spot[0], longitude=spot[1], place=place, **columns)


async def drawn(findable: Findable, viewer: Viewer, zoom: int, box: photo_map.Box = WORLD) -> list[tuple[float, ...]]:
    found = await photo_map.clusters(findable.home.db, viewer, box, zoom)
    return list(zip(found["longitude"], found["latitude"], found["count"], strict=True))


async def test_clusters_of_every_zoom_hold_every_photo_once(findable: Findable) -> None:
    chance = random.Random(1)
    for _ in range(60):
        centre = chance.choice((VIENNA, LISBON, (-89.9, 179.9), (-33.9, -179.99)))
        north, east = centre[0] + chance.gauss(0, 0.03), centre[1] + chance.gauss(0, 0.03)
        await at(findable, (max(-90.0, north), min(180.0, max(-180.0, east))))
    for zoom in range(photo_map.MAX_ZOOM + 1):
        found = await photo_map.clusters(findable.home.db, LOCAL_ADMIN, WORLD, zoom)
        assert (found["total"], sum(found["count"])) == (60, 60)
        assert found["count"] == sorted(found["count"], reverse=True)
    sizes = [len(await drawn(findable, LOCAL_ADMIN, zoom)) for zoom in (0, 8, 20)]
    assert sizes[0] <= 4 < sizes[1] < sizes[2]


async def test_a_cluster_lies_in_the_middle_of_its_photos_and_follows_them(findable: Findable) -> None:
    one = await at(findable, (48.0, 16.0))
    await at(findable, (48.002, 16.002))
    assert await drawn(findable, LOCAL_ADMIN, 6) == [(16.001, 48.001, 2)]
    db = findable.home.db
    await db.fetch('UPDATE "stored_file" SET "latitude" = -30, "longitude" = 20 WHERE "id" = ?', [str(one)])
    assert await drawn(findable, LOCAL_ADMIN, 6) == [(16.002, 48.002, 1), (20.0, -30.0, 1)]
    await db.fetch('UPDATE "stored_file" SET "archived" = 1 WHERE "id" = ?', [str(one)])
    assert await drawn(findable, LOCAL_ADMIN, 6) == [(16.002, 48.002, 1)]
    await db.fetch('UPDATE "stored_file" SET "archived" = 0, "longitude" = NULL WHERE "id" = ?', [str(one)])
    assert await drawn(findable, LOCAL_ADMIN, 6) == [(16.002, 48.002, 1)]
    await db.fetch('DELETE FROM "stored_file"')
    assert await drawn(findable, LOCAL_ADMIN, 6) == []
    for table in ("file_spot", "file_box"):
        assert await db.value(f'SELECT count(*) FROM "{table}"') == 0
    assert await db.fetch('SELECT * FROM "map_cell" WHERE "files" <> 0 OR "east" <> 0 OR "north" <> 0') == []


async def test_boxes_distances_and_lines_hold_what_lies_in_them(findable: Findable) -> None:
    db = findable.home.db
    chance = random.Random(2)
    spots = {
        await at(findable, (latitude, longitude)): (latitude, longitude)
        for latitude, longitude in [(chance.uniform(-80, 80), chance.uniform(-180, 180)) for _ in range(80)]
    }
    for west, south, east, north in [(-20.0, -10.0, 60.0, 70.0), (150.0, -80.0, -150.0, 80.0), WORLD]:
        expected = {
            file
            for file, (latitude, longitude) in spots.items()
            if south <= latitude <= north
            and (west <= longitude <= east if west <= east else longitude >= west or longitude <= east)
        }
        rows, total = await photo_map.files_in_box(db, LOCAL_ADMIN, (west, south, east, north), limit=1000)
        assert ({row["id"] for row in rows}, total) == (expected, len(expected))
    for point in ((10.0, 179.0), (85.0, 0.0), VIENNA):
        near = {file for file, spot in spots.items() if kilometres(point, spot) <= 4000}
        rows, total = await photo_map.files_near(db, LOCAL_ADMIN, *point, 4000, limit=1000)
        assert ({row["id"] for row in rows}, total) == (near, len(near))
        away = [kilometres(point, (row["latitude"], row["longitude"])) for row in rows]
        assert away == sorted(away)
    triangle = [(0.0, 0.0), (80.0, 0.0), (0.0, 80.0)]
    rows, _ = await photo_map.files_within(db, LOCAL_ADMIN, triangle, limit=1000)
    assert {row["id"] for row in rows} == {
        file for file, (latitude, longitude) in spots.items() if latitude > 0 < longitude and latitude + longitude < 80
    }


async def test_the_tree_counts_towns_in_regions_in_countries(findable: Findable) -> None:
    for spot, place in (
        (VIENNA, ("Vienna", "Vienna", "Austria")),
        (VIENNA, ("Vienna", "Vienna", "Austria")),
        (LINZ, ("Linz", "Upper Austria", "Austria")),
        (LISBON, ("Lisbon", "Lisboa", "Portugal")),
    ):
        last = await at(findable, spot, *place)
    austria, portugal = await places.tree(findable.home.db, LOCAL_ADMIN)
    assert (austria["name"], austria["count"]) == ("Austria", 3)
    assert [(region["name"], region["count"]) for region in austria["regions"]] == [("Vienna", 2), ("Upper Austria", 1)]
    assert portugal["regions"][0]["cities"] == [{"name": "Lisbon", "count": 1, "cover": last}]
    await trash.trash_files(findable.home.db, findable.home.bus, LOCAL_ADMIN, [last])
    assert [country["name"] for country in await places.tree(findable.home.db, LOCAL_ADMIN)] == ["Austria"]


async def test_nobody_sees_where_others_were(findable: Findable) -> None:
    db = findable.home.db
    anna, bruno = Viewer(user_id=uuid.uuid4()), Viewer(user_id=uuid.uuid4())
    await db.fetch(
        """INSERT INTO "account" ("id", "username") VALUES (?, 'anna'), (?, 'bruno')""",
        [str(anna.user_id), str(bruno.user_id)],
    )
    hers = await at(findable, LISBON, "Lisbon", "Lisboa", "Portugal", owner=anna.user_id)
    await at(findable, VIENNA, "Vienna", "Vienna", "Austria")

    async def seen(viewer: Viewer) -> tuple[int, int, int, int, int]:
        box = (await photo_map.files_in_box(db, viewer, WORLD))[1]
        near = (await photo_map.files_near(db, viewer, *LISBON, 50))[1]
        line = (await photo_map.files_within(db, viewer, [(-20.0, 30.0), (0.0, 30.0), (0.0, 45.0), (-20.0, 45.0)]))[1]
        return len(await drawn(findable, viewer, 4)), len(await places.tree(db, viewer)), box, near, line

    assert await seen(anna) == (2, 2, 2, 1, 1)
    assert await seen(bruno) == (1, 1, 1, 0, 0)
    await db.fetch('UPDATE "stored_file" SET "shared" = 1 WHERE "id" = ?', [str(hers)])
    assert await seen(bruno) == (2, 2, 2, 1, 1)
    await db.fetch('UPDATE "stored_file" SET "locked" = 1 WHERE "id" = ?', [str(hers)])
    assert await seen(anna) == await seen(bruno) == (1, 1, 1, 0, 0)


async def test_towns_are_found_by_their_beginning_the_largest_first(findable: Findable) -> None:
    found = await places.find_towns(findable.home, "lisb")
    assert (found[0]["name"], found[0]["country"]) == ("Lisbon", "Portugal")
    assert abs(found[0]["latitude"] - LISBON[0]) < 0.05
    assert [town["name"] for town in await places.find_towns(findable.home, "SÃO PAU", limit=1)] == ["São Paulo"]
    paris = await places.find_towns(findable.home, "paris, united states", limit=50)
    assert paris
    assert {town["country"] for town in paris} == {"United States"}
    assert await places.find_towns(findable.home, "x") == []


@pytest.mark.parametrize("text", ["", "1,2,3", "0,10,0,5", "-181,0,0,0", "a,b,c,d", "nan,0,0,0"])
def test_a_box_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        photo_map.read_box(text)
