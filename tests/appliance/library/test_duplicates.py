"""Groups as viewers see them: what may not be seen is neither shown nor counted, and the best comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from appliance.db.tables import RelatedFile
from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import duplicates, users
from appliance.library.duplicates import members_of
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id
from tests.appliance.alike import Shelf, encoded, later, scene, smaller

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def shelf(home: Home, tmp_path: Path) -> Shelf:
    return await Shelf.create(home, tmp_path / "photos")


async def person(home: Home, name: str) -> Viewer:
    row = await users.add_user(home.db, LOCAL_ADMIN, username=name, password="a long password")
    return Viewer(user_id=row["id"])


async def test_a_group_is_what_the_viewer_may_see_of_it(shelf: Shelf) -> None:
    anna, bruno = await person(shelf.home, "anna"), await person(shelf.home, "bruno")
    family = await shelf.add(scene(1))
    annas = await shelf.add(smaller(scene(1)), user=anna.user_id)
    brunos = [await shelf.add(encoded(scene(1), quality=q), user=bruno.user_id) for q in (20, 50)]
    await shelf.find()
    assert await shelf.sets(anna) == {frozenset((family, annas))}
    assert await shelf.sets(bruno) == {frozenset((family, *brunos))}
    assert await shelf.sets() == {frozenset((family, annas, *brunos))}


async def test_a_group_of_which_one_file_is_left_to_see_is_none(shelf: Shelf) -> None:
    anna, bruno = await person(shelf.home, "anna"), await person(shelf.home, "bruno")
    await shelf.add(scene(1), user=anna.user_id)
    await shelf.add(smaller(scene(1)), user=bruno.user_id)
    await shelf.find()
    (group,) = await shelf.groups()
    for viewer in (anna, bruno):
        assert await shelf.groups(viewer) == []
        with pytest.raises(NotFoundError):
            await members_of(shelf.home.db, viewer, group["id"])


async def test_two_equal_files_are_exact_where_the_third_is_somebody_elses(shelf: Shelf) -> None:
    anna, bruno = await person(shelf.home, "anna"), await person(shelf.home, "bruno")
    same = [await shelf.add(scene(1), sha="a" * 64), await shelf.add(scene(1), sha="a" * 64, elsewhere=True)]
    await shelf.add(smaller(scene(1)), user=bruno.user_id)
    await shelf.find()
    assert await shelf.sets(anna, "exact") == {frozenset(same)}
    assert await shelf.sets(anna, "near") == set()
    assert await shelf.sets(bruno, "exact") == set()
    assert len(next(iter(await shelf.sets(bruno, "near")))) == 3


@pytest.mark.parametrize(
    "change",
    ["\"trashed_at\" = '2024-01-01'", '"hidden" = 1', "\"missing_since\" = '2024-01-01'", '"unshowable" = 1'],
)
async def test_what_is_away_is_in_no_group(shelf: Shelf, change: str) -> None:
    await shelf.add(scene(1))
    away = await shelf.add(smaller(scene(1)))
    await shelf.find()
    async with shelf.home.db.write():
        await shelf.home.db.fetch(f'UPDATE "stored_file" SET {change} WHERE "id" = ?', [str(away)])
    assert await shelf.groups() == []


async def test_archived_files_are_duplicates_too(shelf: Shelf) -> None:
    await shelf.add(scene(1), archived=True)
    await shelf.add(smaller(scene(1)))
    await shelf.find()
    assert len(await shelf.groups()) == 1


async def test_the_best_has_most_pixels_then_bytes_then_is_no_edit_then_is_the_oldest(shelf: Shelf) -> None:
    async def best_of(*files: dict[str, Any]) -> int:
        number = len(shelf.added)
        ids = [await shelf.add(encoded(scene(number), quality=60 + n), **file) for n, file in enumerate(files)]
        await shelf.find()
        (group,) = [group for group in await shelf.groups() if ids[0] in {file["id"] for file in group["files"]}]
        assert group["best"] == group["files"][0]["id"]
        assert {file["id"] for file in group["files"]} == set(ids)
        return ids.index(group["best"])

    assert await best_of({"width": 100}, {"width": 5000}, {"size_bytes": 9000}) == 1
    assert await best_of({"width": None}, {}) == 1
    assert await best_of({}, {"size_bytes": 9000}) == 1
    assert await best_of({"taken": later(1)}, {"taken": later(0)}, {}) == 1


async def test_of_two_equal_ones_that_is_kept_which_the_whole_family_sees(shelf: Shelf) -> None:
    anna = await person(shelf.home, "anna")
    await shelf.add(scene(1), sha="a" * 64, user=anna.user_id)
    family = await shelf.add(scene(1), sha="a" * 64, elsewhere=True)
    await shelf.find()
    (group,) = await shelf.groups(anna)
    assert group["best"] == family


async def test_an_original_comes_before_its_edit(shelf: Shelf) -> None:
    edit, original = await shelf.add(scene(1)), await shelf.add(encoded(scene(1), quality=50))
    async with shelf.home.db.write():
        row = {"id": new_id(), "file": edit, "related": original, "role": "edit_of"}
        await shelf.home.db.insert(RelatedFile, [row])
    await shelf.find()
    (group,) = await shelf.groups()
    assert group["best"] == original


async def test_pages_go_on_where_they_stopped_and_know_the_total(shelf: Shelf) -> None:
    for number in range(5):
        await shelf.add(scene(number))
        await shelf.add(smaller(scene(number)))
    await shelf.find()
    seen: list[uuid.UUID] = []
    cursor = None
    while True:
        page = await duplicates.list_groups(shelf.home.db, LOCAL_ADMIN, limit=2, cursor=cursor)
        assert page["total"] == 5
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


async def test_unknown_kinds_and_limits_are_refused(shelf: Shelf) -> None:
    for arguments in ({"kind": "far"}, {"limit": 0}, {"limit": 1000}, {"cursor": "?"}):
        with pytest.raises(InvalidInputError):
            await duplicates.list_groups(shelf.home.db, LOCAL_ADMIN, **arguments)
