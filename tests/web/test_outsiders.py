"""Ways round what is private that are no route's own: found by whoever tried, and shut."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
from typing import TYPE_CHECKING

import httpx

from appliance.jobs import restore_drill
from appliance.library import kept, libraries
from tests.appliance.findable import Findable
from tests.web.api.test_album_rights import id_of, ids_in, let_in
from tests.web.api.test_albums import add
from tests.web.conftest import PASSWORD, assert_error, upload
from tests.web.test_access import logged_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.web.conftest import Service


async def test_nobody_makes_themselves_a_key_that_counts_everybodys_files(
    service: Service, anna: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """Counts are for admins; a key with the scope `metrics` may do what its user may, and only that of it."""
    assert_error(await anna.get("/metrics"), 403, "not_allowed")
    key = (await anna.post("/keys", json={"scopes": ["metrics"]})).json()["key"]
    assert_error(await anna.get("/metrics", headers={"x-api-key": key}), 403, "not_allowed")
    admins = (await admin.post("/keys", json={"scopes": ["metrics"]})).json()["key"]
    assert "homeroll_files" in (await anna.get("/metrics", headers={"x-api-key": admins})).text


async def test_an_admin_makes_no_key_that_sees_what_they_do_not(
    service: Service, anna: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    asked = await admin.post("/keys", json={"user": await id_of(anna)})
    assert_error(asked, 403, "not_allowed")
    assert (await admin.post("/keys", json={"user": await id_of(admin)})).status_code == 201


async def test_who_sees_a_photo_in_an_album_draws_no_faces_on_it(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo())
    album = await add(anna, name="Lisbon", private=True)
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [file["id"]]})
    await let_in(anna, album, **{await id_of(bruno): "viewer"})
    assert (await bruno.get(f"/files/{file['id']}")).status_code == 200
    drawn = await bruno.post("/faces", json={"file": file["id"], "box": [0.1, 0.1, 0.3, 0.3], "name": "Mallory"})
    assert_error(drawn, 404, "not_found")
    assert (await anna.get(f"/files/{file['id']}/faces")).json()["items"] == []
    assert (await anna.get("/people")).json()["items"] == []


async def test_an_admin_does_not_take_back_what_somebody_did_with_files_of_their_own(
    anna: httpx.AsyncClient, admin: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo())
    await anna.post("/files/shared", json={"ids": [file["id"]], "shared": True})
    entry = (await anna.post("/files/shared", json={"ids": [file["id"]], "shared": False})).json()["undo"]
    assert_error(await admin.get(f"/files/{file['id']}"), 404)
    assert_error(await admin.post(f"/journal/{entry}/undo"), 404, "not_found")
    assert_error(await admin.get(f"/files/{file['id']}"), 404)
    assert (await anna.post(f"/journal/{entry}/undo")).status_code == 200


async def test_an_admin_takes_back_nothing_that_they_do_not_see(
    service: Service, anna: httpx.AsyncClient, admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    findable = await Findable.create(service.house.home, tmp_path)
    otto = await findable.person("Otto")
    file = str(await findable.file(owner=uuid.UUID(await id_of(anna)), people=[otto]))
    album = await add(anna, name="Mine", private=True)
    assert_error(await admin.post(f"/journal/{uuid.uuid4()}/undo"), 404, "not_found")
    for done in (
        await anna.post(f"/albums/{album['id']}/files", json={"ids": [file]}),
        await anna.post("/events", json={"ids": [file], "name": "Mine"}),
        await anna.post("/files/edit", json={"ids": [file], "changes": {"favourite": True}}),
        await anna.patch(f"/people/{otto}", json={"name": "Mine"}),
    ):
        entry = done.json()["undo"]
        assert_error(await admin.post(f"/journal/{entry}/undo"), 404, "not_found")
        assert (await anna.post(f"/journal/{entry}/undo")).status_code == 200


async def test_what_an_admin_may_change_they_may_take_back(
    service: Service, anna: httpx.AsyncClient, admin: httpx.AsyncClient, bruno: httpx.AsyncClient, tmp_path: Path
) -> None:
    findable = await Findable.create(service.house.home, tmp_path)
    otto = await findable.person("Otto")
    file = str(await findable.file(people=[otto]))
    entries = [
        (await anna.post("/files/edit", json={"ids": [file], "changes": {"favourite": True}})).json()["undo"],
        (await anna.patch(f"/people/{otto}", json={"name": "Karl"})).json()["undo"],
        (await anna.post("/events", json={"ids": [file], "name": "Ours"})).json()["undo"],
    ]
    entries.append((await anna.patch(f"/people/{otto}", json={"private": True})).json()["undo"])
    assert_error(await admin.get(f"/people/{otto}"), 404)  # one of the family's, whom she took away
    for entry in reversed(entries):
        assert_error(await bruno.post(f"/journal/{entry}/undo"), 404, "not_found")
        assert (await admin.post(f"/journal/{entry}/undo")).status_code == 200


async def test_why_it_is_not_well_names_no_library_of_somebody_else(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    home, root = service.house.home, tmp_path / "hers"
    root.mkdir()
    row = await libraries.add_library(home.db, name="Divorce", root=str(root), user=uuid.UUID(await id_of(anna)))
    await libraries.set_status(home.db, uuid.UUID(row["id"]), "frozen", reason="417 of 500 files are gone")
    for client in (anna, admin):  # whom it is about, and who can mend it
        assert "Divorce" in (await client.get("/health")).text
    key = {"x-api-key": await service.key(uuid.UUID(await id_of(anna)), "upload")}
    for told in (await bruno.get("/health"), await anna.get("/health", headers=key)):
        assert told.json()["status"] == "degraded"
        assert "Divorce" not in told.text
        assert "417" not in told.text


async def test_streams_end_with_what_opened_them(service: Service, admin: httpx.AsyncClient) -> None:
    otto = await service.person("otto")

    async def logs_out(browser: httpx.AsyncClient) -> httpx.Response:
        return await browser.post("/auth/logout")

    async def changes_password(browser: httpx.AsyncClient) -> httpx.Response:
        body = {"current_password": PASSWORD, "new_password": PASSWORD + "!"}
        return await browser.post("/auth/password", json=body)

    async def is_removed(browser: httpx.AsyncClient) -> httpx.Response:
        return await admin.delete(f"/users/{otto}")

    for number, end in enumerate((logs_out, changes_password, is_removed)):
        if number == 2:
            await admin.patch(f"/users/{otto}", json={"password": PASSWORD})
        browser = await logged_in(service, "otto")
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(browser.aclose)
            async with asyncio.timeout(60), browser.stream("GET", "/messages") as listening:
                lines = listening.aiter_lines()
                await anext(lines)
                assert (await end(browser)).status_code == 204
                async for _ in lines:  # ends: the test would run out of time otherwise
                    pass


async def test_an_origin_that_is_none_is_another_site(service: Service) -> None:
    await service.person("anna")
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1") as client:
        body = {"username": "anna", "password": PASSWORD}
        assert (await client.post("/auth/login", json=body)).status_code == 200
        for origin in ("http://[", "http://[::1", "null", "//", "http://127.0.0.1:0@evil"):
            for path in ("/auth/login", "/albums"):
                assert_error(await client.post(path, json=body, headers={"origin": origin}), 403, "not_allowed")


async def test_the_next_page_of_events_tells_no_time_of_what_is_hidden(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, tmp_path: Path
) -> None:
    """An event of the family's photos, in which anna has one of her own: it begins with hers."""
    findable = await Findable.create(service.house.home, tmp_path)
    hers = await findable.file(owner=uuid.UUID(await id_of(anna)), start="2011-03-04T05:06:07.000")
    family = [(year, await findable.file(start=f"{year}-03-09T00:00:00.000")) for year in (2011, 2010)]
    await findable.home.db.fetch(
        """UPDATE "stored_file" SET "start" = replace(substr("local_start", 1, 19), 'T', ' ') || '+00:00'"""
    )
    for year, shown in family:
        ids = [str(shown), str(hers)] if year == 2011 else [str(shown)]
        assert (await anna.post("/events", json={"ids": ids, "name": "x"})).status_code == 201
    first = (await bruno.get("/events", params={"limit": 1})).json()
    assert first["total"] == 2
    cursor = first["next"]
    assert b"2011-03-04" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    second = (await bruno.get("/events", params={"limit": 1, "cursor": cursor})).json()
    assert second["items"][0]["start"].startswith("2010")
    assert second["next"] is None


