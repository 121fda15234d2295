"""What a person says of people and faces holds, is written down, and can be taken back."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ConflictError, InvalidInputError, NotFoundError
from appliance.library import decisions, face_index, faces, journal, people, undo, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import now
from tests.appliance.people import Album, state

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def album(home: Home, photos: Path) -> Album:
    """Anna, Bruno and Carla, alone and together, on twelve photos; grouped once."""
    album = await Album.create(home, photos)
    for number in range(4):
        await album.photo("anna", "bruno", number=number)
        await album.photo("carla", number=number)
    await album.photo("anna")
    await album.photo("dora")
    await album.cluster()
    return album


async def test_groups_form_and_single_faces_are_nobody(album: Album) -> None:
    assert await album.people() == {"anna": 5, "bruno": 4, "carla": 4}
    page = await people.list_people(album.home.db, LOCAL_ADMIN)
    assert [person["faces"] for person in page.items] == [5, 4, 4]
    assert {person["name"] for person in page.items} == {""}


async def test_a_name_is_kept_and_found_by_its_beginning(album: Album) -> None:
    anna = await album.person("anna")
    assert await album.change(anna, name="  Anna   Müller ")
    shown = await people.get_person(album.home.db, LOCAL_ADMIN, anna)
    assert shown["name"] == "Anna Müller"
    for q in ("ann", "MÜL", "anna mü"):
        page = await people.list_people(album.home.db, LOCAL_ADMIN, q=q)
        assert [person["id"] for person in page.items] == [anna], q
    for q in ("nna", "%", "_"):
        assert (await people.list_people(album.home.db, LOCAL_ADMIN, q=q)).items == [], q
    assert await album.change(anna, name="Anna Müller") is None


async def test_named_ones_come_first_and_lists_go_on_where_they_stopped(album: Album) -> None:
    db = album.home.db
    carla = await album.person("carla")
    await album.change(carla, name="Carla")
    seen = []
    cursor = None
    while True:
        page = await people.list_people(db, LOCAL_ADMIN, limit=1, cursor=cursor)
        assert page.total == 3
        seen += [person["id"] for person in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [carla, await album.person("anna"), await album.person("bruno")]
    with pytest.raises(InvalidInputError, match="cursor"):
        await people.list_people(db, LOCAL_ADMIN, cursor="nonsense")


async def test_counts_follow_whatever_happens_to_faces_and_files(album: Album) -> None:
    home, db = album.home, album.home.db
    anna = await album.person("anna")
    user = await users.add_user(db, LOCAL_ADMIN, username="bea", password="a long password", role="user")
    files = list(album.on)

    async def check() -> None:
        counted = await db.fetch('SELECT "person", "owner", "faces" FROM "person_count" ORDER BY 1, 2')
        assert counted == await db.fetch(
            """SELECT "person", "owner", count(*) AS "faces" FROM "face"
               WHERE "person" IS NOT NULL AND "shown" AND NOT "removed" GROUP BY 1, 2 ORDER BY 1, 2"""
        )

    await check()
    await db.fetch('UPDATE "stored_file" SET "user" = ? WHERE "id" = ?', [str(user["id"]), str(files[0])])
    await check()
    assert (await people.get_person(db, LOCAL_ADMIN, anna))["faces"] == 5
    await db.fetch('UPDATE "stored_file" SET "trashed_at" = ? WHERE "id" = ?', [now(), str(files[2])])
    await check()
    assert (await people.get_person(db, LOCAL_ADMIN, anna))["faces"] == 4
    assert (await people.list_faces(db, LOCAL_ADMIN, anna, limit=2)).total == 4
    await decisions.remove_face(db, home.bus, LOCAL_ADMIN, await album.face("anna", 0))
    await check()
    entry = await decisions.merge(db, home.bus, LOCAL_ADMIN, anna, [await album.person("bruno")])
    await check()
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, entry)
    await check()
    await db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(files[4])])
    await check()
    await db.fetch('DELETE FROM "person" WHERE "id" = ?', [str(anna)])
    await check()
    await db.fetch('DELETE FROM "stored_file"')
    assert await db.value('SELECT count(*) FROM "person_count"') == 0


async def test_a_hidden_stranger_stands_among_the_strangers(album: Album) -> None:
    db, anna = album.home.db, await album.person("anna")
    await album.change(anna, hidden=True)
    assert [one["id"] for one in (await people.list_people(db, LOCAL_ADMIN, hidden=True)).items] == [anna]
    await album.change(anna, ignored=True)
    for hidden, ignored, listed in ((False, False, False), (True, False, False), (False, True, True)):
        page = await people.list_people(db, LOCAL_ADMIN, hidden=hidden, ignored=ignored)
        assert (anna in [one["id"] for one in page.items]) is listed


@pytest.mark.parametrize(
    "marks",
    [
        {"name": "Anna"},
        {"hidden": True},
        {"favourite": True},
        {"ignored": True},
        {"birthday": "2019-04-23"},
        {"name": "Anna", "favourite": True, "birthday": "2019-04-23"},
    ],
)
async def test_every_mark_can_be_taken_back_exactly(album: Album, marks: dict[str, Any]) -> None:
    before = await state(album.home)
    anna = await album.person("anna")
    entry = await album.change(anna, **marks)
    assert entry is not None
    shown = await people.get_person(album.home.db, LOCAL_ADMIN, anna)
    assert {name: shown[name] for name in marks} == marks
    assert await state(album.home) != before
    await undo.undo(album.home.db, LOCAL_ADMIN, entry)
    assert await state(album.home) == before
    with pytest.raises(ConflictError, match="undone already"):
        await undo.undo(album.home.db, LOCAL_ADMIN, entry)


async def test_a_merge_is_undone_to_both_with_faces_names_and_covers(album: Album) -> None:
    home, db = album.home, album.home.db
    anna, bruno, carla = [await album.person(name) for name in ("anna", "bruno", "carla")]
    cover = (await people.list_faces(db, LOCAL_ADMIN, bruno)).items[2]["id"]
    await album.change(anna, name="Anna")
    await album.change(bruno, name="Bruno", birthday="1980-02-29", cover_face=cover)
    stray = (await people.list_faces(db, LOCAL_ADMIN, carla)).items[0]["id"]
    await decisions.say_who_not(db, home.bus, LOCAL_ADMIN, [stray], bruno)
    await decisions.keep_apart(db, home.bus, LOCAL_ADMIN, bruno, carla)
    before = await state(home)
    entry = await decisions.merge(db, home.bus, LOCAL_ADMIN, anna, [bruno])
    merged = await people.get_person(db, LOCAL_ADMIN, anna)
    assert (merged["name"], merged["birthday"], merged["faces"]) == ("Anna", "1980-02-29", 9)
    assert merged["cover_face"] == cover
    with pytest.raises(NotFoundError):
        await people.get_person(db, LOCAL_ADMIN, bruno)
    await album.cluster()
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, entry)
    assert await state(home) == before
    assert (await people.get_person(db, LOCAL_ADMIN, bruno))["cover_face"] == cover


async def test_a_merge_keeps_what_was_rejected_and_said_to_be_apart(album: Album) -> None:
    home, db = album.home, album.home.db
    anna, bruno, carla = [await album.person(name) for name in ("anna", "bruno", "carla")]
    stray = await album.face("dora", 0)
    await decisions.say_who_not(db, home.bus, LOCAL_ADMIN, [stray], bruno)
    await decisions.keep_apart(db, home.bus, LOCAL_ADMIN, bruno, carla)
    await decisions.merge(db, home.bus, LOCAL_ADMIN, anna, [bruno])
    after = await state(home)
    assert (str(stray), str(anna)) in after["rejections"]
    assert tuple(sorted((str(anna), str(carla)))) in after["apart"]


async def test_what_was_changed_since_must_be_undone_first(album: Album) -> None:
    home, db = album.home, album.home.db
    anna, bruno = await album.person("anna"), await album.person("bruno")
    start = await state(home)
    first = await album.change(anna, name="Anna")
    second = await album.change(anna, name="Anne")
    third = await decisions.merge(db, home.bus, LOCAL_ADMIN, bruno, [anna])
    assert first is not None
    assert second is not None
    assert third is not None
    with pytest.raises(ConflictError, match="changed since"):
        await undo.undo(db, LOCAL_ADMIN, first)
    with pytest.raises(ConflictError, match="changed since"):
        await undo.undo(db, LOCAL_ADMIN, second)
    for entry in (third, second, first):
        await undo.undo(db, LOCAL_ADMIN, entry)
    assert await state(home) == start


async def test_undo_leaves_a_later_change_of_something_else_alone(album: Album) -> None:
    anna = await album.person("anna")
    named = await album.change(anna, name="Anna")
    await album.change(anna, birthday="2019-04-23")
    assert named is not None
    await undo.undo(album.home.db, LOCAL_ADMIN, named)
    shown = await people.get_person(album.home.db, LOCAL_ADMIN, anna)
    assert (shown["name"], shown["birthday"]) == ("", "2019-04-23")


async def test_a_split_is_a_new_person_and_stays_one(album: Album) -> None:
    home, db = album.home, album.home.db
    anna = await album.person("anna")
    some = [face["id"] for face in (await people.list_faces(db, LOCAL_ADMIN, anna)).items[:2]]
    before = await state(home)
    new, entry = await decisions.split(db, home.bus, LOCAL_ADMIN, anna, some, name="Twin")
    assert (await people.get_person(db, LOCAL_ADMIN, new))["faces"] == 2
    assert (await people.get_person(db, LOCAL_ADMIN, anna))["faces"] == 3
    for _ in range(3):
        await album.cluster()
    assert (await people.get_person(db, LOCAL_ADMIN, new))["faces"] == 2
    assert (await people.get_person(db, LOCAL_ADMIN, anna))["faces"] == 3
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, entry)
    await album.cluster()
    assert await state(home) == before
    with pytest.raises(InvalidInputError, match="faces of this person"):
        await decisions.split(db, home.bus, LOCAL_ADMIN, anna, [await album.face("carla", 0)])


async def test_a_split_off_person_with_more_faces_since_is_not_undone_unseen(album: Album) -> None:
    home, db = album.home, album.home.db
    anna = await album.person("anna")
    some = [face["id"] for face in (await people.list_faces(db, LOCAL_ADMIN, anna)).items[:2]]
    new, entry = await decisions.split(db, home.bus, LOCAL_ADMIN, anna, some, name="Twin")
    await decisions.say_who(db, home.bus, LOCAL_ADMIN, [await album.face("dora", 0)], person=new)
    assert entry is not None
    with pytest.raises(ConflictError, match="Twin"):
        await undo.undo(db, LOCAL_ADMIN, entry)


async def test_a_face_is_moved_and_moved_back(album: Album) -> None:
    home, db = album.home, album.home.db
    face = await album.face("dora", 0)
    before = await state(home)
    entry = await decisions.say_who(db, home.bus, LOCAL_ADMIN, [face], name="Dora")
    shown = await faces.get_face(db, LOCAL_ADMIN, face)
    assert shown["person"]["name"] == "Dora"
    assert shown["confirmed"]
    again = await decisions.say_who(db, home.bus, LOCAL_ADMIN, [await album.face("carla", 0)], name="dora")
    assert (await people.get_person(db, LOCAL_ADMIN, shown["person"]["id"]))["faces"] == 2
    assert again is not None
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, again)
    await undo.undo(db, LOCAL_ADMIN, entry)
    assert await state(home) == before


async def test_a_persons_word_makes_room_on_the_photo(album: Album) -> None:
    """On a photo of Anna and Bruno somebody says that Bruno's face is Anna: the other one cannot be her then."""
    home, db = album.home, album.home.db
    anna = await album.person("anna")
    annas, brunos = await album.face("anna", 0), await album.face("bruno", 0)
    before = await state(home)
    entry = await decisions.say_who(db, home.bus, LOCAL_ADMIN, [brunos], person=anna)
    assert (await faces.get_face(db, LOCAL_ADMIN, brunos))["person"]["id"] == anna
    # Anna was held by that word, and her own face confirmed with the rest of her: both stay, a person said so.
    assert (await faces.get_face(db, LOCAL_ADMIN, annas))["person"]["id"] == anna
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, entry)
    assert await state(home) == before


