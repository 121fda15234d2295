"""The locked space and sharing with the family, over HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from appliance.values import now
from tests.web.conftest import PASSWORD, assert_error, until_heard, upload
from tests.web.world import settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.web.conftest import Service


@pytest.fixture
async def browser(service: Service, anna: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Anna, logged in with a cookie."""
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"origin": service.url}) as client:
        answer = await client.post("/auth/login", json={"username": "anna", "password": PASSWORD})
        assert answer.status_code == 200
        yield client


async def lists(client: httpx.AsyncClient) -> str:
    paths = ("/files", "/timeline", "/timeline/2024-05", "/search?q=photo", "/files?trashed=true", "/albums")
    return "".join([(await client.get(path)).text for path in paths])


async def test_a_locked_file_is_seen_only_after_saying_the_password_again(
    anna: httpx.AsyncClient, browser: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo("2024:05:01 12:00:00"))
    album = (await anna.post("/albums", json={"name": "Mine"})).json()
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [file["id"]]})
    assert (await browser.post("/locked/files", json={"ids": [file["id"]]})).json() == {"changed": 1}
    for client in (browser, anna):
        assert file["id"] not in await lists(client)
        assert_error(await client.get(f"/files/{file['id']}"), 404)
        assert_error(await client.get(f"/files/{file['id']}/thumbnail"), 404)
        assert (await client.get(f"/albums/{album['id']}")).json()["count"] == 0
        assert_error(await client.get("/locked/files"), 403, "locked")
        assert_error(await client.post("/locked/files/remove", json={"ids": [file["id"]]}), 403, "locked")
        assert (await client.get("/locked")).json() == {"until": None}
    assert_error(await browser.post("/locked/open", json={"password": "something else"}), 403, "wrong_password")
    assert (await browser.post("/locked/open", json={"password": PASSWORD})).status_code == 200
    page = (await browser.get("/locked/files")).json()
    assert ([item["id"] for item in page["items"]], page["total"]) == ([file["id"]], 1)
    assert (await browser.get(f"/files/{file['id']}")).json()["locked"]
    assert (await browser.get(f"/files/{file['id']}/content")).status_code == 200
    assert file["id"] not in await lists(browser)  # open or not, it is in no other list
    assert_error(await anna.get(f"/files/{file['id']}"), 404)  # her programs see nothing of it
    assert (await browser.post("/locked/close")).status_code == 204
    assert_error(await browser.get(f"/files/{file['id']}"), 404)
    await browser.post("/locked/open", json={"password": PASSWORD})
    assert (await browser.post("/locked/files/remove", json={"ids": [file["id"]]})).json() == {"changed": 1}
    assert (await anna.get("/timeline")).json()["total"] == 1


async def test_the_locked_space_shuts_by_itself(
    service: Service, anna: httpx.AsyncClient, browser: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo())
    await browser.post("/locked/files", json={"ids": [file["id"]]})
    await browser.post("/locked/open", json={"password": PASSWORD})
    assert (await browser.get("/locked/files")).json()["total"] == 1
    db = service.house.home.db
    async with db.write():
        await db.fetch('UPDATE "session" SET "unlocked_until" = ?', [now() - timedelta(seconds=1)])
    assert_error(await browser.get("/locked/files"), 403, "locked")
    assert_error(await browser.get(f"/files/{file['id']}"), 404)


async def test_guessing_the_password_of_the_locked_space_is_slowed_down(browser: httpx.AsyncClient) -> None:
    answers = [(await browser.post("/locked/open", json={"password": str(n)})).status_code for n in range(6)]
    assert answers == [403] * 5 + [429]


async def test_a_program_cannot_open_the_locked_space(anna: httpx.AsyncClient) -> None:
    assert_error(await anna.post("/locked/open", json={"password": PASSWORD}), 400)


