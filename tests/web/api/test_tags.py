"""Tags over HTTP: all of them with counts, giving them by hand, and taking them away for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from appliance.library import tags
from tests.appliance.findable import Findable
from tests.web.conftest import assert_error

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service


@pytest.fixture
async def findable(service: Service, tmp_path: Path) -> Findable:
    return await Findable.create(service.house.home, tmp_path)


async def model_says(findable: Findable, file: uuid.UUID, *names: str, source: str = "model:siglip2") -> None:
    async with findable.home.db.write():
        await tags.set_tags(findable.home.db, file, names, source=source)


def said(shown: dict[str, Any]) -> set[tuple[str, str]]:
    return {(tag["name"], tag["source"]) for tag in shown["tags"]}


async def test_tags_are_listed_with_counts_sources_and_a_cover(anna: httpx.AsyncClient, findable: Findable) -> None:
    await findable.file(tag=["beach"], start="2019-01-01T00:00:00")
    newest = await findable.file(tag=["beach", "sea shell"], start="2023-01-01T00:00:00")
    await model_says(findable, newest, "beach", "sand")
    await model_says(findable, newest, "canyon", source="model:joytag")
    page = (await anna.get("/tags")).json()
    assert page == {
        "items": [
            {"name": "beach", "count": 2, "sources": ["manual", "model:siglip2"], "cover": str(newest)},
            {"name": "sand", "count": 1, "sources": ["model:siglip2"], "cover": str(newest)},
            {"name": "sea shell", "count": 1, "sources": ["manual"], "cover": str(newest)},
        ],
        "total": 3,
        "next": None,
    }
    for item in page["items"]:
        found = (await anna.get("/search", params={"q": f'tag:"{item["name"]}"'})).json()
        assert found["total"] == item["count"]
    assert [item["name"] for item in (await anna.get("/tags", params={"q": "SHE"})).json()["items"]] == ["sea shell"]


async def test_pages_of_tags_follow_each_other(anna: httpx.AsyncClient, findable: Findable) -> None:
    for number in range(7):
        await findable.file(tag=[f"tag {one}" for one in range(number + 1)])
    names: list[str] = []
    cursor = None
    while True:
        page = (await anna.get("/tags", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        assert page["total"] == 7
        names += [item["name"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == [f"tag {one}" for one in range(7)]
    assert_error(await anna.get("/tags", params={"cursor": "nonsense"}), 400)
    assert_error(await anna.get("/tags", params={"limit": 0}), 400)


async def test_tags_are_given_by_hand_and_others_stay(anna: httpx.AsyncClient, findable: Findable) -> None:
    file = await findable.file()
    await model_says(findable, file, "sand")
    answer = await anna.put(f"/files/{file}/tags", json={"names": ["Beach", " last  day ", "Beach"]})
    assert answer.status_code == 200
    assert said(answer.json()) == {("sand", "model:siglip2"), ("Beach", "manual"), ("last day", "manual")}
    answer = await anna.put(f"/files/{file}/tags", json={"names": ["beach"]})
    assert said(answer.json()) == {("sand", "model:siglip2"), ("Beach", "manual")}
    answer = await anna.put(f"/files/{file}/tags", json={"names": []})
    assert said(answer.json()) == {("sand", "model:siglip2")}
    for names in ([""], ["x" * 101], ["a\x00b"]):
        assert_error(await anna.put(f"/files/{file}/tags", json={"names": names}), 400)


async def test_a_tag_that_is_taken_away_never_comes_back_by_itself(anna: httpx.AsyncClient, findable: Findable) -> None:
    file, other = await findable.file(), await findable.file()
    for one in (file, other):
        await model_says(findable, one, "dog", "n/a: cat")
    answer = await anna.delete(f"/files/{file}/tags/dog")
    assert answer.status_code == 200
    assert said(answer.json()) == {("n/a: cat", "model:siglip2")}
    assert said((await anna.delete(f"/files/{file}/tags/n/a: cat")).json()) == set()
    # The model, another one and the file itself say it again.
    for source in ("model:siglip2", "model:joytag", "exif"):
        await model_says(findable, file, "dog", "wolf", source=source)
    assert {name for name, _ in said((await anna.get(f"/files/{file}")).json())} == {"wolf"}
    assert ("dog", "model:siglip2") in said((await anna.get(f"/files/{other}")).json())
    assert (await anna.get("/search", params={"q": "tag:dog"})).json()["total"] == 1
    assert_error(await anna.delete(f"/files/{file}/tags/dog"), 404)
    # A person may change their mind.
    answer = await anna.put(f"/files/{file}/tags", json={"names": ["dog"]})
    assert ("dog", "manual") in said(answer.json())
    await model_says(findable, file, "dog")
    assert ("dog", "model:siglip2") in said((await anna.get(f"/files/{file}")).json())


async def test_tags_of_others_files_are_neither_shown_nor_changed(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    owner = (await anna.get("/auth/me")).json()["id"]
    file = await findable.file(tag=["diary"], owner=owner)
    assert [item["name"] for item in (await anna.get("/tags")).json()["items"]] == ["diary"]
    assert (await bruno.get("/tags")).json() == {"items": [], "total": 0, "next": None}
    assert_error(await bruno.put(f"/files/{file}/tags", json={"names": ["x"]}), 404)
    assert_error(await bruno.delete(f"/files/{file}/tags/diary"), 404)
    shared = await findable.file()
    answer = await bruno.put(f"/files/{shared}/tags", json={"names": ["DIARY"]})
    assert said(answer.json()) == {("DIARY", "manual")}
