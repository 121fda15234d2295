"""Grouping very many faces in parts ends where comparing each with each does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ml.faces import bulk
from ml.faces.cells import nearest_centres, sorted_into_cells
from ml.faces.linkage import cluster, conflicts_of
from tests.ml.faces.test_grouping import partition, people_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ml.base import Metric

COUNTS = [60, 40, 30, 20, 10, 5, 3, 2, 1, 1]
LIMIT = 0.4


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MANY", 20)
    monkeypatch.setattr(bulk, "PER_CELL", 40)


@pytest.mark.parametrize("seed", range(4))
def test_people_are_those_of_comparing_everybody(seed: int) -> None:
    vectors, truth = people_of(COUNTS, spread=0.4, seed=seed)
    photos = np.random.default_rng(seed).integers(0, 150, size=len(vectors))
    conflicts = conflicts_of(photos)
    found = bulk.cluster_many(vectors, LIMIT, conflicts)
    at_once = partition(cluster(vectors, LIMIT, conflicts))
    same = sum(len(group) for group in partition(found) & at_once)
    assert same >= 0.9 * len(vectors)  # which of two pictures on one photo is whose may differ
    for group in partition(found):
        assert len({int(truth[face]) for face in group}) == 1
        assert len({int(photos[face]) for face in group}) == len(group)
    easier, truth = people_of(COUNTS, spread=0.3, seed=seed)
    assert partition(bulk.cluster_many(easier, LIMIT, {})) == partition(truth)


def test_a_label_is_the_first_of_its_cluster() -> None:
    vectors, _ = people_of(COUNTS, spread=0.3)
    labels = bulk.cluster_many(vectors, LIMIT, {})
    for label in np.unique(labels):
        assert label == np.flatnonzero(labels == label)[0]


def test_the_order_of_the_faces_does_not_matter() -> None:
    vectors, _ = people_of(COUNTS, spread=0.4)
    order = np.random.default_rng(1).permutation(len(vectors))
    shuffled = bulk.cluster_many(vectors[order], LIMIT, {})
    back = {frozenset(int(order[index]) for index in group) for group in partition(shuffled)}
    assert back == partition(bulk.cluster_many(vectors, LIMIT, {}))


def test_pairs_kept_apart_stay_apart_though_they_lie_in_one_cell() -> None:
    vectors, _ = people_of([50, 50], spread=0.05)
    labels = bulk.cluster_many(vectors, LIMIT, {0: {1}, 1: {0}})
    assert labels[0] != labels[1]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_cells_are_of_near_faces_and_every_face_is_in_the_nearest(metric: Metric) -> None:
    vectors, truth = people_of([40, 30, 20, 10], spread=0.05)
    if metric == "cosine":  # whose lengths say nothing
        vectors *= np.linspace(1, 9, len(vectors))[:, None].astype(np.float32)
    centres, cells = sorted_into_cells(vectors, dimensions=32, metric=metric, cells=12)
    assert len(centres) == 12
    for cell in set(cells):
        assert len({int(who) for who, mine in zip(truth, cells, strict=True) if mine == cell}) == 1
    if metric == "cosine":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    middle: NDArray[np.float32] = np.array([np.frombuffer(centre, dtype="<f4") for centre in centres])
    distances = ((vectors[:, None] - middle) ** 2).sum(axis=2)
    assert distances.argmin(axis=1).tolist() == cells
    assert nearest_centres(vectors, middle).tolist() == cells
