"""The query language: what is typed becomes a tree, and whatever is typed becomes one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.library.query import (
    MOST_TERMS,
    OPERATORS,
    Choice,
    Dates,
    Named,
    Query,
    Rating,
    Term,
    Word,
    fold,
    parse,
    quoted,
)


def only(text: str) -> Term:
    ((term,),) = parse(text).groups
    return term


def test_the_query_of_the_design_is_understood() -> None:
    query = parse(
        'person:anna place:lisbon tag:beach camera:x100 album:"Summer" year:2019 before:2020-05 kind:video has:gps'
        " rating:>3 -tag:screenshot trees in a valley"
    )
    kinds = [term.kind for term in query.terms]
    assert " ".join(kinds) == ("person place tag camera album year before kind has rating tag word word word word")
    assert query.words == "trees in a valley"
    assert [term.negated for term in query.terms].index(True) == kinds.index("rating") + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("beach", Word("beach", "beach")),
        ("-beach", Word("-beach", "beach", negated=True)),
        ('"on the beach"', Word('"on the beach"', "on the beach", quoted=True)),
        ("“on the beach”", Word('"on the beach"', "on the beach", quoted=True)),
        ('"not closed', Word('"not closed', "not closed", quoted=True)),
        ("tag:beach", Named("tag:beach", "tag", ("beach",))),
        ("TAG:Beach", Named("TAG:Beach", "tag", ("Beach",))),
        ("tag:beach,sea", Named("tag:beach,sea", "tag", ("beach", "sea"))),
        ('album:"a, b"', Named('album:"a, b"', "album", ("a, b",))),
        ("tag:", Named("tag:", "tag", ())),
        ("year:2019", Dates("year:2019", "year", "2019", "2019", "2019~")),
        ("year:2018-2020", Dates("year:2018-2020", "year", "2018-2020", "2018", "2020~")),
        ("date:2019-7..2019-9-3", Dates("date:2019-7..2019-9-3", "date", "2019-7..2019-9-3", "2019-07", "2019-09-03~")),
        ("before:2020-05", Dates("before:2020-05", "before", "2020-05", "", "2020-05")),
        ("after:2020-05", Dates("after:2020-05", "after", "2020-05", "2020-05~", "~")),
        ("kind:picture", Choice("kind:picture", "kind", "photo")),
        ("favourite:", Choice("favourite:", "favourite", "yes")),
        ("favorite:no", Choice("favorite:no", "favourite", "no")),
        ("rating:4", Rating("rating:4", "4", 4, 4)),
        ("rating:>3", Rating("rating:>3", ">3", 4, 9)),
        ("stars:<=2", Rating("stars:<=2", "<=2", 1, 2)),
        ("rating:2-4", Rating("rating:2-4", "2-4", 2, 4)),
    ],
)
def test_each_operator_has_its_value(text: str, expected: Term) -> None:
    assert only(text) == expected


@pytest.mark.parametrize(
    "text", ["http://example.org", "unknown:beach", "year:soon", "year:2019-13", "kind:banana", "rating:many", "a:b:c"]
)
def test_what_is_no_operator_is_a_word(text: str) -> None:
    assert only(text) == Word(text, text)


def test_or_makes_neighbours_alternatives() -> None:
    groups = parse("OR cat OR dog | tag:cow beach OR").groups
    assert [[term.text for term in group] for group in groups] == [["cat", "dog", "tag:cow"], ["beach"]]


def test_values_are_quoted_so_that_they_are_read_back_whole() -> None:
    for value in ("beach", "on the beach", "a,b", "São Paulo", "x|y"):
        assert only(f"tag:{quoted(value)}") == Named(f"tag:{quoted(value)}", "tag", (value,))


def test_comparing_knows_no_case_and_no_accents() -> None:
    assert fold("ZOË") == fold("zoe")


@given(st.text(max_size=60))
def test_every_text_is_a_query(text: str) -> None:
    query = parse(text)
    assert len(query.groups) <= MOST_TERMS
    msgspec.json.encode(query)
    assert isinstance(query.is_empty, bool)


PIECES = st.sampled_from(
    [*(f"{name}:" for name in OPERATORS), '"', "-", " ", "OR ", ",", ">", "2019-05", "..", "a", "é"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_pieces_of_the_language_in_any_order_are_a_query(text: str) -> None:
    again = " ".join(term.text for term in parse(text).terms)
    assert isinstance(parse(again), Query)
