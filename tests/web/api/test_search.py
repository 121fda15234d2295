"""Search over HTTP: the shape of its answers, whatever was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
