"""Grouping: people form by themselves, and what somebody said of them holds through every further run."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from appliance.files import TEMPORARY_PREFIX
from appliance.jobs import registry
from appliance.jobs.base import Progress
from appliance.jobs.cluster_faces import ClusterFaces
from appliance.jobs.schedule import Scheduler
from appliance.library import decisions, face_groups, face_index, faces, people
from appliance.library.viewers import LOCAL_ADMIN
from appliance.messages import FacesChanged
from tests.appliance.people import Album, state
from tests.appliance.portraits import HUES, portrait

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home


async def cluster(home: Home, *, quick: bool = False) -> dict[str, Any]:
    return await ClusterFaces().run(home, Progress(lambda: None), quick=quick)


async def groups(home: Home) -> list[list[str]]:
    """Names of the files that each person is on."""
    rows = await home.db.fetch(
        """SELECT fa."person", f."filename" FROM "face" fa JOIN "stored_file" f ON f."id" = fa."file"
           WHERE fa."person" IS NOT NULL ORDER BY 1, 2"""
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(str(row["person"]), []).append(row["filename"])
    return sorted(found.values())


@pytest.fixture
async def album(home: Home, photos: Path) -> Album:
    return await Album.create(home, photos)


async def test_faces_of_one_person_become_a_group(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]], run_steps: Callable[[], Awaitable[Any]]
) -> None:
    for number in range(3):
        (photos / f"a{number}.jpg").write_bytes(portrait("anna", "bruno", number=number))
    (photos / "c.jpg").write_bytes(portrait("carla"))
    await scan()
    await run_steps()
    result = await cluster(home)
    assert result == {"faces": 7, "moved": 6, "made": 2, "dissolved": 0}
    assert await groups(home) == [["a0.jpg", "a1.jpg", "a2.jpg"]] * 2
    assert (await cluster(home))["moved"] == 0
    assert (await cluster(home, quick=True))["faces"] == 0
    assert not list(home.paths.previews.glob(f"{TEMPORARY_PREFIX}*"))


async def test_nobody_is_on_a_photo_twice(album: Album) -> None:
    """Twins, whom no engine tells apart: the same hue twice on each of five photos, and one of them alone."""
    for number in range(5):
        await album.photo("anna", "anna", "bruno", number=number)
    await album.photo("anna")
    await album.cluster()
    await album.check_nobody_twice()
    bruno = await album.person("bruno")
    assert (await people.get_person(album.home.db, LOCAL_ADMIN, bruno))["faces"] == 5


async def test_ids_survive_regrouping_while_groups_grow(album: Album) -> None:
    for number in range(3):
        await album.photo("anna", "bruno", number=number)
    await album.cluster()
    before = {name: await album.person(name) for name in ("anna", "bruno")}
    for number in range(10, 14):
        await album.photo("anna", "carla", number=number)
    await album.cluster()
    assert {name: await album.person(name) for name in ("anna", "bruno")} == before
    assert await album.people() == {"anna": 7, "bruno": 3, "carla": 4}


@pytest.mark.parametrize("few", [0, 4000], ids=["from the groups that there are", "from nothing"])
async def test_ten_batches_in_any_order_give_what_one_run_gives(
    album: Album, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.jobs.cluster_faces.FEW", few)
    names = ["anna", "bruno", "carla", "dora", "emil", "frida"]
    chance = random.Random(7)
    photos = [tuple(chance.sample(names, chance.randint(1, 4))) for _ in range(60)]
    for number, who in enumerate(photos):
        await album.photo(*who, number=number)
        if number % 6 == 5:
            await album.cluster(quick=True)
    expected = {name: sum(name in who for who in photos) for name in names}
    assert await album.people() == expected
    await album.check_nobody_twice()


async def test_new_faces_join_those_who_are_named(album: Album) -> None:
    for number in range(4):
        await album.photo("anna", number=number)
    await album.cluster()
    anna = await album.person("anna")
    await album.change(anna, name="Anna")
    file = await album.photo("anna", "bruno", number=9)
    await album.cluster(quick=True)
    (first, second) = await faces.faces_of_file(album.home.db, LOCAL_ADMIN, file)
    assert first["person"]["name"] == "Anna"
    assert not first["confirmed"]
    assert second["person"] is None


async def test_a_group_that_looks_like_someone_is_asked_about_until_told_apart(album: Album) -> None:
    home, db = album.home, album.home.db
    for number in range(4):
        await album.photo("anna", number=number)
    await album.cluster()
    anna = await album.person("anna")
    await album.change(anna, name="Anna")
    HUES["lena"] = 0.06
    try:
        for number in range(4):
            await album.photo("lena", number=number)
        await album.cluster()
        (asked,) = await people.merge_suggestions(db, LOCAL_ADMIN)
        assert asked["other"]["id"] == anna
        assert 0 < asked["confidence"] < 1
        lena = asked["person"]["id"]
        (found, *_) = await people.face_suggestions(db, LOCAL_ADMIN, anna)
        assert found["face"]["person"]["id"] == lena
        assert (await faces.who_may_it_be(db, LOCAL_ADMIN, found["face"]["id"]))[0]["name"] == "Anna"
        await decisions.keep_apart(db, home.bus, LOCAL_ADMIN, lena, anna)
        assert await people.merge_suggestions(db, LOCAL_ADMIN) == []
        await album.cluster()
        assert await people.merge_suggestions(db, LOCAL_ADMIN) == []
        await album.photo("anna", "lena", number=50)
        await album.cluster()
        await album.check_nobody_twice()
    finally:
        del HUES["lena"]


async def test_two_groups_and_two_named_people_who_may_be_one_are_asked_about(album: Album) -> None:
    """lena and anna are farther apart than grouping merges, mia and emil as well."""
    home, db = album.home, album.home.db
    HUES["lena"], HUES["mia"] = 0.04, 0.70
    try:
        for number in range(3):
            for name in ("anna", "lena", "emil", "mia", "carla"):
                await album.photo(name, number=number)
        await album.cluster()
        emil, mia = await album.person("emil"), await album.person("mia")
        await album.change(emil, name="Emil")
        await album.change(mia, name="Mia")
        await album.cluster()
        asked = await people.merge_suggestions(db, LOCAL_ADMIN)
        pairs = {frozenset((one["person"]["id"], one["other"]["id"])) for one in asked}
        anna, lena = await album.person("anna"), await album.person("lena")
        assert pairs == {frozenset((anna, lena)), frozenset((emil, mia))}
        assert await people.face_suggestions(db, LOCAL_ADMIN, emil) == []  # Mia's faces are hers
        await decisions.keep_apart(db, home.bus, LOCAL_ADMIN, emil, mia)
        await decisions.merge(db, home.bus, LOCAL_ADMIN, anna, [lena])
        assert await people.merge_suggestions(db, LOCAL_ADMIN) == []
        await album.cluster()
        assert await people.merge_suggestions(db, LOCAL_ADMIN) == []
        assert (await people.get_person(db, LOCAL_ADMIN, anna))["faces"] == 6
    finally:
        del HUES["lena"], HUES["mia"]


async def test_a_run_that_is_cut_off_anywhere_is_made_good_by_the_next(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_groups, "CHUNK", 3)
    for number in range(8):
        await album.photo("anna", "bruno", "carla", number=number)
    await album.cluster()
    await album.change(await album.person("anna"), name="Anna")
    for number in range(20, 26):
        await album.photo("anna", "dora", "bruno", number=number)
    wanted: dict[str, int] | None = None
    for steps in (1, 2, 3, 5, 8, 100):
        await cut_off(album.home, after=steps)
        await album.check_nobody_twice()
        if steps == 100:
            wanted = await album.people()
    assert wanted == {"anna": 14, "bruno": 14, "carla": 8, "dora": 6}
    assert not await face_groups.is_due(album.home.db)


async def cut_off(home: Home, *, after: int) -> None:
    """Run the job until it has checked in `after` times, then end it there, as a kill would between transactions."""

    class Cut(Progress):
        left = after

        async def check_in(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise asyncio.CancelledError

    task = asyncio.ensure_future(ClusterFaces().run(home, Cut(lambda: None)))
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled() == (after < 100)


async def test_what_somebody_says_while_it_computes_is_not_overwritten(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, db = album.home, album.home.db
    for number in range(4):
        await album.photo("anna", "bruno", number=number)
    said: dict[str, Any] = {}
    real = home.compute.run

    async def slow(*args: Any, **kwargs: Any) -> Any:
        found = await real(*args, **kwargs)
        face = await album.face("anna", 0)
        await decisions.say_who(db, home.bus, LOCAL_ADMIN, [face], name="Somebody")
        await decisions.remove_face(db, home.bus, LOCAL_ADMIN, await album.face("bruno", 1))
        said.update(await state(home))
        return found

    monkeypatch.setattr(home.compute, "run", slow)
    await cluster(home)
    after = await state(home)
    for face, row in said["faces"].items():
        if row["confirmed"] or row["removed"]:
            assert after["faces"][face] == row
    assert await face_groups.is_due(db)  # the next run looks at what was said


async def test_it_starts_by_itself_after_new_faces_and_at_the_start(album: Album) -> None:
    home = album.home
    scheduler = Scheduler(home, registry.JOBS, ((FacesChanged, "cluster_faces", 0.05),))
    await scheduler.start()
    try:
        for number in range(3):
            await album.photo("anna", number=number)
            home.bus.publish(FacesChanged())
        async with asyncio.timeout(60):
            while await face_groups.is_due(home.db):  # noqa: ASYNC110 - polled, as clients do
                await asyncio.sleep(0.02)
        await scheduler.wait("cluster_faces")
        assert await album.people() == {"anna": 3}
    finally:
        await scheduler.stop()


async def test_faces_of_a_deleted_file_leave_no_vector_behind(album: Album) -> None:
    home = album.home
    files: list[uuid.UUID] = [await album.photo("anna", number=number) for number in range(3)]
    await album.cluster()
    await home.db.fetch('DELETE FROM "stored_file" WHERE "id" <> ?', [str(files[0])])
    result = await album.cluster()
    assert result == {"faces": 1, "moved": 1, "made": 0, "dissolved": 1}
    assert await home.db.value('SELECT count(*) FROM "face_vectors"') == 1
    assert await home.db.value('SELECT count(*) FROM "person"') == 0


async def test_neighbours_are_sought_in_near_cells_once_there_are_many_faces(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"MANY": 20, "PER_CELL": 5, "PROBED": 5, "MOVED_AT_ONCE": 7}.items():
        monkeypatch.setattr(face_index, name, value)
    db = album.home.db
    names = list(HUES)
    for number in range(10):
        await album.photo(*names[:3], number=number)
        await album.photo(*names[3:], number=number)
    everyone = await _neighbours(album)
    await album.cluster()
    assert await db.value('SELECT count(*) FROM "face_cell" WHERE "centre" IS NOT NULL') == 12
    assert await _neighbours(album) == everyone
    # A new face goes to its cell, one that is no face leaves it, and nothing is sorted anew for that.
    await album.photo("anna", number=99)
    await decisions.remove_face(db, album.home.bus, LOCAL_ADMIN, await album.face("anna", 3))
    everyone = await _neighbours(album)
    assert len(everyone["anna"]) == 10
    before = await db.fetch('SELECT "id" FROM "face_cell"')
    await album.cluster()
    assert await db.fetch('SELECT "id" FROM "face_cell"') == before
    assert await _neighbours(album) == everyone
    # Twice as many: the cells grow with the library.
    for number in range(100, 140):
        await album.photo(*names, number=number)
    await album.cluster()
    assert await db.value('SELECT count(*) FROM "face_cell"') == 60
    assert await db.value('SELECT count(*) FROM "face_vectors"') == 300
    assert len((await _neighbours(album))["anna"]) > 10


async def _neighbours(album: Album) -> dict[str, set[str]]:
    """Name -> faces that are very near to one of theirs."""
    found = {}
    for name in HUES:
        embedding = await album.home.db.value(
            'SELECT "embedding" FROM "face" WHERE "id" = ?', [str(await album.face(name, 0))]
        )
        near = await face_index.nearest(album.home.db, embedding, count=64)
        assert [hit["distance"] for hit in near] == sorted(hit["distance"] for hit in near)
        found[name] = {hit["face"] for hit in near if hit["distance"] < 0.2}
    return found


async def test_another_engine_begins_with_one_cell(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_index, "MANY", 5)
    monkeypatch.setattr(face_index, "PER_CELL", 3)
    for number in range(10):
        await album.photo("anna", "bruno", number=number)
    await album.cluster()
    assert await album.home.db.value('SELECT count(*) FROM "face_cell"') == 6
    await album.new_engine_version(monkeypatch)
    assert await album.home.db.value('SELECT count(*) FROM "face_cell"') == 1
    await album.cluster()
    assert await album.home.db.value('SELECT count(*) FROM "face_vectors"') == 20
    assert await album.home.db.value('SELECT count(*) FROM "face_cell" WHERE "centre" IS NOT NULL') == 6


async def test_an_empty_library_has_nothing_to_group(home: Home) -> None:
    assert (await cluster(home))["faces"] == 0
    engine = await face_index.engine_in_use(home.db)
    assert await face_groups.count_faces(home.db, engine) == 0
