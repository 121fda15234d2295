"""Whatever is typed, search answers: never an error, always a total."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.library import albums, image_index
from appliance.library.query import CHOICES, NAMED, OPERATORS, SPELLINGS
from appliance.library.viewers import LOCAL_ADMIN
from tests.appliance.findable import Findable, axis, use_words

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service

FILES = 6
#: The whole of it (TEST_QUERIES=10000) takes some minutes.
QUERIES = int(os.environ.get("TEST_QUERIES", "300"))

OPERATOR = st.sampled_from([*OPERATORS, *NAMED, *SPELLINGS, "unknown", "own", "http"]).map(lambda name: f"{name}:")
VALUE = st.sampled_from(
    [
        *(value for values in CHOICES.values() for value in values),
        *("beach", "secret", "valley", "Zoë", "Anna", "saved", "invoice", "2019", "2019-05", "2019-99", "0000", ".."),
        *("2018..2020", ">3", "<=", ">=9", "5-1", '"', '"a b"', "*", "^", "(", ")", "{tags}", "tags :", "NEAR(a b)"),
        *("a AND b", "NOT", "'", "--", ";", "%", "_", "\\", "?1", "$.a", "\x00", "\u202e", "😀", "ﷺ", "İ", "ß"),
        *("一二三", "\u0301", "\uffff", "x" * 300),
    ]
)
PIECE = st.one_of(OPERATOR, VALUE, st.text(max_size=8), st.sampled_from([" ", " -", " OR ", ",", '"']))
QUERY = st.one_of(
    st.lists(PIECE, max_size=14).map("".join),
    st.lists(st.tuples(OPERATOR, VALUE).map("".join), max_size=5).map(" ".join),
    st.text(max_size=200),
    st.lists(PIECE, min_size=60, max_size=90).map(" ".join),
)
BOUND = st.sampled_from([0, 1, 50, -1, 10**20, -(10**20)])


@pytest.fixture
async def findable(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Findable:
    """A little of everything, twice: the family's, and somebody else's own.  And search by meaning."""
    home = service.house.home
    await use_words(home, monkeypatch)
    findable = await Findable.create(home, tmp_path)
    other = await service.person("other")
    person, secret = await findable.person("Anna Zoë"), await findable.person("Anna Zoë", owner=other)
    for number in range(2 * FILES):
        own = number >= FILES
        file = await findable.file(
            "Summer/beach.jpg",
            owner=other if own else None,
            tag=["beach", "sea", "secret"] if own else ["beach", "sea"],
            people=[person, secret],
            place=("Lisbon", "", "Portugal"),
            text="INVOICE 2023",
            caption="a dog",
            camera="X100V",
        )
        async with home.db.write():
            await image_index.keep(home.db, file, "siglip2", "1", [axis(number % 2, 0.1 * number)])
    await albums.add_album(home.db, LOCAL_ADMIN, name="Saved", query="beach OR album:saved")
    return findable


@pytest.mark.timeout(1800)
@settings(
    max_examples=QUERIES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(query=QUERY, limit=BOUND, offset=BOUND)
async def test_whatever_is_typed_is_answered_with_a_total(
    anna: httpx.AsyncClient, findable: Findable, query: str, limit: int, offset: int
) -> None:
    answer = await anna.get("/search", params={"q": query, "limit": limit, "offset": offset})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    # No more than the family's files: whatever is asked, others' are neither found nor counted.
    assert 0 <= len(found["items"]) <= found["total"] <= FILES
    assert all(item["file"]["user"] is None for item in found["items"])
    if limit >= FILES and offset <= 0:
        assert len(found["items"]) == found["total"]
    assert all(0 < item["score"] <= 1 for item in found["items"])
    suggested = await anna.get("/search/suggest", params={"q": query})
    assert suggested.status_code == 200, suggested.text
    assert all((item["count"] or 0) <= FILES for item in suggested.json()["items"])
    assert "tag:secret" not in suggested.text