async def test_a_rejection_is_for_ever(album: Album) -> None:
    home, db = album.home, album.home.db
    carla = await album.person("carla")
    await album.change(carla, name="Carla")
    face = await album.face("carla", 1)
    entry = await decisions.take_away(db, home.bus, LOCAL_ADMIN, face)
    for _ in range(3):
        await album.cluster()
        shown = await faces.get_face(db, LOCAL_ADMIN, face)
        assert shown["person"] is None or shown["person"]["id"] != carla
    assert carla not in [one["person"] for one in await faces.who_may_it_be(db, LOCAL_ADMIN, face)]
    assert face not in [one["face"]["id"] for one in await people.face_suggestions(db, LOCAL_ADMIN, carla)]
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, entry)
    assert (await faces.get_face(db, LOCAL_ADMIN, face))["person"]["id"] == carla


async def test_a_face_that_is_none_does_not_come_back(album: Album) -> None:
    home, db = album.home, album.home.db
    face = await album.face("carla", 0)
    file = (await faces.get_face(db, LOCAL_ADMIN, face))["file"]
    before = await state(home)
    entry = await decisions.remove_face(db, home.bus, LOCAL_ADMIN, face)
    await album.look_again(file)
    await album.cluster()
    assert await faces.faces_of_file(db, LOCAL_ADMIN, file) == []
    with pytest.raises(NotFoundError):
        await faces.get_face(db, LOCAL_ADMIN, face)
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, entry)
    assert await state(home) == before


