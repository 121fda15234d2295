"""The job that finds duplicates: what is found, that only new files are compared, and what a kill leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageOps

from appliance.jobs import find_duplicates
from appliance.jobs.base import Progress
from appliance.jobs.find_duplicates import FindDuplicates
from appliance.library import duplicate_search
from appliance.library.thumbnails import keep_thumbnail
from tests.appliance.alike import Shelf, encoded, later, scene, smaller

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def shelf(home: Home, tmp_path: Path) -> Shelf:
    return await Shelf.create(home, tmp_path / "photos")


async def test_copies_are_found_whatever_a_messenger_or_an_editor_did_to_them(shelf: Shelf) -> None:
    picture = scene(1)
    image = Image.fromarray(picture)
    copies = [
        await shelf.add(picture),
        await shelf.add(smaller(picture)),
        await shelf.add(encoded(picture, quality=20)),
        await shelf.add(image.convert("L").convert("RGB")),
        await shelf.add(image.transpose(Image.Transpose.ROTATE_90)),
        await shelf.add(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        await shelf.add(ImageOps.expand(image, (0, 120), fill="black"), "screenshot.png"),
    ]
    for other in range(2, 12):
        await shelf.add(scene(other))
    found = await shelf.find()
    assert found["looked"] == len(shelf.added)
    assert await shelf.sets() == {frozenset(copies)}
    assert [group["kind"] for group in await shelf.groups()] == ["near"]


async def test_pictures_of_one_colour_are_nobodys_copies(shelf: Shelf) -> None:
    for grey in (0, 90, 91, 255):
        await shelf.add(Image.new("RGB", (250, 188), (grey, grey, grey)))
    await shelf.find()
    assert await shelf.sets() == set()


async def test_what_the_camera_took_at_two_moments_is_a_sequence_and_no_copy(shelf: Shelf) -> None:
    burst = [await shelf.add(scene(1), taken=later(0)), await shelf.add(smaller(scene(1)), taken=later(3))]
    sent = [await shelf.add(scene(2), taken=later(0)), await shelf.add(smaller(scene(2)))]
    zone = [await shelf.add(scene(3), taken=later(0)), await shelf.add(smaller(scene(3)), taken=later(7200))]
    await shelf.find()
    assert await shelf.sets() == {frozenset(sent), frozenset(zone)}
    assert await shelf.sets(kind="sequence") == {frozenset(burst)}


async def test_videos_are_compared_with_videos_of_their_length_only(shelf: Shelf) -> None:
    await shelf.add(scene(1))
    await shelf.add(scene(1), kind="video", duration_s=10.0)
    same = [await shelf.add(scene(2), kind="video", duration_s=60.0)]
    same.append(await shelf.add(smaller(scene(2)), kind="video", duration_s=60.5))
    await shelf.add(scene(2), kind="video", duration_s=90.0)
    await shelf.find()
    assert await shelf.sets() == {frozenset(same)}


async def test_equal_bytes_in_two_libraries_are_exact_and_need_no_thumbnail(shelf: Shelf) -> None:
    pair = [await shelf.add(None, sha="a" * 64), await shelf.add(None, sha="a" * 64, elsewhere=True)]
    await shelf.find()
    (group,) = await shelf.groups(kind="exact")
    assert {file["id"] for file in group["files"]} == set(pair)
    assert await shelf.groups(kind="near") == []


async def test_only_new_files_are_looked_at_and_compared(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await shelf.add(scene(1))
    await shelf.find()
    asked: list[list[bool]] = []
    compare = find_duplicates.compare

    def noting(bits: bytes, files: Sequence[int], new: Sequence[bool]) -> list[tuple[int, int, int]]:
        asked.append(list(new))
        return compare(bits, files, new)

    monkeypatch.setattr(find_duplicates, "compare", noting)
    assert (await shelf.find())["looked"] == 0
    assert asked == []
    second = await shelf.add(smaller(scene(1)))
    assert (await shelf.find())["looked"] == 1
    assert asked == [[False, True]]
    assert await shelf.sets() == {frozenset((first, second))}


async def test_a_group_keeps_its_id_until_another_file_joins(shelf: Shelf) -> None:
    for picture in (scene(1), smaller(scene(1))):
        await shelf.add(picture)
    await shelf.find()
    (before,) = await shelf.groups()
    await shelf.add(scene(9))
    await shelf.find()
    assert [group["id"] for group in await shelf.groups()] == [before["id"]]
    await shelf.add(encoded(scene(1), quality=30))
    await shelf.find()
    (after,) = await shelf.groups()
    assert len(after["files"]) == 3
    assert after["id"] != before["id"]


async def test_a_file_that_gets_its_thumbnail_later_is_found_then(shelf: Shelf) -> None:
    await shelf.add(scene(1))
    late = await shelf.add(None)
    await shelf.find()
    assert await shelf.sets() == set()
    async with shelf.home.db.write():
        await keep_thumbnail(shelf.home.db, late.hex * 2, encoded(smaller(scene(1))))
    await shelf.find()
    assert len(await shelf.sets()) == 1


async def test_a_thumbnail_that_cannot_be_read_costs_one_row_and_is_not_tried_again(shelf: Shelf) -> None:
    await shelf.add(b"no picture")
    await shelf.add(b"")
    await shelf.add(scene(1))
    assert (await shelf.find())["looked"] == 3
    assert (await shelf.find())["looked"] == 0
    assert await shelf.sets() == set()


async def test_new_bytes_make_a_file_another_picture(shelf: Shelf) -> None:
    await shelf.add(scene(1))
    file = await shelf.add(smaller(scene(1)))
    await shelf.find()
    assert len(await shelf.sets()) == 1
    async with shelf.home.db.write():
        await shelf.home.db.fetch('UPDATE "stored_file" SET "content_sha" = ? WHERE "id" = ?', ["f" * 64, str(file)])
    assert await shelf.sets() == set()
    await shelf.find()
    assert await shelf.sets() == set()


async def test_a_kill_at_any_moment_loses_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check-in is a place where the run may end; the next run ends with the same groups."""
    pairs = []
    for number in range(5):
        pairs.append(frozenset((await shelf.add(scene(number)), await shelf.add(smaller(scene(number))))))
    monkeypatch.setattr(find_duplicates, "LOOK_AT_ONCE", 2)
    monkeypatch.setattr(find_duplicates, "WRITE_AT_ONCE", 1)
    monkeypatch.setattr(find_duplicates, "COMPARE_AT_ONCE", 3)

    class KilledError(Exception):
        pass

    class Dying(Progress):
        left = 0

        async def check_in(self) -> None:
            self.left -= 1
            if self.left <= 0:
                raise KilledError

    deaths = 0
    for lives in range(1, 30):
        dying = Dying(lambda: None)
        dying.left = lives % 7 + 1
        try:
            await FindDuplicates().run(shelf.home, dying)
        except KilledError:
            deaths += 1
    assert deaths >= 3
    await shelf.find()
    assert await shelf.sets() == set(pairs)
    assert not await duplicate_search.anything_new(shelf.home.db)


async def test_progress_is_told(shelf: Shelf) -> None:
    for number in range(3):
        await shelf.add(scene(number))
    seen: list[Any] = []
    progress = Progress(lambda: seen.append((progress.done, progress.total)))
    await FindDuplicates().run(shelf.home, progress)
    assert (3, 3) in seen
