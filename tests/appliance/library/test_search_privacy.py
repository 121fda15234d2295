"""What others keep to themselves changes nothing: not what is found, counted, ranked, explained or suggested.

Everything that Anna may ask is asked twice: before Bruno adds his own files, people, tags and albums, which are made to
match every query as well as hers do, and after.  The answers must be the same to the last digit.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from appliance.library import albums, image_index, search, suggest, tagging, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.findable import Findable, axis, use_words

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home

#: Every operator, with values of Anna's, of the family's, of Bruno's and of nobody's.
NAMES = ("anna", "bruno", "clara", "zoe", "zara", "nobody")
TAGS = ("beach", "sea", "secret", "diary", "screenshot")
PLACES = ("lisbon", "paris", "oslo", "portugal")
CAMERAS = ("x100", "pixel", "leica")
ALBUMS = ("summer", "saved", "surprise", "own")
QUERIES = (
    *(f"person:{name}" for name in NAMES),
    *(f"-person:{name}" for name in NAMES),
    *(f"tag:{name}" for name in TAGS),
    *(f"-tag:{name}" for name in TAGS),
    *(f"place:{name}" for name in PLACES),
    *(f"camera:{name}" for name in CAMERAS),
    *(f"album:{name}" for name in ALBUMS),
    *(f"-album:{name}" for name in ALBUMS),
    *(f"year:{year}" for year in range(2018, 2025)),
    *("month:2019-07", "date:2019-07-01", "before:2020-05", "after:2020-05", "-before:2020"),
    *("kind:photo", "kind:video", "kind:raw", "-kind:photo"),
    *(f"has:{what}" for what in ("gps", "people", "tags", "album", "text", "caption", "description")),
    *("has:rating", "has:motion", "has:raw"),
    *(f"-has:{what}" for what in ("gps", "people", "tags", "album", "text", "caption", "description")),
    *("rating:>3", "rating:<=3", "rating:0", "favourite:", "favourite:no", "archived:", "archived:no"),
    *("name:img", "name:private", "folder:summer", "folder:private", "text:invoice", "text:password"),
    *("caption:dog", "description:swim", "description:private"),
    *NAMES, *TAGS, *PLACES, *CAMERAS, *ALBUMS,
    *("invoice 2019", "dog", "img", "private", "-private", "beach OR secret", "tag:secret OR tag:beach", "july"),
    *("beach sea", '"a dog"', "valley", "the valley 2019", "valley -tag:beach", "person:anna valley", "nonsense"),
)  # fmt: skip
_chance = random.Random(7)
COMBINED = tuple(_chance.choice((" ", " ", " OR ")).join(_chance.sample(QUERIES, 2 + n % 2)) for n in range(120))
STARTS = (
    *("a", "b", "be", "s", "se", "p", "pr", "z", "d", "l", "x", "20", "201", "", "o", "surp"),
    *("tag:", "tag:s", "person:", "person:z", "person:b", "place:", "place:o", "camera:", "camera:l", "album:"),
    *("album:s", "year:", "before:20", "kind:", "has:", "-tag:d", "-person:z", "caption:d", "name:p"),
)  # fmt: skip


@dataclass
class Family:
    home: Home
    findable: Findable
    anna: Viewer
    bruno: Viewer

    async def add(self, owner: uuid.UUID | None, *, seed: int, tags: tuple[str, ...], people: list[uuid.UUID]) -> None:
        """Twelve files that match all kinds of queries."""
        chance = random.Random(seed)
        for number in range(12):
            file = await self.findable.file(
                f"{chance.choice(('Summer', 'private', 'x'))}/{chance.choice(('IMG', 'private'))}_{number}.jpg",
                owner=owner,
                tag=chance.sample(tags, 2),
                people=chance.sample(people, 1) if number % 3 else (),
                text=chance.choice(("", "INVOICE 2019", "password: secret", "invoice of the diary")),
                caption=chance.choice(("", "a dog on a beach", "a dog by the sea")),
                place=chance.choice(
                    ((), ("Lisbon", "Lisboa", "Portugal"), ("Paris", "", "France"), ("Oslo", "", "Norway"))
                ),
                camera=chance.choice(("", "X100V", "Pixel 7", "Leica Q")),
                start=f"{chance.choice((2018, 2019, 2020, 2023))}-07-0{number % 9 + 1}T12:00:00",
                kind=chance.choice(("photo", "photo", "video", "raw")),
                rating=chance.choice((None, 2, 5)),
                favourite=chance.random() < 0.3,
                archived=chance.random() < 0.2,
                latitude=chance.choice((None, 38.7)),
                description=chance.choice(("", "the first swim", "private")),
            )
            async with self.home.db.write():
                vector = axis(number % 4, chance.uniform(0.0, 0.4))
                await image_index.keep(self.home.db, file, "siglip2", "1", [vector])

    async def answers(self, viewer: Viewer) -> dict[str, Any]:
        """Everything that this viewer can be told by search, as plain values."""
        told: dict[str, Any] = {}
        for query in (*QUERIES, *COMBINED):
            found = await search.search(self.home, viewer, query, limit=200)
            told[f"search {query}"] = (
                [
                    (str(item["file"]["id"]), item["score"], item["why"], item["file"]["tags"], item["file"]["albums"])
                    for item in found.items
                ],
                found.total,
                found.hint,
                found.understood,
            )
        for start in STARTS:
            told[f"suggest {start}"] = await suggest.suggest(self.home.db, viewer, start, limit=50)
        told["tags"] = await tagging.list_tags(self.home.db, viewer, limit=1000)
        told["albums"] = await albums.list_albums(self.home.db, viewer)
        for album in told["albums"]:
            page = await albums.files_of_album(self.home, viewer, album["id"])
            told[f"album {album['name']}"] = [str(item["id"]) for item in page.items], page.total
        plain: dict[str, Any] = msgspec.to_builtins(told)
        return plain


@pytest.fixture
async def family(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Family:
    await use_words(home, monkeypatch)
    findable = await Findable.create(home, tmp_path)
    ids = [
        (await users.add_user(home.db, LOCAL_ADMIN, username=name, password="long enough", role="user"))["id"]
        for name in ("anna", "bruno")
    ]
    family = Family(home, findable, Viewer(user_id=ids[0]), Viewer(user_id=ids[1]))
    shared = [await findable.person("Anna Alm"), await findable.person("Clara Alm")]
    hers = [*shared, await findable.person("Zara", owner=ids[0])]
    await family.add(None, seed=1, tags=("beach", "sea", "screenshot"), people=shared)
    await family.add(ids[0], seed=2, tags=("beach", "diary"), people=hers)
    summer = await albums.add_album(home.db, family.anna, name="Summer")
    visible = (await search.search(home, family.anna, "kind:photo", limit=5)).items
    await albums.change_files(home.db, family.anna, summer["id"], [item["file"]["id"] for item in visible])
    await albums.add_album(home.db, family.anna, name="Saved beach", query="beach OR secret OR person:zoe")
    await albums.add_album(home.db, family.anna, name="Own", query="tag:diary", private=True)
    return family


async def bruno_adds(family: Family) -> None:
    """Files that only he sees, and people and albums that only he knows of, also on the family's files."""
    home, findable, bruno = family.home, family.findable, family.bruno
    rows = await home.db.fetch('SELECT "id" FROM "person" WHERE "user" IS NULL')
    zoe = await findable.person("Zoe", owner=bruno.user_id)
    only_on_his = await findable.person("Bruno Berg")
    his = [*(row["id"] for row in rows), zoe, only_on_his]
    await family.add(bruno.user_id, seed=3, tags=("beach", "sea", "secret", "diary", "Beach"), people=his)
    shared = await search.search(home, bruno, "kind:photo", limit=3)
    async with home.db.write():
        for item in shared.items:
            if item["file"]["user"] is None:
                await findable.face(item["file"]["id"], zoe)
    surprise = await albums.add_album(home.db, bruno, name="Surprise", private=True)
    everything = await search.search(home, bruno, "-nothing", limit=200)
    ids = [item["file"]["id"] for item in everything.items]
    await albums.change_files(home.db, bruno, surprise["id"], ids)
    await albums.add_album(home.db, bruno, name="Summer", query="beach", private=True)


