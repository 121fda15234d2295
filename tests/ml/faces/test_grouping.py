"""Grouping against a plain definition, and the rules that people's decisions are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.base import GroupingRules
from ml.faces.grouping import ALONE, NOBODY, Assignment, group_faces
from ml.faces.linkage import cluster, conflicts_of

Vectors = NDArray[np.float32]
RULES = GroupingRules(same=0.5, join=0.45, margin=0.1, suggest=0.8)


def people_of(counts: list[int], *, spread: float = 0.2, seed: int = 0) -> tuple[Vectors, NDArray[np.int64]]:
    """Vectors around one random direction per person, and who each one is."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(counts), 32))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = np.repeat(np.arange(len(counts)), counts)
    return (centres[truth] + random.normal(scale=spread / np.sqrt(32), size=(len(truth), 32))).astype(np.float32), truth


def grouped(
    vectors: Vectors,
    *,
    photos: list[int] | None = None,
    confirmed: list[int] | None = None,
    rejected: list[tuple[int, int]] | None = None,
    apart: list[tuple[int, int]] | None = None,
    previous: list[int] | None = None,
    keep_previous: bool = False,
    rules: GroupingRules = RULES,
) -> Assignment:
    return group_faces(
        vectors.astype("<f4").tobytes(),
        dimensions=vectors.shape[1],
        metric="euclidean",
        rules=rules,
        photos=list(range(len(vectors))) if photos is None else photos,
        confirmed=confirmed,
        rejected=rejected or [],
        apart=apart or [],
        previous=previous,
        keep_previous=keep_previous,
    )


def partition(labels: list[int] | NDArray[np.int64]) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for index, label in enumerate(np.asarray(labels).tolist()):
        groups.setdefault(label if label >= 0 else -1 - index, set()).add(index)
    return {frozenset(group) for group in groups.values()}


def average_linkage_by_definition(
    vectors: Vectors, limit: float, forbidden: set[frozenset[int]]
) -> set[frozenset[int]]:
    """Merge the nearest allowed pair of clusters, one at a time, every distance worked out anew."""
    wide = vectors.astype(np.float64)
    squares = ((wide[:, None] - wide[None]) ** 2).sum(axis=2)
    clusters = [frozenset({index}) for index in range(len(vectors))]
    while True:
        best, pair = np.inf, None
        for a, b in itertools.combinations(clusters, 2):
            if any(frozenset({i, j}) in forbidden for i in a for j in b):
                continue
            apart = float(np.mean([squares[i, j] for i in a for j in b]))
            if apart < best:
                best, pair = apart, (a, b)
        if pair is None or best > limit:
            return set(clusters)
        clusters = [one for one in clusters if one not in pair] + [pair[0] | pair[1]]


@pytest.mark.parametrize("seed", range(6))
def test_clusters_are_those_of_average_linkage_done_one_merge_at_a_time(seed: int) -> None:
    vectors, _ = people_of([9, 6, 5, 3, 2, 1, 1], spread=0.8, seed=seed)
    photos = np.random.default_rng(seed).integers(0, 14, size=len(vectors))
    conflicts = conflicts_of(photos)
    forbidden = {frozenset({a, b}) for a, others in conflicts.items() for b in others}
    for limit in (0.3, 0.6, 0.9):
        assert partition(cluster(vectors, limit, conflicts)) == average_linkage_by_definition(vectors, limit, forbidden)


def test_unknown_faces_group_by_themselves_and_strangers_stay_alone() -> None:
    vectors, truth = people_of([8, 5, 3, 1, 1])
    answer = grouped(vectors)
    assert answer.people == [NOBODY] * len(vectors)
    assert partition(answer.groups) == partition(truth)
    assert answer.groups[-2:] == [ALONE, ALONE]


def test_the_order_of_the_faces_does_not_matter() -> None:
    vectors, _ = people_of([8, 5, 3, 2, 1], spread=0.5)
    order = np.random.default_rng(1).permutation(len(vectors))
    shuffled = grouped(vectors[order])
    back = {frozenset(int(order[index]) for index in group) for group in partition(shuffled.groups)}
    assert back == partition(grouped(vectors).groups)


