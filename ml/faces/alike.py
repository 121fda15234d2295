"""Groups, or named people, that may be one: not merged by themselves, but near enough to ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_GROUPS: Final = 2000  # compared with each other: 16 MB of distances
MOST_PAIRS: Final = 200
_BLOCK: Final = 4096


def alike_groups(
    vectors: NDArray[np.float32],
    groups: NDArray[np.int64],
    photos: NDArray[np.int64],
    apart: list[tuple[int, int]],
    limit: float,
) -> list[tuple[int, int, int, float]]:
    """(group, group, a face of the first, mean squared distance) up to `limit`, the nearest first.

    The face is the one that is nearest to the second group.  `groups`: a number per face, less than 0 for none.  Not
    groups that meet on a photo, nor groups with a pair of faces that someone said are different.
    """
    numbers, sizes = np.unique(groups[groups >= 0], return_counts=True)
    if len(numbers) < 2:
        return []
    numbers = np.sort(numbers[np.argsort(-sizes, kind="stable")[:LARGEST_GROUPS]])
    faces = np.flatnonzero(np.isin(groups, numbers))
    member_of = np.searchsorted(numbers, groups[faces])
    count = np.bincount(member_of).astype(np.float64)
    means, lengths = np.zeros((len(numbers), vectors.shape[1])), np.zeros(len(numbers))
    for begin in range(0, len(faces), _BLOCK):
        some, of = vectors[faces[begin : begin + _BLOCK]], member_of[begin : begin + _BLOCK]
        np.add.at(means, of, some)
        np.add.at(lengths, of, np.einsum("ij,ij->i", some, some))
    means /= count[:, None]
    lengths /= count
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
            theirs = faces[member_of == first[index]]
            face = int(theirs[((vectors[theirs] - means[second[index]]) ** 2).sum(axis=1).argmin()])
            found.append((a, b, face, float(distance[first[index], second[index]])))
        if len(found) == MOST_PAIRS:
            break
    return found