async def test_a_drawn_face_is_kept_and_can_be_undone(album: Album) -> None:
    home, db = album.home, album.home.db
    file = (await faces.get_face(db, LOCAL_ADMIN, await album.face("dora", 0)))["file"]
    before = await state(home)
    face, entry = await decisions.add_face(db, home.bus, LOCAL_ADMIN, file, (0.7, 0.7, 0.2, 0.2), name="Grandma")
    shown = await faces.get_face(db, LOCAL_ADMIN, face)
    assert (shown["source"], shown["confirmed"], shown["person"]["name"]) == ("manual", True, "Grandma")
    assert await db.value(
        """SELECT "status" FROM "file_step" WHERE "step" = 'faces' AND "file" = ?""", [str(file)]
    ) == ("pending")
    with pytest.raises(ConflictError, match="face already"):
        await decisions.add_face(db, home.bus, LOCAL_ADMIN, file, (0.71, 0.7, 0.2, 0.2))
    for box in ((-0.1, 0, 0.5, 0.5), (0.5, 1.2, 0.1, 0.1), (0.5, 0.5, 0.0, 0.1), (float("nan"), 0.1, 0.1, 0.1)):
        with pytest.raises(InvalidInputError, match="not on the picture"):
            await decisions.add_face(db, home.bus, LOCAL_ADMIN, file, box)
    await album.look_again(file)
    await album.cluster()
    assert (await faces.get_face(db, LOCAL_ADMIN, face))["person"]["name"] == "Grandma"
    assert entry is not None
    await undo.undo(db, LOCAL_ADMIN, entry)
    assert await state(home) == before


