"""Editing many files: what is asked for happens to all that may be changed, once, and goes back exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ConflictError, InvalidInputError, NotFoundError, PermissionDeniedError
from appliance.library import edits, file_history, files, intake, journal, tagging, tags, trash, undo, users
from appliance.library.edits import Edit, Location
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.media.values import MediaMetadata
from tests.appliance.changes import state
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home

VIENNA = Location(latitude=48.2082, longitude=16.3738)


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def edit(findable: Findable, ids: list[uuid.UUID], viewer: Viewer = LOCAL_ADMIN, **changes: Any) -> edits.Edited:
    return await edits.edit_files(findable.home, viewer, ids, Edit(**changes))


async def shown(findable: Findable, file: uuid.UUID) -> dict[str, Any]:
    return await files.get_file(findable.home.db, LOCAL_ADMIN, file)


async def person(home: Home, name: str) -> Viewer:
    row = await users.add_user(home.db, LOCAL_ADMIN, username=name, password="long enough", name=name, role="user")
    return Viewer(user_id=row["id"])


async def test_marks_of_many_change_together_and_go_back_together(findable: Findable) -> None:
    home = findable.home
    ids = [await findable.file(rating=number % 6, description=f"photo {number}") for number in range(12)]
    before = await state(home)
    done = await edit(findable, ids, rating=4, favourite=True, description="Our summer", archived=True)
    assert done.changed == 12
    rows = [await shown(findable, file) for file in ids]
    assert {(row["rating"], row["favourite"], row["description"], row["archived"]) for row in rows} == {
        (4, True, "Our summer", True)
    }
    (entry,) = (await journal.list_entries(home.db, LOCAL_ADMIN, noun="files"))["items"]
    assert (entry["verb"], entry["can_undo"]) == ("change", True)
    assert done.undo is not None
    await undo.undo(home.db, LOCAL_ADMIN, done.undo)
    assert await state(home) == before


async def test_what_is_so_already_is_no_change_and_no_entry(findable: Findable) -> None:
    file = await findable.file(favourite=True)
    assert await edit(findable, [file], favourite=True) == edits.Edited(changed=0, undo=None)
    assert (await journal.list_entries(findable.home.db, LOCAL_ADMIN, noun="files"))["total"] == 0


async def test_a_date_moves_with_its_moment_its_month_and_the_length_of_a_video(findable: Findable) -> None:
    film = await findable.file(
        "film.mp4",
        kind="video",
        start="2024-05-31 21:30:00.250000+00:00",
        utc_offset_min=120,
        end="2024-05-31 21:31:00.250000+00:00",
    )
    await findable.home.db.fetch(
        """UPDATE "stored_file" SET "start" = '2024-05-31 21:30:00.250000+00:00', "local_start" = ? WHERE "id" = ?""",
        ["2024-05-31T23:30:00.250", str(film)],
    )
    await edit(findable, [film], shift_s=3600)
    row = await shown(findable, film)
    assert row["start"].isoformat() == "2024-05-31T22:30:00.250000+00:00"
    assert row["end"].isoformat() == "2024-05-31T22:31:00.250000+00:00"
    months = await findable.home.db.fetch('SELECT "month", "files" FROM "month_count"')
    assert months == [{"month": "2024-06", "files": 1}]


async def test_dates_are_set_to_a_wall_clock_each_or_the_earliest_first(findable: Findable) -> None:
    early = await findable.file(start="2001-01-01T10:00:00.000", utc_offset_min=60)
    late = await findable.file(start="2001-01-02T11:30:00.000", utc_offset_min=60)
    unknown = await findable.file(start="")
    await edit(findable, [late, early, unknown], first_date="2019-06-12T09:00")
    local = {row["id"]: row["local_start"] for row in await local_starts(findable)}
    assert local == {
        early: "2019-06-12T09:00:00.000",
        late: "2019-06-13T10:30:00.000",
        unknown: "2019-06-12T09:00:00.000",
    }
    await edit(findable, [early, late], date="2020-02-29", utc_offset_min=-300)
    row = await shown(findable, late)
    assert (row["start"].isoformat(), row["utc_offset_min"]) == ("2020-02-29T05:00:00+00:00", -300)
    assert await edit(findable, [await findable.file(start="")], shift_s=60) == edits.Edited(changed=0, undo=None)


async def local_starts(findable: Findable) -> list[dict[str, Any]]:
    return await findable.home.db.fetch('SELECT "id", "local_start" FROM "stored_file"')


@pytest.mark.parametrize(
    "changes",
    [
        {"date": "yesterday"},
        {"date": "2019-06-12T09:00+02:00"},
        {"date": "1492-10-12"},
        {"shift_s": 60, "date": "2019-06-12"},
        {"shift_s": 90 * 366 * 86_400},
        {"rating": 6},
        {"description": "x" * 10_001},
        {"add_tags": ["ok", " "]},
    ],
)
async def test_values_that_no_file_may_have_are_refused_and_change_nothing(
    findable: Findable, changes: dict[str, Any]
) -> None:
    file = await findable.file()
    before = await state(findable.home)
    with pytest.raises(InvalidInputError):
        await edit(findable, [file], favourite=True, **changes)
    assert await state(findable.home) == before


async def test_a_place_is_set_with_its_name_and_taken_away(findable: Findable) -> None:
    files_ = [await findable.file(), await findable.file(latitude=1.0, longitude=2.0)]
    before = await state(findable.home)
    done = await edit(findable, files_, location=VIENNA)
    row = await shown(findable, files_[0])
    assert row["location"] == [16.3738, 48.2082]
    assert (row["place"]["city"], row["place"]["country_code"]) == ("Vienna", "AT")
    gone = await edit(findable, files_, location=None)
    assert (await shown(findable, files_[1]))["location"] is None
    for entry in (gone.undo, done.undo):
        assert entry is not None
        await undo.undo(findable.home.db, LOCAL_ADMIN, entry)
    assert await state(findable.home) == before


async def test_reading_a_file_again_spares_what_a_person_set(findable: Findable) -> None:
    db = findable.home.db
    touched, other = [await findable.file(processor_metadata="{}") for _ in range(2)]
    await edit(findable, [touched], date="2019-06-12T09:00", location=VIENNA)
    again = MediaMetadata(kind="photo", mime_type="image/jpeg", reader="pillow", latitude=0.5, longitude=0.5)
    for file in (touched, other):
        async with db.write():
            await intake.redescribe(db, file, kind="photo", mime_type="", metadata=again, sidecar_sha="")
    row = await shown(findable, touched)
    assert row["location"] == [16.3738, 48.2082]
    assert row["start"].isoformat() == "2019-06-12T09:00:00+00:00"
    assert (await shown(findable, other))["location"] == [0.5, 0.5]


async def test_tags_are_added_by_hand_and_taken_away_for_ever(findable: Findable) -> None:
    db = findable.home.db
    one, two = await findable.file(tag=["Beach"]), await findable.file()
    async with db.write():
        await tags.set_tags(db, two, ["dog"], source="model:siglip2")
    before = await state(findable.home)
    done = await edit(findable, [one, two], add_tags=["beach", "last day"], remove_tags=["DOG"])
    said = {(tag["name"], tag["source"]) for tag in (await shown(findable, two))["tags"]}
    assert said == {("Beach", "manual"), ("last day", "manual")}
    async with db.write():
        await tags.set_tags(db, two, ["dog"], source="model:siglip2")
    assert "dog" not in {tag["name"] for tag in (await shown(findable, two))["tags"]}
    assert done.undo is not None
    await undo.undo(db, LOCAL_ADMIN, done.undo)
    assert await state(findable.home) == before


async def test_a_tag_on_one_photo_can_be_undone_too(findable: Findable) -> None:
    home = findable.home
    file = await findable.file(tag=["old"])
    before = await state(home)
    await tagging.set_by_hand(home.db, home.bus, LOCAL_ADMIN, file, ["new"])
    await tagging.reject(home.db, home.bus, LOCAL_ADMIN, file, "new")
    for entry in (await journal.list_entries(home.db, LOCAL_ADMIN, noun="files"))["items"]:
        await undo.undo(home.db, LOCAL_ADMIN, entry["id"])
    assert await state(home) == before


async def test_what_was_changed_since_is_not_undone_over_it(findable: Findable) -> None:
    home = findable.home
    ids = [await findable.file() for _ in range(3)]
    first = await edit(findable, ids, rating=2)
    second = await edit(findable, ids[:1], rating=5)
    assert first.undo is not None
    assert second.undo is not None
    with pytest.raises(ConflictError, match="1 of these 3 files"):
        await undo.undo(home.db, LOCAL_ADMIN, first.undo)
    assert (await shown(findable, ids[1]))["rating"] == 2
    await undo.undo(home.db, LOCAL_ADMIN, second.undo)
    await undo.undo(home.db, LOCAL_ADMIN, first.undo)
    assert [(await shown(findable, file))["rating"] for file in ids] == [None] * 3


async def test_files_that_are_gone_for_good_do_not_keep_the_others_from_being_undone(findable: Findable) -> None:
    ids = [await findable.file() for _ in range(2)]
    done = await edit(findable, ids, rating=2)
    assert done.undo is not None
    await findable.home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(ids[0])])
    await undo.undo(findable.home.db, LOCAL_ADMIN, done.undo)
    assert (await shown(findable, ids[1]))["rating"] is None


async def test_nobody_edits_what_is_somebody_elses(findable: Findable) -> None:
    anna, bruno = await person(findable.home, "anna"), await person(findable.home, "bruno")
    hers, ours = await findable.file(owner=anna.user_id), await findable.file()
    with pytest.raises(NotFoundError):
        await edit(findable, [hers], bruno, rating=1)
    assert (await edit(findable, [hers, ours], bruno, rating=1)).changed == 1
    assert (await shown(findable, hers))["rating"] is None
    shared = await findable.file(owner=anna.user_id, shared=True)
    with pytest.raises(PermissionDeniedError):
        await edit(findable, [shared, ours], bruno, rating=3)
    with pytest.raises(NotFoundError):
        await file_history.history_of(findable.home.db, bruno, hers)


async def test_what_belongs_to_a_photo_goes_to_the_trash_with_it_and_comes_back_with_it(findable: Findable) -> None:
    home = findable.home
    photo = await findable.file()
    raw = await findable.file("photo.dng", kind="raw", part_of=photo)
    before = await state(home)
    done = await trash.trash_files(home.db, home.bus, LOCAL_ADMIN, [photo])
    assert done.changed == 2
    assert (await shown(findable, raw))["trashed_at"] is not None
    page = await trash.list_trash(home.db, LOCAL_ADMIN)
    assert [row["id"] for row in page.items] == [photo]
    assert (await trash.restore_all(home.db, home.bus, LOCAL_ADMIN)).changed == 2
    assert await state(home) == before


async def test_taking_everything_out_of_a_trash_that_is_being_emptied_is_no_error(
    findable: Findable, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, looked = findable.home, trash._ids
    await trash.trash_files(home.db, home.bus, LOCAL_ADMIN, [await findable.file()])

    async def emptied(db: Any, condition: str, arguments: list[object]) -> list[Any]:
        ids = await looked(db, condition, arguments)
        await db.fetch('DELETE FROM "stored_file"')
        return ids

    monkeypatch.setattr(trash, "_ids", emptied)
    assert (await trash.restore_all(home.db, home.bus, LOCAL_ADMIN)).changed == 0


async def test_the_history_of_a_file_says_what_was_changed_in_words(findable: Findable) -> None:
    db = findable.home.db
    anna = await person(findable.home, "anna")
    file = await findable.file()
    await edit(findable, [file], anna, favourite=True, location=VIENNA)
    await edit(findable, [file, await findable.file()], anna, add_tags=["sea"], date="2020-01-01T08:00")
    latest, first = await file_history.history_of(db, anna, file)
    assert (latest["by"], latest["after"]) == ("anna", {"date": "2020-01-01T08:00:00", "tags": ["sea"]})
    assert (latest["before"]["date"], latest["before"]["tags"]) == ("2024-05-01T12:00:00", [])
    assert first["after"] == {"favourite": True, "place": "Vienna", "latitude": 48.2082, "longitude": 16.3738}
    assert first["can_undo"]
