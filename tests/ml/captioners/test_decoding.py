"""Searches for the likeliest sentence, beside looking at every sentence there is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ml.captioners.decoding import beam_search, greedy_search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WORDS, END, START = 4, 3, 0


class Chain:
    """What follows depends on the last two tokens; it remembers the last but one, so that `rows` matters."""

    def __init__(self, seed: int) -> None:
        self.logits = np.random.default_rng(seed).normal(0, 2, (WORDS, WORDS, WORDS)).astype(np.float32)

    def scores(
        self, tokens: NDArray[np.int64], state: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        before = np.zeros(len(tokens), dtype=np.int64) if state is None else state
        return self.logits[before, tokens[:, -1]], tokens[:, -1]

    def rows(self, state: NDArray[np.int64], chosen: Sequence[int]) -> NDArray[np.int64]:
        return state[list(chosen)]

    def mean_log_probability(self, sentence: Sequence[int]) -> float:
        before, last, total = 0, START, 0.0
        for token in sentence:
            odds = np.exp(self.logits[before, last].astype(np.float64))
            total += float(np.log(odds[token] / odds.sum()))
            before, last = last, token
        return total / len(sentence)


def every_sentence(most: int) -> list[tuple[int, ...]]:
    """Those that end, and those that are cut off."""
    words = [token for token in range(WORDS) if token != END]
    ended = [(*said, END) for length in range(most) for said in itertools.product(words, repeat=length)]
    return ended + list(itertools.product(words, repeat=most))


@pytest.mark.parametrize("seed", range(20))
def test_beams_wide_enough_find_the_best_of_all_sentences(seed: int) -> None:
    chain, most = Chain(seed), 4
    best = max(every_sentence(most), key=chain.mean_log_probability)
    found = beam_search(chain, start=START, end=END, most=most, beams=200)
    assert found == [token for token in best if token != END]


@pytest.mark.parametrize("seed", range(20))
def test_greedy_takes_the_likeliest_token_each_time(seed: int) -> None:
    chain = Chain(seed)
    before, last, wanted = 0, START, list[int]()
    while len(wanted) < 6:
        before, last = last, int(chain.logits[before, last].argmax())
        if last == END:
            break
        wanted.append(last)
    assert greedy_search(chain, start=START, end=END, most=6) == wanted


def test_one_token_at_most_is_one_token() -> None:
    chain = Chain(1)
    assert len(beam_search(chain, start=START, end=END, most=1, beams=3)) <= 1
    assert len(greedy_search(chain, start=START, end=END, most=1)) <= 1
