"""The nearest pictures of those that may be seen are found, whatever is asked and however little it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.db.tables import FileStep, StoredFile
from appliance.errors import InvalidInputError
from appliance.jobs.base import Progress
from appliance.jobs.index_images import IndexImages
from appliance.library import image_index, image_lists, image_search, libraries
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.values import new_id, now
from ml.base import Embedder, ModelSpec

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from pathlib import Path

    from appliance.db.engine import Database
    from appliance.home import Home
    from ml.base import ImageTower, Vectors

WIDE = 32


def tower() -> ImageTower:
    raise AssertionError("the index needs no model")


def embedder(name: str, dimensions: int, version: str = "1") -> Embedder:
    spec = ModelSpec(
        name=name,
        version=version,
        task="embedding",
        licence="MIT",
        source="tests",
        revision="",
        files=(),
        memory_mb=1,
        needs_download=False,
    )
    return Embedder(spec, dimensions, tower)


def unit(rows: Any) -> Vectors:
    found: Vectors = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype("<f4")
    return found


class Pictures:
    """Files with embeddings, and the same in plain arrays to search by brute force."""

    def __init__(self, home: Home, library: object) -> None:
        self.home, self.library, self.model = home, library, "first"
        self.frames: dict[uuid.UUID, Vectors] = {}
        self.ratings: dict[uuid.UUID, int] = {}
        self.chance = np.random.default_rng(5)

    @classmethod
    async def create(cls, home: Home, folder: Path) -> Pictures:
        return cls(home, (await libraries.add_library(home.db, name="photos", root=str(folder)))["id"])

    def vectors(self, count: int, groups: int = 20) -> Vectors:
        centres = np.random.default_rng(1).normal(size=(groups, WIDE))
        rows = centres[self.chance.integers(0, groups, count)] + 0.6 * self.chance.normal(size=(count, WIDE)) + 0.5
        return unit(rows)

    async def add(self, count: int, *, frames: int = 1, rating: int = 0) -> list[uuid.UUID]:
        files = [new_id() for _ in range(count)]
        moment = now()
        rows = [
            {
                "id": file,
                "filename": f"{file}.jpg",
                "kind": "video" if frames > 1 else "photo",
                "mime_type": "image/jpeg",
                "library": self.library,
                "content": f"{file}.jpg",
                "content_sha": file.hex,
                "size_bytes": 1,
                "rating": rating,
                "local_start": "2024-05-01T12:00:00.000",
                "created": moment,
                "modified": moment,
            }
            for file in files
        ]
        steps = [
            {"id": new_id(), "file": file, "step": "embedding", "version": "1", "status": "done", "modified": moment}
            for file in files
        ]
        async with self.home.db.write():
            await self.home.db.insert(StoredFile, rows)
            await self.home.db.insert(FileStep, steps)
            for file in files:
                vectors = self.vectors(frames)
                self.frames[file] = vectors
                self.ratings[file] = rating
                await self.keep(file, vectors)
        return files

    async def keep(self, file: uuid.UUID, vectors: Vectors, model: str = "", version: str = "1") -> None:
        async with self.home.db.write():
            await image_index.keep(self.home.db, file, model or self.model, version, [row.tobytes() for row in vectors])

    def exact(self, vector: Vectors, files: Sequence[uuid.UUID], count: int) -> list[tuple[uuid.UUID, float]]:
        scores = [(file, float((self.frames[file] @ vector).max())) for file in files]
        return sorted(scores, key=lambda item: -item[1])[:count]

    async def nearest(
        self, vector: Vectors, count: int, condition: str = "1", arguments: Sequence[object] = ()
    ) -> list[tuple[uuid.UUID, float]]:
        return await image_index.nearest(
            self.home.db, vector.tobytes(), condition=condition, arguments=arguments, count=count
        )

    async def check_found(self, files: Sequence[uuid.UUID]) -> None:
        for file in files:
            assert (await self.nearest(self.frames[file][0], 1))[0][0] == file

    async def index_job(self) -> dict[str, Any]:
        return await IndexImages().run(self.home, Progress(lambda: None))


def same(found: list[tuple[uuid.UUID, float]], wanted: list[tuple[uuid.UUID, float]]) -> bool:
    """Scores to 1e-5; equal ones may stand in any order."""
    return len(found) == len(wanted) and all(
        abs(one[1] - other[1]) < 1e-5 for one, other in zip(found, wanted, strict=True)
    )


@pytest.fixture
async def pictures(home: Home, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    monkeypatch.setattr("ml.registry.EMBEDDERS", (embedder("first", WIDE), embedder("second", 16)))
    await choose(home, "first")
    return await Pictures.create(home, photos)


async def choose(home: Home, model: str) -> bool:
    await change_settings(home.db, LOCAL_ADMIN, {"embedding_model": model})
    return await image_index.prepare(home.db)


async def count(db: Database, table: str) -> int:
    found: int = await db.value(f'SELECT count(*) FROM "{table}"')
    return found


async def test_without_a_model_in_use_nothing_is_found_and_nothing_fails(home: Home, pictures: Pictures) -> None:
    (file,) = await pictures.add(1)
    assert await choose(home, "off")
    query = pictures.vectors(1)[0]
    assert await pictures.nearest(query, 3) == []
    assert await image_index.similarities(home.db, query.tobytes(), [file]) == {}
    assert (await image_index.background(home.db, query.tobytes())).files == 0
    assert await image_index.vectors_of(home.db, file) == []
    assert await choose(home, "first")
    assert len(await pictures.nearest(query, 3)) == 1


async def test_a_picture_is_found_as_soon_as_it_is_kept(home: Home, pictures: Pictures) -> None:
    await pictures.add(300)
    (file,) = await pictures.add(1)
    found = await pictures.nearest(pictures.frames[file][0], 1)
    assert found[0][0] == file
    assert found[0][1] == pytest.approx(1.0, abs=1e-5)
    assert await image_index.vectors_of(home.db, file) == [pictures.frames[file][0].tobytes()]


async def test_a_video_is_as_near_as_its_best_frame_and_is_listed_once(pictures: Pictures) -> None:
    videos = await pictures.add(40, frames=3)
    query = pictures.frames[videos[7]][2]
    found = await pictures.nearest(query, 40)
    assert found[0][0] == videos[7]
    assert len({file for file, _ in found}) == len(found) == 40
    assert same(found, pictures.exact(query, videos, 40))


async def test_keeping_again_replaces_and_a_file_that_goes_takes_its_vectors_along(
    home: Home, pictures: Pictures
) -> None:
    files = await pictures.add(5, frames=3)
    await pictures.keep(files[0], pictures.vectors(1))
    assert await count(home.db, "image_embedding") == await count(home.db, "image_vectors") == 13
    async with home.db.write():
        await home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(files[1])])
        await home.db.fetch('UPDATE "stored_file" SET "content_sha" = ? WHERE "id" = ?', ["other", str(files[2])])
        await home.db.fetch('UPDATE "stored_file" SET "rating" = 4 WHERE "id" = ?', [str(files[3])])
    assert await count(home.db, "image_embedding") == await count(home.db, "image_vectors") == 7
    index = await image_index.in_use(home.db)
    assert index is not None
    assert index.vectors == 7
    found = await pictures.nearest(pictures.vectors(1)[0], 10)
    assert {file for file, _ in found} == {files[0], files[3], files[4]}


async def test_a_transaction_that_fails_leaves_no_trace_of_a_vector(home: Home, pictures: Pictures) -> None:
    files = await pictures.add(3)
    before = await pictures.nearest(pictures.frames[files[0]][0], 3)
    with pytest.raises(InvalidInputError, match="32 values"):
        await pictures.keep(files[0], np.ones((1, 31), "<f4"))
    with pytest.raises(RuntimeError, match="power cut"):
        await self_interrupted(home, pictures, files[0])
    assert await pictures.nearest(pictures.frames[files[0]][0], 3) == before


async def self_interrupted(home: Home, pictures: Pictures, file: uuid.UUID) -> None:
    async with home.db.write():
        await pictures.keep(file, pictures.vectors(1))
        raise RuntimeError("power cut")


async def test_a_query_of_another_length_is_refused(home: Home, pictures: Pictures) -> None:
    await pictures.add(1)
    with pytest.raises(InvalidInputError):
        await pictures.nearest(np.ones(16, "<f4"), 1)


async def test_switching_the_model_and_back_keeps_everything_and_never_mixes(home: Home, pictures: Pictures) -> None:
    files = await pictures.add(30)
    query = pictures.vectors(1)[0]
    before = await pictures.nearest(query, 10)
    assert await choose(home, "second")
    assert not await image_index.prepare(home.db)
    assert await status(home.db) == {"pending": 30}
    short = unit(np.random.default_rng(2).normal(size=(4, 16)))
    assert await pictures.nearest(short[0], 10) == []
    for file, vector in zip(files, short, strict=False):
        await pictures.keep(file, vector[None], model="second")
    assert {file for file, _ in await pictures.nearest(short[0], 10)} == set(files[:4])
    assert await choose(home, "first")
    assert await status(home.db) == {"done": 30}
    assert await pictures.nearest(query, 10) == before
    assert await choose(home, "second")
    assert await status(home.db) == {"done": 4, "pending": 26}


async def status(db: Database) -> dict[str, int]:
    rows = await db.fetch('SELECT "status", count(*) AS "files" FROM "file_step" GROUP BY "status"')
    return {row["status"]: row["files"] for row in rows}


async def test_a_new_version_of_a_model_is_another_model(
    home: Home, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = await pictures.add(1)
    monkeypatch.setattr("ml.registry.EMBEDDERS", (embedder("first", WIDE, version="2"),))
    assert await image_index.prepare(home.db)
    assert await pictures.nearest(pictures.frames[file][0], 1) == []
    assert await image_index.vectors_of(home.db, file, "first", "1") == [pictures.frames[file][0].tobytes()]


async def test_similarities_are_cosines_of_the_best_frame(home: Home, pictures: Pictures) -> None:
    files = await pictures.add(6, frames=3)
    query = pictures.vectors(1)[0]
    found = await image_index.similarities(home.db, query.tobytes(), [*files[:4], new_id()])
    assert found == pytest.approx(dict(pictures.exact(query, files[:4], 4)), abs=1e-5)


@pytest.mark.parametrize("restricted", [False, True])
async def test_the_background_is_mean_and_deviation_of_what_may_be_seen(
    home: Home, pictures: Pictures, restricted: bool
) -> None:
    all_files = [*await pictures.add(900), *await pictures.add(30, rating=5)]
    files = all_files[900:] if restricted else all_files
    query = pictures.vectors(1)[0]
    found = await image_index.background(
        home.db, query.tobytes(), condition='f."rating" >= ?', arguments=[5 * restricted]
    )
    cosines = np.array([float((pictures.frames[file] @ query).max()) for file in files])
    if restricted:
        assert found.files == 30
        assert (found.mean, found.deviation) == pytest.approx((cosines.mean(), cosines.std()), abs=1e-5)
    else:
        assert found.files == image_index.SAMPLE
        assert found.mean == pytest.approx(cosines.mean(), abs=4 * cosines.std() / image_index.SAMPLE**0.5)
        assert found.deviation == pytest.approx(cosines.std(), rel=0.2)


@pytest.fixture
def small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists from 200 vectors on, few of which are read: everything that happens at a million happens at 600."""
    monkeypatch.setattr(image_lists, "FIRST_LISTS_AT", 200)
    monkeypatch.setattr(image_search, "PROBED_LISTS", 12)
    monkeypatch.setattr(image_search, "SPARE", 8)


