"""Who may do what with an album over HTTP: people let in by name, albums in albums, order, covers, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.appliance.findable import Findable
from tests.web.api.test_albums import add
from tests.web.conftest import assert_error

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service


@pytest.fixture
async def findable(service: Service, tmp_path: Path) -> Findable:
    return await Findable.create(service.house.home, tmp_path)


async def id_of(client: httpx.AsyncClient) -> str:
    user: str = (await client.get("/auth/me")).json()["id"]
    return user


async def let_in(client: httpx.AsyncClient, album: dict[str, Any], **roles: str) -> httpx.Response:
    members = [{"user": user, "role": role} for user, role in roles.items()]
    return await client.put(f"/albums/{album['id']}/members", json={"members": members})


async def ids_in(client: httpx.AsyncClient, album: dict[str, Any]) -> list[str]:
    return [item["id"] for item in (await client.get(f"/albums/{album['id']}/files")).json()["items"]]


async def undo(client: httpx.AsyncClient, entry: str) -> httpx.Response:
    return await client.post(f"/journal/{entry}/undo")


async def last_entry(client: httpx.AsyncClient) -> str:
    entry: str = (await client.get("/journal", params={"noun": "album"})).json()["items"][0]["id"]
    return entry


async def test_a_viewer_looks_an_editor_changes_an_owner_shares(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    bruno_id = await id_of(bruno)
    hers, everyones = await findable.file(owner=await id_of(anna)), await findable.file()  # type: ignore[arg-type]  # SQL takes either
    album = await add(anna, name="Lisbon", private=True)
    path = f"/albums/{album['id']}"
    await anna.post(f"{path}/files", json={"ids": [str(hers)]})
    assert_error(await bruno.get(path), 404)
    assert (await let_in(anna, album, **{bruno_id: "viewer"})).json()["members"] == [
        {"user": bruno_id, "name": "Bruno", "role": "viewer"}
    ]
    assert (await bruno.get(path)).json()["role"] == "viewer"
    assert (await bruno.get(path)).json()["members"] == []
    assert await ids_in(bruno, album) == [str(hers)]
    for answer in (
        await bruno.patch(path, json={"name": "Porto"}),
        await bruno.post(f"{path}/files", json={"ids": [str(everyones)]}),
        await bruno.post(f"{path}/files/remove", json={"ids": [str(hers)]}),
        await bruno.post(f"{path}/order", json={"ids": [str(hers)]}),
        await bruno.put(f"{path}/members", json={"members": []}),
        await bruno.delete(path),
        await bruno.post("/shares", json={"album": album["id"]}),
    ):
        assert_error(answer, 403, "not_allowed")
    await let_in(anna, album, **{bruno_id: "editor"})
    assert (await bruno.post(f"{path}/files", json={"ids": [str(everyones)]})).json()["count"] == 2
    assert (await bruno.patch(path, json={"name": "Porto"})).json()["name"] == "Porto"
    for answer in (
        await bruno.patch(path, json={"family": "viewer"}),
        await bruno.put(f"{path}/members", json={"members": []}),
        await bruno.delete(path),
        await bruno.post("/shares", json={"album": album["id"]}),
    ):
        assert_error(answer, 403, "not_allowed")
    assert (await bruno.post(f"{path}/leave")).status_code == 204
    assert_error(await bruno.get(path), 404)
    assert_error(await bruno.get(f"/files/{hers}"), 404)


async def test_albums_in_an_album_are_seen_by_whoever_sees_that(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    outer = await add(anna, name="2024", private=True)
    inner = await add(anna, name="Lisbon", private=True, parent=outer["id"])
    deepest = await add(anna, name="Day one", private=True, parent=inner["id"])
    hers = await findable.file(owner=await id_of(anna))  # type: ignore[arg-type]  # SQL takes either
    await anna.post(f"/albums/{deepest['id']}/files", json={"ids": [str(hers)]})
    await let_in(anna, inner, **{await id_of(bruno): "viewer"})
    seen = {album["name"]: album["parent"] for album in (await bruno.get("/albums")).json()["items"]}
    assert seen == {"Lisbon": None, "Day one": inner["id"]}
    assert (await bruno.get(f"/files/{hers}")).status_code == 200
    assert_error(await anna.patch(f"/albums/{outer['id']}", json={"parent": deepest["id"]}), 409)
    assert_error(await anna.patch(f"/albums/{outer['id']}", json={"parent": outer["id"]}), 409)
    await anna.patch(f"/albums/{deepest['id']}", json={"parent": None})
    assert_error(await bruno.get(f"/files/{hers}"), 404)
    assert (await anna.delete(f"/albums/{inner['id']}")).status_code == 204
    assert (await undo(anna, await last_entry(anna))).status_code == 200
    assert (await anna.get(f"/albums/{inner['id']}")).json()["parent"] == outer["id"]


async def test_no_way_back_puts_an_album_into_itself(anna: httpx.AsyncClient) -> None:
    one, other = [await add(anna, name=name, private=True) for name in ("One", "Other")]
    first, second = f"/albums/{one['id']}", f"/albums/{other['id']}"
    await anna.patch(first, json={"parent": other["id"]})
    await anna.patch(first, json={"parent": None})
    out = await last_entry(anna)
    await anna.patch(second, json={"parent": one["id"]})
    assert_error(await undo(anna, out), 409, "conflict")
    assert [(await anna.get(path)).json()["parent"] for path in (first, second)] == [None, one["id"]]
    await anna.patch(second, json={"parent": None})
    assert (await undo(anna, out)).status_code == 200
    assert (await anna.get(first)).json()["parent"] == other["id"]


async def test_what_lies_in_an_album_counts_for_how_deep_it_may_lie(anna: httpx.AsyncClient) -> None:
    chains = []
    for _ in range(2):
        chain: list[dict[str, Any]] = []
        for deep in range(5):
            chain.append(await add(anna, name=str(deep), private=True, parent=chain[-1]["id"] if chain else None))
        chains.append(chain)
    top = f"/albums/{chains[0][0]['id']}"
    assert_error(await anna.patch(top, json={"parent": chains[1][-1]["id"]}), 409, "conflict")
    assert (await anna.patch(top, json={"parent": chains[1][2]["id"]})).status_code == 200


async def test_an_album_of_another_person_takes_no_album(anna: httpx.AsyncClient, bruno: httpx.AsyncClient) -> None:
    hers = await add(anna, name="Hers")
    assert_error(await bruno.post("/albums", json={"name": "His", "parent": hers["id"]}), 403)


async def test_an_album_is_ordered_by_date_or_by_hand(anna: httpx.AsyncClient, findable: Findable) -> None:
    days = [str(await findable.file(start=f"2020-01-0{day}T00:00:00")) for day in (1, 2, 3)]
    album = await add(anna, name="Order")
    path = f"/albums/{album['id']}"
    await anna.post(f"{path}/files", json={"ids": days})
    assert await ids_in(anna, album) == days[::-1]
    await anna.patch(path, json={"sorting": "oldest"})
    assert await ids_in(anna, album) == days
    moved = (await anna.post(f"{path}/order", json={"ids": [days[2]], "before": days[1]})).json()
    assert moved["sorting"] == "hand"
    by_hand = [days[0], days[2], days[1]]
    assert await ids_in(anna, album) == by_hand
    late = str(await findable.file(start="2019-01-01T00:00:00"))
    await anna.post(f"{path}/files", json={"ids": [late]})
    assert await ids_in(anna, album) == [*by_hand, late]
    assert (await anna.patch(path, json={"cover": days[1]})).json()["cover"] == days[1]
    assert_error(await anna.patch(path, json={"cover": str(await findable.file())}), 400)
    put = await last_entry(anna)
    assert (await undo(anna, put)).status_code == 200  # the cover
    assert (await anna.get(path)).json()["cover"] == days[0]


async def test_a_cover_that_the_album_does_not_show_any_more_is_none(
    anna: httpx.AsyncClient, findable: Findable
) -> None:
    first, other = [str(await findable.file(start=f"2020-01-0{day}T00:00:00")) for day in (2, 1)]
    album = await add(anna, name="Cover")
    path = f"/albums/{album['id']}"
    await anna.post(f"{path}/files", json={"ids": [first, other]})
    assert (await anna.patch(path, json={"cover": other})).json()["cover"] == other
    for away, back in (
        (anna.post(f"{path}/files/remove", json={"ids": [other]}), anna.post(f"{path}/files", json={"ids": [other]})),
        (anna.delete(f"/files/{other}"), anna.post("/trash/restore")),
        (anna.patch(f"/files/{other}", json={"hidden": True}), anna.patch(f"/files/{other}", json={"hidden": False})),
    ):
        await away
        assert (await anna.get(path)).json()["cover"] == first
        await back
        assert (await anna.get(path)).json()["cover"] == other


async def test_each_change_of_an_album_can_be_undone_in_turn(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    days = [str(await findable.file(start=f"2020-01-0{day}T00:00:00")) for day in (1, 2, 3)]
    album = await add(anna, name="One")
    path = f"/albums/{album['id']}"

    async def state() -> list[Any]:
        answer = await anna.get(path)
        shown = {**answer.json(), "modified": ""} if answer.status_code == 200 else {}
        return [shown, await ids_in(anna, album) if shown else []]

    steps = [await state()]
    for change in (
        anna.post(f"{path}/files", json={"ids": days}),
        anna.post(f"{path}/order", json={"ids": [days[0]], "before": days[2]}),
        anna.post(f"{path}/files/remove", json={"ids": [days[2]]}),
        anna.patch(path, json={"name": "Two", "family": "", "sorting": "oldest", "cover": days[1]}),
        anna.put(f"{path}/members", json={"members": [{"user": await id_of(bruno), "role": "editor"}]}),
        anna.delete(path),
    ):
        assert (await change).status_code in (200, 204)
        steps.append(await state())
    steps.pop()
    entries = [item["id"] for item in (await anna.get("/journal", params={"noun": "album"})).json()["items"]]
    assert_error(await undo(anna, entries[3]), 409)  # not before what came after it
    for entry in entries[:-1]:
        assert (await undo(anna, entry)).status_code == 200
        assert await state() == steps.pop()
    assert steps == []


async def test_who_may_not_change_an_album_any_more_cannot_undo_in_it(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    file = str(await findable.file())
    album = await add(anna, name="Family")
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [file]})
    taken = (await bruno.post(f"/albums/{album['id']}/files/remove", json={"ids": [file]})).json()
    await anna.patch(f"/albums/{album['id']}", json={"family": "viewer"})
    assert_error(await undo(bruno, taken["undo"]), 403)


async def test_the_name_of_an_album_finds_its_files_for_those_who_may_look_at_it(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    file = str(await findable.file())
    album = await add(anna, name="Zanzibar", private=True)
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [file]})

    async def finds(client: httpx.AsyncClient, q: str) -> int:
        total: int = (await client.get("/search", params={"q": q})).json()["total"]
        return total

    assert [await finds(anna, q) for q in ("zanzibar", "album:zanzibar")] == [1, 1]
    assert [await finds(bruno, q) for q in ("zanzibar", "album:zanzibar")] == [0, 0]
    await let_in(anna, album, **{await id_of(bruno): "viewer"})
    assert [await finds(bruno, q) for q in ("zanzibar", "album:zanzibar")] == [1, 1]
    await let_in(anna, album)
    assert [await finds(bruno, q) for q in ("zanzibar", "album:zanzibar")] == [0, 0]
