"""Search over HTTP: the shape of its answers, whatever was asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from appliance.library import text_index
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service


@pytest.fixture
async def findable(service: Service, tmp_path: Path) -> Findable:
    return await Findable.create(service.house.home, tmp_path)


async def test_an_answer_has_every_field_of_the_contract(anna: httpx.AsyncClient, findable: Findable) -> None:
    file = await findable.file("beach.jpg", tag=["beach"], start="2019-07-01T10:00:00.000")
    answer = (await anna.get("/search", params={"q": "beach year:2019 tag:nothing OR kind:photo"})).json()
    assert set(answer) == {"total", "items", "understood", "words", "meaning", "hint"}
    assert answer["total"] == 1
    assert answer["words"] == "beach"
    assert set(answer["meaning"]) == {"available", "hint"}
    assert answer["understood"] == [
        {"text": "year:2019", "kind": "year", "value": "2019", "negated": False, "known": True},
        {"text": "tag:nothing", "kind": "tag", "value": "nothing", "negated": False, "known": False},
        {"text": "kind:photo", "kind": "kind", "value": "photo", "negated": False, "known": True},
    ]
    (hit,) = answer["items"]
    assert hit["file"] == (await anna.get(f"/files/{file}")).json()
    assert 0 < hit["score"] <= 1
    assert {"kind": "tag", "text": "beach"} in hit["why"]


async def test_nothing_asked_and_nothing_found_are_answers(anna: httpx.AsyncClient) -> None:
    for query in ("", "   ", "tag:", "unicorn on a tractor"):
        answer = await anna.get("/search", params={"q": query})
        assert answer.status_code == 200
        assert answer.json()["total"] == 0
        assert answer.json()["items"] == []
        assert answer.json()["hint"]
    assert (await anna.get("/search")).json()["total"] == 0


@pytest.mark.parametrize("bounds", [{"limit": 0}, {"limit": -5}, {"limit": 10**30}, {"offset": -1}, {"offset": 10**40}])
async def test_bounds_are_brought_in_not_refused(
    anna: httpx.AsyncClient, findable: Findable, bounds: dict[str, int]
) -> None:
    await findable.file(tag=["beach"])
    answer = await anna.get("/search", params={"q": "beach", **bounds})
    assert answer.status_code == 200
    assert answer.json()["total"] == 1


async def test_suggestions_end_the_last_word(anna: httpx.AsyncClient, findable: Findable) -> None:
    await findable.file(tag=["beach", "dog"])
    answer = (await anna.get("/search/suggest", params={"q": "dog -tag:be"})).json()
    assert answer == {"items": [{"text": "beach", "insert": "-tag:beach", "kind": "tag", "count": 1}]}
    everything = (await anna.get("/search/suggest", params={"q": ""})).json()["items"]
    assert {item["kind"] for item in everything} == {"operator"}
    assert len((await anna.get("/search/suggest", params={"q": "", "limit": 3})).json()["items"]) == 3


async def test_bytes_that_are_no_text_are_answered_too(anna: httpx.AsyncClient, findable: Findable) -> None:
    for raw in ("%ff%fe", "%ED%A0%80", "%00", "a%0Ab", "%F0%9F%98%80"):
        answer = await anna.get(f"/search?q={raw}")
        assert answer.status_code == 200, raw
        assert answer.json()["total"] == 0
        assert (await anna.get(f"/search/suggest?q={raw}")).status_code == 200


async def test_suggestions_know_values_and_count_what_one_sees(anna: httpx.AsyncClient, findable: Findable) -> None:
    clara = await findable.person("Clara Alm")
    for number in range(3):
        await findable.file(
            tag=["beach ball"], people=[clara], place=("Lisbon", "Lisboa", "Portugal"), camera="X100V",
            start=f"201{number}-05-01T10:00:00",
        )  # fmt: skip
    expected = {
        "person:cl": [("Clara Alm", 'person:"Clara Alm"', "person", 3)],
        "person:al": [("Clara Alm", 'person:"Clara Alm"', "person", 3)],
        "tag:ball": [("beach ball", 'tag:"beach ball"', "tag", 3)],
        "place:lis": [("Lisboa", "place:Lisboa", "place", 3), ("Lisbon", "place:Lisbon", "place", 3)],
        "camera:x": [("X100V", "camera:X100V", "camera", 3)],
        "before:2012": [("2012", "before:2012", "year", 1)],
        "kind:v": [("video", "kind:video", "value", None)],
        "rating:>": [(">=3", "rating:>=3", "value", None)],
        "cla": [("Clara Alm", 'person:"Clara Alm"', "person", 3)],
        'dog "beach b': [("beach ball", 'tag:"beach ball"', "tag", 3)],
        "unknown:x": [],
    }
    for typed, items in expected.items():
        answer = (await anna.get("/search/suggest", params={"q": typed})).json()["items"]
        assert [(one["text"], one["insert"], one["kind"], one["count"]) for one in answer] == items, typed


async def test_much_to_index_is_begun_by_whoever_searches_for_it(
    anna: httpx.AsyncClient, findable: Findable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_index, "FEW", 0)
    await findable.file("beach.jpg")
    async with asyncio.timeout(60):
        while (await anna.get("/search", params={"q": "beach"})).json()["total"] == 0:  # noqa: ASYNC110 - as clients do
            await asyncio.sleep(0.05)
    job = next(one for one in (await anna.get("/jobs")).json()["items"] if one["name"] == "index_text")
    assert job["error"] == ""
