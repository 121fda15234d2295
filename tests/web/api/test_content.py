"""Bytes over HTTP: ranges, conditions, names, and what must never be served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from appliance.library import libraries
from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.web.conftest import Service


@pytest.fixture
async def shown(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> dict[str, Any]:
    return await upload(anna, photo("2024:05:01 12:00:00", size=(800, 600)), "Straße „Süd“ 😀.jpg")


@pytest.fixture
async def original(service: Service, shown: dict[str, Any]) -> bytes:
    path: Path = service.house.home.paths.uploads / shown["user"] / shown["content"]
    return path.read_bytes()


async def test_content_is_the_original_with_its_hash_as_etag(
    anna: httpx.AsyncClient, shown: dict[str, Any], original: bytes
) -> None:
    answer = await anna.get(f"/files/{shown['id']}/content")
    assert answer.content == original
    assert answer.headers["etag"] == f'"{shown["content_sha"]}"'
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "sandbox" in answer.headers["content-security-policy"]
    head = await anna.head(f"/files/{shown['id']}/content")
    assert head.headers["content-length"] == str(len(original))
    assert head.content == b""


async def test_only_an_address_with_the_hash_may_be_kept_for_ever(
    anna: httpx.AsyncClient, service: Service, shown: dict[str, Any]
) -> None:
    assert "immutable" in (await anna.get(service.url + shown["content_url"])).headers["cache-control"]
    assert "no-cache" in (await anna.get(f"/files/{shown['id']}/content")).headers["cache-control"]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=0-99999999", slice(0, None)),
        ("BYTES = 3-3", slice(3, 4)),
    ],
)
async def test_ranges(
    anna: httpx.AsyncClient, shown: dict[str, Any], original: bytes, header: str, part: slice
) -> None:
    answer = await anna.get(f"/files/{shown['id']}/content", headers={"range": header})
    assert answer.status_code == 206
    assert answer.content == original[part]
    start, end, _ = part.indices(len(original))
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(original)}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("header", ["bytes=5-2", "bytes=a-b", "pages=1-2", "bytes=0-1,4-5", "bytes=-", "", "bytes=٣-٤"])
async def test_ranges_that_are_none_are_ignored(
    anna: httpx.AsyncClient, shown: dict[str, Any], original: bytes, header: str
) -> None:
    answer = await anna.get(f"/files/{shown['id']}/content", headers={b"range": header.encode()})
    assert answer.status_code == 200
    assert answer.content == original


async def test_a_range_outside_the_file(anna: httpx.AsyncClient, shown: dict[str, Any], original: bytes) -> None:
    for header in (f"bytes={len(original)}-", "bytes=99999999-", "bytes=-0"):
        answer = await anna.get(f"/files/{shown['id']}/content", headers={"range": header})
        assert_error(answer, 416, "range")
        assert answer.headers["content-range"] == f"bytes */{len(original)}"


async def test_conditions(anna: httpx.AsyncClient, shown: dict[str, Any], original: bytes) -> None:
    url, etag = f"/files/{shown['id']}/content", f'"{shown["content_sha"]}"'
    for value in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        unchanged = await anna.get(url, headers={"if-none-match": value, "range": "bytes=0-1"})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == etag
    assert (await anna.get(url, headers={"if-none-match": '"other"'})).status_code == 200
    part = {"range": "bytes=0-1"}
    assert (await anna.get(url, headers=part | {"if-range": etag})).status_code == 206
    for stale in ('"old"', f"W/{etag}", "Sat, 21 Nov 2026 08:00:00 GMT"):
        assert (await anna.get(url, headers=part | {"if-range": stale})).content == original


async def test_names_survive_in_every_script(anna: httpx.AsyncClient, shown: dict[str, Any]) -> None:
    answer = await anna.get(f"/files/{shown['id']}/content?download=1")
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert "filename*=UTF-8''Stra%C3%9Fe%20%E2%80%9ES%C3%BCd%E2%80%9C%20%F0%9F%98%80.jpg" in disposition
    inline = await anna.get(f"/files/{shown['id']}/content")
    assert inline.headers["content-disposition"].startswith("inline; ")


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "application/rdf+xml"])
async def test_what_a_browser_would_run_is_only_ever_saved(
    service: Service, anna: httpx.AsyncClient, shown: dict[str, Any], mime_type: str
) -> None:
    db = service.house.home.db
    async with db.write():
        await db.fetch('UPDATE "stored_file" SET "mime_type" = ?', [mime_type])
    answer = await anna.get(f"/files/{shown['id']}/content")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "content", ["../../homeroll.db", "../secret", "/etc/passwd", "a/../../secret", "", ".", "link.jpg", "out/x"]
)
async def test_nothing_outside_the_library_is_ever_read(
    service: Service, anna: httpx.AsyncClient, shown: dict[str, Any], content: str
) -> None:
    home = service.house.home
    root = home.paths.uploads / shown["user"]
    (root.parent / "secret").write_text("secret")
    (root / "link.jpg").symlink_to(root.parent / "secret")
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "x").write_text("secret")
    (root / "out").symlink_to(root.parent / "outside")
    async with home.db.write():
        await home.db.fetch('UPDATE "stored_file" SET "content" = ?', [content])
    for what in ("content", "preview", "thumbnail"):
        answer = await anna.get(f"/files/{shown['id']}/{what}")
        assert b"secret" not in answer.content
        if what == "content":
            assert_error(answer, 404, "not_found")


async def test_a_file_that_is_gone_and_a_library_that_is_gone_are_told_apart(
    service: Service, anna: httpx.AsyncClient, tmp_path: Path, photo: Callable[..., bytes]
) -> None:
    folder = tmp_path / "nas"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photo())
    home = service.house.home
    library = await libraries.add_library(home.db, name="NAS", root=str(folder))
    await service.house.scheduler.run("scan_libraries", library=library["id"])
    async with asyncio.timeout(60):
        while not (items := (await anna.get("/files")).json()["items"]):  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.05)
    url = f"/files/{items[0]['id']}/content"
    assert (await anna.get(url)).status_code == 200
    (folder / "a.jpg").unlink()
    assert "NAS" in assert_error(await anna.get(url), 404, "not_found")["hint"]
    folder.rmdir()
    told = assert_error(await anna.get(url), 503, "storage")
    assert "NAS" in told["message"]
    assert "mounted" in told["hint"]


async def test_pictures_come_with_validators_and_in_the_meantime_something_stands_in(
    service: Service, anna: httpx.AsyncClient, shown: dict[str, Any]
) -> None:
    async with asyncio.timeout(60):
        while (await anna.get(f"/files/{shown['id']}")).json()["thumbhash"] is None:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.05)
    thumbnail = await anna.get(service.url + shown["thumbnail_url"])
    assert thumbnail.headers["content-type"] == "image/webp"
    assert "immutable" in thumbnail.headers["cache-control"]
    preview = await anna.get(service.url + shown["preview_url"])
    assert preview.headers["content-type"] == "image/jpeg"
    for answer in (thumbnail, preview):
        assert answer.status_code == 200
        again = await anna.get(str(answer.url), headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_before_the_renditions_are_made(
    service: Service, admin: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    assert (await admin.post("/steps/pause")).json()["paused"] is True
    sent = photo(size=(300, 200))
    shown = await upload(admin, sent)
    preview = await admin.get(service.url + shown["preview_url"])
    assert preview.content == sent
    assert "immutable" not in preview.headers["cache-control"]
    answer = await admin.get(service.url + shown["thumbnail_url"])
    assert_error(answer, 404, "not_ready")
    assert answer.headers["retry-after"]
    await admin.post("/steps/resume")


async def test_a_photo_that_does_not_move_has_no_video(anna: httpx.AsyncClient, shown: dict[str, Any]) -> None:
    assert_error(await anna.get(f"/files/{shown['id']}/video"), 404, "not_found")


async def test_the_moving_part_of_a_motion_photo_is_a_file_of_its_own(
    service: Service, anna: httpx.AsyncClient, shown: dict[str, Any], original: bytes
) -> None:
    db = service.house.home.db
    async with db.write():
        await db.fetch('UPDATE "stored_file" SET "motion_offset" = 100')
    moving = (await anna.get(f"/files/{shown['id']}")).json()
    answer = await anna.get(service.url + moving["video_url"])
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content == original[100:]
    part = await anna.get(service.url + moving["video_url"], headers={"range": "bytes=0-3"})
    assert part.content == original[100:104]
    assert part.headers["content-range"] == f"bytes 0-3/{len(original) - 100}"


async def test_a_viewer_who_leaves_in_the_middle_ends_the_reading(
    service: Service, anna: httpx.AsyncClient, shown: dict[str, Any]
) -> None:
    path = service.house.home.paths.uploads / shown["user"] / shown["content"]
    with path.open("ab") as file:
        file.truncate(200 << 20)
    key = anna.headers["x-api-key"]
    async with (
        httpx.AsyncClient(headers={"x-api-key": key}) as viewer,
        viewer.stream("GET", f"{service.url}/api/v1/files/{shown['id']}/content") as answer,
    ):
        async for _ in answer.aiter_bytes(1 << 16):
            break
    async with asyncio.timeout(60):
        while True:
            logged = (await anna.get("/auth/me")).status_code
            last = [one for one in service.house.app._request_log.last() if one.path.endswith("/content")]
            if last and logged == 200:
                break
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("left", [b"", bytes(4096)], ids=["empty", "zeros"])
async def test_a_preview_that_a_power_cut_left_torn_is_not_served_but_made_again(
    anna: httpx.AsyncClient, service: Service, shown: dict[str, Any], left: bytes
) -> None:
    path: Path = service.house.home.paths.preview(shown["content_sha"])
    await made(path)
    async with asyncio.timeout(60):  # and noted: what is still being made is not made again
        while (await anna.get(f"/files/{shown['id']}")).json()["thumbhash"] is None:  # noqa: ASYNC110 - over HTTP there is no event
            await asyncio.sleep(0.05)
    sound = path.read_bytes()
    path.write_bytes(left)
    answer = await anna.get(service.url + shown["preview_url"])
    assert answer.content[:2] == b"\xff\xd8"
    assert "immutable" not in answer.headers["cache-control"]
    async with asyncio.timeout(60):
        while path.read_bytes() != sound:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.05)


async def made(path: Path) -> None:
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.05)
