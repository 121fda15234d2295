"""Counting and listing what lies in a box, both ways, against looking at every photo there is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from appliance.db.tables import StoredFile
from appliance.library import map as photo_map
from appliance.library import map_newest, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id, now
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home

FILES = 400
#: Edges of cells, the poles, the line of dates, and two crowds.
CORNERS = (0.0, 45.0, -45.0, 2.8125, 0.703125, 180.0, -180.0, 90.0, -90.0, 11.25)


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def scattered(findable: Findable, owner: uuid.UUID, other: uuid.UUID) -> list[dict[str, Any]]:
    chance, moment = random.Random(3), now()
    rows = []
    for number in range(FILES):
        crowd = chance.random()
        longitude = chance.gauss(7.85, 0.02) if crowd < 0.5 else chance.uniform(-180, 180)
        latitude = chance.gauss(48.0, 0.02) if crowd < 0.5 else chance.uniform(-90, 90)
        if crowd > 0.8:
            longitude, latitude = chance.choice(CORNERS), max(-90.0, min(90.0, chance.choice(CORNERS)))
        file = new_id()
        rows.append(
            {
                "id": file,
                "filename": "photo.jpg",
                "kind": "photo",
                "user": chance.choice((None, owner, other)),
                "library": findable.library,
                "content": f"{file}.jpg",
                "content_sha": file.hex * 2,
                "start": moment,
                "local_start": f"20{chance.randint(10, 24)}-05-{number % 28 + 1:02}T12:00:00.000",
                "latitude": latitude,
                "longitude": longitude,
                "archived": chance.random() < 0.1,
                "created": moment,
                "modified": moment,
            }
        )
    async with findable.home.db.write():
        await findable.home.db.insert(StoredFile, rows)
    return rows


def boxes() -> list[photo_map.Box]:
    chance = random.Random(5)
    found: list[photo_map.Box] = [(-180.0, -90.0, 180.0, 90.0), (170.0, -90.0, -170.0, 90.0), (0.0, 0.0, 45.0, 45.0)]
    for size in (0.01, 0.05, 0.3, 3.0, 30.0, 90.0):
        for _ in range(4):
            west, south = 7.85 + chance.gauss(0, size / 3) - size / 2, 48.0 + chance.gauss(0, size / 3) - size / 2
            found.append((max(-180.0, west), max(-90.0, south), min(180.0, west + size), min(90.0, south + size)))
    return found


def in_box(row: dict[str, Any], box: photo_map.Box) -> bool:
    west, south, east, north = box
    x, y = float(row["longitude"]), float(row["latitude"])
    return south <= y <= north and (west <= x <= east if west <= east else x >= west or x <= east)


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["walked", "found by the tree"])
async def test_a_box_holds_what_lies_in_it_the_newest_first(
    findable: Findable, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_newest, "FEW", few)
    db = findable.home.db
    made = [await users.add_user(db, LOCAL_ADMIN, username=name, password="a long one") for name in ("anna", "bruno")]
    anna, bruno = made[0]["id"], made[1]["id"]
    rows = await scattered(findable, anna, bruno)
    order = {row["file"]: row["id"] for row in await db.fetch('SELECT "file", "id" FROM "file_text_row"')}
    for viewer, seen in ((LOCAL_ADMIN, {None, anna, bruno}), (Viewer(user_id=anna), {None, anna})):
        for box in boxes():
            expected = [row for row in rows if row["user"] in seen and not row["archived"] and in_box(row, box)]
            expected.sort(key=lambda row: (row["local_start"], order[row["id"]]), reverse=True)
            for offset in (0, 7):
                shown, total = await photo_map.files_in_box(db, viewer, box, limit=10, offset=offset)
                assert total == len(expected), box
                assert [row["id"] for row in shown] == [row["id"] for row in expected][offset : offset + 10], box


async def test_a_walk_that_does_not_meet_enough_leaves_it_to_the_tree(
    findable: Findable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_newest, "FEW", 0)
    old = [await findable.file(start=f"2001-05-0{day}T12:00:00.000", latitude=1.0, longitude=1.0) for day in (1, 2, 3)]
    for _ in range(20):
        await findable.file(start="2024-05-01T12:00:00.000", latitude=50.0, longitude=50.0)
    shown, total = await photo_map.files_in_box(findable.home.db, LOCAL_ADMIN, (0.0, 0.0, 2.0, 2.0), limit=2)
    assert (total, [row["id"] for row in shown]) == (3, [old[2], old[1]])


async def test_an_area_lists_the_newest_first_however_it_arrived(findable: Findable) -> None:
    new = await findable.file(start="2024-05-01T12:00:00.000", latitude=1.0, longitude=1.0)
    old = await findable.file(start="2001-05-01T12:00:00.000", latitude=1.0, longitude=1.0)
    corners = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
    shown, total = await photo_map.files_within(findable.home.db, LOCAL_ADMIN, corners, limit=1)
    assert (total, [row["id"] for row in shown]) == (2, [new])
    shown, _ = await photo_map.files_within(findable.home.db, LOCAL_ADMIN, corners, limit=1, offset=1)
    assert [row["id"] for row in shown] == [old]
