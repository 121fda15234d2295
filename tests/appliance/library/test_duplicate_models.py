"""What an embedding model adds: it judges what looks are not sure of, and finds sequences among neighbours."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from appliance.library import image_index, settings
from appliance.library.viewers import LOCAL_ADMIN
from ml import registry
from tests.appliance.alike import Shelf, later, scene

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from numpy.typing import NDArray

    from appliance.home import Home

BACKGROUND = 40


@pytest.fixture
async def shelf(home: Home, tmp_path: Path) -> Shelf:
    """With pictures enough to know what is usual, none beside another in its folder."""
    shelf = await Shelf.create(home, tmp_path / "photos")
    await choose(home, "imagenet")
    for number in range(BACKGROUND):
        await see(shelf, await shelf.add(scene(1000 + number), f"{number}/photo.jpg"), vector(number))
    return shelf


async def choose(home: Home, model: str) -> None:
    await settings.change_settings(home.db, LOCAL_ADMIN, {"embedding_model": model})
    await image_index.prepare(home.db)


def vector(number: int) -> NDArray[np.float32]:
    values: NDArray[np.float32] = np.random.default_rng(number).normal(size=1280).astype(np.float32) + np.float32(0.7)
    return values / np.linalg.norm(values)


def between(one: NDArray[np.float32], other: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    values: NDArray[np.float32] = one * np.float32(math.sqrt(1 - share)) + other * np.float32(math.sqrt(share))
    return values / np.linalg.norm(values)


async def see(shelf: Shelf, file: uuid.UUID, seen: NDArray[np.float32]) -> None:
    """As the step `embedding` would keep it."""
    spec = registry.embedder("imagenet").spec
    async with shelf.home.db.write():
        packed = struct.pack("<1280f", *seen.tolist())
        await image_index.keep(shelf.home.db, file, spec.name, spec.version, [packed])


def written_upon(number: int) -> Image.Image:
    """As people write on photos: looks that are a little too far away."""
    image = Image.fromarray(scene(number))
    ImageDraw.Draw(image).rectangle((40, 174, 210, 188), fill="black")
    return image


async def test_a_copy_that_was_written_upon_is_one_if_a_model_agrees(shelf: Shelf) -> None:
    original, copy = await shelf.add(scene(3), "a/1.jpg"), await shelf.add(written_upon(3), "b/1.jpg")
    await shelf.find()
    row = await shelf.home.db.fetch_one('SELECT "kind", "distance" FROM "duplicate_pair"')
    assert row is not None
    assert row["kind"] == "maybe"
    assert 32 < row["distance"] <= 60
    assert await shelf.sets() == set()
    await see(shelf, original, vector(1))
    await see(shelf, copy, between(vector(1), vector(2), 0.1))
    await shelf.find()
    assert await shelf.sets() == {frozenset((original, copy))}


async def test_it_is_none_if_the_model_does_not_agree(shelf: Shelf) -> None:
    await see(shelf, await shelf.add(scene(3), "a/1.jpg"), vector(1))
    await see(shelf, await shelf.add(written_upon(3), "b/1.jpg"), vector(2))
    await shelf.find()
    assert await shelf.sets() == set()
    assert await shelf.home.db.value('SELECT "kind" FROM "duplicate_pair"') == "none"


async def walk(shelf: Shelf, folder: str, seconds: float | None, *, steps: int = 4) -> list[uuid.UUID]:
    """Frames each of which is like the one before."""
    frames = []
    seen = vector(77)
    for step in range(steps):
        taken = None if seconds is None else later(step * seconds)
        frame = await shelf.add(scene(100 + len(shelf.added)), f"{folder}/{step + 8}.jpg", taken=taken)
        await see(shelf, frame, seen)
        seen = between(seen, vector(200 + step), 0.2)
        frames.append(frame)
    return frames


async def test_neighbours_that_show_one_scene_are_a_sequence(shelf: Shelf) -> None:
    by_name, by_time = await walk(shelf, "walk", None), await walk(shelf, "dated", 10)
    await shelf.find()
    assert await shelf.sets(kind="sequence") == {frozenset(by_name), frozenset(by_time)}
    assert await shelf.sets() == set()


async def test_the_same_place_hours_later_is_no_sequence(shelf: Shelf) -> None:
    await walk(shelf, "walk", 3000)
    await shelf.find()
    assert await shelf.sets(kind="sequence") == set()


async def test_a_frame_that_comes_later_joins_and_nobody_is_asked_twice(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = await walk(shelf, "walk", None, steps=3)
    await shelf.find()
    asked: list[int] = []
    from appliance.jobs import find_duplicates

    are_alike = find_duplicates.are_alike

    def noting(vectors: bytes, pairs: list[tuple[int, int]], dimensions: int, least: float) -> list[bool]:
        asked.append(len(pairs))
        return are_alike(vectors, pairs, dimensions, least)

    monkeypatch.setattr(find_duplicates, "are_alike", noting)
    await shelf.find()
    assert asked == []
    new = await shelf.add(scene(300), "walk/11.jpg")
    await see(shelf, new, between(vector(77), vector(500), 0.2))
    await shelf.find()
    assert asked == [3]
    assert await shelf.sets(kind="sequence") == {frozenset((*frames, new))}


async def test_without_a_model_or_with_a_handful_of_pictures_nothing_is_asked(home: Home, tmp_path: Path) -> None:
    shelf = await Shelf.create(home, tmp_path / "photos")
    await choose(home, "imagenet")
    await walk(shelf, "walk", None)
    await shelf.find()
    assert await shelf.sets(kind="sequence") == set()
    await choose(home, "off")
    await shelf.find()
    assert await shelf.sets(kind="sequence") == set()
