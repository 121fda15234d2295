"""Pairs of pictures that look alike, among very many, without comparing each with each.

The first 64 bits of each are cut into four parts of 16.  Two that differ in at most seven of these 64 have a part in
which they differ in at most one bit (4 parts x 2 differences would make eight), so looking up each part, and the 16
values one bit away, finds them all; copies differ in one or two.  Whoever shares a part is then compared in full.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from ml.duplicates.looks import BYTES, FREQUENCIES, order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]  # (n, 4): 256 bits each
    Indices = NDArray[np.int64]

_PARTS: Final = 4
_LOW: Final = 14
"""More than so many of the first 64 bits apart, and the rest need not be looked at."""
_MOST_AT_ONCE: Final = 2_000_000
_QUERIES_AT_ONCE: Final = 2048
_MOST_NEIGHBOURS: Final = 50
"""Of one picture, the nearest are kept: a thousand scans of an empty page need no half million pairs."""


def near_pairs(bits: bytes, files: Sequence[int], new: Sequence[bool], *, within: int) -> list[tuple[int, int, int]]:
    """(file, other, distance) of all pairs of which at least one is new, mirrored and turned ones too; file < other.

    bits: 32 bytes for each of `files`, in which a file may be more than once (with and without its border).
    """
    import numpy as np

    if not files:
        return []
    rows = np.frombuffer(bits, dtype=np.uint8).reshape(len(files), BYTES)
    owner = np.asarray(files, dtype=np.int64)
    fresh = np.asarray(new, dtype=bool)
    unique, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    fresh_unique = np.zeros(len(unique), dtype=bool)
    np.logical_or.at(fresh_unique, place, fresh)
    words = np.ascontiguousarray(unique).view(np.uint64)
    found = [_same(place.ravel(), owner, fresh)]
    for one, other, distance in _near(words, fresh_unique, within):
        found.append(np.stack([owner[first[one]], owner[first[other]], distance], axis=1))
        if sum(map(len, found)) > _MOST_AT_ONCE:
            found = [_nearest(np.concatenate(found))]
    return [(one, other, distance) for one, other, distance in _nearest(np.concatenate(found)).tolist()]


def _same(place: Indices, owner: Indices, fresh: NDArray[np.bool_]) -> Indices:
    """Pictures with the very same bits: each with the first of them and with the one before it."""
    import numpy as np

    sequence = np.argsort(place, kind="stable")
    sorted_place = place[sequence]
    starts = np.flatnonzero(np.r_[True, sorted_place[1:] != sorted_place[:-1]])
    leader = np.repeat(sequence[starts], np.diff(np.r_[starts, len(place)]))
    before = np.r_[sequence[:1], sequence[:-1]]
    before = np.where(place[before] == sorted_place, before, sequence)
    pairs = np.concatenate([np.stack([leader, sequence], axis=1), np.stack([before, sequence], axis=1)])
    pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & (fresh[pairs[:, 0]] | fresh[pairs[:, 1]])]
    return np.column_stack([owner[pairs[:, 0]], owner[pairs[:, 1]], np.zeros(len(pairs), dtype=np.int64)])


def _near(words: Words, fresh: NDArray[np.bool_], within: int) -> Iterator[tuple[Indices, Indices, Indices]]:
    import numpy as np

    parts = words[:, :1].copy().view(np.uint16).reshape(-1, _PARTS)
    tables = [_table(parts[:, part]) for part in range(_PARTS)]
    flips = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint16)
    queries = np.flatnonzero(fresh)
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        asking = queries[start : start + _QUERIES_AT_ONCE]
        for turned in _turned(words[asking]):
            turned_parts = turned[:, :1].copy().view(np.uint16).reshape(-1, _PARTS)
            for part, (sequence, starts) in enumerate(tables):
                for flip in flips:
                    keys = (turned_parts[:, part] ^ flip).astype(np.int64)
                    for some, others in _expand(starts[keys], starts[keys + 1], sequence):
                        # Of two new ones each would find the other: once is enough.
                        once = ~fresh[others] | (others < asking[some])
                        some, others = some[once], others[once]
                        close = np.bitwise_count(words[others, 0] ^ turned[some, 0]) <= _LOW
                        some, others = some[close], others[close]
                        distance = np.bitwise_count(words[others] ^ turned[some]).sum(axis=1, dtype=np.int64)
                        near = distance <= within
                        if near.any():
                            yield asking[some[near]], others[near], distance[near]


def _table(keys: NDArray[np.uint16]) -> tuple[Indices, Indices]:
    """Everybody sorted by this part, and where each of its 65,536 values begins."""
    import numpy as np

    starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << 16))])
    return np.argsort(keys, kind="stable"), starts


def _expand(lows: Indices, highs: Indices, sequence: Indices) -> Iterator[tuple[Indices, Indices]]:
    """(asking, found) for every place between `lows` and `highs`, not too many at once."""
    import numpy as np

    counts = highs - lows
    totals = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = totals[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(totals, done + _MOST_AT_ONCE, side="right")))
        some = counts[start:end]
        offsets = np.arange(int(some.sum())) - np.repeat(np.cumsum(some) - some, some)
        yield np.repeat(np.arange(start, end), some), sequence[np.repeat(lows[start:end], some) + offsets]
        start = end


def _turned(words: Words) -> Iterator[Words]:
    """As they would be mirrored, turned, or both: eight ways, the first is as they are."""
    import numpy as np

    odd_columns, odd_rows, transposed = _ways()
    bits = np.unpackbits(words.view(np.uint8).reshape(len(words), BYTES), axis=1)
    swapped = np.packbits(np.ascontiguousarray(bits[:, transposed]), axis=1).view(np.uint64)
    for upright in (words, swapped):
        for mask in (odd_columns ^ odd_columns, odd_columns, odd_rows, odd_columns ^ odd_rows):
            yield upright ^ mask


@cache
def _ways() -> tuple[Words, Words, NDArray[np.intp]]:
    """Which bits change when left and right are swapped, and up and down; where each bit goes with rows for columns."""
    import numpy as np

    places = order()
    row, column = places // FREQUENCIES, places % FREQUENCIES
    masks = [np.packbits(axis % 2 == 1).view(np.uint64) for axis in (column, row)]
    where = np.empty(len(places), dtype=np.intp)
    where[places] = np.arange(len(places))
    return masks[0], masks[1], where[column * FREQUENCIES + row]


def _nearest(found: Indices) -> Indices:
    """Each pair once, the lesser file first, with its least distance; of each file only its nearest."""
    import numpy as np

    found = found[found[:, 0] != found[:, 1]]
    pairs = np.sort(found[:, :2], axis=1)
    sequence = np.lexsort((found[:, 2], pairs[:, 1], pairs[:, 0]))
    pairs, distance = pairs[sequence], found[sequence, 2]
    once = np.r_[True, (pairs[1:] != pairs[:-1]).any(axis=1)] if len(pairs) else np.zeros(0, dtype=bool)
    pairs, distance = pairs[once], distance[once]
    kept = np.zeros(len(pairs), dtype=bool)
    for side in (0, 1):
        by_file = np.lexsort((distance, pairs[:, side]))
        sorted_files = pairs[by_file, side]
        starts = np.flatnonzero(np.r_[True, sorted_files[1:] != sorted_files[:-1]]) if len(by_file) else by_file
        rank = np.arange(len(by_file)) - np.repeat(starts, np.diff(np.r_[starts, len(by_file)]))
        kept[by_file[rank < _MOST_NEIGHBOURS]] = True
    return np.column_stack([pairs[kept], distance[kept]])
