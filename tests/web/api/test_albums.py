"""Albums over HTTP: by hand, saved searches, and whose they are."""

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


async def add(client: httpx.AsyncClient, **album: Any) -> dict[str, Any]:
    answer = await client.post("/albums", json=album)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_an_album_by_hand_holds_what_is_put_into_it(anna: httpx.AsyncClient, findable: Findable) -> None:
    older = await findable.file(start="2019-01-01T00:00:00")
    newer = await findable.file(start="2020-01-01T00:00:00")
    album = await add(anna, name="  Summer   2020 ")
    assert album | {"created": "", "modified": ""} == {
        "id": album["id"],
        "name": "Summer 2020",
        "query": None,
        "private": False,
        "count": 0,
        "cover": None,
        "created": "",
        "modified": "",
    }
    changed = await anna.post(f"/albums/{album['id']}/files", json={"ids": [str(older), str(newer)]})
    assert (changed.json()["count"], changed.json()["cover"]) == (2, str(newer))
    first = (await anna.get(f"/albums/{album['id']}/files", params={"limit": 1})).json()
    assert ([item["id"] for item in first["items"]], first["total"]) == ([str(newer)], 2)
    second = (await anna.get(f"/albums/{album['id']}/files", params={"limit": 1, "cursor": first["next"]})).json()
    assert ([item["id"] for item in second["items"]], second["next"]) == ([str(older)], None)
    assert second["items"][0]["albums"] == [{"id": album["id"], "name": "Summer 2020"}]
    taken = await anna.post(f"/albums/{album['id']}/files/remove", json={"ids": [str(newer)]})
    assert taken.json()["count"] == 1
    assert_error(await anna.get(f"/albums/{album['id']}/files", params={"cursor": "!"}), 400)


async def test_a_saved_search_answers_its_search(anna: httpx.AsyncClient, findable: Findable) -> None:
    album = await add(anna, name="Sea", query="tag:beach -tag:dog")
    assert album["count"] == 0
    file = await findable.file(tag=["beach"])
    await findable.file(tag=["beach", "dog"])
    shown = (await anna.get(f"/albums/{album['id']}")).json()
    assert (shown["count"], shown["cover"]) == (1, str(file))
    page = (await anna.get(f"/albums/{album['id']}/files")).json()
    assert ([item["id"] for item in page["items"]], page["total"], page["next"]) == ([str(file)], 1, None)
    assert_error(await anna.post(f"/albums/{album['id']}/files", json={"ids": [str(file)]}), 409)
    changed = (await anna.patch(f"/albums/{album['id']}", json={"query": "tag:beach", "name": "All of it"})).json()
    assert (changed["name"], changed["count"]) == ("All of it", 2)
    assert_error(await anna.patch(f"/albums/{album['id']}", json={"query": None}), 409)


async def test_a_private_album_is_nobody_elses(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    file = await findable.file()
    own = await add(anna, name="Surprise", private=True)
    family = await add(anna, name="Family")
    await anna.post(f"/albums/{own['id']}/files", json={"ids": [str(file)]})
    assert [album["name"] for album in (await anna.get("/albums")).json()["items"]] == ["Family", "Surprise"]
    assert [album["name"] for album in (await bruno.get("/albums")).json()["items"]] == ["Family"]
    for answer in (
        await bruno.get(f"/albums/{own['id']}"),
        await bruno.get(f"/albums/{own['id']}/files"),
        await bruno.patch(f"/albums/{own['id']}", json={"name": "Mine"}),
        await bruno.post(f"/albums/{own['id']}/files", json={"ids": [str(file)]}),
        await bruno.delete(f"/albums/{own['id']}"),
    ):
        assert_error(answer, 404)
    assert (await bruno.get(f"/files/{file}")).json()["albums"] == []
    assert (await bruno.patch(f"/albums/{family['id']}", json={"private": True})).json()["private"]
    assert [album["name"] for album in (await anna.get("/albums")).json()["items"]] == ["Surprise"]
    assert (await anna.delete(f"/albums/{own['id']}")).status_code == 204
    assert (await anna.get(f"/files/{file}")).status_code == 200


async def test_each_sees_only_their_files_in_a_shared_album(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    owner = (await anna.get("/auth/me")).json()["id"]
    hers, everyones = await findable.file(owner=owner), await findable.file()
    album = await add(anna, name="Family")
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [str(hers), str(everyones)]})
    assert (await anna.get(f"/albums/{album['id']}")).json()["count"] == 2
    shown = (await bruno.get(f"/albums/{album['id']}")).json()
    assert (shown["count"], shown["cover"]) == (1, str(everyones))
    # Neither can he put in what he does not see, nor take it out.
    await bruno.post(f"/albums/{album['id']}/files/remove", json={"ids": [str(hers)]})
    assert (await anna.get(f"/albums/{album['id']}")).json()["count"] == 2


@pytest.mark.parametrize(
    "album", [{"name": " "}, {"name": "x" * 201}, {"name": "a", "query": "  "}, {"name": "a", "x": 1}]
)
async def test_what_makes_no_album_is_refused(anna: httpx.AsyncClient, album: dict[str, Any]) -> None:
    assert_error(await anna.post("/albums", json=album), 400)
