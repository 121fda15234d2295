"""Adjusting photos over HTTP: what is shown then, to whom, what stays as it was, and the way back."""

from __future__ import annotations

import asyncio
import hashlib
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from appliance.db.tables import Face, PhotoText
from appliance.jobs.tidy_data import TidyData
from appliance.values import new_id, now
from tests.appliance.media.pictures import difference, encoded, exif, scene, stored_as
from tests.web.conftest import assert_error, upload
from tests.web.world import settled
from web.api.content import rendition_version

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service

RECIPE = {"turns": 1, "crop": [0.4, 0, 0.6, 0.5]}
LIGHT = {"light": {"exposure": 0.5, "saturation": -0.4}}


def picture(number: int = 0, *, orientation: int = 1, size: tuple[int, int] = (640, 480)) -> bytes:
    """A photo with a date; each number another one."""
    image = scene(*size)
    image.paste((number, 200, number), (0, size[1] - 8, 8, size[1]))
    tags = exif(orientation)
    tags.get_ifd(0x8769)[0x9003] = "2024:05:01 12:00:00"
    return encoded(stored_as(image, orientation), "JPEG", quality=95, exif=tags)


async def ready(client: httpx.AsyncClient, file_id: str) -> dict[str, Any]:
    """As it is once its renditions are made."""
    async with asyncio.timeout(60):
        while (file := (await client.get(f"/files/{file_id}")).json())["thumbhash"] is None:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.05)
    found: dict[str, Any] = file
    return found


@pytest.fixture
async def file(anna: httpx.AsyncClient) -> dict[str, Any]:
    return await ready(anna, (await upload(anna, picture(), "beach.jpg"))["id"])


async def adjust(client: httpx.AsyncClient, file: dict[str, Any], recipe: dict[str, Any]) -> dict[str, Any]:
    answer = await client.put(f"/files/{file['id']}/adjustments", json=recipe)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def seen(client: httpx.AsyncClient, service: Service, url: str) -> Image.Image:
    answer = await client.get(service.url + url)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def by_hand(image: Image.Image) -> Image.Image:
    turned = image.transpose(Image.Transpose.ROTATE_270)
    return turned.crop((round(turned.width * 0.4), 0, turned.width, round(turned.height * 0.5)))


def original_of(service: Service, file: dict[str, Any]) -> Path:
    found: Path = service.house.home.paths.uploads / file["user"] / file["content"]
    return found


async def row(service: Service, file: dict[str, Any]) -> dict[str, Any]:
    found = await service.house.home.db.fetch_one('SELECT * FROM "stored_file" WHERE "id" = ?', [file["id"]])
    assert found is not None
    return {name: value for name, value in found.items() if name != "modified"}


