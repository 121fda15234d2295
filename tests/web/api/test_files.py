"""Stored files over HTTP: lists, marks, trash, versions."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.web.conftest import Service

FIELDS = """
    id filename kind mime_type size_bytes metadata processor_metadata user library content paths content_sha
    content_sha1 start end utc_offset_min latitude longitude altitude location place width height duration_s thumbhash
    related_files tags events albums faces captions rating favourite archived hidden trashed_at description created
    modified content_url preview_url thumbnail_url video_url
"""


async def test_a_file_has_every_field_of_the_contract(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    sent = photo("2024:05:01 12:00:00")
    shown = await upload(anna, sent, "beach.jpg")
    assert set(FIELDS.split()) - set(shown) == set()
    assert shown["filename"] == "beach.jpg"
    assert shown["kind"] == "photo"
    assert shown["size_bytes"] == len(sent)
    assert shown["content"] == "2024/05/beach.jpg"
    assert shown["start"].startswith("2024-05-01")
    assert shown["location"] is None
    assert shown["video_url"] is None
    assert (await anna.get(f"/files/{shown['id']}")).json()["content_sha"] == shown["content_sha"]


async def test_lists_go_on_where_they_stopped(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    sent = [await upload(anna, photo(), f"{n}.jpg") for n in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await anna.get("/files", params=query)).json()
        assert page["total"] == 7
        assert len(page["items"]) <= 3
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        await upload(anna, photo())  # what comes in between neither repeats nor hides anything
        break
    rest = (await anna.get("/files", params={"limit": "100", "cursor": cursor or ""})).json()
    seen += [item["id"] for item in rest["items"]]
    assert seen == [one["id"] for one in reversed(sent)]


async def test_lists_can_be_narrowed(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    one = await upload(anna, photo())
    await upload(anna, photo())
    found = (await anna.get("/files", params={"content_sha": one["content_sha"].upper()})).json()
    assert [item["id"] for item in found["items"]] == [one["id"]]
    assert (await anna.get("/files", params={"kind": "video"})).json()["total"] == 0
    assert (await anna.get("/files", params={"library": one["library"]})).json()["total"] == 2
    assert (await anna.get("/files", params={"library": str(uuid.uuid4())})).json()["total"] == 0


async def test_what_is_hidden_is_listed_when_asked_for_to_whoever_may_show_it_again(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    own, shared, other = [(await upload(anna, photo()))["id"] for _ in range(3)]
    await anna.post("/files/shared", json={"ids": [shared], "shared": True})
    await anna.post("/files/edit", json={"ids": [own, shared], "changes": {"hidden": True}})
    assert [item["id"] for item in (await anna.get("/files")).json()["items"]] == [other]
    first = (await anna.get("/files", params={"hidden": True, "limit": 1})).json()
    rest = (await anna.get("/files", params={"hidden": True, "limit": 1, "cursor": first["next"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [shared, own]
    assert (first["total"], rest["next"]) == (2, None)
    assert (await bruno.get("/files", params={"hidden": True})).json()["total"] == 0
    await anna.post("/files/edit", json={"ids": [own], "changes": {"hidden": False}})
    await anna.post("/files/trash", json={"ids": [shared]})
    assert (await anna.get("/files", params={"hidden": True})).json()["items"] == []
    assert {item["id"] for item in (await anna.get("/files")).json()["items"]} == {own, other}


async def test_marks_change_what_is_named_and_nothing_else(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    shown = await upload(anna, photo())
    url = f"/files/{shown['id']}"
    await anna.patch(url, json={"favourite": True, "rating": 4, "description": "at the sea"})
    changed = (await anna.patch(url, json={"rating": None})).json()
    assert (changed["favourite"], changed["rating"], changed["description"]) == (True, None, "at the sea")
    assert_error(await anna.patch(url, json={"rating": 6}), 400, "invalid_input")
    assert_error(await anna.patch(url, json={"favourite": None}), 400)
    assert_error(await anna.patch(url, json={"content": "../../etc/passwd"}), 400)
    entries = await service.house.home.db.fetch(
        'SELECT "verb", "before", "after" FROM "journal" WHERE "noun" = ?', ["files"]
    )
    assert [entry["verb"] for entry in entries] == ["change", "change"]
    assert entries[1]["before"] == '{"rating": 4}'
    assert entries[1]["after"] == '{"rating": null}'


async def test_the_trash_can_be_undone_and_touches_no_file(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    sent = photo("2024:05:01 12:00:00")
    shown = await upload(anna, sent)
    url = f"/files/{shown['id']}"
    assert (await anna.delete(url)).status_code == 204
    assert (await anna.delete(url)).status_code == 204
    assert (await anna.get("/files")).json()["total"] == 0
    assert (await anna.get("/timeline")).json()["total"] == 0
    assert (await anna.get("/files", params={"trashed": "true"})).json()["total"] == 1
    path = service.house.home.paths.uploads / shown["user"] / shown["content"]
    assert path.read_bytes() == sent
    restored = (await anna.post(f"{url}/restore")).json()
    assert restored["trashed_at"] is None
    assert (await anna.get("/timeline")).json() == {"total": 1, "months": [{"month": "2024-05", "count": 1}]}


async def test_an_upload_can_be_replaced_and_its_old_content_is_kept(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    old, new = photo(), photo()
    shown = await upload(anna, old)
    await anna.patch(f"/files/{shown['id']}", json={"favourite": True})
    replaced = await anna.put(f"/files/{shown['id']}/content", content=new)
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["content_sha"] != shown["content_sha"]
    assert replaced.json()["favourite"] is True
    assert (await anna.get(f"/files/{shown['id']}/content")).content == new
    (kept,) = service.house.home.paths.versions.iterdir()
    assert kept.read_bytes() == old
    (version,) = await service.house.home.db.fetch('SELECT "content_sha", "kept_as" FROM "file_version"')
    assert (version["content_sha"], version["kept_as"]) == (shown["content_sha"], kept.name)
    assert list(service.house.home.paths.incoming.iterdir()) == []


async def test_a_replacement_that_is_no_photo_is_refused_and_changes_nothing(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    old, other = photo(), photo()
    shown = await upload(anna, old)
    await upload(anna, other, "other.jpg")
    url = f"/files/{shown['id']}/content"
    assert_error(await anna.put(url, content=b""), 400, "invalid_input")
    assert_error(await anna.put(url, content=other), 409, "conflict")
    assert (await anna.get(url)).content == old
    assert list(service.house.home.paths.versions.iterdir()) == []
    assert list(service.house.home.paths.incoming.iterdir()) == []