async def test_whether_a_hidden_photo_is_in_an_album_is_not_told_by_choosing_it_as_cover(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    """bruno's own photo was put in by somebody else: anna, who edits, does not see it."""
    album = await add(anna, name="Ours")
    his = await upload(bruno, photo())
    await bruno.post(f"/albums/{album['id']}/files", json={"ids": [his["id"]]})
    await bruno.post("/files/trash", json={"ids": [his["id"]]})
    answers = [
        await anna.patch(f"/albums/{album['id']}", json={"cover": file}) for file in (his["id"], str(uuid.uuid4()))
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].text == answers[1].text


async def test_a_key_that_only_sends_is_told_nothing_of_what_is_here_already(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes], tmp_path: Path
) -> None:
    data = photo()
    file = await upload(anna, data)
    changes = {"description": "jabberwock", "add_tags": ["wombatting"], "favourite": True}
    await anna.post("/files/edit", json={"ids": [file["id"]], "changes": changes})
    await anna.post(
        f"/albums/{(await add(anna, name='Quokkas', private=True))['id']}/files", json={"ids": [file["id"]]}
    )
    await anna.post("/faces", json={"file": file["id"], "box": [0.1, 0.1, 0.3, 0.3], "name": "Zebedee"})
    for scopes, told in ((("upload",), False), (("upload", "read"), True)):
        key = {"x-api-key": await service.key(uuid.UUID(await id_of(anna)), *scopes)}
        answer = await anna.post("/files", files={"file": ("again.jpg", data)}, headers=key)
        (item,) = answer.json()["items"]
        assert (item["status"], item["file"]["id"]) == ("duplicate", file["id"])
        for word in ("jabberwock", "wombatting", "Quokkas", "Zebedee"):
            assert (word in answer.text) is told, word


