"""Average linkage with cannot-link, exact, without ever holding n x n distances.

The mean squared distance between all faces of one cluster and all of another follows from three numbers of each: its
size, the mean of its vectors, the mean of their squared lengths.  So clusters are compared as cheaply as faces.

Average linkage is reducible (a merged cluster is never nearer to a third than the nearer of its parts), also with
forbidden pairs as infinite distances.  Hence all pairs that are each other's nearest may be merged at once, the result
being that of merging the nearest pair of all again and again, and a cluster that has no neighbour below the limit never
gets one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from numpy.typing import NDArray

Conflicts = dict[int, set[int]]
_BLOCK_BYTES: Final = 8 << 20


def conflicts_of(photos: NDArray[np.int64], apart: Iterable[tuple[int, int]] = ()) -> Conflicts:
    """For each face the faces it must never be grouped with: those of the same photo, and the pairs given."""
    conflicts: Conflicts = {}
    order = np.argsort(photos, kind="stable")
    ends = np.flatnonzero(np.diff(photos[order])) + 1
    for faces in np.split(order, ends):
        if len(faces) > 1:
            together = set(faces.tolist())
            for face in together:
                conflicts.setdefault(face, set()).update(together - {face})
    for a, b in apart:
        if a != b:
            conflicts.setdefault(a, set()).add(b)
            conflicts.setdefault(b, set()).add(a)
    return conflicts


def cluster(
    vectors: NDArray[np.float32],
    limit: float,
    conflicts: Mapping[int, Set[int]],
    start: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """A label per vector, the index of its cluster's first member; `limit` is a mean squared distance.

    `start`: clusters to begin with, -1 for a vector alone; members that may not be together are not put together.
    """
    count = len(vectors)
    labels = np.arange(count)
    clusters = _Clusters(vectors, conflicts)
    if start is not None:
        _begin_with(clusters, labels, start)
    alive = np.unique(labels)
    stale = alive
    nearest = np.full(count, -1)
    distance = np.full(count, np.inf)
    while len(alive) > 1:
        nearest[stale], distance[stale] = clusters.nearest(stale, alive)
        alive = alive[distance[alive] <= limit]  # the others have no neighbour and are no one's
        mutual = alive[nearest[nearest[alive]] == alive]
        first = mutual[mutual < nearest[mutual]]
        if not len(alive):
            break
        if not len(first):  # rounding made a circle of equal distances: the nearest pair of all goes first
            one = int(alive[distance[alive].argmin()])
            first = np.array([min(one, int(nearest[one]))])
            nearest[first] = max(one, int(nearest[one]))
        second = nearest[first]
        for a, b in zip(first.tolist(), second.tolist(), strict=True):
            clusters.merge(a, b)
        into = np.arange(count)
        into[second] = first
        labels = into[labels]
        alive = alive[into[alive] == alive]
        changed = np.zeros(count, dtype=bool)
        changed[first] = changed[second] = True
        stale = alive[changed[alive] | changed[nearest[alive]]]
    return labels


def _begin_with(clusters: _Clusters, labels: NDArray[np.int64], start: NDArray[np.int64]) -> None:
    heads: dict[int, int] = {}
    for member, number in enumerate(start.tolist()):
        if number < 0:
            continue
        head = heads.setdefault(number, member)
        if head != member and not clusters.conflict(head, member):
            clusters.merge(head, member)
            labels[member] = head


class _Clusters:
    """Means, mean squared lengths, sizes and conflicts of clusters, by the index of their first member."""

    def __init__(self, vectors: NDArray[np.float32], conflicts: Mapping[int, Set[int]]) -> None:
        # Distances from float32 dot products lose digits near zero: take the common part away first.
        self._means = vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32) if len(vectors) else vectors
        self._lengths = np.einsum("ij,ij->i", self._means, self._means, dtype=np.float64)
        self._sizes = np.ones(len(vectors))
        self._conflicts: dict[int, Set[int]] = dict(conflicts)
        self._own: dict[int, set[int]] = {}  # those of them that are not the caller's any more

    def conflict(self, a: int, b: int) -> bool:
        return b in self._conflicts.get(a, ())

    def merge(self, a: int, b: int) -> None:
        """`b` into `a`."""
        both = self._sizes[a] + self._sizes[b]
        part = self._sizes[b] / both
        self._means[a] += np.float32(part) * (self._means[b] - self._means[a])
        self._lengths[a] += part * (self._lengths[b] - self._lengths[a])
        self._sizes[a] = both
        others = self._conflicts.pop(b, None)
        if others:
            for other in others:
                theirs = self._own_conflicts(other)
                theirs.discard(b)
                theirs.add(a)
            self._own_conflicts(a).update(others)

    def _own_conflicts(self, index: int) -> set[int]:
        if index not in self._own:
            self._conflicts[index] = self._own[index] = set(self._conflicts.get(index, ()))
        return self._own[index]

    def nearest(
        self, asked: NDArray[np.int64], among: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each of `asked` the nearest other one of `among` (the first of equals), and the mean squared distance.

        `among` is sorted.  -1 and infinity where every other one is forbidden.
        """
        found = np.empty(len(asked), dtype=np.int64)
        distance = np.empty(len(asked))
        # One product gives -2 a.b + |b|^2: passes over the block cost as much as the product does.
        right = np.column_stack([self._means[among], self._lengths[among].astype(np.float32)]).T
        place = np.full(len(self._means), -1)
        place[among] = np.arange(len(among))
        step = max(1, _BLOCK_BYTES // (4 * len(among)))
        for begin in range(0, len(asked), step):
            some = asked[begin : begin + step]
            left = np.column_stack([self._means[some] * np.float32(-2), np.ones(len(some), dtype=np.float32)])
            block = left @ right
            rows = np.arange(len(some))
            block[rows, place[some]] = np.inf
            for row, index in enumerate(some.tolist()):
                if others := self._conflicts.get(index):
                    columns = place[np.fromiter(others, dtype=np.int64, count=len(others))]
                    block[row, columns[columns >= 0]] = np.inf
            best = block.argmin(axis=1)
            value = block[rows, best].astype(np.float64) + self._lengths[some]
            found[begin : begin + step] = np.where(np.isfinite(value), among[best], -1)
            distance[begin : begin + step] = value
        return found, distance
