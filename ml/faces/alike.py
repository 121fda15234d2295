"""Groups that may be one person: too far apart to be merged by themselves, near enough to ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_GROUPS: Final = 2000  # compared with each other: 16 MB of distances
MOST_PAIRS: Final = 200


def alike_groups(
    vectors: NDArray[np.float32],
    groups: NDArray[np.int64],
    photos: NDArray[np.int64],
    apart: list[tuple[int, int]],
    limit: float,
) -> list[tuple[int, int, float]]:
    """(group, group, mean squared distance) up to `limit`, the nearest first.

    Not groups that meet on a photo, nor groups with a pair of faces that someone said are different.
    """
    numbers, sizes = np.unique(groups[groups >= 0], return_counts=True)
    if len(numbers) < 2:
        return []
    numbers = np.sort(numbers[np.argsort(-sizes, kind="stable")[:LARGEST_GROUPS]])
    faces = np.flatnonzero(np.isin(groups, numbers))
    member_of = np.searchsorted(numbers, groups[faces])
    count = np.bincount(member_of).astype(np.float64)
    means = np.zeros((len(numbers), vectors.shape[1]))
    np.add.at(means, member_of, vectors[faces].astype(np.float64))
    means /= count[:, None]
    lengths = np.bincount(member_of, weights=(vectors[faces].astype(np.float64) ** 2).sum(axis=1)) / count
    distance = lengths[:, None] + lengths - 2 * means @ means.T
    first, second = np.nonzero(np.triu(distance <= limit, k=1))
    seen_on: dict[int, set[int]] = {}
    for group, photo in zip(groups[faces].tolist(), photos[faces].tolist(), strict=True):
        seen_on.setdefault(group, set()).add(photo)
    kept_apart = {frozenset((int(groups[a]), int(groups[b]))) for a, b in apart}
    found = []
    for index in np.argsort(distance[first, second], kind="stable").tolist():
        a, b = int(numbers[first[index]]), int(numbers[second[index]])
        if seen_on[a].isdisjoint(seen_on[b]) and frozenset((a, b)) not in kept_apart:
            found.append((a, b, float(distance[first[index], second[index]])))
        if len(found) == MOST_PAIRS:
            break
    return found
