"""Similar photos: by the vectors of the model in use, only those that may be seen, and a hint where there are none."""

from __future__ import annotations

import math
import struct
import uuid
from typing import TYPE_CHECKING

import pytest

from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import image_index, settings, similar, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from ml import registry
from tests.appliance.alike import Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def shelf(home: Home, tmp_path: Path) -> Shelf:
    shelf = await Shelf.create(home, tmp_path / "photos")
    await choose(home, "imagenet")
    return shelf


async def choose(home: Home, model: str) -> None:
    await settings.change_settings(home.db, LOCAL_ADMIN, {"embedding_model": model})
    await image_index.prepare(home.db)


async def photo(shelf: Shelf, *angles: float, user: uuid.UUID | None = None) -> uuid.UUID:
    """A file whose vectors point that way, in degrees; several for the frames of a video."""
    file = await shelf.add(None, user=user)
    spec = registry.embedder("imagenet").spec
    vectors = [
        struct.pack("<1280f", math.cos(math.radians(angle)), math.sin(math.radians(angle)), *[0.0] * 1278)
        for angle in angles
    ]
    async with shelf.home.db.write():
        await image_index.keep(shelf.home.db, file, spec.name, spec.version, vectors)
    return file


async def found(shelf: Shelf, file: uuid.UUID, viewer: Viewer = LOCAL_ADMIN, limit: int = 50) -> list[uuid.UUID]:
    return [row["id"] for row, _ in (await similar.similar_files(shelf.home.db, viewer, file, limit=limit)).items]


async def test_the_most_alike_come_first_with_their_cosine(shelf: Shelf) -> None:
    here = await photo(shelf, 0)
    near, far, nearest = await photo(shelf, 30), await photo(shelf, 80), await photo(shelf, 10)
    answer = await similar.similar_files(shelf.home.db, LOCAL_ADMIN, here)
    assert [row["id"] for row, _ in answer.items] == [nearest, near, far]
    assert [score for _, score in answer.items] == pytest.approx(
        [math.cos(math.radians(angle)) for angle in (10, 30, 80)], abs=1e-4
    )
    assert answer.hint == ""
    assert await found(shelf, here, limit=1) == [nearest]


async def test_any_frame_of_a_video_may_be_the_one(shelf: Shelf) -> None:
    video = await photo(shelf, 0, 40, 90)
    first, last = await photo(shelf, 5), await photo(shelf, 88)
    assert await found(shelf, video) == [last, first]
    assert (await found(shelf, last))[0] == video


async def test_what_may_not_be_seen_is_not_similar(shelf: Shelf) -> None:
    rows = [await users.add_user(shelf.home.db, LOCAL_ADMIN, username=n, password="a long password") for n in "ab"]
    anna, bruno = (Viewer(user_id=row["id"]) for row in rows)
    here = await photo(shelf, 0)
    hers, his = await photo(shelf, 1, user=anna.user_id), await photo(shelf, 2, user=bruno.user_id)
    hidden, trashed = await photo(shelf, 3), await photo(shelf, 4)
    async with shelf.home.db.write():
        await shelf.home.db.fetch('UPDATE "stored_file" SET "hidden" = 1 WHERE "id" = ?', [str(hidden)])
        await shelf.home.db.fetch(
            'UPDATE "stored_file" SET "trashed_at" = \'2024-01-01\' WHERE "id" = ?', [str(trashed)]
        )
    assert await found(shelf, here, anna) == [hers]
    assert await found(shelf, here, bruno) == [his]
    with pytest.raises(NotFoundError):
        await found(shelf, his, anna)


async def test_where_nothing_can_be_found_the_hint_says_why(shelf: Shelf) -> None:
    file = await shelf.add(None)
    answer = await similar.similar_files(shelf.home.db, LOCAL_ADMIN, file)
    assert answer.items == []
    assert "has not looked" in answer.hint
    await choose(shelf.home, "off")
    answer = await similar.similar_files(shelf.home.db, LOCAL_ADMIN, file)
    assert answer.items == []
    assert "embedding model" in answer.hint


async def test_unknown_files_and_limits_are_refused(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError):
        await found(shelf, uuid.uuid4())
    file = await photo(shelf, 0)
    for limit in (0, 1000):
        with pytest.raises(InvalidInputError):
            await found(shelf, file, limit=limit)
