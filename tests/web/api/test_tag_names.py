"""Renaming, merging and taking off tags over HTTP: on one's own files, with what lies in them, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.appliance.findable import Findable
from tests.web.conftest import assert_error

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service


@pytest.fixture
async def findable(service: Service, tmp_path: Path) -> Findable:
    return await Findable.create(service.house.home, tmp_path)


async def tags_of(client: httpx.AsyncClient, file: object) -> list[str]:
    return sorted(tag["name"] for tag in (await client.get(f"/files/{file}")).json()["tags"])


async def counts(client: httpx.AsyncClient) -> dict[str, int]:
    return {tag["name"]: tag["count"] for tag in (await client.get("/tags")).json()["items"]}


async def test_a_tag_is_renamed_with_what_lies_in_it_and_back(anna: httpx.AsyncClient, findable: Findable) -> None:
    dog = await findable.file(tag=["animals/dog", "garden"])
    both = await findable.file(tag=["animals", "animals/cat"])
    answer = (await anna.post("/tags/rename", json={"name": "animals", "to": "creatures"})).json()
    assert answer["changed"] == 2
    assert await tags_of(anna, dog) == ["creatures/dog", "garden"]
    assert await tags_of(anna, both) == ["creatures", "creatures/cat"]
    found = (await anna.get("/search", params={"q": "tag:creatures"})).json()
    assert found["total"] == 2  # a tag is found by what it lies in
    assert (await anna.post(f"/journal/{answer['undo']}/undo")).status_code == 200
    assert await tags_of(anna, dog) == ["animals/dog", "garden"]
    assert await tags_of(anna, both) == ["animals", "animals/cat"]


async def test_two_tags_become_one(anna: httpx.AsyncClient, findable: Findable) -> None:
    one, both = await findable.file(tag=["beach"]), await findable.file(tag=["beach", "seaside"])
    assert_error(await anna.post("/tags/rename", json={"name": "beach", "to": "Seaside"}), 409)
    answer = (
        await anna.post("/tags/merge", json={"names": ["beach"], "into": "Seaside"})
    ).json()  # as the page says it
    assert [await tags_of(anna, one), await tags_of(anna, both)] == [["seaside"], ["seaside"]]
    assert await counts(anna) == {"seaside": 2}
    await anna.post(f"/journal/{answer['undo']}/undo")
    assert [await tags_of(anna, one), await tags_of(anna, both)] == [["beach"], ["beach", "seaside"]]
    assert await counts(anna) == {"beach": 2, "seaside": 1}


async def test_a_tag_that_goes_into_one_of_its_own_leaves_that_as_it_is(
    anna: httpx.AsyncClient, findable: Findable
) -> None:
    pet, dog, cat, puppy = [
        await findable.file(tag=[name]) for name in ("animals", "animals/dog", "animals/cat", "animals/dog/puppy")
    ]
    merged = (await anna.post("/tags/merge", json={"names": ["animals"], "into": "animals/dog"})).json()
    assert merged["changed"] == 2
    names = [await tags_of(anna, one) for one in (pet, dog, cat, puppy)]
    assert names == [["animals/dog"], ["animals/dog"], ["animals/dog/cat"], ["animals/dog/puppy"]]
    assert (await anna.post(f"/journal/{merged['undo']}/undo")).status_code == 200
    assert set(await counts(anna)) == {"animals", "animals/dog", "animals/cat", "animals/dog/puppy"}


async def test_a_tag_may_be_spelled_anew(anna: httpx.AsyncClient, findable: Findable) -> None:
    one = await findable.file(tag=["lisbon"])
    renamed = (await anna.post("/tags/rename", json={"name": "lisbon", "to": "Lisbon"})).json()
    assert renamed["changed"] == 1
    assert await tags_of(anna, one) == ["Lisbon"]
    again = (await anna.post("/tags/rename", json={"name": "Lisbon", "to": "Lisbon"})).json()
    assert again == {"changed": 0, "undo": None}
    assert_error(await anna.post("/tags/rename", json={"name": "lisbon", "to": "Lisbon"}), 409)


async def test_a_word_of_a_file_that_was_renamed_does_not_come_back_by_itself(
    service: Service, anna: httpx.AsyncClient, findable: Findable
) -> None:
    from appliance.library import tags

    file, db = await findable.file(), service.house.home.db
    async with db.write():
        await tags.set_tags(db, file, ["DSC"], source="exif")
    await anna.post("/tags/rename", json={"name": "DSC", "to": "camera"})
    async with db.write():
        await tags.set_tags(db, file, ["DSC"], source="exif")  # the file is read again
    assert await tags_of(anna, file) == ["camera"]


async def test_the_files_of_others_keep_their_words(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    bruno_id: Any = (await bruno.get("/auth/me")).json()["id"]
    his, theirs = await findable.file(tag=["sea"], owner=bruno_id), await findable.file(tag=["sea"])
    assert (await anna.post("/tags/rename", json={"name": "sea", "to": "ocean"})).json()["changed"] == 1
    assert await tags_of(bruno, his) == ["sea"]
    assert await tags_of(bruno, theirs) == ["ocean"]
    for path, body in (
        ("rename", {"name": "sea", "to": "x"}),
        ("merge", {"names": ["sea"], "into": "ocean"}),
        ("remove", {"name": "sea"}),
    ):
        assert_error(await anna.post(f"/tags/{path}", json=body), 404)
    assert (await bruno.post("/tags/remove", json={"name": "sea"})).json()["changed"] == 1
    assert await tags_of(bruno, his) == []
