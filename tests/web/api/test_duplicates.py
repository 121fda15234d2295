"""Duplicates over HTTP: two people, their libraries, and what each of them may see and decide."""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from appliance.jobs.base import Progress
from appliance.jobs.find_duplicates import FindDuplicates
from tests.appliance.alike import encoded, scene
from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from numpy.typing import NDArray

    from tests.web.conftest import Service


def jpeg(picture: NDArray[Any], quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


async def find(service: Service) -> None:
    """As if the renditions were made: each file's thumbnail is what was sent."""
    home = service.house.home
    rows = await home.db.fetch(
        """SELECT f."content_sha", l."root", f."content" FROM "stored_file" f
           JOIN "library" l ON l."id" = f."library" """
    )
    for row in rows:
        with Image.open(f"{row['root']}/{row['content']}") as image:
            webp = encoded(image.convert("RGB"))
        async with home.db.write():
            await home.db.fetch(
                'INSERT OR REPLACE INTO thumbs.thumbnail ("content_sha", "webp") VALUES (?, ?)',
                [row["content_sha"], webp],
            )
    await FindDuplicates().run(home, Progress(lambda: None))


@pytest.fixture
def pair() -> tuple[bytes, bytes]:
    return jpeg(scene(1)), jpeg(scene(1), 30)


async def test_a_group_has_its_files_and_the_best_of_them(
    service: Service, anna: httpx.AsyncClient, pair: tuple[bytes, bytes]
) -> None:
    good, bad = [await upload(anna, data, name) for data, name in zip(pair, ("a.jpg", "b.jpg"), strict=True)]
    await upload(anna, jpeg(scene(2)))
    await find(service)
    page = (await anna.get("/duplicates")).json()
    assert (page["total"], page["next"]) == (1, None)
    (group,) = page["items"]
    assert set(group) == {"id", "kind", "files", "best"}
    assert [file["id"] for file in group["files"]] == [good["id"], bad["id"]]
    assert (group["kind"], group["best"]) == ("near", good["id"])
    assert group["files"][0]["thumbnail_url"]
    assert (await anna.get("/duplicates", params={"kind": "near"})).json()["total"] == 1
    for kind in ("exact", "sequence"):
        assert (await anna.get("/duplicates", params={"kind": kind})).json() == {"items": [], "total": 0, "next": None}


async def test_keeping_one_trashes_the_other_and_can_be_undone(
    service: Service, anna: httpx.AsyncClient, pair: tuple[bytes, bytes]
) -> None:
    good, bad = [await upload(anna, data) for data in pair]
    await anna.patch(f"/files/{bad['id']}", json={"favourite": True})
    await find(service)
    (group,) = (await anna.get("/duplicates")).json()["items"]
    answer = await anna.post(f"/duplicates/{group['id']}/keep", json={"ids": [good["id"]]})
    assert answer.status_code == 200, answer.text
    assert (await anna.get("/duplicates")).json()["total"] == 0
    assert (await anna.get(f"/files/{bad['id']}")).json()["trashed_at"] is not None
    assert (await anna.get(f"/files/{good['id']}")).json()["favourite"] is True
    undone = await anna.post(f"/journal/{answer.json()['undo']}/undo")
    assert undone.status_code == 200, undone.text
    assert (undone.json()["noun"], undone.json()["can_undo"]) == ("duplicates", False)
    assert (await anna.get(f"/files/{bad['id']}")).json()["trashed_at"] is None
    assert (await anna.get(f"/files/{good['id']}")).json()["favourite"] is False
    assert [item["id"] for item in (await anna.get("/duplicates")).json()["items"]] == [group["id"]]


async def test_dismissed_ones_are_not_shown_again_until_that_is_undone(
    service: Service, anna: httpx.AsyncClient, pair: tuple[bytes, bytes]
) -> None:
    for data in pair:
        await upload(anna, data)
    await find(service)
    (group,) = (await anna.get("/duplicates")).json()["items"]
    answer = await anna.post(f"/duplicates/{group['id']}/dismiss")
    assert answer.status_code == 200, answer.text
    await find(service)
    assert (await anna.get("/duplicates")).json()["total"] == 0
    assert (await anna.post(f"/journal/{answer.json()['undo']}/undo")).status_code == 200
    assert (await anna.get("/duplicates")).json()["total"] == 1


async def test_somebody_elses_duplicates_do_not_exist(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, pair: tuple[bytes, bytes]
) -> None:
    for data in pair:
        await upload(anna, data)
    await upload(bruno, pair[0])
    await find(service)
    (group,) = (await anna.get("/duplicates")).json()["items"]
    assert len(group["files"]) == 2
    for kind in ("", "exact", "near", "sequence"):
        query = {"kind": kind} if kind else {}
        assert (await bruno.get("/duplicates", params=query)).json()["total"] == 0
    kept = {"ids": [group["best"]]}
    assert_error(await bruno.post(f"/duplicates/{group['id']}/keep", json=kept), 404, "not_found")
    assert_error(await bruno.post(f"/duplicates/{group['id']}/dismiss"), 404, "not_found")
    assert (await anna.get("/duplicates")).json()["total"] == 1


async def test_requests_that_make_no_sense_are_refused(
    service: Service, anna: httpx.AsyncClient, pair: tuple[bytes, bytes]
) -> None:
    for data in pair:
        await upload(anna, data)
    stranger = await upload(anna, jpeg(scene(5)))
    await find(service)
    (group,) = (await anna.get("/duplicates")).json()["items"]
    url = f"/duplicates/{group['id']}/keep"
    bodies: tuple[dict[str, list[str]], ...] = ({"ids": []}, {"ids": [stranger["id"]]}, {}, {"ids": [], "rest": []})
    for body in bodies:
        assert_error(await anna.post(url, json=body), 400)
    assert_error(await anna.get("/duplicates", params={"kind": "far"}), 400, "invalid_input")
    assert_error(await anna.get("/duplicates", params={"limit": "0"}), 400)
    assert_error(await anna.post(f"/duplicates/{uuid.uuid4()}/dismiss"), 404, "not_found")
    assert (await anna.get("/duplicates")).json()["total"] == 1


async def test_the_job_can_be_asked_for(
    service: Service, admin: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    items = (await admin.get("/jobs")).json()["items"]
    assert "find_duplicates" in {item["name"] for item in items}