async def test_what_bruno_keeps_to_himself_changes_no_answer_of_annas(family: Family) -> None:
    before = await family.answers(family.anna)
    await bruno_adds(family)
    after = await family.answers(family.anna)
    assert [name for name in before if before[name] != after.get(name)] == []
    assert before == after
    # It is not for want of anything to find: to Bruno and to the local admin the answers are others.
    assert (
        sum(before[name] != answer for name, answer in (await family.answers(family.bruno)).items() if name in before)
        > 50
    )
    assert [reason["kind"] for *_, why, _, _ in before["search the valley 2019"][0] for reason in why].count(
        "meaning"
    ) > 1
    found_something = [name for name in before if name.startswith("search") and before[name][1] > 0]
    assert len(found_something) > 60


async def test_no_file_of_bruno_is_in_any_answer_of_annas(family: Family) -> None:
    await bruno_adds(family)
    rows = await family.home.db.fetch('SELECT "id" FROM "stored_file" WHERE "user" = ?', [str(family.bruno.user_id)])
    told = msgspec.json.encode(await family.answers(family.anna)).decode()
    assert len(rows) == 12
    assert not any(str(row["id"]) in told for row in rows)
    assert "Zoe" not in told
    assert "Surprise" not in told


async def test_a_file_that_becomes_private_is_out_of_every_answer_at_once(family: Family) -> None:
    """Before anything is indexed anew."""
    (first, *_) = (await search.search(family.home, family.anna, "tag:sea")).items
    file = first["file"]["id"]
    async with family.home.db.write():
        await family.home.db.fetch(
            'UPDATE "stored_file" SET "user" = ? WHERE "id" = ?', [str(family.bruno.user_id), str(file)]
        )
    assert str(file) not in msgspec.json.encode(await family.answers(family.anna)).decode()
