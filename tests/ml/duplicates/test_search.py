"""Pairs among many: the same that comparing each with each finds."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.duplicates import search
from ml.duplicates.looks import BYTES
from ml.duplicates.search import near_pairs

if TYPE_CHECKING:
    import pytest

Bits = NDArray[np.uint8]


def random_bits(count: int, seed: int = 0) -> Bits:
    return np.random.default_rng(seed).integers(0, 256, size=(count, BYTES), dtype=np.uint8)


def with_flips(row: Bits, flips: list[int]) -> Bits:
    bits = np.unpackbits(row)
    bits[flips] ^= 1
    return np.packbits(bits)


def distance(one: Bits, other: Bits) -> int:
    return int((np.unpackbits(one) != np.unpackbits(other)).sum())


def found(rows: Bits, *, new: list[bool] | None = None, within: int = 40) -> dict[tuple[int, int], int]:
    answer = near_pairs(rows.tobytes(), list(range(len(rows))), new or [True] * len(rows), within=within)
    assert len({pair[:2] for pair in answer}) == len(answer)
    return {(one, other): apart for one, other, apart in answer}


def test_all_pairs_are_found_that_comparing_each_with_each_finds() -> None:
    chance = np.random.default_rng(1)
    originals = random_bits(300)
    copies = [
        with_flips(
            row, [*chance.choice(64, size=flips % 8, replace=False), *chance.choice(range(64, 256), flips, False)]
        )
        for flips, row in enumerate(originals[:30])
    ]
    rows = np.concatenate([originals, copies])
    expected = {
        (a, b): apart
        for a, b in itertools.combinations(range(len(rows)), 2)
        if (apart := distance(rows[a], rows[b])) <= 40
    }
    assert len(expected) >= 25
    assert found(rows) == expected


def test_seven_of_the_first_64_bits_may_differ_wherever_they_are() -> None:
    chance = np.random.default_rng(2)
    for seed in range(40):
        row = random_bits(1, seed)[0]
        copy = with_flips(row, chance.choice(64, size=7, replace=False).tolist())
        assert found(np.stack([row, copy])) == {(0, 1): 7}


def test_old_ones_are_compared_with_new_ones_only() -> None:
    rows = np.repeat(random_bits(1), 4, axis=0)
    rows[1] = with_flips(rows[0], [200])
    rows[2] = with_flips(rows[0], [201])
    rows[3] = with_flips(rows[0], [202])
    new = [False, False, True, True]
    assert set(found(rows, new=new)) == {(0, 2), (1, 2), (0, 3), (1, 3), (2, 3)}
    assert found(rows, new=[False] * 4) == {}


def test_equal_bits_hang_together_without_all_their_pairs() -> None:
    rows = np.repeat(random_bits(1), 400, axis=0)
    pairs = found(rows)
    assert set(pairs.values()) == {0}
    assert 399 <= len(pairs) <= 2 * 399
    joined = {0}
    for one, other in sorted(pairs):
        if one in joined or other in joined:
            joined |= {one, other}
    assert joined == set(range(400))


def test_a_file_is_never_its_own_copy() -> None:
    rows = np.repeat(random_bits(1), 3, axis=0)
    assert near_pairs(rows.tobytes(), [7, 7, 9], [True, True, False], within=40) == [(7, 9, 0)]


def test_a_thousand_scans_of_one_form_make_no_million_pairs() -> None:
    chance = np.random.default_rng(3)
    form = random_bits(1)[0]
    rows = np.stack([with_flips(form, chance.choice(range(64, 256), 12, replace=False).tolist()) for _ in range(1000)])
    assert 0 < len(found(rows)) <= 2 * 50 * 1000


def test_pairs_are_thinned_out_on_the_way_without_losing_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_bits(40)
    rows = np.concatenate([rows, *(np.stack([with_flips(row, [100 + n]) for row in rows]) for n in range(3))])
    expected = found(rows)
    assert len(expected) == 40 * 6
    monkeypatch.setattr(search, "_MOST_AT_ONCE", 3)
    assert found(rows) == expected


def test_nothing_is_compared_with_nothing() -> None:
    assert near_pairs(b"", [], [], within=40) == []
    assert near_pairs(bytes(BYTES), [1], [True], within=40) == []