@pytest.mark.usefixtures("small_lists")
async def test_lists_are_learned_when_there_are_enough_and_again_when_twice_as_many(
    home: Home, pictures: Pictures
) -> None:
    await pictures.add(150)
    assert await pictures.index_job() == {"learned": False, "moved": 0}
    await pictures.add(50)
    assert await pictures.index_job() == {"learned": True, "moved": 200}
    await pictures.add(150)
    assert await pictures.index_job() == {"learned": False, "moved": 0}
    await pictures.add(50)
    assert await pictures.index_job() == {"learned": True, "moved": 400}
    index = await image_index.in_use(home.db)
    assert index is not None
    assert (index.vectors, index.learned, index.generation, index.lists) == (400, 400, 2, 80)
    generations = await home.db.fetch('SELECT DISTINCT "generation" FROM "image_list" ORDER BY 1')
    assert [row["generation"] for row in generations] == [0, 2]
    assert await count(home.db, "image_vectors") == 400
    hits = 0
    for file in list(pictures.frames)[:40]:
        query = pictures.frames[file][0]
        wanted = {one for one, _ in pictures.exact(query, list(pictures.frames), 10)}
        hits += len(wanted & {one for one, _ in await pictures.nearest(query, 10)})
    assert hits >= 0.95 * 400