async def test_what_is_no_value_is_refused_and_changes_nothing(album: Album) -> None:
    anna = await album.person("anna")
    before = await state(album.home)
    for marks in (
        {"birthday": "23.4.2019"},
        {"name": "x" * 201},
        {"name": "a\x00b"},
        {"hidden": None},
        {"cover_face": await album.face("bruno", 0)},
        {"private": True},  # the local admin is nobody in particular
    ):
        with pytest.raises(InvalidInputError):
            await album.change(anna, **marks)
    with pytest.raises(InvalidInputError, match="at least two"):
        await decisions.merge(album.home.db, album.home.bus, LOCAL_ADMIN, anna, [anna])
    with pytest.raises(NotFoundError):
        await decisions.merge(album.home.db, album.home.bus, LOCAL_ADMIN, anna, [uuid.uuid4()])
    assert await state(album.home) == before


async def test_the_age_is_that_of_the_day_of_the_photo(album: Album) -> None:
    anna = await album.person("anna")
    await album.change(anna, birthday="2019-05-02")
    face = await faces.get_face(album.home.db, LOCAL_ADMIN, await album.face("anna", 0))
    assert (face["person"]["age_years"], face["person"]["age_months"]) == (4, 59)  # taken on 2024-05-01
    await album.change(anna, birthday="2030-01-01")
    face = await faces.get_face(album.home.db, LOCAL_ADMIN, await album.face("anna", 0))
    assert face["person"]["age_years"] is None


