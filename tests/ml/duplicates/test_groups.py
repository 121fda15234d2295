"""Pairs make groups, and what was set apart stays apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ml.duplicates.groups import group_pairs


def grouped(pairs: list[tuple[int, int, int]], apart: list[tuple[int, int]] | None = None) -> set[frozenset[int]]:
    return {frozenset(group) for group in group_pairs(pairs, apart or [])}


def test_pairs_that_share_a_file_make_one_group() -> None:
    assert grouped([(1, 2, 0), (2, 3, 5), (7, 8, 1)]) == {frozenset({1, 2, 3}), frozenset({7, 8})}
    assert grouped([]) == set()


def test_two_that_were_set_apart_are_never_in_one_group_and_the_nearest_wins() -> None:
    assert grouped([(1, 2, 0)], [(2, 1)]) == set()
    assert grouped([(1, 3, 9), (2, 3, 4)], [(1, 2)]) == {frozenset({2, 3})}


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 40)), max_size=40),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=10),
)
def test_groups_never_overlap_and_hold_nobody_who_was_set_apart(
    pairs: list[tuple[int, int, int]], apart: list[tuple[int, int]]
) -> None:
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    apart = [pair for pair in apart if pair[0] != pair[1]]
    groups = group_pairs(pairs, apart)
    assert all(len(group) > 1 for group in groups)
    assert sum(map(len, groups)) == len(set().union(*groups)) if groups else True
    for one, other in apart:
        assert not any({one, other} <= group for group in groups)
