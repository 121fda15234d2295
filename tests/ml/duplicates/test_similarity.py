"""What is unusually alike, among embeddings of any model."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.duplicates.similarity import FEWEST, cosines, unusual_cosine

Floats = NDArray[np.float32]


def vectors(count: int, *, common: float = 1.0, dimensions: int = 256, seed: int = 0) -> Floats:
    """Unit vectors that share a part, as all embeddings of one model do."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(count, dimensions)) + common * chance.normal(size=dimensions)
    scaled: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")
    return scaled


@pytest.mark.parametrize("common", [0.0, 0.7, 2.0])
def test_a_pair_at_random_is_hardly_ever_unusual_whatever_the_model(common: float) -> None:
    rows = vectors(400, common=common)
    least = unusual_cosine(rows.tobytes(), dimensions=256)
    assert least is not None
    others = vectors(400, common=common)
    usual = (others @ others.T)[np.triu_indices(400, 1)]
    assert (usual >= least).mean() < 0.001
    assert least < 0.98


def test_a_library_that_is_half_duplicates_does_not_take_them_for_usual() -> None:
    rows = vectors(100)
    least = unusual_cosine(rows.tobytes(), dimensions=256)
    noisy = unusual_cosine(np.concatenate([rows, np.repeat(rows[:10], 5, axis=0)]).tobytes(), dimensions=256)
    assert least is not None
    assert noisy is not None
    assert noisy == pytest.approx(least, abs=0.05)


def test_a_handful_says_nothing() -> None:
    assert unusual_cosine(vectors(FEWEST - 1).tobytes(), dimensions=256) is None
    assert unusual_cosine(b"", dimensions=256) is None


def test_cosines_are_those_of_the_pairs() -> None:
    rows = vectors(5)
    expected = [float(np.dot(rows[0].astype(float), rows[3].astype(float))), 1.0]
    assert cosines(rows.tobytes(), [(0, 3), (2, 2)], dimensions=256) == pytest.approx(expected, abs=1e-6)
    assert cosines(rows.tobytes(), [], dimensions=256) == []