async def test_every_decision_holds_through_regrouping_and_another_engine_version(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Naming five, merging two, rejecting ten faces; then three full regroupings and a new version of the engine."""
    home, db = album.home, album.home.db
    for number in range(20, 24):
        await album.photo("dora", "emil", "frida", number=number)
    for number in range(30, 33):
        await album.photo("anna", "carla", "emil", number=number)
    await album.cluster()
    ids = {name: await album.person(name) for name in ("anna", "bruno", "carla", "dora", "emil", "frida")}
    for name in ("anna", "bruno", "carla", "dora", "emil"):
        await album.change(ids[name], name=name.title())
    merge = await decisions.merge(db, home.bus, LOCAL_ADMIN, ids["anna"], [ids["frida"]])
    chance = random.Random(1)
    rejected = []
    for name in ("anna", "bruno", "carla", "dora", "emil"):
        own = (await people.list_faces(db, LOCAL_ADMIN, ids[name])).items
        some = [face["id"] for face in chance.sample(own, 2)]
        await decisions.say_who_not(db, home.bus, LOCAL_ADMIN, some, ids[name])
        rejected += [(face, ids[name]) for face in some]
    said = await state(home)

    async def holds() -> None:
        after = await state(home)
        for person, row in said["people"].items():
            if row["held"]:
                assert after["people"][person] == row
        for face, row in said["faces"].items():
            if row["confirmed"]:
                assert after["faces"][face] == row
        assert set(said["rejections"]) <= set(after["rejections"])
        for face, person in rejected:
            shown = await faces.get_face(db, LOCAL_ADMIN, face)
            assert shown["person"] is None or shown["person"]["id"] != person
        await album.check_nobody_twice()

    for _ in range(3):
        await album.cluster()
        await holds()
    await album.new_engine_version(monkeypatch)
    await album.cluster()
    await holds()
    assert len(rejected) == 10
    assert merge is not None
    with pytest.raises(ConflictError):
        await undo.undo(db, LOCAL_ADMIN, merge)  # two of its faces were rejected after it: that must be undone first


# ----------------------------------------------------------------------------------------------------- who sees what


@pytest.fixture
async def two_users(home: Home) -> tuple[Viewer, Viewer]:
    viewers = []
    for name in ("greta", "hugo"):
        row = await users.add_user(home.db, LOCAL_ADMIN, username=name, password="long enough", name=name, role="user")
        viewers.append(Viewer(user_id=row["id"]))
    return viewers[0], viewers[1]


async def test_faces_on_someones_own_photos_are_not_seen_nor_counted(
    album: Album, two_users: tuple[Viewer, Viewer]
) -> None:
    db = album.home.db
    greta, hugo = two_users
    anna = await album.person("anna")
    face = (await people.list_faces(db, hugo, anna)).items[0]
    await db.fetch('UPDATE "stored_file" SET "user" = ? WHERE "id" = ?', [str(greta.user_id), str(face["file"])])
    assert (await people.get_person(db, greta, anna))["faces"] == 5
    shown = await people.get_person(db, hugo, anna)
    assert shown["faces"] == 4
    assert shown["cover_face"] != face["id"]
    with pytest.raises(NotFoundError):
        await faces.get_face(db, hugo, face["id"])
    with pytest.raises(NotFoundError):
        await faces.get_crop(db, hugo, face["id"])
    with pytest.raises(NotFoundError):
        await faces.faces_of_file(db, hugo, face["file"])
    with pytest.raises(NotFoundError):
        await decisions.say_who(db, album.home.bus, hugo, [face["id"]], name="Eve")
    with pytest.raises(NotFoundError):
        await faces.who_may_it_be(db, hugo, face["id"])
    await db.fetch('UPDATE "stored_file" SET "user" = ?', [str(greta.user_id)])
    assert (await people.list_people(db, hugo)).items == []
    with pytest.raises(NotFoundError):
        await people.get_person(db, hugo, anna)
    with pytest.raises(NotFoundError):
        await album.change(anna, viewer=hugo, name="Eve")
    with pytest.raises(NotFoundError):
        await decisions.merge(db, album.home.bus, hugo, anna, [await album.person("bruno")])


async def test_hidden_and_trashed_photos_do_not_count(album: Album) -> None:
    db = album.home.db
    anna = await album.person("anna")
    file = (await people.list_faces(db, LOCAL_ADMIN, anna)).items[0]["file"]
    await db.fetch('UPDATE "stored_file" SET "trashed_at" = ? WHERE "id" = ?', [now(), str(file)])
    assert (await people.get_person(db, LOCAL_ADMIN, anna))["faces"] == 4
    await db.fetch('UPDATE "stored_file" SET "trashed_at" = NULL WHERE "id" = ?', [str(file)])
    assert (await people.get_person(db, LOCAL_ADMIN, anna))["faces"] == 5


async def test_someone_kept_private_is_nobody_to_others(album: Album, two_users: tuple[Viewer, Viewer]) -> None:
    db = album.home.db
    greta, hugo = two_users
    anna = await album.person("anna")
    await album.change(anna, viewer=greta, name="Anna", private=True)
    assert (await people.get_person(db, greta, anna))["private"]
    with pytest.raises(NotFoundError):
        await people.get_person(db, hugo, anna)
    assert anna not in [person["id"] for person in (await people.list_people(db, hugo)).items]
    face = await album.face("anna", 0)
    assert (await faces.get_face(db, hugo, face))["person"] is None
    assert (await faces.get_face(db, greta, face))["person"]["id"] == anna
    with pytest.raises(ConflictError, match="keeps this person"):
        await decisions.say_who(db, album.home.bus, hugo, [face], name="Eve")
    with pytest.raises(ConflictError, match="keeps this person"):
        await decisions.remove_face(db, album.home.bus, hugo, face)
    await album.change(anna, viewer=greta, private=False)
    assert (await people.get_person(db, hugo, anna))["name"] == "Anna"


async def test_only_who_did_it_or_an_admin_undoes_it(album: Album, two_users: tuple[Viewer, Viewer]) -> None:
    db = album.home.db
    greta, hugo = two_users
    entry = await album.change(await album.person("anna"), viewer=greta, name="Anna")
    assert entry is not None
    with pytest.raises(NotFoundError):
        await undo.undo(db, hugo, entry)
    assert (await journal.list_entries(db, hugo))["items"] == []
    (shown,) = (await journal.list_entries(db, greta))["items"]
    assert (shown["verb"], shown["name"], shown["can_undo"]) == ("name", "Anna", True)
    await undo.undo(db, LOCAL_ADMIN, entry)
    (shown,) = (await journal.list_entries(db, greta))["items"]
    assert not shown["can_undo"]
    with pytest.raises(NotFoundError):
        await undo.undo(db, greta, uuid.uuid4())


async def test_faces_that_somebody_does_not_see_take_no_place_among_who_it_may_be(
    album: Album, two_users: tuple[Viewer, Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    db, (greta, hugo) = album.home.db, two_users
    monkeypatch.setattr(faces, "NEIGHBOURS", 2)  # the face itself, and the nearest other one
    anna = await album.person("anna")
    await album.change(anna, name="Anna")
    asked, *hidden, shown = [await album.face("anna", number) for number in range(5)]
    await db.fetch('UPDATE "face" SET "person" = NULL, "confirmed" = 0 WHERE "id" = ?', [str(asked)])
    await db.fetch(
        f"""UPDATE "stored_file" SET "user" = ? WHERE "id" IN
            (SELECT "file" FROM "face" WHERE "id" IN ({", ".join("?" * len(hidden))}))""",
        [str(greta.user_id), *(str(face) for face in hidden)],
    )
    for face in hidden:  # as near as can be
        await db.fetch(
            'UPDATE "face" SET "embedding" = (SELECT "embedding" FROM "face" WHERE "id" = ?) WHERE "id" = ?',
            [str(asked), str(face)],
        )
        async with db.write():
            await face_index.keep_vectors(db, [face])
    (told,) = await faces.who_may_it_be(db, hugo, asked)
    assert (told["name"], told["face"]) == ("Anna", shown)
