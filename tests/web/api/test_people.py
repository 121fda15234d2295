"""People and faces over HTTP: who sees whom, what can be said, and undoing it."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from appliance.daemon import open_house
from appliance.errors import ModelUnavailableError
from appliance.jobs.base import Progress
from appliance.jobs.cluster_faces import ClusterFaces
from appliance.library import face_groups, people
from appliance.library.viewers import LOCAL_ADMIN
from appliance.messages import FacesChanged
from tests.appliance.people import Album
from tests.appliance.portraits import portrait
from tests.fakes import FakeFaceEngine
from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from appliance.config import Settings
    from tests.web.conftest import Service

PERSON = {
    "id",
    "name",
    "faces",
    "hidden",
    "favourite",
    "ignored",
    "private",
    "birthday",
    "cover_face",
    "cover_chosen",
    "thumbnail_url",
    "created",
    "modified",
}
FACE = {
    "id",
    "file",
    "box",
    "score",
    "quality",
    "usable",
    "reason",
    "confirmed",
    "source",
    "person",
    "thumbnail_url",
}


@pytest.fixture
async def album(service: Service, tmp_path: Path) -> Album:
    """The family's photos of Anna, Bruno and Carla."""
    photos = tmp_path / "photos"
    await asyncio.to_thread(photos.mkdir)
    album = await Album.create(service.house.home, photos)
    for number in range(4):
        await album.photo("anna", "bruno", number=number)
        await album.photo("carla", number=number)
    await album.cluster()
    return album


async def until_done(client: httpx.AsyncClient, step: str = "faces") -> None:
    async with asyncio.timeout(60):
        while True:
            items = {item["name"]: item for item in (await client.get("/steps")).json()["items"]}
            if not any(items[name]["pending"] or items[name]["running"] for name in ("metadata", "renditions", step)):
                return
            await asyncio.sleep(0.05)


async def test_people_have_every_field_of_the_contract(anna: httpx.AsyncClient, album: Album) -> None:
    page = (await anna.get("/people")).json()
    assert page["total"] == 3
    assert page["next"] is None
    assert all(set(person) == PERSON for person in page["items"])
    first = page["items"][0]
    shown = (await anna.get(f"/people/{first['id']}")).json()
    assert shown == first
    faces = (await anna.get(f"/people/{first['id']}/faces")).json()
    assert faces["total"] == 4
    assert all(set(face) == FACE for face in faces["items"])
    face = faces["items"][0]
    assert (await anna.get(f"/faces/{face['id']}")).json() == face
    assert face in (await anna.get(f"/files/{face['file']}/faces")).json()["items"]
    assert face in (await anna.get(f"/files/{face['file']}")).json()["faces"]


async def test_naming_merging_and_undoing(anna: httpx.AsyncClient, bruno: httpx.AsyncClient, album: Album) -> None:
    one, other = str(await album.person("anna")), str(await album.person("bruno"))
    named = (await anna.patch(f"/people/{one}", json={"name": "Anna", "birthday": "2019-04-23"})).json()
    assert named["person"]["name"] == "Anna"
    assert named["undo"]
    assert (await anna.patch(f"/people/{one}", json={"name": "Anna"})).json()["undo"] is None
    assert [person["name"] for person in (await bruno.get("/people?q=an")).json()["items"]] == ["Anna"]
    merged = (await anna.post("/people/merge", json={"into": one, "people": [other]})).json()
    assert merged["person"]["faces"] == 8
    assert_error(await anna.get(f"/people/{other}"), 404, "not_found")
    assert_error(await bruno.post(f"/journal/{merged['undo']}/undo"), 404, "not_found")
    undone = await anna.post(f"/journal/{merged['undo']}/undo")
    assert undone.status_code == 200
    assert undone.json()["undone_at"]
    assert_error(await anna.post(f"/journal/{merged['undo']}/undo"), 409, "conflict")
    assert (await anna.get(f"/people/{other}")).json()["faces"] == 4
    entries = (await anna.get("/journal?noun=person")).json()["items"]
    assert [(entry["verb"], entry["can_undo"]) for entry in entries] == [("merge", False), ("change", True)]
    assert entries[1]["name"] == "Anna"
    assert (await bruno.get("/journal")).json()["items"] == []


