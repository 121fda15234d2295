"""What a kept file has from the copies that go: albums and people, of whom, and exactly back again."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from appliance.db.tables import Face, Person
from appliance.errors import ConflictError
from appliance.library import adjustments, albums, duplicate_choices, files, undo, users
from appliance.library.adjustments import Change
from appliance.library.people import name_key
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.media.recipe import Light
from appliance.values import new_id, now
from tests.appliance.alike import Shelf, later, scene, smaller

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home

LEFT, RIGHT = (0.1, 0.1, 0.2, 0.2), (0.6, 0.1, 0.2, 0.2)


@pytest.fixture
async def shelf(home: Home, tmp_path: Path) -> Shelf:
    return await Shelf.create(home, tmp_path / "photos")


async def viewer_called(home: Home, name: str) -> Viewer:
    row = await users.add_user(home.db, LOCAL_ADMIN, username=name, password="a long password")
    return Viewer(user_id=row["id"])


async def pair(shelf: Shelf, **columns: Any) -> tuple[uuid.UUID, uuid.UUID]:
    best = await shelf.add(scene(1), width=8000, height=6000)
    return best, await shelf.add(smaller(scene(1)), **columns)


async def twins(shelf: Shelf) -> tuple[uuid.UUID, uuid.UUID]:
    """The same bytes in two libraries."""
    return await shelf.add(scene(1), sha="e" * 64), await shelf.add(None, sha="e" * 64, elsewhere=True)


async def somebody(home: Home, name: str, *, user: uuid.UUID | None = None) -> uuid.UUID:
    person, moment = new_id(), now()
    row: dict[str, Any] = {"id": person, "name": name, "name_key": name_key(name), "held": True, "user": user}
    async with home.db.write():
        await home.db.insert(Person, [row | {"created": moment, "modified": moment}])
    return person


async def face(
    home: Home, file: uuid.UUID, box: tuple[float, ...], *, hue: float, person: uuid.UUID | None = None
) -> uuid.UUID:
    """hue: faces of one hue look alike."""
    new, moment = new_id(), now()
    row: dict[str, Any] = dict(zip(("x", "y", "width", "height"), box, strict=True))
    row |= {"id": new, "file": file, "person": person, "confirmed": person is not None, "usable": True}
    row |= {"embedding": struct.pack("<8f", hue, *[1.0] * 7), "engine": "fake", "engine_version": "1"}
    async with home.db.write():
        await home.db.insert(Face, [row | {"created": moment, "modified": moment}])
    return new


async def adjust(shelf: Shelf, file: uuid.UUID, *, turns: int = 1) -> None:
    await adjustments.adjust_files(shelf.home, LOCAL_ADMIN, [file], Change(turns=turns, light=Light(exposure=0.5)))


async def recipe(shelf: Shelf, file: uuid.UUID) -> tuple[int, float, int, int]:
    """Turns, exposure, and the size at which it is shown."""
    (row,) = await files.get_files(shelf.home.db, LOCAL_ADMIN, [file])
    said = (await adjustments.get_recipe(shelf.home.db, LOCAL_ADMIN, file))["recipe"]
    return said.turns, said.light.exposure, row["width"], row["height"]


async def keep(shelf: Shelf, kept: uuid.UUID, viewer: Viewer = LOCAL_ADMIN) -> uuid.UUID:
    (group,) = await shelf.groups(viewer)
    entry = await duplicate_choices.keep(shelf.home.db, shelf.home.bus, viewer, group["id"], [kept])
    assert entry is not None
    return entry


async def state(shelf: Shelf) -> dict[str, Any]:
    db = shelf.home.db
    return {
        "albums": await db.fetch('SELECT "album", "file", "position", "granted" FROM "album_file" ORDER BY 1, 2'),
        "covers": await db.fetch('SELECT "id", "cover" FROM "album" ORDER BY 1'),
        "faces": await db.fetch('SELECT "id", "file", "person", "confirmed", "x" FROM "face" ORDER BY 1'),
        "counts": await db.fetch('SELECT * FROM "person_count" WHERE "faces" <> 0 ORDER BY "person", "owner"'),
        "recipes": await db.fetch('SELECT "id", "adjustments", "adjusted", "width" FROM "stored_file" ORDER BY 1'),
        "trashed": await db.fetch('SELECT "id", "trashed_at" FROM "stored_file" ORDER BY 1'),
    }


async def who(shelf: Shelf, file: uuid.UUID) -> list[tuple[str, bool]]:
    rows = await shelf.home.db.fetch(
        """SELECT p."name", f."confirmed" FROM "face" f JOIN "person" p ON p."id" = f."person"
           WHERE f."file" = ? ORDER BY f."x" """,
        [str(file)],
    )
    return [(row["name"], bool(row["confirmed"])) for row in rows]


async def test_the_kept_one_stands_in_albums_where_the_copy_stood(shelf: Shelf) -> None:
    home, anna = shelf.home, await viewer_called(shelf.home, "anna")
    best = await shelf.add(scene(1), width=8000, height=6000, user=anna.user_id)
    copy = await shelf.add(smaller(scene(1)), user=anna.user_id)
    others = [await shelf.add(scene(number), user=anna.user_id) for number in (2, 3)]
    album = (await albums.add_album(home.db, anna, name="Sea", private=True))["id"]
    await albums.change_files(home.db, anna, album, [others[0], copy, others[1]])
    await albums.change_album(home.db, anna, album, {"sorting": "hand", "cover": copy})
    await shelf.find()
    before = await state(shelf)
    entry = await keep(shelf, best, anna)
    rows = await home.db.fetch(
        'SELECT "file", "granted" FROM "album_file" WHERE "album" = ? AND "file" <> ? ORDER BY "position"',
        [str(album), str(copy)],
    )
    assert [(row["file"], bool(row["granted"])) for row in rows] == [
        (one, True) for one in (others[0], best, others[1])
    ]
    assert await home.db.value('SELECT "cover" FROM "album" WHERE "id" = ?', [str(album)]) == best
    await undo.undo(home.db, anna, entry)
    assert await state(shelf) == before


async def test_an_album_shows_nobody_a_file_that_its_owner_did_not_put_in(shelf: Shelf) -> None:
    home, anna = shelf.home, await viewer_called(shelf.home, "anna")
    best = await shelf.add(scene(1), width=8000, height=6000, user=anna.user_id)
    copy = await shelf.add(smaller(scene(1)))  # the family's
    album = (await albums.add_album(home.db, await viewer_called(home, "bruno"), name="Sea", private=True))["id"]
    async with home.db.write():
        await home.db.fetch(
            """INSERT INTO "album_file" ("id", "album", "file", "created", "position", "granted")
               VALUES (?, ?, ?, ?, 1, 1)""",
            [str(new_id()), str(album), str(copy), now()],
        )
    await shelf.find()
    await keep(shelf, best, anna)
    row = await home.db.fetch_one('SELECT "granted" FROM "album_file" WHERE "file" = ?', [str(best)])
    assert row is not None
    assert not row["granted"]


async def test_who_was_said_on_a_copy_is_said_on_the_same_face_of_the_kept_one(shelf: Shelf) -> None:
    home = shelf.home
    best, copy = await pair(shelf)
    lena, tom = await somebody(home, "Lena"), await somebody(home, "Tom")
    await face(home, best, LEFT, hue=0.1)
    await face(home, best, RIGHT, hue=9, person=tom)
    await face(home, copy, LEFT, hue=0.1, person=lena)
    await face(home, copy, RIGHT, hue=9, person=lena)  # somebody else was said there: the kept one's word holds
    await shelf.find()
    before = await state(shelf)
    entry = await keep(shelf, best)
    assert await who(shelf, best) == [("Lena", True), ("Tom", True)]
    await undo.undo(home.db, LOCAL_ADMIN, entry)
    assert await state(shelf) == before


async def test_a_mirrored_copy_swaps_nobody(shelf: Shelf) -> None:
    home = shelf.home
    best, copy = await pair(shelf)
    await face(home, best, LEFT, hue=0.1)
    await face(home, best, RIGHT, hue=9)
    await face(home, copy, LEFT, hue=9, person=await somebody(home, "Tom"))
    await shelf.find()
    await keep(shelf, best)
    assert await who(shelf, best) == []


async def test_a_face_that_somebody_drew_comes_along_between_equal_files_only(shelf: Shelf) -> None:
    home = shelf.home
    best, copy = await twins(shelf)
    await face(home, copy, LEFT, hue=0.1, person=await somebody(home, "Lena"))
    await shelf.find()
    before = await state(shelf)
    entry = await keep(shelf, best)
    assert await who(shelf, best) == [("Lena", True)]
    await undo.undo(home.db, LOCAL_ADMIN, entry)
    assert await state(shelf) == before
    await keep(shelf, copy)
    assert await who(shelf, copy) == [("Lena", True)]


async def test_a_person_that_somebody_keeps_to_themselves_is_not_told_by_others(shelf: Shelf) -> None:
    home, anna = shelf.home, await viewer_called(shelf.home, "anna")
    bruno = await viewer_called(home, "bruno")
    best, copy = await twins(shelf)
    await face(home, copy, LEFT, hue=0.1, person=await somebody(home, "Secret", user=bruno.user_id))
    await shelf.find()
    await keep(shelf, best, anna)
    assert await who(shelf, best) == []


async def test_undo_is_refused_when_somebody_else_was_said_since(shelf: Shelf) -> None:
    home = shelf.home
    best, copy = await pair(shelf)
    here = await face(home, best, LEFT, hue=0.1)
    await face(home, copy, LEFT, hue=0.1, person=await somebody(home, "Lena"))
    tom = await somebody(home, "Tom")
    await shelf.find()
    entry = await keep(shelf, best)
    async with home.db.write():
        await home.db.fetch('UPDATE "face" SET "person" = ? WHERE "id" = ?', [str(tom), str(here)])
    before = await state(shelf)
    with pytest.raises(ConflictError, match="changed since"):
        await undo.undo(home.db, LOCAL_ADMIN, entry)
    assert await state(shelf) == before


async def test_a_face_of_a_copy_of_another_shape_is_left_to_grouping(shelf: Shelf) -> None:
    home = shelf.home
    best, copy = await pair(shelf, width=1000, height=1000)
    await face(home, best, LEFT, hue=0.1)
    await face(home, copy, LEFT, hue=0.1, person=await somebody(home, "Lena"))
    await shelf.find()
    await keep(shelf, best)
    assert await who(shelf, best) == []


async def test_a_copy_that_is_shown_cropped_has_the_shape_it_was_taken_in(shelf: Shelf) -> None:
    home = shelf.home
    best, copy = await pair(shelf, width=1000, height=1000, original_width=4000, original_height=3000)
    await face(home, best, LEFT, hue=0.1)
    await face(home, copy, LEFT, hue=0.1, person=await somebody(home, "Lena"))
    await shelf.find()
    await keep(shelf, best)
    assert await who(shelf, best) == [("Lena", True)]


async def test_how_a_copy_was_turned_and_lit_is_done_to_the_one_that_stays(shelf: Shelf) -> None:
    best, copy = await pair(shelf)
    await adjust(shelf, copy)
    await shelf.find()
    before = await state(shelf)
    entry = await keep(shelf, best)
    assert await recipe(shelf, best) == (1, 0.5, 6000, 8000)

    await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)
    assert await recipe(shelf, best) == (0, 0.0, 8000, 6000)
    assert await state(shelf) == before


async def test_equal_files_are_adjusted_alike_whatever_they_look_like(shelf: Shelf) -> None:
    kept, copy = await twins(shelf)
    await adjust(shelf, copy)
    await shelf.find()
    await keep(shelf, kept)
    assert await recipe(shelf, kept) == (1, 0.5, 3000, 4000)


async def test_of_a_series_each_picture_has_its_own_frame(shelf: Shelf) -> None:
    frames = [await shelf.add(scene(1), taken=later(seconds), width=4000 + seconds) for seconds in (0, 9)]
    await adjust(shelf, frames[0])
    await shelf.find()
    (group,) = await shelf.groups(kind="sequence")
    await duplicate_choices.keep(shelf.home.db, shelf.home.bus, LOCAL_ADMIN, group["id"], [frames[1]])
    assert (await recipe(shelf, frames[1]))[:2] == (0, 0.0)


async def test_one_that_has_a_recipe_keeps_it(shelf: Shelf) -> None:
    kept, copy = await twins(shelf)
    await adjust(shelf, kept, turns=2)
    await adjust(shelf, copy)
    await shelf.find()
    await keep(shelf, kept)
    assert (await recipe(shelf, kept))[0] == 2


@pytest.mark.parametrize("columns", [{"width": 3000, "height": 3000}, {}], ids=["another shape", "mirrored"])
async def test_what_was_done_to_another_picture_is_not_done_to_this_one(shelf: Shelf, columns: dict[str, Any]) -> None:
    best = await shelf.add(scene(1), width=8000, height=6000)
    copy = await shelf.add(scene(1) if columns else np.ascontiguousarray(scene(1)[:, ::-1]), **columns)
    await adjust(shelf, copy)
    await shelf.find()
    await keep(shelf, best)
    assert await recipe(shelf, best) == (0, 0.0, 8000, 6000)


async def test_what_somebody_did_to_their_own_copy_is_not_shown_to_the_family(shelf: Shelf) -> None:
    lena = await viewer_called(shelf.home, "lena")
    best, copy = await pair(shelf, user=lena.user_id)
    await adjustments.adjust_files(shelf.home, lena, [copy], Change(turns=1))
    await shelf.find()
    await keep(shelf, best, lena)
    assert await recipe(shelf, best) == (0, 0.0, 8000, 6000)