def test_two_faces_of_one_photo_are_never_one_person() -> None:
    vectors, _ = people_of([12], spread=0.05)
    photos = [index // 2 for index in range(12)]
    answer = grouped(vectors, photos=photos)
    for a, b in zip(range(0, 12, 2), range(1, 12, 2), strict=True):
        assert answer.groups[a] != answer.groups[b]
    known = grouped(vectors, photos=photos, confirmed=[7, *[NOBODY] * 11])
    assert known.people[1] == NOBODY
    for a, b in zip(range(0, 12, 2), range(1, 12, 2), strict=True):
        assert known.people[a] == NOBODY or known.people[a] != known.people[b]


def test_pairs_said_to_be_different_are_kept_apart_through_others() -> None:
    vectors, _ = people_of([6], spread=0.05)
    answer = grouped(vectors, apart=[(0, 5)])
    assert answer.groups[0] != answer.groups[5]


def test_a_new_face_joins_the_person_whose_confirmed_faces_are_near() -> None:
    vectors, truth = people_of([6, 6])
    confirmed = [10, 10, 10, *[NOBODY] * 3, 20, 20, 20, *[NOBODY] * 3]
    answer = grouped(vectors, confirmed=confirmed)
    assert answer.people == [10 if who == 0 else 20 for who in truth]
    assert all((distance == 0) == (who != NOBODY) for distance, who in zip(answer.distances, confirmed, strict=True))


def test_a_face_between_two_people_joins_neither_and_is_asked_about() -> None:
    left, right = np.zeros((3, 8), np.float32), np.zeros((3, 8), np.float32)
    left[:, 0], right[:, 0] = -0.4, 0.4
    between = np.zeros((1, 8), np.float32)
    between[0, 0] = 0.02
    answer = grouped(np.concatenate([left, right, between]), confirmed=[1, 1, 1, 2, 2, 2, NOBODY])
    assert answer.people[6] == NOBODY
    (asked,) = answer.suggestions
    assert (asked.face, asked.person, asked.group) == (6, 2, ALONE)
    assert 0 < asked.confidence < 1


def test_a_rejection_is_for_ever() -> None:
    vectors, _ = people_of([9], spread=0.1)
    confirmed = [5, 5, 5, *[NOBODY] * 6]
    for _ in range(3):
        answer = grouped(vectors, confirmed=confirmed, rejected=[(3, 5), (4, 5)])
        assert answer.people == [5, 5, 5, NOBODY, NOBODY, 5, 5, 5, 5]
        assert all(asked.person != 5 for asked in answer.suggestions)


def test_what_a_person_confirmed_stays_whatever_the_model_says() -> None:
    vectors, truth = people_of([5, 5])
    confirmed = [1 if index in (0, 7) else NOBODY for index in range(10)]
    answer = grouped(vectors, confirmed=confirmed)
    assert answer.people[0] == answer.people[7] == 1
    assert truth[0] != truth[7]


def test_a_child_who_grew_up_is_known_by_exemplars_of_every_age() -> None:
    """The mean of the person is far from all of their faces; the nearest exemplars are not."""
    ages = np.zeros((40, 8), np.float32)
    ages[:, 0] = np.cos(np.linspace(0, np.pi / 2, 40))
    ages[:, 1] = np.sin(np.linspace(0, np.pi / 2, 40))
    newest = ages[[3, 20, 37]] + np.float32(0.01)
    vectors = np.concatenate([ages, newest])
    answer = grouped(vectors, confirmed=[1] * 40 + [NOBODY] * 3, rules=GroupingRules(0.2, 0.15, 0.05, 0.3))
    assert answer.people[40:] == [1, 1, 1]


def test_groups_keep_their_numbers_when_faces_are_added() -> None:
    vectors, truth = people_of([6, 4, 3])
    first = grouped(vectors[truth != 1])
    before = np.full(len(vectors), ALONE)
    before[truth != 1] = first.groups
    again = grouped(vectors, previous=before.tolist())
    assert np.array(again.groups)[truth != 1].tolist() == first.groups
    assert len(set(np.array(again.groups)[truth == 1].tolist()) - set(first.groups)) == 1


def test_a_split_leaves_the_number_with_the_larger_part() -> None:
    vectors, _ = people_of([5, 3])
    answer = grouped(vectors, previous=[4] * 8)
    assert answer.groups == [4] * 5 + [5] * 3


@pytest.mark.parametrize("seed", range(3))
def test_batches_end_where_one_pass_does(seed: int) -> None:
    vectors, truth = people_of([12, 9, 7, 5, 3, 2, 1, 1], spread=0.2, seed=seed)
    order = np.random.default_rng(seed).permutation(len(vectors))
    groups = np.full(len(vectors), ALONE)
    for end in range(4, len(vectors) + 4, 4):
        seen = np.sort(order[:end])
        answer = grouped(vectors[seen], previous=groups[seen].tolist(), keep_previous=True)
        groups[seen] = answer.groups
    assert partition(groups) == partition(truth)
    full_pass = grouped(vectors, previous=groups.tolist())
    assert full_pass.groups == groups.tolist()


def test_groups_that_may_be_one_person_are_asked_about_the_nearest_first() -> None:
    vectors = np.zeros((8, 8), np.float32)
    vectors[2:4, 0], vectors[4:6, 1], vectors[6:8, 2] = 0.52, 0.55, 2.0
    answer = grouped(vectors)
    assert answer.groups == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [(one.group, one.other, round(one.distance, 3)) for one in answer.alike] == [(0, 1, 0.52), (0, 2, 0.55)]
    assert answer.alike[0].confidence > answer.alike[1].confidence > 0.5
    together = grouped(vectors, photos=[0, 1, 1, 2, 3, 4, 5, 6])
    assert [(one.group, one.other) for one in together.alike] == [(0, 2)]
    told_apart = grouped(vectors, apart=[(0, 5)])
    assert [(one.group, one.other) for one in told_apart.alike] == [(0, 1)]
    # Farther apart it is rarely one person, and nobody likes to be asked in vain.
    assert grouped(vectors, rules=GroupingRules(0.4, 0.35, 0.1, 0.6)).alike == []


def test_two_people_who_look_like_one_are_asked_about_and_left_as_they_are() -> None:
    """Somebody was given two names; the third person is on a photo with the first."""
    vectors = np.zeros((9, 8), np.float32)
    vectors[3:6, 0], vectors[6:9, 1] = 0.3, 0.3
    vectors[2, 0] = 0.1
    confirmed = [7, 7, 7, 4, 4, 4, 9, 9, 9]
    answer = grouped(vectors, confirmed=confirmed, photos=[0, 1, 2, 3, 4, 5, 0, 6, 7])
    assert answer.people == confirmed
    (first, second) = answer.alike_people
    assert (first.group, first.other, first.face) == (4, 7, 3)
    assert (second.group, second.other) == (4, 9)
    assert first.confidence > 0.9


def test_cosine_looks_at_directions_only() -> None:
    vectors, truth = people_of([6, 4])
    lengths = np.linspace(0.5, 9, len(vectors)).astype(np.float32)[:, None]
    answer = group_faces(
        (vectors * lengths).astype("<f4").tobytes(),
        dimensions=32,
        metric="cosine",
        rules=GroupingRules(0.4, 0.3, 0.1, 0.6),
        photos=list(range(10)),
    )
    assert partition(answer.groups) == partition(truth)


def test_no_faces_is_no_groups() -> None:
    answer = grouped(np.empty((0, 32), np.float32))
    assert answer == Assignment(people=[], groups=[], distances=[], suggestions=[])


def test_equal_vectors_are_one_group() -> None:
    assert grouped(np.ones((5, 8), np.float32)).groups == [0] * 5


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="per face"):
        grouped(np.ones((3, 8), np.float32), photos=[1, 2])