async def test_what_can_be_said_of_one_face(anna: httpx.AsyncClient, album: Album) -> None:
    face = str(await album.face("carla", 0))
    said = (await anna.patch(f"/faces/{face}", json={"name": "Carla"})).json()
    assert said["face"]["person"]["name"] == "Carla"
    carla = said["face"]["person"]["id"]
    denied = (await anna.patch(f"/faces/{face}", json={"person": None})).json()
    assert denied["face"]["person"] is None
    again = (await anna.patch(f"/faces/{face}", json={"person": carla})).json()
    assert again["face"]["person"]["id"] == carla
    assert (await anna.patch(f"/faces/{face}", json={"not_person": carla})).json()["face"]["person"] is None
    for nonsense in ({}, {"name": "A", "person": carla}, {"name": ""}, {"nome": "A"}):
        assert_error(await anna.patch(f"/faces/{face}", json=nonsense), 400, "invalid_input")
    gone = (await anna.delete(f"/faces/{face}")).json()
    assert gone["face"] is None
    assert_error(await anna.get(f"/faces/{face}"), 404)
    await anna.post(f"/journal/{gone['undo']}/undo")
    assert (await anna.get(f"/faces/{face}")).status_code == 200


async def test_splitting_confirming_rejecting_and_telling_apart(anna: httpx.AsyncClient, album: Album) -> None:
    carla = str(await album.person("carla"))
    faces = [face["id"] for face in (await anna.get(f"/people/{carla}/faces")).json()["items"]]
    split = await anna.post(f"/people/{carla}/split", json={"faces": faces[:1], "name": "Clara"})
    assert split.status_code == 201
    clara = split.json()["person"]
    assert (clara["name"], clara["faces"]) == ("Clara", 1)
    rejected = (await anna.post(f"/people/{carla}/reject", json={"faces": faces[1:2]})).json()
    assert rejected["person"]["faces"] == 2
    confirmed = (await anna.post(f"/people/{carla}/confirm", json={"faces": faces[1:2]})).json()
    assert confirmed["person"]["faces"] == 3
    apart = await anna.post("/people/apart", json={"person": carla, "other": clara["id"]})
    assert apart.status_code == 200
    assert (await anna.get("/people/suggestions")).json() == {"items": []}
    assert (await anna.get(f"/people/{carla}/suggestions")).json() == {"items": []}
    assert_error(await anna.post(f"/people/{carla}/reject", json={"faces": []}), 400)
    nobody = [album.library]
    assert_error(await anna.post(f"/people/{carla}/reject", json={"faces": [str(one) for one in nobody]}), 404)


async def test_the_picture_of_a_face_is_cut_once_and_kept_by_its_box(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, service: Service
) -> None:
    file = await upload(anna, portrait("anna", "carla"))
    await until_done(anna)
    first, second = (await anna.get(f"/files/{file['id']}/faces")).json()["items"]
    path = first["thumbnail_url"].removeprefix("/api/v1")
    answer = await anna.get(path)
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (200, 200)
        red, green, blue = picture.convert("RGB").getpixel((100, 100))  # type: ignore[misc]  # RGB has three
        assert red > 100 > max(green, blue)
    assert (await anna.get(path, headers={"if-none-match": answer.headers["etag"]})).status_code == 304
    assert (await anna.get(second["thumbnail_url"].removeprefix("/api/v1"))).content != answer.content
    assert_error(await bruno.get(path), 404)
    assert await service.house.home.db.value("SELECT count(*) FROM thumbs.face_thumbnail") == 2


