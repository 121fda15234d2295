"""Memories: other years' photos of this day, and nothing that somebody put away."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pytest

from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import event_changes, memories
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.findable import Findable
from tests.fakes import FakeFaceEngine, OtherFaceEngine

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home

TODAY = date(2024, 6, 12)


@pytest.fixture(autouse=True)
def face_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.FACE_ENGINES", (FakeFaceEngine, OtherFaceEngine))


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def told(findable: Findable, viewer: Viewer = LOCAL_ADMIN, day: date = TODAY) -> list[tuple[str, str, int]]:
    found = await memories.memories_of(findable.home.db, viewer, day)
    return [(memory.title, memory.subtitle, memory.count) for memory in found]


async def test_this_day_in_other_years_is_told_the_latest_first(findable: Findable) -> None:
    best = await findable.file(start="2023-06-12T23:59:00.000", favourite=True)
    await findable.file(start="2023-06-12T00:00:00.000")
    await findable.file(start="2019-06-12T12:00:00.000", place=("Lisbon", "", "Portugal"))
    for other in ("2024-06-12", "2023-06-11", "2023-06-13", "2022-07-12"):
        await findable.file(start=f"{other}T12:00:00.000")
    assert await told(findable) == [("1 year ago", "12 June 2023", 2), ("5 years ago", "Lisbon", 1)]
    (latest, _) = await memories.memories_of(findable.home.db, LOCAL_ADMIN, TODAY)
    assert (latest.id, latest.covers[0]) == ("day-2023-06-12-1", best)
    rows, total = await memories.files_of_memory(findable.home.db, LOCAL_ADMIN, latest.id)
    assert ([row["id"] for row in rows][1], total) == (best, 2)


async def test_a_day_with_little_is_filled_up_with_its_week(findable: Findable) -> None:
    for day in (10, 11, 13, 15):
        await findable.file(start=f"2021-06-{day}T12:00:00.000")
    await findable.file(start="2020-06-13T12:00:00.000")
    assert await told(findable) == [("This week, 3 years ago", "June 2021", 4)]
    await findable.file(start="2023-02-28T12:00:00.000")
    assert await told(findable, day=date(2024, 2, 29)) == [("1 year ago", "28 February 2023", 1)]


async def test_a_leap_day_is_remembered_every_year(findable: Findable) -> None:
    for day in (28, 29):
        await findable.file(start=f"2020-02-{day}T12:00:00.000")
    assert await told(findable, day=date(2023, 2, 28)) == [("3 years ago", "28–29 February 2020", 2)]
    assert await told(findable, day=date(2024, 2, 28)) == [("4 years ago", "28 February 2020", 1)]
    assert await told(findable, day=date(2024, 2, 29)) == [("4 years ago", "29 February 2020", 1)]
    (both,) = await memories.memories_of(findable.home.db, LOCAL_ADMIN, date(2023, 2, 28))
    _, total = await memories.files_of_memory(findable.home.db, LOCAL_ADMIN, both.id)
    assert total == 2


async def test_nothing_is_remembered_that_was_put_away_or_is_somebody_elses(findable: Findable) -> None:
    anna = Viewer(user_id=uuid.uuid4())
    hidden, seen = await findable.person("Ex"), await findable.person("Anna")
    await findable.home.db.fetch('UPDATE "person" SET "hidden" = 1 WHERE "id" = ?', [str(hidden)])
    start = "2023-06-12T12:00:00.000"
    for columns in ({"archived": True}, {"hidden": True}, {"trashed_at": "2024-01-01 00:00:00+00:00"}):
        await findable.file(start=start, **columns)
    await findable.file(start=start, people=[hidden, seen])
    assert await told(findable) == []
    with pytest.raises(NotFoundError):
        await memories.files_of_memory(findable.home.db, LOCAL_ADMIN, "day-2023-06-12-1")
    shown = await findable.file(start=start, people=[seen])
    rows, total = await memories.files_of_memory(findable.home.db, anna, "day-2023-06-12-1")
    assert ([row["id"] for row in rows], total) == ([shown], 1)


async def test_a_trip_that_began_about_now_is_told_as_one(findable: Findable) -> None:
    home, db = findable.home, findable.home.db
    ids = [
        await findable.file(start=f"2022-06-{14 + number // 3}T12:00:00.000", place=("Lisbon", "", "Portugal"))
        for number in range(9)
    ]
    for number, file in enumerate(ids):
        moment = f"2022-06-{14 + number // 3} 12:00:00+00:00"
        await db.fetch('UPDATE "stored_file" SET "start" = ? WHERE "id" = ?', [moment, str(file)])
    await event_changes.make(db, home.bus, LOCAL_ADMIN, ids)
    assert ("Trip, 2 years ago", "Lisbon", 9) in await told(findable)
    trip = next(one for one in await memories.memories_of(db, LOCAL_ADMIN, TODAY) if one.kind == "trip")
    await db.fetch('UPDATE "stored_file" SET "archived" = 1 WHERE "id" = ?', [str(ids[0])])
    rows, total = await memories.files_of_memory(db, LOCAL_ADMIN, trip.id)
    assert ({row["id"] for row in rows}, total) == (set(ids[1:]), 8)
    await db.fetch('UPDATE "stored_file" SET "archived" = 1 WHERE "id" = ?', [str(ids[1])])
    assert not any(one.kind == "trip" for one in await memories.memories_of(db, LOCAL_ADMIN, TODAY))


@pytest.mark.parametrize(
    "memory",
    [
        "",
        "trip-1",
        "trip-------------------------------------",
        "day-2023-02-30-1",
        "day-9999-12-31-9",
        "week-1",
        "day-2023-06-12-1'",
    ],
)
async def test_an_id_that_is_none_is_refused(findable: Findable, memory: str) -> None:
    with pytest.raises(InvalidInputError):
        await memories.files_of_memory(findable.home.db, LOCAL_ADMIN, memory)
