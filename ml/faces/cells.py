"""Faces sorted into cells of near ones, so that neighbours are sought in a few cells instead of everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ml.base import Metric

ROUNDS: Final = 8
MOST_SAMPLED: Final = 40_000
_BLOCK: Final = 4096


def sorted_into_cells(
    embeddings: bytes | NDArray[np.float32], *, dimensions: int, metric: Metric, cells: int
) -> tuple[list[bytes], list[int]]:
    """Centres of up to `cells` cells, as embeddings are kept, and for each embedding the number of the nearest."""
    vectors: NDArray[np.float32] = np.frombuffer(embeddings, dtype="<f4").reshape(-1, dimensions)
    if metric == "cosine":
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    centres = centres_of(vectors, cells)
    return [row.astype("<f4").tobytes() for row in centres], nearest_centres(vectors, centres).tolist()


def centres_of(vectors: NDArray[np.float32], cells: int, seed: int = 0) -> NDArray[np.float32]:
    """k-means on a sample; the same for the same vectors in the same order."""
    sample = vectors[np.random.default_rng(seed).permutation(len(vectors))[:MOST_SAMPLED]]
    centres = sample[:cells].copy()
    for _ in range(ROUNDS):
        mine = nearest_centres(sample, centres)
        order = np.argsort(mine, kind="stable")
        filled, begins = np.unique(mine[order], return_index=True)
        sums = np.add.reduceat(sample[order], begins, axis=0)
        centres[filled] = sums / np.bincount(mine, minlength=len(centres))[filled, None].astype(np.float32)
    return centres


def nearest_centres(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each vector the number of the nearest centre."""
    lengths = (centres**2).sum(axis=1)
    found = np.empty(len(vectors), dtype=np.int64)
    for begin in range(0, len(vectors), _BLOCK):
        found[begin : begin + _BLOCK] = (lengths - 2 * vectors[begin : begin + _BLOCK] @ centres.T).argmin(axis=1)
    return found