@pytest.mark.usefixtures("small_lists")
async def test_pictures_come_and_go_while_the_index_learns_and_all_are_found(
    home: Home, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.jobs.index_images.MOVED_AT_ONCE", 20)
    monkeypatch.setattr("appliance.jobs.index_images.ASSIGNED_AT_ONCE", 60)
    await pictures.add(300)
    await pictures.index_job()
    files = await pictures.add(400)
    added: list[uuid.UUID] = []

    async def change() -> None:
        (file,) = await pictures.add(1)
        added.append(file)
        assert (await pictures.nearest(pictures.frames[file][0], 1))[0][0] == file
        gone = files.pop()
        async with home.db.write():
            await home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(gone)])

    class Disturbed(Progress):
        """Something changes before every portion; however the machine shares out its time, it does."""

        async def check_in(self) -> None:
            await super().check_in()
            await change()

    running = asyncio.ensure_future(IndexImages().run(home, Disturbed(lambda: None)))
    while not running.done():
        await change()
        await asyncio.sleep(0)
    result = await running
    assert result["learned"]
    assert len(added) > 20  # some 33 portions of 20, each with one less to come
    assert await count(home.db, "image_vectors") == await count(home.db, "image_embedding") == 700
    index = await image_index.in_use(home.db)
    assert index is not None
    assert not await image_lists.is_moving(home.db, index)


