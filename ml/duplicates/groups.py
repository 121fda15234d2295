"""Pairs make groups: the nearest first, and never two in one group of whom somebody said that they are not the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

Key = TypeVar("Key", bound="Hashable")


def group_pairs(pairs: Iterable[tuple[Key, Key, int]], apart: Collection[tuple[Key, Key]]) -> list[set[Key]]:
    """pairs: (one, other, distance).   apart: either way round.   Groups of two or more, in no order."""
    group_of: dict[Key, set[Key]] = {}
    foes: dict[Key, set[Key]] = {}
    for one, other in apart:
        foes.setdefault(one, set()).add(other)
        foes.setdefault(other, set()).add(one)
    for one, other, _ in sorted(pairs, key=lambda pair: pair[2]):
        mine, theirs = group_of.get(one, {one}), group_of.get(other, {other})
        if mine is theirs:
            continue
        small, large = sorted((mine, theirs), key=len)
        if any(not foes[key].isdisjoint(large) for key in small if key in foes):
            continue
        large |= small
        for key in small:
            group_of[key] = large
        for key in (one, other):
            group_of[key] = large
    return list({id(group): group for group in group_of.values()}.values())