async def test_every_orientation_is_shown_adjusted_and_its_bytes_stay(
    anna: httpx.AsyncClient, service: Service
) -> None:
    for orientation in range(1, 9):
        file = await ready(anna, (await upload(anna, picture(orientation, orientation=orientation)))["id"])
        path = original_of(service, file)
        before = (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        shown = (await adjust(anna, file, RECIPE))["file"]
        assert (shown["width"], shown["height"]) == (288, 320)
        assert difference(await seen(anna, service, shown["preview_url"]), by_hand(scene(640, 480))) < 3
        assert (await seen(anna, service, shown["thumbnail_url"])).size == (225, 250)
        assert shown["content_sha"] == file["content_sha"] == before[0]
        assert (await anna.get(service.url + shown["content_url"])).content == path.read_bytes()
        assert (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) == before


@pytest.mark.corpus
async def test_raw_heic_and_pictures_of_other_kinds_by_the_real_path(
    anna: httpx.AsyncClient, service: Service, corpus: Path
) -> None:
    taken = [
        corpus / "formats/raw/canon_eos_6d.dng", corpus / "formats/heic/IMG_2682.heic",
        corpus / "formats/heic/RGBA_10__128x128.heif",
    ]  # fmt: skip
    for path in taken:
        file = await ready(anna, (await upload(anna, path.read_bytes(), path.name))["id"])
        plain = await seen(anna, service, file["preview_url"])
        shown = (await adjust(anna, file, {"turns": 1}))["file"]
        assert (shown["width"], shown["height"]) == (file["height"], file["width"]), path.name
        turned = await seen(anna, service, shown["preview_url"])
        assert difference(turned, plain.transpose(Image.Transpose.ROTATE_270)) < 4, path.name
        assert original_of(service, file).read_bytes() == path.read_bytes()


async def test_addresses_change_with_the_picture_and_only_the_right_one_is_kept_for_ever(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    done = await adjust(anna, file, RECIPE)
    shown = done["file"]
    assert shown["preview_url"] != file["preview_url"]
    assert shown["thumbnail_url"] != file["thumbnail_url"]
    assert rendition_version(shown["thumbhash"]) != rendition_version(file["thumbhash"])

    async def cached(url: str) -> bool:
        return "immutable" in (await anna.get(service.url + url)).headers["cache-control"]

    for kind in ("preview", "thumbnail"):
        by_hash = f"/api/v1/files/{file['id']}/{kind}?v="
        assert await cached(shown[f"{kind}_url"])
        assert await cached(by_hash + rendition_version(shown["thumbhash"]))
        assert not await cached(file[f"{kind}_url"]), "what it was before is not to be kept under that name"
        assert not await cached(by_hash + rendition_version(file["thumbhash"]))
    was = await anna.get(service.url + shown["preview_url"])
    await anna.post(f"/journal/{done['undo']}/undo")
    now_here = await anna.get(service.url + shown["preview_url"], headers={"if-none-match": was.headers["etag"]})
    assert now_here.status_code == 200
    assert "immutable" not in now_here.headers["cache-control"]
    assert await cached(file["preview_url"])


async def test_undo_brings_back_exactly_what_was_there(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    states = [await row(service, file)]
    entries = []
    for recipe in (RECIPE, LIGHT, RECIPE | LIGHT | {"angle": -7.5, "mirror": True}, {}):
        entries.append((await adjust(anna, file, recipe))["undo"])
        states.append(await row(service, file))
    assert states[-1] == states[0], "resetting leaves nothing behind"
    stale = await anna.post(f"/journal/{entries[0]}/undo")
    assert_error(stale, 409)
    for entry, expected in reversed(list(zip(entries, states[:-1], strict=True))):
        assert (await anna.post(f"/journal/{entry}/undo")).status_code == 200
        await ready(anna, file["id"])
        assert await row(service, file) == expected
    history = (await anna.get(f"/files/{file['id']}/history")).json()["items"]
    assert [entry["after"]["adjusted"] for entry in history][::-1] == [
        "rotated, cropped", "light", "rotated, mirrored, straightened, cropped, light", "",
    ]  # fmt: skip


async def test_the_recipe_is_told_and_the_same_again_changes_nothing(
    anna: httpx.AsyncClient, file: dict[str, Any]
) -> None:
    at = f"/files/{file['id']}/adjustments"
    untouched = (await anna.get(at)).json()
    assert (untouched["recipe"]["turns"], untouched["recipe"]["crop"], untouched["width"]) == (0, None, 640)
    first = await adjust(anna, file, RECIPE | {"aspect": "square"})
    told = (await anna.get(at)).json()
    assert (told["recipe"]["crop"], told["recipe"]["aspect"]) == ([0.4, 0, 0.6, 0.5], "square")
    assert (told["width"], told["height"]) == (640, 480)
    again = await adjust(anna, file, told["recipe"])
    assert again["undo"] is None
    assert again["file"]["modified"] == first["file"]["modified"]
    before = await anna.get(f"{at}/before")
    assert Image.open(io.BytesIO(before.content)).size == (640, 480)
    reset = (await anna.delete(at)).json()
    assert (reset["file"]["adjusted"], reset["file"]["preview_url"]) == ("", file["preview_url"])
    assert reset["undo"]


async def test_the_adjusted_picture_is_downloaded_when_asked_for(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    at = f"/files/{file['id']}/content"
    as_taken = await anna.get(at, params={"adjusted": True, "download": True})
    assert as_taken.headers["etag"] == f'"{file["content_sha"]}"'
    await adjust(anna, file, RECIPE)
    answer = await anna.get(at, params={"adjusted": True, "download": True})
    assert 'filename="beach (adjusted).jpg"' in answer.headers["content-disposition"]
    copy = Image.open(io.BytesIO(answer.content))
    assert difference(copy.convert("RGB"), by_hand(scene(640, 480))) < 3
    assert copy.getexif().get_ifd(0x8769)[0x9003] == "2024:05:01 12:00:00"
    part = await anna.get(at, params={"adjusted": True}, headers={"range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, answer.content[:10])
    await anna.post("/files/edit", json={"ids": [file["id"]], "changes": {"shift_s": 3600}})
    later = Image.open(io.BytesIO((await anna.get(at, params={"adjusted": True})).content))
    assert later.getexif().get_ifd(0x8769)[0x9003] == "2024:05:01 13:00:00"
    assert (await anna.get(at, params={"download": True})).content == original_of(service, file).read_bytes()


@pytest.mark.parametrize("tells", [{}, {"show_metadata": True, "show_location": True}], ids=["hides", "tells"])
async def test_a_link_shows_and_gives_nothing_but_the_adjusted_picture(
    anna: httpx.AsyncClient, anyone: httpx.AsyncClient, service: Service, file: dict[str, Any], tells: dict[str, bool]
) -> None:
    made = (await anna.post("/shares", json={"files": [file["id"]], "allow_download": True, **tells})).json()
    at = f"/s/{made['token']}/files/{file['id']}"
    before = await anyone.get(f"{at}/preview")
    await adjust(anna, file, RECIPE)
    (item,) = (await anyone.get(f"/s/{made['token']}/files")).json()["items"]
    assert (item["width"], item["height"]) == (288, 320)
    cached = {"if-none-match": before.headers["etag"]}
    for answer in (await anyone.get(f"{at}/preview", headers=cached), await anyone.get(f"{at}/download")):
        assert answer.status_code == 200
        image = Image.open(io.BytesIO(answer.content))
        assert difference(image.convert("RGB"), by_hand(scene(640, 480))) < 3
        assert bool(image.getexif()) is (bool(tells) and "download" in str(answer.url))
    thumbnail = Image.open(io.BytesIO((await anyone.get(f"{at}/thumbnail")).content))
    assert thumbnail.size == (225, 250)
    assert_error(await anyone.get(f"{at}/video"), 404)


async def test_faces_and_text_are_where_they_are_shown(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    await settled(service)  # no model finds anything of its own meanwhile
    db, moment = service.house.home.db, now()
    left = {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}
    right = left | {"x": 0.6, "y": 0.6}
    async with db.write():
        await db.fetch('DELETE FROM "face"')
        await db.fetch('DELETE FROM "photo_text"')
        for box in (left, right):
            await db.insert(Face, [{"id": new_id(), "file": file["id"], "created": moment, "modified": moment, **box}])
        corners = "[[0.1,0.1],[0.3,0.1],[0.3,0.2],[0.1,0.2]]"
        lines = f'[{{"text":"HELLO","box":{corners},"score":1.0}}]'
        await db.insert(
            PhotoText, [{"id": new_id(), "file": file["id"], "reader": "x", "lines": lines, "text": "HELLO"}]
        )
    await adjust(anna, file, {"turns": 1, "crop": [0.5, 0, 0.5, 0.5]})
    boxes = [face["box"] for face in (await anna.get(f"/files/{file['id']}/faces")).json()["items"]]
    assert boxes[0] == pytest.approx([0.4, 0.2, 0.4, 0.4])
    assert boxes[1] == []
    (line,) = (await anna.get(f"/files/{file['id']}/text")).json()["lines"]
    assert line["box"][0] == pytest.approx([0.8, 0.2])
    drawn = await anna.post("/faces", json={"file": file["id"], "box": [0.8, 0.8, 0.2, 0.2]})
    assert drawn.json()["face"]["box"] == pytest.approx([0.8, 0.8, 0.2, 0.2])
    added = await db.fetch_one('SELECT "x", "y", "width", "height" FROM "face" WHERE "source" = \'manual\'')
    assert added is not None
    assert list(added.values()) == pytest.approx([0.4, 0.0, 0.1, 0.1])
    await adjust(anna, file, {"crop": [0.5, 0.5, 0.5, 0.5]})
    assert (await anna.get(f"/files/{file['id']}/text")).json()["lines"] == []


async def test_many_are_turned_at_once_and_what_cannot_be_is_left(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    gif = await ready(anna, (await upload(anna, moving, "a.gif"))["id"])
    other = await ready(anna, (await upload(anna, picture(9)))["id"])
    ids = [file["id"], other["id"], gif["id"]]
    answer = (await anna.post("/files/adjust", json={"ids": ids, "change": {"turns": 3}})).json()
    assert (answer["changed"], answer["left"]) == (2, 1)
    turned = await ready(anna, other["id"])
    assert (turned["width"], turned["height"]) == (480, 640)
    expected = scene(640, 480).transpose(Image.Transpose.ROTATE_90)
    assert difference(await seen(anna, service, turned["preview_url"]), expected) < 3
    lit = (await anna.post("/files/adjust", json={"ids": ids, "change": {"light": {"exposure": 0.5}}})).json()
    recipe = (await anna.get(f"/files/{other['id']}/adjustments")).json()["recipe"]
    assert (recipe["turns"], recipe["light"]["exposure"]) == (3, 0.5)
    assert (await anna.post(f"/journal/{lit['undo']}/undo")).status_code == 200
    reset = (await anna.post("/files/adjust", json={"ids": ids, "change": {"reset": True}})).json()
    assert reset["changed"] == 2
    plain = await ready(anna, other["id"])
    assert plain["thumbhash"] == other["thumbhash"]
    assert (await anna.post(f"/journal/{reset['undo']}/undo")).status_code == 200
    assert (await ready(anna, other["id"]))["width"] == 480


async def test_the_original_never_stands_in_for_what_is_still_to_be_made(
    anna: httpx.AsyncClient, admin: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    assert (await admin.post("/steps/pause")).json()["paused"] is True
    await anna.post("/files/adjust", json={"ids": [file["id"]], "change": {"turns": 1}})
    waiting = (await anna.get(f"/files/{file['id']}")).json()
    assert (waiting["width"], waiting["height"], waiting["thumbhash"]) == (480, 640, None)
    large = await seen(anna, service, waiting["preview_url"])
    small = await seen(anna, service, f"/api/v1/files/{file['id']}/thumbnail?v=standin")
    turned = scene(640, 480).transpose(Image.Transpose.ROTATE_270)
    assert difference(small, turned.resize(small.size)) < 6, "its thumbnail, turned, stands in"
    assert difference(large, turned) < 4, "its preview, turned, stands in"
    service.house.home.paths.preview(file["content_sha"]).unlink()
    assert_error(await anna.get(service.url + waiting["preview_url"]), 404, "not_ready")
    shown = (await adjust(anna, file, RECIPE))["file"]  # one photo waits for no step
    assert (await seen(anna, service, shown["preview_url"])).size == (288, 320)
    await admin.post("/steps/resume")


async def test_a_photo_whose_recipe_cannot_be_carried_out_stays_on_the_timeline(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **more: object) -> None:
        raise MemoryError

    monkeypatch.setattr("appliance.media.adjust.render_adjusted", fails)
    await anna.post("/files/adjust", json={"ids": [file["id"]], "change": {"turns": 1}})
    db = service.house.home.db
    status = 'SELECT "status" FROM "file_step" WHERE "file" = ? AND "step" = \'renditions\''
    async with asyncio.timeout(60):
        while await db.value(status, [file["id"]]) != "failed":  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.05)
    assert (await anna.get("/timeline")).json()["total"] == 1
    reset = (await anna.delete(f"/files/{file['id']}/adjustments")).json()["file"]
    assert (reset["thumbhash"], reset["width"]) == (file["thumbhash"], 640)


async def test_what_cannot_be_done_is_refused_with_a_sentence(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    at = f"/files/{file['id']}/adjustments"
    for recipe in (
        {"angle": 60}, {"turns": 7}, {"crop": [0.5, 0.5, 0.6, 0.5]}, {"crop": [0, 0, 0.001, 1]}, {"blur": 1},
        {"light": {"exposure": 9}}, {"crop": [0, 0, 0.02, 0.02]},
    ):  # fmt: skip
        assert_error(await anna.put(at, json=recipe), 400, "invalid_input")
    assert "next to nothing" in (await anna.put(at, json={"crop": [0, 0, 0.02, 0.02]})).json()["message"]
    for change in ({}, {"reset": True, "turns": 1}):
        assert_error(await anna.post("/files/adjust", json={"ids": [file["id"]], "change": change}), 400)
    assert_error(await bruno.put(at, json=RECIPE), 404)
    assert_error(await bruno.get(f"{at}/before"), 404)
    db = service.house.home.db
    for columns, says in (("\"kind\" = 'video'", "Videos"), ('"kind" = \'photo\', "animated" = 1', "moves")):
        async with db.write():
            await db.fetch(f'UPDATE "stored_file" SET {columns} WHERE "id" = ?', [file["id"]])
        told = assert_error(await anna.put(at, json=RECIPE), 400, "invalid_input")
        assert says in told["message"]
        assert told["hint"]
    assert (await row(service, file))["adjusted"] == ""


async def test_who_may_only_look_may_not_adjust(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, file: dict[str, Any]
) -> None:
    """Also not as editor of an album that it is in, and nobody while it is locked."""
    bruno_id = (await bruno.get("/auth/me")).json()["id"]
    album = (await anna.post("/albums", json={"name": "Ours", "private": True})).json()
    await anna.put(f"/albums/{album['id']}/members", json={"members": [{"user": bruno_id, "role": "editor"}]})
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [file["id"]]})
    at = f"/files/{file['id']}/adjustments"
    assert (await bruno.get(f"/files/{file['id']}/preview")).status_code == 200
    for answer in (
        await bruno.put(at, json=RECIPE),
        await bruno.delete(at),
        await bruno.get(at),
        await bruno.get(f"{at}/before"),
        await bruno.post("/files/adjust", json={"ids": [file["id"]], "change": {"turns": 1}}),
    ):
        assert_error(answer, 403)
    await adjust(anna, file, RECIPE)
    there = Image.open(io.BytesIO((await bruno.get(f"/files/{file['id']}/preview")).content))
    assert there.size == (288, 320)
    await anna.post("/locked/files", json={"ids": [file["id"]]})
    assert_error(await anna.put(at, json=LIGHT), 404)


async def test_a_photo_that_is_gone_or_changed_is_not_adjusted(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    path = original_of(service, file)
    data = path.read_bytes()
    path.write_bytes(data + b"\0")
    assert_error(await anna.put(f"/files/{file['id']}/adjustments", json=RECIPE), 409)
    path.unlink()
    answer = await anna.put(f"/files/{file['id']}/adjustments", json=RECIPE)
    assert answer.status_code in (404, 422), answer.text
    assert (await row(service, file))["adjusted"] == ""


async def test_new_bytes_are_adjusted_as_the_old_ones_were(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    await adjust(anna, file, RECIPE)
    sent = await anna.put(f"/files/{file['id']}/content", content=picture(7, size=(800, 600)))
    assert sent.status_code == 200, sent.text
    shown = await ready(anna, file["id"])
    assert (shown["width"], shown["height"]) == (360, 400)
    assert difference(await seen(anna, service, shown["preview_url"]), by_hand(scene(800, 600))) < 3
    plain = await anna.get(f"/files/{file['id']}/adjustments/before")
    assert Image.open(io.BytesIO(plain.content)).size == (800, 600), "models look at it as it was taken"


async def test_leftovers_are_tidied_and_made_again_when_they_are_wanted(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.jobs.tidy_data.SETTLED_S", -1.0)
    home = service.house.home
    done = await adjust(anna, file, RECIPE)
    folder = home.paths.preview(file["content_sha"]).parent
    await anna.get(f"/files/{file['id']}/content", params={"adjusted": True})
    assert len(list(folder.glob(f"{file['content_sha']}*"))) == 3

    class Quiet:
        async def check_in(self) -> None: ...
        def update(self, done: int, total: int) -> None: ...

    await TidyData().run(home, Quiet())  # type: ignore[arg-type]  # what of it the job uses
    name = f"{file['content_sha']}-{done['file']['adjusted']}"
    assert sorted(path.name for path in folder.glob(f"{file['content_sha']}*")) == [file["content_sha"], name]
    second = await adjust(anna, file, LIGHT)
    await TidyData().run(home, Quiet())  # type: ignore[arg-type]  # as above
    assert not (folder / name).exists()
    assert await home.db.value("SELECT count(*) FROM thumbs.thumbnail WHERE content_sha = ?", [name]) == 0
    await anna.post(f"/journal/{second['undo']}/undo")
    shown = await ready(anna, file["id"])
    assert difference(await seen(anna, service, shown["preview_url"]), by_hand(scene(640, 480))) < 3


async def test_an_adjusted_photo_is_told_to_other_pages_and_plays_no_moving_part(
    anna: httpx.AsyncClient, service: Service, file: dict[str, Any]
) -> None:
    bus, heard = service.house.home.bus, []

    async def listen() -> None:
        async for message in bus.listen():
            heard.append(message)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    db = service.house.home.db
    async with db.write():
        await db.fetch('UPDATE "stored_file" SET "motion_offset" = 100 WHERE "id" = ?', [file["id"]])
    assert (await anna.get(f"/files/{file['id']}")).json()["video_url"]
    done = await adjust(anna, file, RECIPE)
    assert done["file"]["video_url"] is None
    assert_error(await anna.get(f"/files/{file['id']}/video"), 404)
    month = (await anna.get("/timeline/2024-05")).json()
    assert month["flags"] == [0]
    assert month["ratio"] == [pytest.approx(0.9)]
    assert month["thumbhash"] == [done["file"]["thumbhash"]]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert any(type(one).__name__ == "FileChanged" and one.ids == [file["id"]] for one in heard)  # type: ignore[attr-defined]  # by its name