async def test_what_is_in_the_locked_space_is_not_named_by_what_clashes_with_it(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo()
    secret, other = await upload(anna, data, "divorce.jpg"), await upload(anna, photo())
    await anna.post("/locked/files", json={"ids": [secret["id"]]})
    answer = await anna.put(f"/files/{other['id']}/content", content=data)
    assert_error(answer, 409, "conflict")
    assert "divorce" not in answer.text


async def test_who_may_be_who_is_not_crowded_out_by_people_on_hidden_photos(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, tmp_path: Path
) -> None:
    findable = await Findable.create(service.house.home, tmp_path)
    owner = uuid.UUID(await id_of(anna))

    async def alike(owner: uuid.UUID | None, confidence: float) -> set[str]:
        two = [await findable.person("") for _ in range(2)]
        await findable.file(owner=owner, people=two[:1])
        await findable.file(owner=owner, people=two[1:])
        await findable.home.db.fetch(
            """INSERT INTO "person_suggestion" ("id", "face", "person", "other", "confidence")
               SELECT ?1, "id", ?2, ?3, ?4 FROM "face" WHERE "person" = ?2""",
            [str(uuid.uuid4()), *(str(one) for one in two), confidence],
        )
        return {str(one) for one in two}

    shown = await alike(None, 0.5)
    for _ in range(5):
        await alike(owner, 0.9)
    (found,) = (await bruno.get("/people/suggestions", params={"limit": 1})).json()["items"]
    assert {found["person"]["id"], found["other"]["id"]} == shown
    assert len((await bruno.get("/people/suggestions")).json()["items"]) == 1
    assert len((await anna.get("/people/suggestions")).json()["items"]) == 6


async def test_a_rehearsal_names_to_an_admin_no_files_that_somebody_keeps_to_themselves(
    service: Service, anna: httpx.AsyncClient, admin: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    await upload(anna, photo(), "divorce.jpg")
    db = service.house.home.db
    library = await db.value('SELECT "name" FROM "library" WHERE "user" IS NOT NULL')
    problems = ["Family/sea.jpg: gone", f"{library}/2026/divorce.jpg: gone", "guests/1 (divorce too.jpg): gone"]
    async with db.write():
        await kept.remember(db, restore_drill.STATE, {"failed": 3, "problems": problems, "at": "2026-11-21T00:00:00Z"})
    told = (await admin.get("/integrity")).json()["last_drill"]
    assert told["problems"] == ["Family/sea.jpg: gone", "2 that somebody keeps to themselves"]
    transport = httpx.ASGITransport(app=service.house.admin_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as local:
        assert (await local.get("/integrity")).json()["last_drill"]["problems"] == problems


async def test_who_may_not_see_an_album_any_more_shows_nothing_in_it_either(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, admin: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    hers = await upload(anna, photo("2020:01:01 10:00:00"))
    album = await add(bruno, name="Ours", private=True)
    both = {await id_of(anna): "editor", await id_of(admin): "viewer"}
    await let_in(bruno, album, **both)
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [hers["id"]]})
    for client in (bruno, admin):
        assert (await client.get(f"/files/{hers['id']}")).status_code == 200
        assert await ids_in(client, album) == [hers["id"]]
    await let_in(bruno, album, **{await id_of(admin): "viewer"})
    for client in (bruno, admin):
        assert_error(await client.get(f"/files/{hers['id']}"), 404)
        assert_error(await client.get(f"/files/{hers['id']}/content"), 404)
        assert await ids_in(client, album) == []
        assert (await client.get(f"/albums/{album['id']}")).json()["cover"] is None
    await let_in(bruno, album, **both)
    assert await ids_in(admin, album) == [hers["id"]]


async def test_what_somebody_shared_and_put_away_since_is_not_there_for_others(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    hers = await upload(anna, photo("2020:01:02 10:00:00"))
    await anna.post("/files/shared", json={"ids": [hers["id"]], "shared": True})
    path = f"/files/{hers['id']}"
    for away, back in (
        (anna.patch(path, json={"hidden": True}), anna.patch(path, json={"hidden": False})),
        (anna.delete(path), anna.post(f"{path}/restore")),
    ):
        assert (await bruno.get(path)).status_code == 200
        await away
        for part in ("", "/content", "/thumbnail", "/preview", "/similar"):
            assert_error(await bruno.get(path + part), 404)
        assert_error(await bruno.patch(path, json={"favourite": True}), 404)
        for listed in ("/trash", "/files?trashed=true", "/files?hidden=true"):
            assert (await bruno.get(listed)).json()["total"] == 0
        assert (await anna.get(path)).status_code == 200
        await back
    assert (await bruno.get(path)).status_code == 200


async def test_a_hidden_photo_in_an_album_hides_what_is_shown_through_it(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    hers, raw = await upload(anna, photo("2020:01:03 10:00:00")), await upload(anna, photo("2020:01:03 10:00:00"))
    async with service.house.home.db.write():
        await service.house.home.db.fetch(
            'UPDATE "stored_file" SET "part_of" = ? WHERE "id" = ?', [hers["id"], raw["id"]]
        )
    album = await add(anna, name="Ours", private=True)
    await let_in(anna, album, **{await id_of(bruno): "viewer"})
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [hers["id"]]})
    assert (await bruno.get(f"/files/{raw['id']}/content")).status_code == 200
    await anna.patch(f"/files/{hers['id']}", json={"hidden": True})
    for file in (hers, raw):
        assert_error(await bruno.get(f"/files/{file['id']}/content"), 404)
