"""Changing many files over HTTP: bulk edits, the trash, versions, a GPX track, and the way back from each."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.web.conftest import Service

    Photo = Callable[..., bytes]

TRACK = """<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="x"><trk><trkseg>
<trkpt lat="48.0" lon="16.0"><ele>200</ele><time>2024-05-01T10:00:00Z</time></trkpt>
<trkpt lat="48.2" lon="16.4"><ele>300</ele><time>2024-05-01T10:10:00Z</time></trkpt>
<trkpt lat="48.4" lon="16.4"><time>2024-05-01T14:00:00+02:00</time></trkpt>
<trkpt lat="95" lon="16.4"><time>2024-05-01T16:00:00Z</time></trkpt>
</trkseg></trk></gpx>"""


async def sent(client: httpx.AsyncClient, photo: Photo, *taken: str) -> list[str]:
    return [(await upload(client, photo(when), f"{number}.jpg"))["id"] for number, when in enumerate(taken)]


async def file(client: httpx.AsyncClient, file_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/files/{file_id}")).json()
    return found


async def undo(client: httpx.AsyncClient, answer: dict[str, Any]) -> None:
    assert (await client.post(f"/journal/{answer['undo']}/undo")).status_code == 200


async def test_many_files_are_changed_and_changed_back(anna: httpx.AsyncClient, photo: Photo) -> None:
    ids = await sent(anna, photo, "2024:05:01 12:00:00", "2024:05:02 12:00:00")
    changes = {"favourite": True, "rating": 5, "shift_s": 86_400 * 31, "add_tags": ["sea"]}
    answer = await anna.post("/files/edit", json={"ids": ids, "changes": changes})
    assert answer.status_code == 200
    assert answer.json()["changed"] == 2
    assert (await anna.get("/timeline")).json()["months"] == [{"month": "2024-06", "count": 2}]
    assert [tag["name"] for tag in (await file(anna, ids[0]))["tags"]] == ["sea"]
    (entry,) = (await anna.get(f"/files/{ids[0]}/history")).json()["items"]
    assert (entry["by"], entry["after"]["rating"], entry["after"]["tags"]) == ("Anna", 5, ["sea"])
    await undo(anna, answer.json())
    shown = await file(anna, ids[0])
    assert (shown["favourite"], shown["rating"], shown["tags"]) == (False, None, [])
    assert (await anna.get("/timeline")).json()["months"] == [{"month": "2024-05", "count": 2}]


async def test_what_cannot_be_is_refused(anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Photo) -> None:
    ids = await sent(anna, photo, "2024:05:01 12:00:00")
    bodies: tuple[dict[str, Any], ...] = (
        {"ids": [], "changes": {}},
        {"ids": ids, "changes": {"content": "x"}},
        {"ids": ids, "changes": {"location": {"latitude": 91, "longitude": 0}}},
        {"ids": ids, "changes": {"favourite": None}},
        {"ids": ids, "changes": {"date": "noon"}},
        {"ids": [str(uuid.uuid4()) for _ in range(10_001)], "changes": {}},
    )
    for body in bodies:
        assert_error(await anna.post("/files/edit", json=body), 400, "invalid_input")
    for path in ("edit", "trash", "restore"):
        more: dict[str, Any] = {"changes": {"rating": 1}} if path == "edit" else {}
        assert_error(await bruno.post(f"/files/{path}", json={"ids": ids, **more}), 404, "not_found")
    assert (await file(anna, ids[0]))["rating"] is None


async def test_a_track_places_what_it_covers(anna: httpx.AsyncClient, photo: Photo) -> None:
    ids = await sent(
        anna, photo, "2024:05:01 12:05:00", "2024:05:01 12:40:00", "2024:05:01 14:00:00", "2024:05:01 11:00:00"
    )
    await anna.post("/files/edit", json={"ids": [ids[2]], "changes": {"location": {"latitude": 1, "longitude": 2}}})
    answer = (await anna.post("/files/geotag", json={"ids": ids, "gpx": TRACK})).json()
    assert {name: answer[name] for name in ("changed", "outside", "skipped", "points")} == {
        "changed": 1,
        "outside": 2,
        "skipped": 1,
        "points": 3,
    }
    shown = await file(anna, ids[0])
    assert (shown["location"], shown["altitude"]) == ([16.2, 48.1], 250.0)
    assert shown["place"]["country_code"] == "AT"
    await undo(anna, answer)
    assert (await file(anna, ids[0]))["location"] is None
    shifted = await anna.post("/files/geotag", json={"ids": [ids[3]], "gpx": TRACK, "shift_s": 3600})
    assert shifted.json()["changed"] == 1
    assert (await file(anna, ids[3]))["location"] == [16.0, 48.0]


async def test_a_camera_without_a_zone_is_placed_by_the_clock_where_the_track_was(
    anna: httpx.AsyncClient, photo: Photo
) -> None:
    wall, known = await sent(anna, photo, "2024:05:01 12:05:00", "2024:05:01 10:05:00")  # Vienna is two hours ahead
    await anna.post("/files/edit", json={"ids": [known], "changes": {"utc_offset_min": 0}})
    odd = TRACK.replace('"1.0"?', '"1.0" encoding="UTF-16"?', 1)  # as it was before a browser read it
    answer = (await anna.post("/files/geotag", json={"ids": [wall, known], "gpx": odd})).json()
    assert (answer["changed"], answer["outside"]) == (2, 0)
    assert [(await file(anna, one))["location"] for one in (wall, known)] == [[16.2, 48.1], [16.2, 48.1]]


async def test_what_is_no_track_is_refused(anna: httpx.AsyncClient, photo: Photo) -> None:
    ids = await sent(anna, photo, "2024:05:01 10:05:00")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><gpx>&b;</gpx>'
    for text in ("", "hello", "<gpx></gpx>", TRACK[:-20], bomb):
        assert_error(await anna.post("/files/geotag", json={"ids": ids, "gpx": text}), 400, "invalid_input")


async def test_the_trash_is_listed_restored_and_emptied(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Photo
) -> None:
    ids = await sent(anna, photo, *[f"2024:05:0{day} 12:00:00" for day in range(1, 6)])
    assert (await anna.post("/files/trash", json={"ids": ids[:4]})).json()["changed"] == 4
    page = (await anna.get("/trash", params={"limit": 3})).json()
    rest = (await anna.get("/trash", params={"limit": 3, "cursor": page["next"]})).json()
    assert (page["total"], page["days"], page["removable"]) == (4, 30, 4)
    assert {item["file"]["id"] for item in page["items"] + rest["items"]} == set(ids[:4])
    assert page["items"][0]["gone_after"] > page["items"][0]["file"]["trashed_at"]
    assert (await bruno.get("/trash")).json()["total"] == 0
    assert (await bruno.post("/trash/empty", json={})).json() == {"files": 0}
    assert (await bruno.post("/trash/restore")).json() == {"changed": 0, "undo": None}
    assert (await anna.post("/trash/empty", json={"ids": [ids[0], ids[4]]})).json() == {"files": 1}
    await wait_for(anna, 3)
    assert_error(await anna.get(f"/files/{ids[0]}"), 404)
    assert (await file(anna, ids[4]))["trashed_at"] is None
    restored = (await anna.post("/trash/restore")).json()
    assert restored["changed"] == 3
    await undo(anna, restored)
    assert (await anna.get("/trash")).json()["total"] == 3
    folder = service.house.home.paths.uploads
    assert len([path for path in folder.rglob("*.jpg")]) == 4
    assert (await anna.post("/trash/empty", json={})).json() == {"files": 3}
    await wait_for(anna, 0)
    assert len([path for path in folder.rglob("*.jpg")]) == 1
    assert_error(await anna.get("/trash", params={"cursor": "nonsense"}), 400)


async def wait_for(client: httpx.AsyncClient, total: int) -> None:
    async with asyncio.timeout(60):
        while (await client.get("/trash")).json()["total"] != total:  # noqa: ASYNC110 - polled, as the page does
            await asyncio.sleep(0.05)


async def test_only_an_admin_deletes_what_is_the_familys_for_good(
    service: Service, anna: httpx.AsyncClient, admin: httpx.AsyncClient, photo: Photo
) -> None:
    ids = await sent(anna, photo, "2024:05:01 12:00:00")
    await service.house.home.db.fetch('UPDATE "stored_file" SET "user" = NULL')
    await anna.post("/files/trash", json={"ids": ids})
    assert (await anna.get("/trash")).json()["removable"] == 0
    assert (await anna.post("/trash/empty", json={})).json() == {"files": 0}
    assert (await admin.get("/trash")).json()["removable"] == 1


async def test_older_contents_of_an_upload_are_listed_shown_and_given_back(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Photo
) -> None:
    old, new = photo("2024:05:01 12:00:00"), photo("2024:05:01 12:00:00")
    shown = await upload(anna, old)
    url = f"/files/{shown['id']}"
    assert [item["id"] for item in (await anna.get(f"{url}/versions")).json()["items"]] == [None]
    await anna.put(f"{url}/content", content=new)
    now_here, before = (await anna.get(f"{url}/versions")).json()["items"]
    assert (now_here["id"], before["kept"], before["content_sha"]) == (None, True, shown["content_sha"])
    older = await anna.get(f"{url}/versions/{before['id']}/content")
    assert (older.content, older.headers["content-type"]) == (old, "image/jpeg")
    assert_error(await bruno.get(f"{url}/versions"), 404)
    assert_error(await bruno.post(f"{url}/versions/{before['id']}/restore"), 404)
    given_back = await anna.post(f"{url}/versions/{before['id']}/restore")
    assert given_back.json()["content_sha"] == shown["content_sha"]
    assert (await anna.get(f"{url}/content")).content == old
    _, other = (await anna.get(f"{url}/versions")).json()["items"]
    assert (await anna.get(f"{url}/versions/{other['id']}/content")).content == new
    assert_error(await anna.post(f"{url}/versions/{before['id']}/restore"), 404)
    again = await anna.post(f"{url}/versions/{other['id']}/restore")
    assert again.status_code == 200
    assert (await anna.get(f"{url}/content")).content == new
    assert len(list(service.house.home.paths.versions.iterdir())) == 1
    assert list(service.house.home.paths.incoming.iterdir()) == []
