"""Embeddings as the image index needs them: one byte per value, and lists of vectors that lie near each other.

Embeddings are unit vectors, float32 little-endian.  A *code* is such a vector with one signed byte per value; distances
between codes order vectors almost as their cosines do, at a quarter of the bytes.  `encode` runs in the service, for
each vector and each query, and uses no library of numbers; `learn_lists` and `assign` are for the compute process.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Codes = NDArray[np.int8]

FLOAT_BYTES = 4
#: A code reaches as far as six times the usual size of a value (1/sqrt(dimensions)).  The few values of a model that
#: are always larger are the same for every picture: cutting them off changes no order.
REACH = 6.0
LARGEST = 127
ROUNDS = 8
LAST_ROUNDS = 3
ROWS_AT_ONCE = 2048  # 2048 vectors against 4000 lists are 32 MB


def encode(vector: bytes) -> bytes:
    """The code of one embedding; raises ValueError for one that holds no number."""
    values = array("f", vector)
    scale = LARGEST * math.sqrt(len(values)) / REACH
    return array("b", [max(-LARGEST, min(LARGEST, round(value * scale))) for value in values]).tobytes()


def learn_lists(sample: Path, *, dimensions: int, lists: int, seed: int = 0) -> bytes:
    """k-means over the codes in the file `sample`: the codes of `lists` centres, one after the other.

    Fewer where there are fewer codes than lists.  The centres to begin with are those of groups, and of lists within
    each group, which takes a tenth of the time that rounds over all lists take; some of those come last.
    """
    import numpy as np

    codes = np.fromfile(sample, np.int8).reshape(-1, dimensions)
    lists = min(lists, len(codes))
    chance = np.random.default_rng(seed)
    groups = _means(codes, _some(codes, round(math.sqrt(lists)), chance), ROUNDS, chance)
    group_of = _nearest_of_all(codes, groups)
    ends = np.cumsum(np.bincount(group_of, minlength=len(groups))) * lists / len(codes)
    shares = np.diff(np.rint(ends).astype(int), prepend=0)
    centres = [
        _means(members, _some(members, share, chance), ROUNDS, chance)
        for group, share in enumerate(shares)
        if share and len(members := codes[group_of == group])
    ]
    found = _means(codes, np.concatenate(centres), LAST_ROUNDS, chance)
    return np.rint(found).astype(np.int8).tobytes()


def assign(codes: bytes, centres: bytes, *, dimensions: int) -> list[int]:
    """For each code, the number of the nearest centre."""
    import numpy as np

    rows = np.frombuffer(codes, np.int8).reshape(-1, dimensions)
    wanted = np.frombuffer(centres, np.int8).reshape(-1, dimensions).astype(np.float32)
    found: list[int] = _nearest_of_all(rows, wanted).tolist()
    return found


def _some(codes: Codes, count: int, chance: np.random.Generator) -> Floats:
    import numpy as np

    return codes[np.sort(chance.choice(len(codes), count, replace=False))].astype(np.float32)


def _means(codes: Codes, centres: Floats, rounds: int, chance: np.random.Generator) -> Floats:
    """Lloyd's algorithm from these centres; one that nothing is near to goes where something is."""
    import numpy as np

    for _ in range(rounds):
        sums = np.zeros_like(centres)
        counts = np.zeros(len(centres), np.int64)
        for begin in range(0, len(codes), ROWS_AT_ONCE):
            rows = codes[begin : begin + ROWS_AT_ONCE].astype(np.float32)
            nearest = _nearest(rows, centres)
            order = np.argsort(nearest, kind="stable")
            met, first = np.unique(nearest[order], return_index=True)
            sums[met] += np.add.reduceat(rows[order], first, axis=0)
            counts += np.bincount(nearest, minlength=len(centres))
        empty = np.flatnonzero(counts == 0)
        counts[empty] = 1
        centres = sums / counts.astype(np.float32)[:, None]
        centres[empty] = codes[chance.integers(0, len(codes), len(empty))]
    return centres


def _nearest_of_all(codes: Codes, centres: Floats) -> NDArray[np.intp]:
    import numpy as np

    return np.concatenate(
        [
            _nearest(codes[begin : begin + ROWS_AT_ONCE].astype(np.float32), centres)
            for begin in range(0, len(codes), ROWS_AT_ONCE)
        ]
    )


def _nearest(rows: Floats, centres: Floats) -> NDArray[np.intp]:
    # |row - centre|^2, less |row|^2, which is the same for every centre
    distances = (centres * centres).sum(axis=1) - 2 * (rows @ centres.T)
    nearest: NDArray[np.intp] = distances.argmin(axis=1)
    return nearest