@pytest.mark.usefixtures("small_lists")
@pytest.mark.parametrize("moves", [0, 1, 4])
async def test_a_job_stopped_anywhere_goes_on_and_nothing_is_missed_meanwhile(
    home: Home, pictures: Pictures, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    monkeypatch.setattr("appliance.jobs.index_images.MOVED_AT_ONCE", 30)
    files = await pictures.add(300)
    move, left = image_lists.move, [moves]

    async def stops(*arguments: Any) -> None:
        if not left[0]:
            raise asyncio.CancelledError
        left[0] -= 1
        await move(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(image_lists, "move", stops)
        with pytest.raises(asyncio.CancelledError):
            await pictures.index_job()
    await pictures.check_found(files[::10])
    assert await pictures.index_job() == {"learned": False, "moved": 300 - 30 * moves}
    await pictures.check_found(files[::10])
    assert list(home.paths.previews.iterdir()) == []


@pytest.fixture
async def rated(pictures: Pictures, small_lists: None) -> Pictures:
    """600 pictures in lists, of which the better rated are ever fewer; some more in no list yet, and some videos."""
    for rating, files in ((1, 300), (2, 180), (3, 80), (4, 30), (5, 8), (6, 2)):
        await pictures.add(files, rating=rating)
    await pictures.index_job()
    await pictures.add(60, frames=3, rating=3)
    return pictures


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(least=st.integers(1, 7), count=st.sampled_from([1, 5, 40]), seed=st.integers(0, 2**32), near=st.booleans())
async def test_a_restricted_search_is_brute_force_over_what_may_be_seen(
    rated: Pictures, least: int, count: int, seed: int, near: bool
) -> None:
    chance = np.random.default_rng(seed)
    query = unit(chance.normal(size=WIDE) + 0.3)
    if near:  # something that there is
        query = rated.frames[list(rated.frames)[seed % len(rated.frames)]][0]
    seen = [file for file, rating in rated.ratings.items() if rating >= least]
    found = await rated.nearest(query, count, 'f."rating" >= ? AND f."mime_type" = ?', [least, "image/jpeg"])
    assert {file for file, _ in found} <= set(seen), "a file that may not be seen"
    assert len(found) == min(count, len(seen))
    wanted = rated.exact(query, seen, count)
    if least >= 4:
        assert same(found, wanted), "where little may be seen, all of it is compared"
    assert same(found, [(file, float((rated.frames[file] @ query).max())) for file, _ in found])
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@pytest.mark.parametrize("least", [1, 2, 3, 4, 5])
async def test_reading_a_few_lists_finds_nearly_all_whatever_part_may_be_seen(rated: Pictures, least: int) -> None:
    seen = [file for file, rating in rated.ratings.items() if rating >= least]
    kept = wanted_of_all = 0
    for file in list(rated.frames)[::10]:
        query = rated.frames[file][0]
        wanted = {one for one, _ in rated.exact(query, seen, 10)}
        kept += len(wanted & {one for one, _ in await rated.nearest(query, 10, 'f."rating" >= ?', [least])})
        wanted_of_all += len(wanted)
    assert kept >= 0.97 * wanted_of_all


async def test_a_small_library_is_searched_as_if_nothing_else_were_there(pictures: Pictures) -> None:
    mine = await pictures.add(300, rating=1)
    query = pictures.vectors(1)[0]
    alone = await pictures.nearest(query, 20, 'f."rating" = 1')
    assert same(alone, pictures.exact(query, mine, 20))
    await pictures.add(900, rating=2)
    assert await pictures.nearest(query, 20, 'f."rating" = 1') == alone


async def test_a_search_for_much_more_than_there_is_lists_everything_once(rated: Pictures) -> None:
    found = await rated.nearest(rated.vectors(1)[0], 5000)
    assert len(found) == len(rated.frames)
    assert len({file for file, _ in found}) == len(found)
