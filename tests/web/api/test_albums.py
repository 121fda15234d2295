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


async def test_names_are_what_a_phone_can_write_and_can_be_shown(anna: httpx.AsyncClient, findable: Findable) -> None:
    file, person = str(await findable.file()), await findable.person("Otto")
    event = (await anna.post("/events", json={"ids": [file]})).json()["event"]["id"]
    await findable.file(people=[person])
    for name, status in (
        ("Family \U0001f468\u200d\U0001f469\u200d\U0001f467", 200),
        ("a\x00b", 400),
        ("\u202ecba", 400),
    ):
        for method, path, body in (
            ("POST", "/albums", {"name": name}),
            ("PUT", f"/files/{file}/tags", {"names": [name]}),
            ("PATCH", f"/events/{event}", {"name": name}),
            ("PATCH", f"/people/{person}", {"name": name}),
            ("POST", "/shares", {"name": name, "files": [file]}),
        ):
            answer = await anna.request(method, path, json=body)
            assert answer.status_code in ({200, 201} if status == 200 else {400}), f"{path} {name!r}: {answer.text}"


async def test_an_album_by_hand_holds_what_is_put_into_it(anna: httpx.AsyncClient, findable: Findable) -> None:
    older = await findable.file(start="2019-01-01T00:00:00")
    newer = await findable.file(start="2020-01-01T00:00:00")
    album = await add(anna, name="  Summer   2020 ")
    assert album | {"created": "", "modified": ""} == {
        "id": album["id"],
        "name": "Summer 2020",
        "query": None,
        "private": False,
        "family": "editor",
        "role": "owner",
        "user": (await anna.get("/auth/me")).json()["id"],
        "owner": "Anna",
        "members": [],
        "parent": None,
        "sorting": "newest",
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


async def test_an_album_can_be_entered_anywhere(anna: httpx.AsyncClient, findable: Findable) -> None:
    ids = [str(await findable.file(start=f"2020-06-0{day}T10:00:00.000")) for day in range(1, 6)]
    by_hand = await add(anna, name="Summer 2020")
    await anna.post(f"/albums/{by_hand['id']}/files", json={"ids": ids})
    found = await add(anna, name="June", query="date:2020-06")
    for album in (by_hand, found):
        path = f"/albums/{album['id']}/files"
        whole = [item["id"] for item in (await anna.get(path)).json()["items"]]
        assert sorted(whole) == sorted(ids)
        middle = (await anna.get(path, params={"offset": 2, "limit": 2})).json()
        assert ([item["id"] for item in middle["items"]], middle["total"]) == (whole[2:4], 5)
        last = (await anna.get(path, params={"offset": 0, "cursor": middle["next"]})).json()
        assert ([item["id"] for item in last["items"]], last["next"]) == (whole[4:], None)
        assert (await anna.get(path, params={"offset": 1 << 40})).json()["items"] == []
        assert_error(await anna.get(path, params={"offset": -1}), 400, "invalid_input")


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
    assert_error(await bruno.patch(f"/albums/{family['id']}", json={"private": True}), 403)
    assert (await anna.patch(f"/albums/{family['id']}", json={"private": True})).json()["private"]
    assert (await bruno.get("/albums")).json()["items"] == []
    assert (await anna.delete(f"/albums/{own['id']}")).status_code == 204
    assert (await anna.get(f"/files/{file}")).status_code == 200


async def test_what_its_owner_puts_into_an_album_is_seen_by_whoever_sees_the_album_and_there_only(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    owner = (await anna.get("/auth/me")).json()["id"]
    hers, everyones = await findable.file(owner=owner), await findable.file()
    hidden = await findable.file(owner=owner)
    album = await add(anna, name="Family")
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [str(hers), str(everyones)]})
    shown = (await bruno.get(f"/albums/{album['id']}")).json()
    assert (shown["count"], shown["role"]) == (2, "editor")
    assert (await bruno.get(f"/files/{hers}")).status_code == 200
    assert_error(await bruno.get(f"/files/{hidden}"), 404)
    assert (await bruno.get("/timeline")).json()["total"] == 1
    assert [item["id"] for item in (await bruno.get("/files")).json()["items"]] == [str(everyones)]
    # He sees it, and may do nothing with it but put it into albums.
    for answer in (
        await bruno.patch(f"/files/{hers}", json={"favourite": True}),
        await bruno.delete(f"/files/{hers}"),
        await bruno.put(f"/files/{hers}/tags", json={"names": ["mine"]}),
    ):
        assert answer.status_code in (403, 404), answer.text
    assert (await anna.get(f"/files/{hers}")).json()["trashed_at"] is None
    # Putting it into another album shows it to nobody who does not see it anyway.
    own = await add(bruno, name="His", private=False)
    await bruno.post(f"/albums/{own['id']}/files", json={"ids": [str(hers)]})
    await anna.patch(f"/albums/{album['id']}", json={"private": True})
    assert_error(await bruno.get(f"/files/{hers}"), 404)
    assert (await bruno.get(f"/albums/{own['id']}")).json()["count"] == 0
    assert (await anna.get(f"/albums/{own['id']}")).json()["count"] == 1


async def test_what_a_person_cannot_see_they_can_neither_put_in_nor_take_out(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    owner = (await anna.get("/auth/me")).json()["id"]
    hers = await findable.file(owner=owner)
    album = await add(anna, name="Family")
    assert (await bruno.post(f"/albums/{album['id']}/files", json={"ids": [str(hers)]})).json()["count"] == 0
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [str(hers)]})
    await anna.patch(f"/files/{hers}", json={"hidden": True})
    await bruno.post(f"/albums/{album['id']}/files/remove", json={"ids": [str(hers)]})
    await anna.patch(f"/files/{hers}", json={"hidden": False})
    assert (await anna.get(f"/albums/{album['id']}")).json()["count"] == 1


@pytest.mark.parametrize(
    "album", [{"name": " "}, {"name": "x" * 201}, {"name": "a", "query": "  "}, {"name": "a", "x": 1}]
)
async def test_what_makes_no_album_is_refused(anna: httpx.AsyncClient, album: dict[str, Any]) -> None:
    assert_error(await anna.post("/albums", json=album), 400)
