"""Known people, each by a few of their confirmed faces that differ from one another: the child and the grown-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

NOBODY: Final = -1
MOST_EXEMPLARS: Final = 24
COMPARED: Final = 3  # the nearest exemplars whose mean distance counts: one may be a wrong or a strange picture
_BLOCK_BYTES: Final = 32 << 20


def choose_exemplars(vectors: NDArray[np.float32], most: int = MOST_EXEMPLARS) -> NDArray[np.int64]:
    """Indices of up to `most` vectors that cover all of them: the most central one, then always the farthest."""
    if len(vectors) <= most:
        return np.arange(len(vectors))
    chosen = [int(np.argmin(((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1)))]
    nearest = ((vectors - vectors[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < most:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, ((vectors - vectors[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen)


def distances_to_people(
    vectors: NDArray[np.float32],
    exemplars: NDArray[np.float32],
    owners: NDArray[np.int64],
    distance_of: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Mean distance of each vector to its `COMPARED` nearest exemplars of each owner; owners are 0, 1, 2 ... sorted."""
    count = int(owners[-1]) + 1 if len(owners) else 0
    result = np.empty((len(vectors), count), dtype=np.float32)
    ends = np.flatnonzero(np.diff(owners)) + 1
    bounds = list(zip([0, *ends.tolist()], [*ends.tolist(), len(owners)], strict=True)) if count else []
    lengths = (exemplars**2).sum(axis=1)
    step = max(1, _BLOCK_BYTES // (4 * max(1, len(exemplars))))
    for begin in range(0, len(vectors), step):
        some = vectors[begin : begin + step]
        squares = (some**2).sum(axis=1)[:, None] + lengths - 2 * some @ exemplars.T
        apart = distance_of(np.maximum(squares, 0))
        for owner, (first, last) in enumerate(bounds):
            part = apart[:, first:last]
            if last - first > COMPARED:
                part = np.partition(part, COMPARED - 1, axis=1)[:, :COMPARED]
            result[begin : begin + step, owner] = part.mean(axis=1)
    return result


def join_people(
    vectors: NDArray[np.float32],
    confirmed: NDArray[np.int64],
    photos: NDArray[np.int64],
    rejected: Sequence[tuple[int, int]],
    *,
    distance_of: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    join: float,
    margin: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Per face the person it belongs to and how near: confirmed ones as they are, others when it is clear whose."""
    people, nearness = confirmed.copy(), np.zeros(len(vectors))
    free = np.flatnonzero(confirmed == NOBODY)
    names = np.unique(confirmed[confirmed != NOBODY])
    if not len(names) or not len(free):
        return people, nearness
    apart = distances_to_known(vectors[free], vectors, confirmed, names, distance_of)
    apart[forbidden(free, names, confirmed, photos, rejected)] = np.inf
    best = apart.argmin(axis=1)
    rows = np.arange(len(free))
    nearest = apart[rows, best]
    apart[rows, best] = np.inf
    clear = (nearest <= join) & (apart.min(axis=1, initial=np.inf) >= nearest + margin)
    taken: set[tuple[int, int]] = set()
    for row in np.flatnonzero(clear)[np.argsort(nearest[clear], kind="stable")].tolist():
        face, person = int(free[row]), int(names[best[row]])
        if (int(photos[face]), person) not in taken:  # the nearest face of a photo is the one
            taken.add((int(photos[face]), person))
            people[face], nearness[face] = person, nearest[row]
    return people, nearness


def suggest_people(
    vectors: NDArray[np.float32],
    confirmed: NDArray[np.int64],
    groups: NDArray[np.int64],
    photos: NDArray[np.int64],
    rejected: Sequence[tuple[int, int]],
    *,
    distance_of: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    unknown: NDArray[np.int64],
    farthest: float,
) -> list[tuple[int, int, int, float]]:
    """(group, face, person, distance): for each group, and each face alone, the person it is likeliest to be.

    `unknown`: the faces that belong to nobody.  A group's distance is the mean of its faces'; `face` is its nearest.
    Not suggested: a person whom any face of the group was rejected for, or who is confirmed on one of its photos.
    """
    names = np.unique(confirmed[confirmed != NOBODY])
    if not len(names) or not len(unknown):
        return []
    apart = distances_to_known(vectors[unknown], vectors, confirmed, names, distance_of)
    apart[forbidden(unknown, names, confirmed, photos, rejected)] = np.inf
    numbers = groups[unknown]
    alone = numbers < 0
    keys = np.where(alone, numbers.max(initial=0) + 1 + np.arange(len(unknown)), numbers)
    _, member_of = np.unique(keys, return_inverse=True)
    sums = np.zeros((int(member_of.max()) + 1, len(names)))
    np.add.at(sums, member_of, apart)
    means = sums / np.bincount(member_of)[:, None]
    best = means.argmin(axis=1)
    result = []
    for key in np.flatnonzero(means.min(axis=1) <= farthest).tolist():
        members = np.flatnonzero(member_of == key)
        row = members[apart[members, best[key]].argmin()]
        result.append((int(numbers[row]), int(unknown[row]), int(names[best[key]]), float(means[key, best[key]])))
    return sorted(result, key=lambda found: (found[3], found[1]))


def distances_to_known(
    some: NDArray[np.float32],
    vectors: NDArray[np.float32],
    confirmed: NDArray[np.int64],
    names: NDArray[np.int64],
    distance_of: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Distance of each of `some` to each person of `names`, by exemplars of their confirmed faces."""
    exemplars, owners = [], []
    for owner, name in enumerate(names.tolist()):
        theirs = np.flatnonzero(confirmed == name)
        chosen = theirs[choose_exemplars(vectors[theirs])]
        exemplars.append(vectors[chosen])
        owners.append(np.full(len(chosen), owner))
    return distances_to_people(some, np.concatenate(exemplars), np.concatenate(owners), distance_of)


def forbidden(
    faces: NDArray[np.int64],
    names: NDArray[np.int64],
    confirmed: NDArray[np.int64],
    photos: NDArray[np.int64],
    rejected: Sequence[tuple[int, int]],
) -> NDArray[np.bool_]:
    """Which face may not be which person: rejected, or that person is confirmed elsewhere on the photo."""
    result = np.zeros((len(faces), len(names)), dtype=bool)
    column = {int(name): index for index, name in enumerate(names.tolist())}
    row = {int(face): index for index, face in enumerate(faces.tolist())}
    for face, person in rejected:
        if face in row and person in column:
            result[row[face], column[person]] = True
    present: dict[int, set[int]] = {}
    for face in np.flatnonzero(confirmed != NOBODY).tolist():
        present.setdefault(int(photos[face]), set()).add(column[int(confirmed[face])])
    for index, photo in enumerate(photos[faces].tolist()):
        for person in present.get(photo, ()):
            result[index, person] = True
    return result