async def test_only_ones_own_files_can_be_locked(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    theirs, familys = await upload(bruno, photo()), await upload(bruno, photo())
    db = service.house.home.db
    async with db.write():
        await db.fetch('UPDATE "stored_file" SET "user" = NULL WHERE "id" = ?', [familys["id"]])
    assert_error(await anna.post("/locked/files", json={"ids": [familys["id"]]}), 403)
    assert (await anna.post("/locked/files", json={"ids": [theirs["id"]]})).json() == {"changed": 0}
    await bruno.post("/files/shared", json={"ids": [theirs["id"]], "shared": True})
    assert_error(await anna.post("/locked/files", json={"ids": [theirs["id"]]}), 403)


async def test_locking_and_unlocking_is_told_to_nobody_who_may_not_know(
    service: Service, anna: httpx.AsyncClient, browser: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo("2024:05:01 12:00:00"))
    await settled(service)
    heard, before = "", len(service.house.home.bus._inboxes)
    async with asyncio.timeout(60), anna.stream("GET", "/messages") as answer:
        await until_heard(service, listeners=before + 1)
        await browser.post("/locked/files", json={"ids": [file["id"]]})
        await browser.post("/locked/open", json={"password": PASSWORD})
        await browser.patch(f"/files/{file['id']}", json={"favourite": True})
        service.house.home.bus.publish(_last())
        async for line in answer.aiter_lines():
            heard += line
            if '"last"' in line:
                break
    assert file["id"] not in heard
    assert "2024-05" in heard  # pages that show that month look again


def _last() -> Any:
    from appliance.messages import FileChanged

    return FileChanged(ids=["last"], months=[], user=None)


async def test_the_same_bytes_sent_again_do_not_show_a_locked_file(
    anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo()
    file = await upload(anna, data)
    await anna.post("/locked/files", json={"ids": [file["id"]]})
    again = await anna.post("/files", files={"file": ("again.jpg", data)})
    assert_error(again, 400)
    assert file["id"] not in again.text


async def test_a_shared_file_is_seen_by_all_and_changed_by_its_owner_only(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo("2024:05:01 12:00:00"))
    shared = (await anna.post("/files/shared", json={"ids": [file["id"]], "shared": True})).json()
    assert (await bruno.get("/timeline")).json()["total"] == 1
    assert (await bruno.get(f"/files/{file['id']}")).json()["shared"]
    for answer in (
        await bruno.patch(f"/files/{file['id']}", json={"favourite": True}),
        await bruno.delete(f"/files/{file['id']}"),
        await bruno.post("/files/shared", json={"ids": [file["id"]], "shared": False}),
        await bruno.put(f"/files/{file['id']}/content", content=photo()),
        await bruno.get(f"/files/{file['id']}/history"),
        await bruno.get(f"/files/{file['id']}/versions"),
        await bruno.post(f"/files/{file['id']}/caption"),
    ):
        assert answer.status_code in (403, 404), answer.text
    assert (await anna.get(f"/files/{file['id']}")).json()["trashed_at"] is None
    assert (await anna.post(f"/journal/{shared['undo']}/undo")).status_code == 200
    assert (await bruno.get("/timeline")).json()["total"] == 0
    assert_error(await bruno.get(f"/files/{file['id']}"), 404)


async def test_what_one_sends_can_be_the_familys_to_see_from_the_start(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    await upload(anna, photo())
    assert (await anna.patch("/auth/me", json={"shares": True})).json()["shares"]
    later = await upload(anna, photo())
    assert [item["id"] for item in (await bruno.get("/files")).json()["items"]] == [later["id"]]
    library = later["library"]
    assert_error(await bruno.post(f"/libraries/{library}/shared", json={"shared": True}), 404)
    assert (await anna.post(f"/libraries/{library}/shared", json={"shared": True})).json()["shared"]
    assert (await bruno.get("/files")).json()["total"] == 2
    await anna.post(f"/libraries/{library}/shared", json={"shared": False})
    assert (await bruno.get("/files")).json()["total"] == 0
    assert (await anna.get("/files")).json()["total"] == 2
    # What is sent from now on lies in that library: both places say the same.
    assert not (await anna.get("/auth/me")).json()["shares"]
    await anna.post(f"/libraries/{library}/shared", json={"shared": True})
    assert (await anna.get("/auth/me")).json()["shares"]


async def test_the_others_hear_that_something_is_shared_and_not_what_is_taken_back(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo("2024:05:01 12:00:00"))
    await settled(service)
    heard: list[Any] = []
    before = len(service.house.home.bus._inboxes)
    async with asyncio.timeout(60), bruno.stream("GET", "/messages") as answer:
        await until_heard(service, listeners=before + 1)
        await anna.post("/files/shared", json={"ids": [file["id"]], "shared": True})
        await anna.post("/files/shared", json={"ids": [file["id"]], "shared": False})
        service.house.home.bus.publish(_last())
        name = ""
        async for line in answer.aiter_lines():
            name = line.removeprefix("event: ") if line.startswith("event: ") else name
            if line.startswith("data: ") and name == "FileChanged":
                heard.append(json.loads(line.removeprefix("data: "))["ids"])
                if heard[-1] == ["last"]:
                    break
    assert heard == [[file["id"]], [], [], ["last"]]


async def test_what_belongs_to_a_photo_is_shared_and_locked_with_it(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    whole, early, late = [await upload(anna, photo()) for _ in range(3)]
    db = service.house.home.db

    async def belongs(part: dict[str, Any]) -> None:
        async with db.write():
            await db.fetch('UPDATE "stored_file" SET "part_of" = ? WHERE "id" = ?', [whole["id"], part["id"]])

    async def seen(client: httpx.AsyncClient) -> list[bool]:
        return [(await client.get(f"/files/{one['id']}")).status_code == 200 for one in (whole, early, late)]

    await belongs(early)
    await anna.post("/files/shared", json={"ids": [whole["id"]], "shared": True})
    assert await seen(bruno) == [True, True, False]
    await belongs(late)
    assert await seen(bruno) == [True, True, True]
    await anna.post("/locked/files", json={"ids": [whole["id"]]})
    assert await seen(bruno) == [False, False, False]
    assert await seen(anna) == [False, False, False]
