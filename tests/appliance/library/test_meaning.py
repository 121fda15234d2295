"""Search by what pictures mean, beside words; with a tower that knows four words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.errors import ModelUnavailableError
from appliance.library import image_index, search, settings
from appliance.library.search import fuse
from appliance.library.viewers import LOCAL_ADMIN
from appliance.values import new_id
from ml.embedders.mobilenet import IMAGENET_EMBEDDER
from tests.appliance.findable import Findable, WordTower, axis, use_words

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def findable(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Findable:
    await use_words(home, monkeypatch)
    return await Findable.create(home, tmp_path)


async def add(findable: Findable, number: int, off: float = 0.2, **columns: object) -> uuid.UUID:
    """A picture of the word with this number."""
    file = await findable.file(**columns)  # type: ignore[arg-type]  # whatever `file` takes
    async with findable.home.db.write():
        await image_index.keep(findable.home.db, file, "siglip2", "1", [axis(number, off)])
    return file


async def found(home: Home, query: str) -> list[uuid.UUID]:
    return [item["file"]["id"] for item in (await search.search(home, LOCAL_ADMIN, query, limit=200)).items]


async def fill(findable: Findable, count: int = 40) -> None:
    """Pictures of nothing that anybody asks for."""
    for number in range(count):
        await add(findable, 10 + number)


async def test_a_valley_is_found_that_nobody_called_one(home: Home, findable: Findable) -> None:
    await fill(findable)
    far, near = await add(findable, 0, 0.6), await add(findable, 0, 0.1)
    answer = await search.search(home, LOCAL_ADMIN, "trees in a valley")
    assert [item["file"]["id"] for item in answer.items] == [near, far]
    assert answer.total == 2
    assert answer.meaning.available
    assert [item["why"] for item in answer.items] == [[{"kind": "meaning", "text": ""}]] * 2
    assert answer.items[0]["score"] >= answer.items[1]["score"] > 0.5


async def test_nonsense_is_answered_with_nothing_though_something_is_always_nearest(
    home: Home, findable: Findable
) -> None:
    await fill(findable)
    await add(findable, 0)
    answer = await search.search(home, LOCAL_ADMIN, "unicorn on a tractor")
    assert (answer.total, answer.items) == (0, [])
    assert answer.hint


async def test_words_and_operators_narrow_what_is_found_by_meaning(home: Home, findable: Findable) -> None:
    await fill(findable)
    old = await add(findable, 0, start="2019-07-01T10:00:00")
    new = await add(findable, 0, start="2023-07-01T10:00:00", tag=["screenshot"])
    assert set(await found(home, "valley")) == {old, new}
    assert await found(home, "valley year:2019") == [old]
    assert await found(home, "valley 2019") == [old]
    assert await found(home, "valley -tag:screenshot") == [old]
    assert await found(home, "valley -screenshot") == [old]
    assert await found(home, "valley tag:screenshot") == [new]


async def test_what_both_find_comes_first_and_counts_once(home: Home, findable: Findable) -> None:
    await fill(findable)
    meant = await add(findable, 1)
    both = await add(findable, 1, tag=["dog"])
    said = await findable.file(tag=["dog"], start="2024-09-01T10:00:00")
    answer = await search.search(home, LOCAL_ADMIN, "dog")
    assert [item["file"]["id"] for item in answer.items] == [both, said, meant]
    assert answer.total == 3
    assert [reason["kind"] for reason in answer.items[0]["why"]] == ["tag", "meaning"]


async def test_pages_hold_together_beyond_what_is_fused(
    home: Home, findable: Findable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "HEAD", 7)
    await fill(findable)
    for number in range(30):
        if number % 3:
            await findable.file("dog.jpg", tag=["dog"] if number % 2 else [], start=f"2024-01-{number + 1:02}T00:00:00")
        else:
            await add(findable, 1, 0.01 * number, content="dog.jpg" if number % 2 else "x.jpg")
    whole = await search.search(home, LOCAL_ADMIN, "dog", limit=200)
    pages = [await search.search(home, LOCAL_ADMIN, "dog", limit=4, offset=at) for at in range(0, 40, 4)]
    ids = [item["file"]["id"] for page in pages for item in page.items]
    assert ids == [item["file"]["id"] for item in whole.items]
    assert len(set(ids)) == len(ids) == whole.total == 30
    assert {page.total for page in pages} == {30}


async def test_the_same_words_are_embedded_once(home: Home, findable: Findable) -> None:
    for query in ("a valley", "A  valley", "a valley year:2019", "another valley"):
        await search.search(home, LOCAL_ADMIN, query)
    assert WordTower.asked == ["a valley", "another valley"]


async def test_without_a_model_that_reads_words_it_says_why(
    home: Home, findable: Findable, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await findable.file(tag=["valley"])

    async def hint() -> str:
        answer = await search.search(home, LOCAL_ADMIN, "valley")
        assert [item["file"]["id"] for item in answer.items] == [file]
        assert not answer.meaning.available
        return answer.meaning.hint

    monkeypatch.setattr(WordTower, "error", ModelUnavailableError("siglip2", "It does not fit", hint="Use another."))
    assert await hint() == "It does not fit"
    monkeypatch.setattr(WordTower, "error", ZeroDivisionError("a bug"))
    assert "stumbled" in await hint()
    monkeypatch.setattr("ml.registry.EMBEDDERS", (IMAGENET_EMBEDDER,))
    assert "not known" in await hint()
    await settings.change_settings(home.db, LOCAL_ADMIN, {"embedding_model": "imagenet"})
    assert "cannot read words" in await hint()
    await settings.change_settings(home.db, LOCAL_ADMIN, {"embedding_model": "off"})
    assert "off" in await hint()


def test_fusing_is_by_rank_and_equals_share_theirs() -> None:
    first, second, third, fourth = (new_id() for _ in range(4))
    hits = fuse({first: 1.0, second: 1.0, third: 0.4}, {second: 0.9, fourth: 0.8})
    # 1/60 + 1/60, then 1/60, then 1/61 by meaning alone, then the file's name: 1/90.
    assert [hit.file for hit in hits] == [second, first, fourth, third]
    assert [hit.score for hit in hits] == [1.0, 1.0, 0.8, 0.4]
