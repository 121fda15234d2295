"""The faces step: found once, kept through every further look; what files and people say of faces outlives engines."""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PIL import Image

from appliance.errors import ModelUnavailableError
from appliance.library import decisions, face_crops, face_index, faces, people
from appliance.library.found_faces import import_regions, matched
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner
from tests.appliance.people import Album, state
from tests.appliance.portraits import portrait
from tests.fakes import FakeFaceEngine

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

    Scan = Callable[[], Awaitable[Any]]
    RunSteps = Callable[[], Awaitable[list[dict[str, Any]]]]


async def files(home: Home) -> dict[str, uuid.UUID]:
    return {row["filename"]: row["id"] for row in await home.db.fetch('SELECT "id", "filename" FROM "stored_file"')}


async def steps(home: Home) -> dict[str, dict[str, Any]]:
    rows = await home.db.fetch(
        """SELECT s.*, f."filename" FROM "file_step" s JOIN "stored_file" f ON f."id" = s."file"
           WHERE s."step" = 'faces'"""
    )
    return {row["filename"]: row for row in rows}


async def test_every_face_of_a_photo_is_kept_with_its_box_and_embedding(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    (photos / "many.jpg").write_bytes(portrait("anna", "bruno", "carla", "dora", "emil"))
    (photos / "none.jpg").write_bytes(portrait())
    await scan()
    await run_steps()
    ids = await files(home)
    shown = await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["many.jpg"])
    assert len(shown) == 5
    assert all(face["usable"] and face["source"] == "model" for face in shown)
    left, top, width, height = shown[0]["box"]
    assert (left, top) == (pytest.approx(15 / 480, abs=0.01), pytest.approx(15 / 360, abs=0.02))
    assert (width, height) == (pytest.approx(90 / 480, abs=0.02), pytest.approx(90 / 360, abs=0.03))
    # emil, below anna: made in the same millisecond, their ids do not say who comes first
    assert shown[1]["box"][:2] == [pytest.approx(left), pytest.approx(130 / 360, abs=0.02)]
    assert await home.db.value('SELECT count(*) FROM "face_vectors"') == 5
    assert await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["none.jpg"]) == []
    assert {row["status"] for row in (await steps(home)).values()} == {"done"}


async def test_unusual_pictures_are_looked_at_like_others(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    """A panorama of 30,000 px with one large and one small face, CMYK, and grey, where nothing has a colour."""
    with Image.open(io.BytesIO(portrait("anna"))) as one:
        patch = one.crop((15, 15, 105, 105))
        panorama = Image.new("RGB", (30_000, 800), "white")
        panorama.paste(patch.resize((400, 400)), (14_000, 200))
        panorama.paste(patch, (29_000, 200))
        panorama.save(photos / "panorama.jpg", quality=90)
        one.convert("CMYK").save(photos / "cmyk.jpg", quality=95)
        one.convert("L").save(photos / "grey.jpg")
    await scan()
    await run_steps()
    assert {name: row["status"] for name, row in (await steps(home)).items()} == {
        "panorama.jpg": "done",
        "cmyk.jpg": "done",
        "grey.jpg": "done",
    }
    ids = await files(home)
    large, small = await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["panorama.jpg"])
    assert large["usable"]
    assert large["box"][:2] == [pytest.approx(14_000 / 30_000, abs=0.002), pytest.approx(0.25, abs=0.03)]
    assert (small["usable"], small["reason"]) == (False, "too small")
    assert len(await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["cmyk.jpg"])) == 1
    assert await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["grey.jpg"]) == []


async def test_a_video_has_the_faces_of_its_poster(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, tmp_path: Path
) -> None:
    (tmp_path / "frame.jpg").write_bytes(portrait("anna", "bruno"))
    command = ["ffmpeg", "-v", "error", "-loop", "1", "-i", str(tmp_path / "frame.jpg"), "-t", "1", "-r", "10"]
    await asyncio.to_thread(
        subprocess.run, [*command, "-pix_fmt", "yuv420p", str(photos / "film.mp4")], check=True, timeout=60
    )
    await scan()
    await run_steps()
    assert (await steps(home))["film.mp4"]["status"] == "done"
    shown = await faces.faces_of_file(home.db, LOCAL_ADMIN, (await files(home))["film.mp4"])
    assert [face["box"][0] for face in shown] == [
        pytest.approx(15 / 480, abs=0.02),
        pytest.approx(130 / 480, abs=0.02),
    ]
    crop, _ = await faces.get_crop(home.db, LOCAL_ADMIN, shown[0]["id"])
    assert (await face_crops.make_crop(home, crop))[8:12] == b"WEBP"


