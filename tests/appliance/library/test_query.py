"""The query language: what is typed becomes a tree, and whatever is typed becomes one."""

from __future__ import annotations

from datetime import date

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


TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("june 2019", "2019-06", "2019-06~"),
        ("2019 June", "2019-06", "2019-06~"),
        ("Sept. 2019", "2019-09", "2019-09~"),
        ("März 2019", "2019-03", "2019-03~"),
        ("Summer 2020", "2020-06", "2020-09"),
        ("Frühling 2020", "2020-03", "2020-06"),
        ("winter 2019", "2019-12", "2020-03"),
        ("Weihnachten 2019", "2019-12-24", "2019-12-26~"),
        ("2016-08", "2016-08", "2016-08~"),
        ("2016-8-7", "2016-08-07", "2016-08-07~"),
        ("17.08.2016", "2016-08-17", "2016-08-17~"),
        ("8.2016", "2016-08", "2016-08~"),
        ("17. August 2016", "2016-08-17", "2016-08-17~"),
        ("August 3rd, 2016", "2016-08-03", "2016-08-03~"),
        ("today", "2026-11-22", "2026-11-22~"),
        ("gestern", "2026-11-21", "2026-11-21~"),
        ("last year", "2025", "2025~"),
        ("dieses Jahr", "2026", "2026~"),
        ("last month", "2026-10", "2026-10~"),
        ("this week", "2026-11-16", "2026-11-22~"),
        ("letzte Woche", "2026-11-09", "2026-11-15~"),
        ("last weekend", "2026-11-14", "2026-11-15~"),
        ("last summer", "2026-06", "2026-09"),
        ("last autumn", "2025-09", "2025-12"),
        ("this autumn", "2026-09", "2026-12"),
        ("this winter", "2025-12", "2026-03"),
    ],
)
def test_times_are_understood_as_they_are_said(text: str, first: str, end: str) -> None:
    ((term,),) = parse(text, TODAY).groups
    words = tuple(Word(word, word) for word in text.split())
    assert term == Dates(text, "when", text, first, end, said=words)


@pytest.mark.parametrize(
    "text",
    ["june", "2019", "summer", '"june 2019"', "-june 2019", "june OR 2019", "june 1066", "30.02.2019", "13.2019",
     "last", "year", "last person", "this is it", "2019-13-01"],
)  # fmt: skip
def test_what_names_no_time_stays_words(text: str) -> None:
    assert {term.kind for term in parse(text, TODAY).terms} == {"word"}


def test_a_time_is_no_word_that_is_searched_by_meaning() -> None:
    query = parse("trees in a valley summer 2020 with anna", TODAY)
    assert query.words == "trees in a valley with anna"
    assert [term.kind for term in query.terms].count("when") == 1


@pytest.mark.parametrize("text", ["person:", "year:", "rating:", "kind:", "has:", "before:"])
def test_an_operator_whose_value_is_still_to_be_typed_asks_for_nothing(text: str) -> None:
    assert parse(text).is_empty
    assert parse(f"beach {text}").words == "beach"


def test_what_phones_make_of_hyphens_and_apostrophes_is_plain() -> None:
    assert only("year:2018–2020") == only("year:2018-2020")
    assert only("–tag:beach") == only("-tag:beach")
    assert fold("O’Brien") == fold("O'Brien")


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
