"""How alike embeddings are, measured against how alike any two pictures of the same library are.

Cosines of different models lie in different ranges, and so do those of different libraries: what is *unusually* alike
is told from pairs taken at random, not from a number written down for each model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

UNUSUAL: Final = 5.5
"""Spreads above the median: one pair of unrelated photos in 60,000 (benchmarks/duplicates.py, MobileNetV2)."""
FEWEST: Final = 30
"""Vectors in a sample from which anything can be told."""
_SPREAD: Final = 1.4826  # of the median absolute deviation, to be a standard deviation where values are normal


def unusual_cosine(sample: bytes, *, dimensions: int) -> float | None:
    """From which cosine on two are alike; None when the sample is too small to say.

    sample: float32 little-endian unit vectors, one after the other.  Median and median deviation, so that a library
    that is half duplicates does not take them for usual.
    """
    import numpy as np

    vectors = np.frombuffer(sample, dtype="<f4").reshape(-1, dimensions)
    if len(vectors) < FEWEST:
        return None
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    middle = float(np.median(cosines))
    spread = _SPREAD * float(np.median(np.abs(cosines - middle)))
    return min(0.98, middle + UNUSUAL * spread)


def cosines(vectors: bytes, pairs: Sequence[tuple[int, int]], *, dimensions: int) -> list[float]:
    """Of each pair of places in `vectors`."""
    import numpy as np

    rows = np.frombuffer(vectors, dtype="<f4").reshape(-1, dimensions)
    one, other = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
    return [float(value) for value in np.einsum("ij,ij->i", rows[one], rows[other])]