async def test_what_belongs_to_another_picture_is_looked_at_once_it_is_alone(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    """As a RAW beside its JPEG, or the video of a live photo."""
    (photos / "one.jpg").write_bytes(portrait("anna"))
    (photos / "other.jpg").write_bytes(portrait("anna", number=1))
    await scan()
    ids = await files(home)
    part = 'UPDATE "stored_file" SET "part_of" = ? WHERE "id" = ?'
    await home.db.fetch(part, [str(ids["one.jpg"]), str(ids["other.jpg"])])
    await run_steps()
    row = (await steps(home))["other.jpg"]
    assert (row["status"], row["error"]) == ("skipped", face_index.SEEN_ELSEWHERE)
    assert await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["other.jpg"]) == []
    await home.db.fetch(part, [None, str(ids["other.jpg"])])
    await run_steps()
    assert (await steps(home))["other.jpg"]["status"] == "done"
    assert len(await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["other.jpg"])) == 1


@pytest.mark.corpus
async def test_a_raw_that_is_alone_is_looked_at(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, corpus: Path
) -> None:
    shutil.copy(corpus / "formats/raw/canon_eos_6d.dng", photos / "a.dng")
    await scan()
    await run_steps()
    assert (await steps(home))["a.dng"]["status"] == "done"


async def test_a_photo_with_sixty_faces(home: Home, photos: Path) -> None:
    album = await Album.create(home, photos)
    file = await album.photo(*["anna", "bruno", "carla"] * 20)
    assert len(await faces.faces_of_file(home.db, LOCAL_ADMIN, file)) == 60
    await album.cluster()
    await album.check_nobody_twice()


