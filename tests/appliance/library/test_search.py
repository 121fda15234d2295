"""What a query finds by words, in which order, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.library import album_files, albums, search, suggest, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def found(home: Home, query: str, viewer: Viewer = LOCAL_ADMIN) -> list[uuid.UUID]:
    answer = await search.search(home, viewer, query)
    assert answer.total == len(answer.items)
    return [item["file"]["id"] for item in answer.items]


async def reasons(home: Home, query: str) -> list[tuple[str, str]]:
    (item,) = (await search.search(home, LOCAL_ADMIN, query)).items
    return [(reason["kind"], reason["text"]) for reason in item["why"]]


async def test_an_invoice_is_found_by_the_words_on_it(home: Home, findable: Findable) -> None:
    await findable.file("IMG_1.jpg", tag=["table"])
    invoice = await findable.file(
        "IMG_2.jpg", text="ACME Ltd\nINVOICE no. 17\nDate 12.03.2023", start="2024-01-02T08:00:00"
    )
    assert await found(home, "invoice 2023") == [invoice]
    assert await found(home, "invoice 2022") == []
    assert await reasons(home, "invoice 2023") == [("text", "INVOICE no. 17"), ("text", "Date 12.03.2023")]
    assert await found(home, "has:text") == [invoice]


async def test_every_operator_finds_what_it_says(home: Home, findable: Findable) -> None:
    anna, bert = await findable.person("Anna Maria"), await findable.person("Bert")
    first = await findable.file(
        "Summer 2019/IMG_1.jpg",
        people=[anna],
        place=("Lisbon", "Lisboa", "Portugal"),
        tag=["beach"],
        camera="X100V",
        start="2019-07-01T10:00:00",
        rating=4,
        latitude=38.7,
        longitude=-9.1,
        description="The first swim",
    )
    second = await findable.file(
        "walk.mp4", people=[anna, bert], kind="video", start="2020-05-03T10:00:00", favourite=True, caption="a dog runs"
    )
    third = await findable.file("scan.jpg", archived=True, text="Total 12.50", tag=["screenshot"])
    both, everything = {first, second}, {first, second, third}
    expected = {
        "person:anna": both,
        "person:anna person:bert": {second},
        "person:anna,bert": both,
        "person:maria": both,
        "person:ann": both,
        "-person:bert": {first, third},
        "place:lisbon": {first},
        "place:portugal": {first},
        "tag:beach": {first},
        "-tag:screenshot": both,
        "camera:x100": {first},
        "year:2019": {first},
        "year:2019-2020": both,
        "month:2020-05": {second},
        "before:2020-05": {first},
        "before:2020-05-04": both,
        "after:2019": {second, third},
        "kind:video": {second},
        "kind:photo": {first, third},
        "has:gps": {first},
        "has:people": both,
        "has:tags": {first, third},
        "has:text": {third},
        "has:caption": {second},
        "has:description": {first},
        "has:rating": {first},
        "has:album": set(),
        "has:motion": set(),
        "has:raw": set(),
        "rating:>3": {first},
        "rating:0": {second, third},
        "favourite:": {second},
        "favourite:no": {first, third},
        "archived:": {third},
        "name:scan": {third},
        "folder:summer": {first},
        "text:total": {third},
        "caption:dog": {second},
        "description:swim": {first},
        "swim OR dog": both,
        "tag:beach OR kind:video": both,
        "-swim": {second, third},
        "kind:photo OR kind:video": everything,
        "person:nobody": set(),
        "-person:nobody": everything,
    }
    for query, files in expected.items():
        assert set(await found(home, query)) == files, query


async def test_albums_by_hand_and_saved_searches_are_found(home: Home, findable: Findable) -> None:
    one, two = await findable.file(tag=["beach"]), await findable.file(tag=["forest"])
    by_hand = await albums.add_album(home.db, LOCAL_ADMIN, name="Summer holidays")
    await albums.change_files(home.db, LOCAL_ADMIN, by_hand["id"], [two])
    await albums.add_album(home.db, LOCAL_ADMIN, name="Sea", query="beach")
    await albums.add_album(home.db, LOCAL_ADMIN, name="Loop", query="album:loop")
    assert await found(home, 'album:"Summer holidays"') == [two]
    assert await found(home, "summer") == [two]
    assert await found(home, "album:sea") == [one]
    assert await found(home, "-album:sea") == [two]
    assert await found(home, "album:loop") == []
    assert await found(home, "has:album") == [two]


async def test_words_are_found_without_case_accents_and_plural(home: Home, findable: Findable) -> None:
    zoe = await findable.file("a.jpg", people=[await findable.person("Zoë Ärmel")], tag=["strawberry"])
    for query in ("zoe", "ZOË", "armel", "strawb", "strawberries", '"zoë armel"', "the zoe"):
        assert await found(home, query) == [zoe], query
    for query in ('"armel zoe"', '"strawb"', "strawberryx"):
        assert await found(home, query) == [], query


async def test_what_people_said_comes_before_what_a_file_is_called(home: Home, findable: Findable) -> None:
    named = await findable.file("beach.jpg", start="2024-01-01T00:00:00")
    captioned = await findable.file("b.jpg", caption="people on a beach", start="2023-01-01T00:00:00")
    tagged = await findable.file("c.jpg", tag=["beach"], start="2020-01-01T00:00:00")
    newer = await findable.file("d.jpg", tag=["beach"], start="2021-01-01T00:00:00")
    answer = await search.search(home, LOCAL_ADMIN, "beach")
    assert [item["file"]["id"] for item in answer.items] == [newer, tagged, captioned, named]
    assert [item["score"] for item in answer.items] == [1.0, 1.0, 0.7, 0.4]


async def test_hidden_trashed_missing_and_unshowable_files_are_not_found_archived_ones_are(
    home: Home, findable: Findable
) -> None:
    seen = await findable.file("beach.jpg", archived=True)
    await findable.file("beach.jpg", hidden=True)
    await findable.file("beach.jpg", trashed_at="2024-01-01T00:00:00+00:00")
    await findable.file("beach.jpg", missing_since="2024-01-01T00:00:00+00:00")
    await findable.file("beach.jpg", unshowable=True)
    await findable.file("beach.jpg", kind="sidecar")
    await findable.file("beach.jpg", part_of=seen)
    for query in ("beach", "name:beach", "-forest", "year:2024"):
        assert await found(home, query) == [seen], query


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(home: Home, findable: Findable) -> None:
    files = [await findable.file(f"beach{number}.jpg", tag=["sea"] if number % 3 else []) for number in range(23)]
    for query in ("beach", "kind:photo", "sea OR beach"):
        whole = await search.search(home, LOCAL_ADMIN, query, limit=100)
        pages = [await search.search(home, LOCAL_ADMIN, query, limit=5, offset=at) for at in range(0, 30, 5)]
        assert [item["file"]["id"] for page in pages for item in page.items] == [
            item["file"]["id"] for item in whole.items
        ]
        assert {page.total for page in pages} == {len(files)}


async def test_nothing_found_and_nothing_known_say_so(home: Home, findable: Findable) -> None:
    await findable.file(tag=["beach"])
    unknown = await search.search(home, LOCAL_ADMIN, "person:nobody")
    assert (unknown.total, unknown.understood[0].known) == (0, False)
    assert "nobody" in unknown.hint
    nothing = await search.search(home, LOCAL_ADMIN, "unicorn on a tractor")
    assert (nothing.total, nothing.items) == (0, [])
    assert nothing.hint
    assert not nothing.meaning.available
    assert "models pull" in nothing.meaning.hint


async def test_a_person_kept_private_is_found_by_their_owner_alone(home: Home, findable: Findable) -> None:
    owner, other = [
        Viewer(
            user_id=(await users.add_user(home.db, LOCAL_ADMIN, username=name, password="long enough", role="user"))[
                "id"
            ]
        )
        for name in ("owner", "other")
    ]
    file = await findable.file(people=[await findable.person("Zoe", owner=owner.user_id)])
    for query in ("zoe", "person:zoe"):
        assert await found(home, query, owner) == [file]
        assert await found(home, query, other) == []
        assert await found(home, f"{query} OR tag:none", other) == []
    assert await found(home, "-zoe", other) == [file]
    assert await found(home, f"own:u{owner.user_id}zoe", other) == []
    assert await found(home, f"u{str(owner.user_id).replace('-', '')}zoe", other) == []


async def test_an_album_that_is_someones_own_is_in_no_others_answer(home: Home, findable: Findable) -> None:
    owner, other = [
        Viewer(
            user_id=(await users.add_user(home.db, LOCAL_ADMIN, username=name, password="long enough", role="user"))[
                "id"
            ]
        )
        for name in ("owner", "other")
    ]
    file = await findable.file(tag=["beach"])
    album = await albums.add_album(home.db, owner, name="Surprise", private=True)
    await albums.change_files(home.db, owner, album["id"], [file])
    assert await found(home, "surprise", owner) == [file]
    assert await found(home, "surprise", other) == []
    assert await found(home, "album:surprise", other) == []
    assert await found(home, "has:album", other) == []
    assert await album_files.albums_of_files(home.db, other, [file]) == {}


async def test_a_time_in_words_finds_what_was_taken_then_and_what_says_so(home: Home, findable: Findable) -> None:
    taken = await findable.file("IMG_1.jpg", start="2020-07-03T10:00:00")
    named = await findable.file("Summer 2020/IMG_2.jpg", start="2021-01-03T10:00:00")
    await findable.file("IMG_3.jpg", start="2020-12-03T10:00:00")
    assert await found(home, "summer 2020") == [named, taken]
    assert await found(home, "Sommer 2020") == [taken]
    assert await found(home, "2020-07-03") == await found(home, "3.7.2020") == await found(home, "Juli 2020") == [taken]
    assert await reasons(home, "Juli 2020") == [("date", "2020 July")]
    assert await found(home, "img summer 2020 -name:2") == [taken]
    (said,) = (await search.search(home, LOCAL_ADMIN, "img summer 2020")).understood
    assert (said.kind, said.value, said.known) == ("when", "summer 2020", True)


async def test_the_why_of_a_time_is_the_album_that_says_it(home: Home, findable: Findable) -> None:
    named = await findable.file("IMG_2.jpg", start="2021-01-03T10:00:00", tag=["Summer 2020"])
    assert await found(home, "summer 2020") == [named]
    assert await reasons(home, "summer 2020") == [("tag", "Summer 2020")]


async def test_german_words_are_found_however_their_umlauts_are_written(home: Home, findable: Findable) -> None:
    jurgen = await findable.person("Jürgen Müller")
    drawn = await findable.file("IMG_1.jpg", people=[jurgen], description="Vor der Straße", tag=["Größe"])
    written = await findable.file("Muenchen_2.jpg", place=("Köln", "NRW", "Germany"))
    for query in ("müller", "mueller", "muller", "person:mueller", "strasse", "straße", "tag:groesse"):
        assert await found(home, query) == [drawn], query
        assert len(await reasons(home, query)) == 1, query
    for query in ("münchen", "muenchen", "Münch", "place:koeln", "köln", "name:münchen"):
        assert await found(home, query) == [written], query
        assert len(await reasons(home, query)) == 1, query
    for typed in ("muel", "Mül", "person:mue"):
        assert [one["text"] for one in await suggest.suggest(home.db, LOCAL_ADMIN, typed)] == ["Jürgen Müller"], typed
    assert await found(home, "mull") == [drawn]
    assert await found(home, '"mueller"') == []


async def test_a_month_in_german_is_that_month(home: Home, findable: Findable) -> None:
    march = await findable.file("IMG_1.jpg", start="2020-03-03T10:00:00")
    await findable.file("IMG_2.jpg", start="2020-05-03T10:00:00")
    assert await found(home, "märz") == [march]
    assert await reasons(home, "märz") == [("date", "2020 March")]


async def test_small_words_of_german_and_words_for_photos_may_be_left_out(home: Home, findable: Findable) -> None:
    garden = await findable.file("IMG_1.jpg", description="Oma, Garten")
    for query in ("Oma im Garten", "Fotos von Oma", "photos of oma", "die Oma"):
        assert await found(home, query) == [garden]
    photo = await findable.file("IMG_2.jpg", tag=["photo"])
    assert await found(home, "photo") == [photo]


async def test_a_name_with_an_apostrophe_is_found_by_either_sign(home: Home, findable: Findable) -> None:
    first = await findable.file("IMG_1.jpg", people=[await findable.person("Ann O’Brien")])
    second = await findable.file("IMG_2.jpg", people=[await findable.person("Bo D'Arcy")])
    assert await found(home, "person:o'brien") == await found(home, "o'brien") == [first]
    assert await found(home, "person:D’Arcy") == await found(home, "d’arcy") == [second]


async def test_a_model_is_named_only_where_words_could_be_searched_by_meaning(home: Home, findable: Findable) -> None:
    await findable.file("IMG_1.jpg")
    assert "models pull" in (await search.search(home, LOCAL_ADMIN, "unicorn")).hint
    assert "model" not in (await search.search(home, LOCAL_ADMIN, "year:1999")).hint
