"""Whose face is it: join people who are known, group the rest by themselves.

Pure: embeddings and what people decided go in, numbers come out; importing this loads nothing.  The same faces give the
same answer in any order.  What a person said is a rule here and never a hint:

- faces confirmed for a person stay with that person and are what others are compared with;
- a face that was rejected for a person never joins that person again, nor does a group that holds it;
- two faces of one photo are never one person.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ml.base import GroupingRules, Metric

ALONE: Final = -1
NOBODY: Final = -1


class Suggestion(msgspec.Struct, frozen=True):
    """ "Is this Anna?", asked of a group, or of one face when `group` is ALONE; `face` is the one to show."""

    group: int
    face: int
    person: int
    distance: float
    confidence: float


class Alike(msgspec.Struct, frozen=True):
    """ "Are these two groups, or these two people, one?"  `face` is of the first, and nearest to the other."""

    group: int
    other: int
    face: int
    distance: float
    confidence: float


class Assignment(msgspec.Struct, frozen=True):
    """One entry per face, in the order given.

    `people`: the person's number, or NOBODY.  `groups`: for faces of nobody, the number of their group, or ALONE.
    `distances`: to the person joined; 0 for confirmed faces, and for faces of nobody.  `suggestions`, `alike` (groups)
    and `alike_people` (whose numbers are people's): nearest first.
    """

    people: list[int]
    groups: list[int]
    distances: list[float]
    suggestions: list[Suggestion]
    alike: list[Alike] = []
    alike_people: list[Alike] = []


def group_faces(
    embeddings: bytes | NDArray[np.float32],
    *,
    dimensions: int,
    metric: Metric,
    rules: GroupingRules,
    photos: Sequence[int],
    confirmed: Sequence[int] | None = None,
    rejected: Sequence[tuple[int, int]] = (),
    apart: Sequence[tuple[int, int]] = (),
    previous: Sequence[int] | None = None,
    keep_previous: bool = False,
) -> Assignment:
    """Assign every face to a person, to a group, or to none.

    `embeddings`: float32 little-endian, one after another.  `photos`: the number of the photo each face is in.
    `confirmed`: per face the number of the person someone confirmed, NOBODY for none.  `rejected`: (face, person).
    `apart`: pairs of faces that someone said are not the same person.  `previous`: the group each face was in, or
    ALONE; groups that are still recognisable keep their number.  `keep_previous`: begin with those groups as they are
    instead of from single faces: quick, for a few new faces; the full pass mends what it got wrong.
    Raises ValueError when the lengths do not fit together.
    """
    import numpy as np

    from ml.faces.alike import alike_groups
    from ml.faces.bulk import cluster_many
    from ml.faces.exemplars import join_people, suggest_people
    from ml.faces.linkage import conflicts_of

    vectors: NDArray[np.float32] = np.frombuffer(embeddings, dtype="<f4").reshape(-1, dimensions)
    count = len(vectors)
    who = np.full(count, NOBODY) if confirmed is None else np.asarray(confirmed, dtype=np.int64)
    before = np.full(count, ALONE) if previous is None else np.asarray(previous, dtype=np.int64)
    where = np.asarray(photos, dtype=np.int64)
    if not len(who) == len(before) == len(where) == count:
        raise ValueError("one photo, one confirmed person and one previous group per face, or none at all")
    if metric == "cosine":
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))

    def distance_of(squares: NDArray[np.float32]) -> NDArray[np.float32]:
        return squares * np.float32(0.5) if metric == "cosine" else np.sqrt(squares)

    people, nearness = join_people(
        vectors, who, where, rejected, distance_of=distance_of, join=rules.join, margin=rules.margin
    )
    free = np.flatnonzero(people == NOBODY)
    labels = cluster_many(
        vectors[free] if len(free) < count else vectors,
        2 * rules.same if metric == "cosine" else rules.same**2,
        conflicts_of(where[free], _within(free.tolist(), apart)),
        start=before[free] if keep_previous else None,
    )
    groups = np.full(count, ALONE)
    groups[free] = _keep_numbers(labels.tolist(), before[free].tolist())
    asked = suggest_people(
        vectors, who, groups, where, rejected, distance_of=distance_of, unknown=free, farthest=rules.suggest
    )

    def alike(numbers: NDArray[np.int64], pairs: Sequence[tuple[int, int]]) -> list[Alike]:
        limit = 2 * rules.ask if metric == "cosine" else rules.ask**2
        return [
            Alike(
                a,
                b,
                face,
                near := float(distance_of(np.array(squares, np.float32))),
                _confidence(near, rules, rules.ask),
            )
            for a, b, face, squares in alike_groups(vectors, numbers, where, list(pairs), limit)
        ]

    return Assignment(
        people=people.tolist(),
        groups=groups.tolist(),
        distances=nearness.tolist(),
        suggestions=[
            Suggestion(*found, _confidence(found[3], rules, (rules.join + rules.suggest) / 2)) for found in asked
        ],
        alike=alike(groups, apart),
        alike_people=alike(who, ()),
    )


def _confidence(distance: float, rules: GroupingRules, even: float) -> float:
    """0 to 1; a half at the distance `even`."""
    width = max(1e-6, rules.suggest - rules.join) / 4
    return 1 / (1 + math.exp(max(-50.0, min(50.0, (distance - even) / width))))


def _within(faces: Sequence[int], pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs of faces, renumbered to their places in `faces`; pairs with one outside are left out."""
    place = {int(face): index for index, face in enumerate(faces)}
    return [(place[a], place[b]) for a, b in pairs if a in place and b in place]


def _keep_numbers(labels: list[int], before: list[int]) -> list[int]:
    """Number groups of two and more: with the number most of their faces had, or a new one; single faces are ALONE.

    Where two groups want one number, the one that brings more of its faces has it, then the one with the first face.
    """
    sizes: dict[int, int] = {}
    shared: dict[tuple[int, int], int] = {}
    for label, number in zip(labels, before, strict=True):
        sizes[label] = sizes.get(label, 0) + 1
        if number != ALONE:
            shared[label, number] = shared.get((label, number), 0) + 1
    numbers: dict[int, int] = {}
    taken: set[int] = set()
    for (label, number), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0][1], item[0][0])):
        if sizes[label] > 1 and label not in numbers and number not in taken:
            numbers[label] = number
            taken.add(number)
    following = max((number for number in before if number != ALONE), default=-1) + 1
    for label in labels:
        if sizes[label] > 1 and label not in numbers:
            numbers[label] = following
            following += 1
    return [numbers.get(label, ALONE) for label in labels]
