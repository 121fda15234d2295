"""Average linkage for a library so large that comparing each face with each other takes minutes.

Faces that are surely one person are put together first, within cells of faces that are near to each other; what is
left is a fraction, and is grouped exactly, from there.  Only the order of merges differs from grouping all of them at
once: a face's nearest may lie in another cell, so nothing is merged here that is not much nearer than it must be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ml.faces.cells import centres_of, nearest_centres
from ml.faces.linkage import cluster

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from numpy.typing import NDArray

MANY = 12_000  # up to here everything is compared with everything, in about two seconds
PER_CELL: Final = 1000
ROUNDS: Final = 2  # with other cells each time: who was parted by a border meets
SURE: Final = 0.7  # of the limit, which is a squared distance


def cluster_many(
    vectors: NDArray[np.float32],
    limit: float,
    conflicts: Mapping[int, Set[int]],
    start: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """As `linkage.cluster`."""
    if start is not None or len(vectors) <= MANY:
        return cluster(vectors, limit, conflicts, start)
    labels = np.full(len(vectors), -1)
    # The same faces in another order are divided alike.
    order = np.lexsort(vectors[:, :3].T)
    for number in range(ROUNDS):
        labels = _merge_within_cells(vectors, limit * SURE, conflicts, labels, order, number)
    return cluster(vectors, limit, conflicts, labels)


def _merge_within_cells(
    vectors: NDArray[np.float32],
    limit: float,
    conflicts: Mapping[int, Set[int]],
    labels: NDArray[np.int64],
    order: NDArray[np.int64],
    number: int,
) -> NDArray[np.int64]:
    """Labels of larger clusters; -1 and clusters as numbered by their first member come in, the latter go out."""
    heads, member_of = np.unique(np.where(labels < 0, np.arange(len(labels)), labels), return_inverse=True)
    means = vectors
    if len(heads) < len(vectors):
        by_cluster = np.argsort(member_of, kind="stable")
        begins = np.searchsorted(member_of[by_cluster], np.arange(len(heads)))
        means = np.add.reduceat(vectors[by_cluster], begins, axis=0)
        means /= np.bincount(member_of)[:, None].astype(np.float32)
    sample = means[member_of[order]] if len(heads) < len(vectors) else vectors[order]
    centres = centres_of(sample, max(2, len(heads) // PER_CELL), seed=number)
    del sample
    cell_of = nearest_centres(means, centres)[member_of]
    del means
    result = heads[member_of]
    by_cell = np.argsort(cell_of, kind="stable")
    place = np.empty(len(vectors), dtype=np.int64)
    for members in np.split(by_cell, np.flatnonzero(np.diff(cell_of[by_cell])) + 1):
        place[members] = np.arange(len(members))
        here = set(members.tolist())
        inside = {
            int(place[face]): {int(place[other]) for other in conflicts[face] & here}
            for face in here & conflicts.keys()
        }
        found = cluster(vectors[members], limit, inside, result[members])
        result[members] = members[found]
    return result
