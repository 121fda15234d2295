"""A person through the years: one picture of each, and nobody whom the family or somebody hides."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import NotFoundError
from appliance.library import memories, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.findable import Findable
from tests.fakes import FakeFaceEngine, OtherFaceEngine

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home

TODAY = date(2024, 6, 12)
FAR = "01-02T12:00:00.000"  # a day of the year that is not remembered by itself


@pytest.fixture(autouse=True)
def face_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.FACE_ENGINES", (FakeFaceEngine, OtherFaceEngine))


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def through(findable: Findable, person: uuid.UUID, years: range, **columns: Any) -> list[uuid.UUID]:
    return [await findable.file(start=f"{year}-{FAR}", people=[person], **columns) for year in years]


async def told(findable: Findable, viewer: Viewer = LOCAL_ADMIN, day: date = TODAY) -> list[tuple[str, str, int]]:
    found = await memories.memories_of(findable.home.db, viewer, day)
    return [(memory.title, memory.subtitle, memory.count) for memory in found]


async def pictures(findable: Findable, person: uuid.UUID, viewer: Viewer = LOCAL_ADMIN) -> list[uuid.UUID]:
    rows, total = await memories.files_of_memory(findable.home.db, viewer, f"person-{person}")
    assert total == len(rows)
    return [row["id"] for row in rows]


async def mark(findable: Findable, person: uuid.UUID, column: str, value: object) -> None:
    async with findable.home.db.write():
        await findable.home.db.fetch(f'UPDATE "person" SET "{column}" = ? WHERE "id" = ?', [value, str(person)])


async def test_one_picture_of_each_year_the_best_and_the_first_year_first(findable: Findable) -> None:
    anna = await findable.person("Anna")
    files = await through(findable, anna, range(2018, 2022))
    loved = await findable.file(start="2019-08-01T12:00:00.000", people=[anna], favourite=True)
    await findable.file(start="2020-08-01T12:00:00.000", people=[anna], kind="video", rating=0)
    assert await told(findable) == [("Anna through the years", "2018–2021", 4)]
    assert await pictures(findable, anna) == [files[0], loved, files[2], files[3]]


async def test_few_years_or_no_name_are_no_story(findable: Findable) -> None:
    await through(findable, await findable.person("Anna"), range(2018, 2021))
    await through(findable, await findable.person(""), range(2010, 2020))
    assert await told(findable) == []


async def test_hidden_people_strangers_and_photos_put_away_are_not_remembered(findable: Findable) -> None:
    anna, ex = await findable.person("Anna"), await findable.person("Ex")
    files = await through(findable, anna, range(2015, 2020))
    await mark(findable, ex, "hidden", 1)
    async with findable.home.db.write():
        await findable.face(files[0], ex)
        await findable.home.db.fetch('UPDATE "stored_file" SET "archived" = 1 WHERE "id" = ?', [str(files[1])])
    assert await pictures(findable, anna) == files[2:]
    assert await told(findable) == []  # three years are left
    await through(findable, anna, range(2000, 2004))
    assert len(await told(findable)) == 1
    for column in ("hidden", "ignored"):
        await mark(findable, anna, column, 1)
        assert await told(findable) == []
        with pytest.raises(NotFoundError):
            await pictures(findable, anna)
        await mark(findable, anna, column, 0)


async def test_what_others_keep_to_themselves_is_told_to_nobody_else(findable: Findable) -> None:
    made = [await users.add_user(findable.home.db, LOCAL_ADMIN, username=name, password="a long one") for name in "ab"]
    anna, bruno = (Viewer(user_id=row["id"]) for row in made)
    child = await findable.person("Child")
    await through(findable, child, range(2010, 2016), owner=anna.user_id)
    secret = await findable.person("Secret", owner=anna.user_id)
    await through(findable, secret, range(2010, 2016))
    assert (await told(findable, anna))[0][0] in ("Child through the years", "Secret through the years")
    assert await told(findable, bruno) == []
    for person in (child, secret):
        assert len(await pictures(findable, person, anna)) == 6
        with pytest.raises(NotFoundError):
            await pictures(findable, person, bruno)


async def test_everybody_has_their_turn_and_who_has_their_birthday_goes_first(findable: Findable) -> None:
    people = [await findable.person(name) for name in ("Anna", "Bruno", "Clara")]
    for person in people:
        await through(findable, person, range(2018, 2023))
    days = [(await told(findable, day=date(2024, 6, day)))[0][0] for day in (12, 13, 14)]
    assert len(set(days)) == 3
    last = next(person for person, name in zip(people, ("Anna", "Bruno", "Clara"), strict=True) if name in days[2])
    await mark(findable, last, "birthday", "1990-06-12")
    assert (await told(findable))[0][0] == days[2]
    for person, name in zip(people, ("Anna", "Bruno", "Clara"), strict=True):  # a leap day has its birthday every year
        await mark(findable, person, "birthday", "1992-02-29")
        for year in (2023, 2024):
            assert name in (await told(findable, day=date(year, 2, 28 + (year == 2024))))[0][0]
        await mark(findable, person, "birthday", None)


async def test_dates_that_only_the_disk_knows_are_no_years(findable: Findable) -> None:
    anna = await findable.person("Anna")
    await through(findable, anna, range(2010, 2016), metadata='{"date_source": "file"}')
    assert await told(findable) == []
