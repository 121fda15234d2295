"""Keeping and dismissing: what is lost (nothing), what is undone (everything), and who may."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ConflictError, InvalidInputError, NotFoundError, PermissionDeniedError
from appliance.library import albums, duplicate_choices, edits, files, journal, libraries, tags, undo, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.alike import Shelf, encoded, later, scene, smaller

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def shelf(home: Home, tmp_path: Path) -> Shelf:
    return await Shelf.create(home, tmp_path / "photos")


async def person(home: Home, name: str) -> Viewer:
    row = await users.add_user(home.db, LOCAL_ADMIN, username=name, password="a long password")
    return Viewer(user_id=row["id"])


async def keep(shelf: Shelf, *kept: uuid.UUID, viewer: Viewer = LOCAL_ADMIN) -> uuid.UUID:
    (group,) = await shelf.groups(viewer)
    entry = await duplicate_choices.keep(shelf.home.db, shelf.home.bus, viewer, group["id"], kept)
    assert entry is not None
    return entry


async def dismiss(shelf: Shelf, viewer: Viewer = LOCAL_ADMIN) -> uuid.UUID:
    (group,) = await shelf.groups(viewer)
    entry = await duplicate_choices.dismiss(shelf.home.db, viewer, group["id"])
    assert entry is not None
    return entry


async def tag(shelf: Shelf, file: uuid.UUID, *names: str, source: str = "manual") -> None:
    async with shelf.home.db.write():
        await tags.set_tags(shelf.home.db, file, names, source=source)


async def state(shelf: Shelf) -> dict[str, Any]:
    """All that a choice may change."""
    db = shelf.home.db
    return {
        "files": await db.fetch(
            'SELECT "id", "favourite", "rating", "description", "trashed_at" FROM "stored_file" ORDER BY "id"'
        ),
        "tags": await db.fetch('SELECT "file", "tag", "source" FROM "file_tag" ORDER BY 1, 2, 3'),
        "rejected": await db.fetch('SELECT "file", "tag" FROM "tag_rejection" ORDER BY 1, 2'),
        "apart": await db.fetch('SELECT "file", "other", "kind" FROM "duplicate_apart" ORDER BY 1, 2, 3'),
        "groups": await shelf.sets(),
    }


async def one(shelf: Shelf, file: uuid.UUID) -> dict[str, Any]:
    return await files.get_file(shelf.home.db, LOCAL_ADMIN, file)


async def three(shelf: Shelf) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """The best, and two copies about which somebody said something."""
    best = await shelf.add(scene(1), width=9000, rating=2, description="Lisbon")
    second = await shelf.add(smaller(scene(1)), favourite=True, rating=5, description="At the river")
    third = await shelf.add(encoded(scene(1), quality=30), description="Lisbon")
    await tag(shelf, best, "sea")
    await tag(shelf, second, "sea", "boat")
    await tag(shelf, third, "car", source="model:siglip2")
    await shelf.find()
    return best, second, third


async def test_what_was_said_of_the_others_is_said_of_the_one_that_is_kept(shelf: Shelf) -> None:
    best, second, third = await three(shelf)
    await keep(shelf, best)
    kept = await one(shelf, best)
    assert (kept["favourite"], kept["rating"], kept["description"]) == (True, 5, "Lisbon\n\nAt the river")
    assert [word["name"] for word in kept["tags"] if word["source"] == "manual"] == ["boat", "sea"]
    assert kept["trashed_at"] is None
    for file in (second, third):
        assert (await one(shelf, file))["trashed_at"] is not None
    assert await shelf.groups() == []


async def test_nothing_is_put_away_for_a_copy_on_a_disk_that_is_away(shelf: Shelf) -> None:
    """Nobody knows whether that one will ever come back."""
    best = await shelf.add(scene(1), width=9000, elsewhere=True)
    second = await shelf.add(smaller(scene(1)))
    await shelf.find()
    await libraries.set_status(shelf.home.db, shelf.other_library, libraries.FROZEN, reason="its disk is away")
    with pytest.raises(ConflictError, match="away"):
        await keep(shelf, best)
    assert (await one(shelf, second))["trashed_at"] is None
    await keep(shelf, best, second)  # no duplicates: nothing goes
    assert (await one(shelf, second))["trashed_at"] is None


async def test_undo_restores_every_file_exactly(shelf: Shelf) -> None:
    best, second, _ = await three(shelf)
    before = await state(shelf)
    for kept in ((best,), (second,), (best, second)):
        entry = await keep(shelf, *kept)
        assert await state(shelf) != before
        await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)
        assert await state(shelf) == before
    entry = await dismiss(shelf)
    await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)
    assert await state(shelf) == before
    with pytest.raises(ConflictError, match="undone already"):
        await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)


async def test_undo_is_refused_when_a_file_was_changed_since(shelf: Shelf) -> None:
    best, second, _ = await three(shelf)
    entry = await keep(shelf, best)
    await edits.change_file(shelf.home.db, shelf.home.bus, LOCAL_ADMIN, best, {"rating": 1})
    before = await state(shelf)
    with pytest.raises(ConflictError, match="changed since"):
        await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)
    assert await state(shelf) == before
    async with shelf.home.db.write():
        await shelf.home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(second)])
    with pytest.raises(ConflictError, match="gone for good"):
        await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)


async def test_several_that_are_kept_are_never_asked_about_again(shelf: Shelf) -> None:
    best, second, third = await three(shelf)
    await keep(shelf, best, second)
    assert (await one(shelf, third))["trashed_at"] is not None
    assert await shelf.groups() == []
    await shelf.find()
    assert await shelf.groups() == []


async def test_what_was_dismissed_never_comes_back_but_a_new_copy_is_asked_about(shelf: Shelf) -> None:
    original = await shelf.add(scene(1))
    await shelf.add(smaller(scene(1)))
    await shelf.find()
    await dismiss(shelf)
    for _ in range(2):
        assert await shelf.groups() == []
        await shelf.find()
    new = await shelf.add(encoded(scene(1), quality=70))
    await shelf.find()
    assert await shelf.sets() == {frozenset((original, new))}


async def test_no_sequence_may_still_be_copies_and_the_other_way_round(shelf: Shelf) -> None:
    first = await shelf.add(scene(1), taken=later(0))
    copy = await shelf.add(encoded(scene(1), quality=40), taken=later(0))
    second = await shelf.add(encoded(scene(1), quality=60), taken=later(5))
    await shelf.find()
    copies, sequence = {frozenset((first, copy))}, {frozenset((first, copy, second))}
    assert (await shelf.sets(), await shelf.sets(kind="sequence")) == (copies, sequence)
    (group,) = await shelf.groups(kind="sequence")
    entry = await duplicate_choices.dismiss(shelf.home.db, LOCAL_ADMIN, group["id"])
    assert entry is not None
    assert (await shelf.sets(), await shelf.sets(kind="sequence")) == (copies, set())
    await shelf.find()
    assert (await shelf.sets(), await shelf.sets(kind="sequence")) == (copies, set())
    await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)
    assert await shelf.sets(kind="sequence") == sequence
    await dismiss(shelf)
    assert (await shelf.sets(), await shelf.sets(kind="sequence")) == (set(), sequence)


async def test_a_tag_that_somebody_took_off_the_kept_one_stays_off(shelf: Shelf) -> None:
    best, _, _ = await three(shelf)
    async with shelf.home.db.write():
        await shelf.home.db.fetch(
            """INSERT INTO "tag_rejection" ("id", "file", "tag", "created")
               SELECT ?, ?, "id", '2024-01-01' FROM "tag" WHERE "name" = 'boat' """,
            [str(uuid.uuid4()), str(best)],
        )
    await keep(shelf, best)
    assert [word["name"] for word in (await one(shelf, best))["tags"]] == ["sea"]


async def test_what_somebody_wrote_on_their_own_copy_is_not_shown_to_the_family(shelf: Shelf) -> None:
    anna = await person(shelf.home, "anna")
    family = await shelf.add(scene(1))
    own = await shelf.add(smaller(scene(1)), user=anna.user_id, description="my secret", favourite=True)
    await tag(shelf, own, "secret")
    await shelf.find()
    entry = await keep(shelf, family, viewer=anna)
    kept = await one(shelf, family)
    assert (kept["description"], kept["tags"], kept["favourite"]) == ("", [], True)
    await undo.undo(shelf.home.db, anna, entry)
    await keep(shelf, own, viewer=anna)
    assert (await one(shelf, own))["description"] == "my secret"


async def test_only_what_the_viewer_sees_is_trashed_or_set_apart(shelf: Shelf) -> None:
    anna, bruno = await person(shelf.home, "anna"), await person(shelf.home, "bruno")
    family = await shelf.add(scene(1))
    annas = await shelf.add(smaller(scene(1)), user=anna.user_id, description="hers")
    brunos = await shelf.add(encoded(scene(1), quality=30), user=bruno.user_id)
    await shelf.find()
    with pytest.raises(InvalidInputError):
        await keep(shelf, family, annas, viewer=bruno)
    await keep(shelf, family, viewer=bruno)
    assert (await one(shelf, annas))["trashed_at"] is None
    assert (await one(shelf, brunos))["trashed_at"] is not None
    assert (await one(shelf, family))["description"] == ""
    assert await shelf.sets(anna) == {frozenset((family, annas))}
    await dismiss(shelf, anna)
    assert await shelf.groups() == []


async def test_what_is_shown_through_a_photo_goes_and_comes_with_it(shelf: Shelf) -> None:
    kept, gone = await shelf.add(scene(1), width=9000), await shelf.add(smaller(scene(1)))
    raw = await shelf.add(scene(9), kind="raw", part_of=gone)
    await shelf.find()
    before = await state(shelf)
    entry = await keep(shelf, kept)
    assert (await one(shelf, raw))["trashed_at"] == (await one(shelf, gone))["trashed_at"] is not None
    await undo.undo(shelf.home.db, LOCAL_ADMIN, entry)
    assert await state(shelf) == before


async def test_of_equal_photos_the_one_with_a_moving_part_is_the_best(shelf: Shelf) -> None:
    plain = await shelf.add(scene(1), sha="1" * 64, size_bytes=999_999)
    live = await shelf.add(scene(1), sha="2" * 64, size_bytes=1000, start=later(9))
    await shelf.add(None, kind="video", part_of=live)
    await shelf.find()
    (group,) = await shelf.groups()
    assert [file["id"] for file in group["files"]] == [live, plain]


async def test_ones_own_copy_goes_for_one_that_somebody_shares_which_stays_as_it_is(shelf: Shelf) -> None:
    anna, bruno = await person(shelf.home, "anna"), await person(shelf.home, "bruno")
    his = await shelf.add(scene(1), user=bruno.user_id, shared=True)
    hers = await shelf.add(smaller(scene(1)), user=anna.user_id, description="hers", favourite=True, rating=5)
    await shelf.find()
    album = await albums.add_album(shelf.home.db, anna, name="Ours", private=True)
    await albums.change_files(shelf.home.db, anna, album["id"], [hers])
    before, was = await state(shelf), await one(shelf, his)
    with pytest.raises(PermissionDeniedError):
        await keep(shelf, hers, viewer=anna)
    assert await state(shelf) == before
    entry = await keep(shelf, his, viewer=anna)
    assert (await one(shelf, hers))["trashed_at"] is not None
    kept = await one(shelf, his)
    assert kept | {"albums": [], "modified": None} == was | {"albums": [], "modified": None}
    page = await albums.files_of_album(shelf.home, anna, album["id"])
    assert [file["id"] for file in page.items] == [his]
    await undo.undo(shelf.home.db, anna, entry)
    assert await state(shelf) == before


async def test_keeping_nothing_or_something_else_is_refused_and_changes_nothing(shelf: Shelf) -> None:
    await three(shelf)
    stranger = await shelf.add(scene(7))
    before = await state(shelf)
    for kept in ((), (stranger,), (uuid.uuid4(),)):
        with pytest.raises(InvalidInputError):
            await keep(shelf, *kept)
    with pytest.raises(NotFoundError):
        await duplicate_choices.keep(shelf.home.db, shelf.home.bus, LOCAL_ADMIN, uuid.uuid4(), [stranger])
    assert await state(shelf) == before


async def test_a_group_that_has_grown_since_it_was_looked_at_is_not_decided_on(shelf: Shelf) -> None:
    best, _, _ = await three(shelf)
    (seen,) = await shelf.groups()
    unseen = await shelf.add(encoded(scene(1), quality=60))
    await shelf.find()
    with pytest.raises(NotFoundError, match="no such group"):
        await duplicate_choices.keep(shelf.home.db, shelf.home.bus, LOCAL_ADMIN, seen["id"], [best])
    assert (await one(shelf, unseen))["trashed_at"] is None


async def test_the_journal_says_who_did_it_and_that_it_can_be_undone(shelf: Shelf) -> None:
    anna, bruno = await person(shelf.home, "anna"), await person(shelf.home, "bruno")
    best, _, _ = await three(shelf)
    entry = await keep(shelf, best, viewer=anna)
    page = await journal.list_entries(shelf.home.db, anna, noun="duplicates")
    assert [(item["id"], item["verb"], item["can_undo"]) for item in page["items"]] == [(entry, "keep", True)]
    assert (await journal.list_entries(shelf.home.db, bruno))["total"] == 0
    with pytest.raises(Exception, match="no such entry of yours"):
        await undo.undo(shelf.home.db, bruno, entry)