async def test_a_box_drawn_on_a_photo_becomes_a_face(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file = await upload(anna, photo())
    body: dict[str, Any] = {"file": file["id"], "box": [0.1, 0.1, 0.4, 0.4], "name": "Grandma"}
    assert_error(await bruno.post("/faces", json=body), 404, "not_found")
    drawn = await anna.post("/faces", json=body)
    assert drawn.status_code == 201
    assert drawn.json()["face"]["person"]["name"] == "Grandma"
    assert_error(await anna.post("/faces", json=body), 409, "conflict")
    assert_error(await anna.post("/faces", json=body | {"box": [0.1, 0.1]}), 400)
    assert_error(await anna.post("/faces", json=body | {"box": [2, 0.1, 0.1, 0.1]}), 400)
    await until_done(anna)
    assert [face["source"] for face in (await anna.get(f"/files/{file['id']}/faces")).json()["items"]] == ["manual"]


async def test_people_on_someones_own_photos_do_not_exist_for_others(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient
) -> None:
    for number in range(3):
        await upload(anna, portrait("dora", number=number))
    await until_done(anna)
    await ClusterFaces().run(service.house.home, Progress(lambda: None))
    (dora,) = (await anna.get("/people")).json()["items"]
    assert dora["faces"] == 3
    assert (await bruno.get("/people")).json()["total"] == 0
    face = (await anna.get(f"/people/{dora['id']}/faces")).json()["items"][0]["id"]
    person = f"/people/{dora['id']}"
    for method, path, body in (
        ("GET", person, None),
        ("PATCH", person, {"name": "x"}),
        ("GET", f"{person}/faces", None),
        ("GET", f"{person}/suggestions", None),
        ("POST", f"{person}/split", {"faces": [face]}),
        ("POST", f"{person}/reject", {"faces": [face]}),
        ("POST", f"{person}/confirm", {"faces": [face]}),
        ("POST", "/people/merge", {"into": dora["id"], "people": [face]}),
        ("POST", "/people/apart", {"person": dora["id"], "other": face}),
        ("GET", f"/faces/{face}", None),
        ("PATCH", f"/faces/{face}", {"name": "x"}),
        ("DELETE", f"/faces/{face}", None),
        ("GET", f"/faces/{face}/suggestions", None),
        ("GET", f"/faces/{face}/thumbnail", None),
        ("GET", f"/timeline?person={dora['id']}", None),
        ("GET", f"/timeline/2024-05?person={dora['id']}", None),
    ):
        answer = await bruno.request(method, path, json=body)
        assert answer.status_code in (400, 404) if "split" in path else answer.status_code == 404, f"{method} {path}"
    assert (await anna.get(person)).json() == dora


async def test_switching_the_engine_looks_again_and_keeps_names(
    admin: httpx.AsyncClient, anna: httpx.AsyncClient
) -> None:
    file = await upload(anna, portrait("dora"))
    await until_done(anna)
    (face,) = (await anna.get(f"/files/{file['id']}/faces")).json()["items"]
    await anna.patch(f"/faces/{face['id']}", json={"name": "Dora"})
    assert_error(await admin.patch("/settings", json={"face_engine": "magic"}), 400, "invalid_input")
    settings = (await admin.patch("/settings", json={"face_engine": "sface"})).json()["items"]
    shown = next(setting for setting in settings if setting["name"] == "face_engine")
    assert (shown["value"], shown["default"], shown["choices"]) == ("sface", "dlib", ["dlib", "sface"])
    await until_done(anna)
    (again,) = (await anna.get(f"/files/{file['id']}/faces")).json()["items"]
    assert (again["id"], again["person"]["name"]) == (face["id"], "Dora")


async def test_an_engine_that_is_not_there_is_in_health_with_what_to_do(
    anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ModelUnavailableError("dlib", "face_recognition is not installed.", hint="Run ./install.sh again.")
    monkeypatch.setattr(FakeFaceEngine, "error", error)
    await upload(anna, portrait("dora"))
    async with asyncio.timeout(60):
        while (health := (await anna.get("/health")).json())["status"] == "ok":  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.05)
    assert health["status"] == "degraded"
    assert {"part": "faces", "message": error.message, "hint": error.hint} in health["reasons"]
    assert (await anna.get("/failures")).json()["total"] == 0


async def test_what_was_not_grouped_before_the_service_ended_is_grouped_after_its_start(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    await asyncio.to_thread(photos.mkdir)
    async with open_house(settings) as house:
        album = await Album.create(house.home, photos)
        for number in range(3):
            await album.photo("anna", number=number)
        assert await face_groups.is_due(house.home.db)
    monkeypatch.setattr("appliance.jobs.registry.STARTED_BY", ((FacesChanged, "cluster_faces", 0.05),))
    async with open_house(settings) as house, asyncio.timeout(60):
        while await face_groups.is_due(house.home.db):  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.05)
        assert (await people.list_people(house.home.db, LOCAL_ADMIN)).items[0]["faces"] == 3