async def test_a_file_of_which_no_picture_can_be_made_is_one_failure(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    (photos / "torn.jpg").write_bytes(portrait("anna")[:300])
    await scan()
    await run_steps()
    row = (await steps(home))["torn.jpg"]
    assert (row["status"], row["error"]) == ("skipped", "There is no picture to look at")
    assert await home.db.value("""SELECT count(*) FROM "file_step" WHERE "status" = 'failed'""") == 1


async def progress_of(runner: Runner, step: str) -> dict[str, Any]:
    return next(item for item in await runner.progress() if item["name"] == step)


async def test_an_engine_that_is_not_there_is_told_once_and_files_wait(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (photos / f"{number}.jpg").write_bytes(portrait("anna", number=number))
    await scan()
    error = ModelUnavailableError("dlib", "face_recognition is not installed.", hint="Run ./install.sh again.")
    monkeypatch.setattr(FakeFaceEngine, "error", error)
    runner = Runner(home, STEPS)
    await runner.start()
    try:
        async with asyncio.timeout(60):
            while not runner.unavailable or any(  # noqa: ASYNC110 - polled, as clients do
                item["running"] or (item["pending"] and not item["waits"]) for item in await runner.progress()
            ):
                await asyncio.sleep(0.02)
        assert runner.unavailable["faces"].message == "face_recognition is not installed."
        assert await home.db.value("""SELECT count(*) FROM "file_step" WHERE "status" = 'failed'""") == 0
        assert await home.db.value("""SELECT count(*) FROM "stored_file" WHERE "thumbhash" IS NULL""") == 0
        monkeypatch.setattr(FakeFaceEngine, "error", None)
        runner.reconsider()
        async with asyncio.timeout(60):
            while (await progress_of(runner, "faces"))["done"] < 5:  # noqa: ASYNC110 - polled, as clients do
                await asyncio.sleep(0.02)
        assert runner.unavailable == {}
    finally:
        await runner.stop()


async def test_looking_for_faces_can_be_switched_off_and_on_again(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    (photos / "one.jpg").write_bytes(portrait("anna"))
    await change_settings(home.db, LOCAL_ADMIN, {"find_faces": "off"})
    await scan()
    waits = {item["name"]: item["waits"] for item in await run_steps()}
    assert waits["faces"] == "Finding faces is off"
    assert await home.db.value('SELECT count(*) FROM "face"') == 0
    await change_settings(home.db, LOCAL_ADMIN, {"find_faces": "on"})
    await run_steps()
    assert await home.db.value('SELECT count(*) FROM "face"') == 1


async def test_another_engine_looks_again_and_keeps_every_word(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    for number in range(3):
        (photos / f"{number}.jpg").write_bytes(portrait("anna", "bruno", number=number))
    await scan()
    await run_steps()
    ids = await files(home)
    anna, bruno = await faces.faces_of_file(home.db, LOCAL_ADMIN, ids["0.jpg"])
    await decisions.say_who(home.db, home.bus, LOCAL_ADMIN, [anna["id"]], name="Anna")
    await decisions.remove_face(home.db, home.bus, LOCAL_ADMIN, bruno["id"])
    drawn, _ = await decisions.add_face(
        home.db, home.bus, LOCAL_ADMIN, ids["1.jpg"], (0.8, 0.8, 0.1, 0.1), name="Ghost"
    )
    said = await state(home)
    await change_settings(home.db, LOCAL_ADMIN, {"face_engine": "sface"})
    assert await face_index.prepare(home.db)
    assert not await face_index.prepare(home.db)
    assert await home.db.value('SELECT count(*) FROM "face_vectors"') == 0
    await run_steps()
    assert await state(home) == said
    engines = await home.db.fetch('SELECT DISTINCT "engine", length("embedding") AS "size" FROM "face" ORDER BY 2')
    assert engines == [{"engine": "sface", "size": None}, {"engine": "sface", "size": 16}]
    assert await home.db.value('SELECT count(*) FROM "face_vectors"') == 5  # but what is no face, and the ghost
    ghost = await faces.get_face(home.db, LOCAL_ADMIN, drawn)
    assert ghost["person"]["name"] == "Ghost"
    assert not ghost["usable"]
    assert ghost["reason"]


@pytest.mark.parametrize("engine", ["dlib", "sface"])
async def test_who_somebody_is_goes_along_when_another_program_turns_the_picture(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, engine: str
) -> None:
    await change_settings(home.db, LOCAL_ADMIN, {"face_engine": engine})
    await face_index.prepare(home.db)
    path = photos / "two.jpg"
    path.write_bytes(portrait("anna", "bruno"))
    await scan()
    await run_steps()
    file = (await files(home))["two.jpg"]
    anna, bruno = await faces.faces_of_file(home.db, LOCAL_ADMIN, file)
    await decisions.say_who(home.db, home.bus, LOCAL_ADMIN, [anna["id"]], name="Anna")
    await decisions.say_who(home.db, home.bus, LOCAL_ADMIN, [bruno["id"]], name="Bruno")
    with Image.open(path) as image:
        image.transpose(Image.Transpose.ROTATE_180).save(path, quality=92, subsampling=0)
    await scan()
    await run_steps()
    shown = await faces.faces_of_file(home.db, LOCAL_ADMIN, file)  # from left to right
    assert [(face["person"]["name"], face["id"], face["confirmed"]) for face in shown] == [
        ("Bruno", bruno["id"], True),
        ("Anna", anna["id"], True),
    ]
    assert all(face["usable"] and face["box"][1] > 0.5 for face in shown)


async def test_a_drawn_box_with_a_face_in_it_is_embedded(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine sees only the first face of a whole picture, but all of a part of it."""
    real = FakeFaceEngine.detect

    def shortsighted(self: FakeFaceEngine, image: Any) -> list[Any]:
        found = real(self, image)
        return found[:1] if image.shape[1] > 400 else found

    monkeypatch.setattr(FakeFaceEngine, "detect", shortsighted)
    (photos / "two.jpg").write_bytes(portrait("anna", "bruno"))
    await scan()
    await run_steps()
    file = (await files(home))["two.jpg"]
    assert len(await faces.faces_of_file(home.db, LOCAL_ADMIN, file)) == 1
    box = (130 / 480, 15 / 360, 90 / 480, 90 / 360)
    face, _ = await decisions.add_face(home.db, home.bus, LOCAL_ADMIN, file, box, name="Bruno")
    await run_steps()
    shown = await faces.get_face(home.db, LOCAL_ADMIN, face)
    assert shown["usable"], shown["reason"]
    assert shown["box"] == [pytest.approx(side) for side in box]
    assert len(await faces.faces_of_file(home.db, LOCAL_ADMIN, file)) == 2


def regions(*named: tuple[str, tuple[float, float, float, float]]) -> dict[str, Any]:
    return {
        "face_regions": [
            {"name": name, "x": box[0], "y": box[1], "width": box[2], "height": box[3]} for name, box in named
        ]
    }


async def test_faces_that_the_file_names_become_people_of_the_family(home: Home, photos: Path) -> None:
    album = await Album.create(home, photos)
    on_anna, elsewhere = (0.03, 0.11, 0.15, 0.2), (0.7, 0.7, 0.1, 0.1)
    first = await album.photo("anna", "bruno", metadata=regions(("Anna Müller", on_anna), ("", elsewhere)))
    second = await album.photo("anna", metadata=regions(("anna  MÜLLER", on_anna)))
    shown = await faces.faces_of_file(home.db, LOCAL_ADMIN, first)
    assert [(face["source"], (face["person"] or {}).get("name")) for face in shown] == [
        ("model", "Anna Müller"),
        ("model", None),
        ("exif", None),
    ]
    (page,) = (await people.list_people(home.db, LOCAL_ADMIN)).items
    assert (page["name"], page["faces"]) == ("Anna Müller", 2)
    assert (await faces.faces_of_file(home.db, LOCAL_ADMIN, second))[0]["confirmed"]
    await album.look_again(first)
    assert len(await faces.faces_of_file(home.db, LOCAL_ADMIN, first)) == 3


async def test_a_persons_word_beats_the_files(home: Home, photos: Path) -> None:
    album = await Album.create(home, photos)
    file = await album.photo("anna", "bruno", metadata=regions(("Anna", (0.02, 0.1, 0.15, 0.2))))
    face = await album.face("anna", 0)
    await decisions.say_who(home.db, home.bus, LOCAL_ADMIN, [face], name="Ann-Kathrin")
    await album.look_again(file)
    assert (await faces.get_face(home.db, LOCAL_ADMIN, face))["person"]["name"] == "Ann-Kathrin"
    await decisions.take_away(home.db, home.bus, LOCAL_ADMIN, face)
    async with home.db.write():
        stated = msgspec.json.encode(regions(("Anna", (0.02, 0.1, 0.15, 0.2)))).decode()
        assert not await import_regions(home.db, file, stated)
    assert (await faces.get_face(home.db, LOCAL_ADMIN, face))["person"] is None


async def test_regions_of_a_file_that_is_not_looked_at_are_left_to_the_photo(home: Home, photos: Path) -> None:
    album = await Album.create(home, photos)
    file = await album.photo()
    stated = msgspec.json.encode(regions(("Anna", (0.1, 0.1, 0.2, 0.2)))).decode()
    for status in ("pending", "skipped"):
        await home.db.fetch('UPDATE "file_step" SET "status" = ? WHERE "file" = ?', [status, str(file)])
        async with home.db.write():
            assert not await import_regions(home.db, file, stated)
    await home.db.fetch("""UPDATE "file_step" SET "status" = 'done' WHERE "file" = ?""", [str(file)])
    async with home.db.write():
        assert await import_regions(home.db, file, stated)
    assert len(await faces.faces_of_file(home.db, LOCAL_ADMIN, file)) == 1


async def test_regions_that_are_no_boxes_are_passed_over(home: Home, photos: Path) -> None:
    album = await Album.create(home, photos)
    file = await album.photo(metadata=regions(("Anna", (0.5, 0.5, 0.0, 0.1)), ("Eve", (1.5, 0.5, 0.1, 0.1))))
    assert await faces.faces_of_file(home.db, LOCAL_ADMIN, file) == []


def test_each_box_is_matched_once_and_the_best_overlap_first() -> None:
    ours = [(0.1, 0.1, 0.2, 0.2), (0.15, 0.1, 0.2, 0.2)]
    theirs = [(0.15, 0.1, 0.2, 0.2), (0.8, 0.8, 0.1, 0.1)]
    assert matched(ours, theirs) == {1: 0}
