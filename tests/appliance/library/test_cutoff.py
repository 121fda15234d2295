"""What is believed in: what is near and stands out, and nothing that is only the nearest of many."""

from __future__ import annotations

import math
import random

import pytest

from appliance.library import cutoff
from appliance.library.cutoff import CAUTIOUS, CUTOFFS, SHOWN_FROM, Cutoff, calibrate, cutoff_of
from ml import registry


def pairs(count: int, near: float, unusual: float, seed: int) -> list[tuple[float, float]]:
    chance = random.Random(seed)
    return [(chance.gauss(near, 0.03), chance.gauss(unusual, 1.0)) for _ in range(count)]


def test_belief_is_the_function_that_is_described() -> None:
    one = Cutoff(bias=-5.0, near=20.0, unusual=0.5)
    assert one.belief(0.2, 4.0, among=100) == pytest.approx(1 / (1 + math.exp(-(-5.0 + 20 * 0.2 + 0.5 * 4.0))))


def test_what_does_not_stand_out_is_not_believed_in_however_near_it_is() -> None:
    assert Cutoff(bias=0.0, near=100.0, unusual=0.0).belief(0.9, 0.5, among=100) == 0.0


def test_among_more_pictures_one_must_stand_out_more() -> None:
    one = CUTOFFS["siglip2"]
    beliefs = [one.belief(0.11, 3.5, among=among) for among in (10, 300, 10_000, 1_000_000)]
    assert beliefs[0] == beliefs[1] > beliefs[2] > beliefs[3]
    # The largest of a million chance values stands out by 1.88 deviations more than that of 300.
    more = math.sqrt(2 * math.log(1_000_000)) - math.sqrt(2 * math.log(300))
    assert beliefs[3] == pytest.approx(one.belief(0.11, 3.5 - more, among=300))


def test_with_too_few_pictures_nearness_decides() -> None:
    one = CUTOFFS["siglip2"]
    assert one.belief(0.14, None, among=3) > SHOWN_FROM > one.belief(0.02, None, among=3)


def test_calibration_shows_what_belongs_and_leaves_nonsense_unanswered() -> None:
    fitted = calibrate(pairs(200, 0.3, 5.0, seed=1), pairs(2000, 0.12, 2.0, seed=2), pictures=300)
    right = [fitted.belief(*pair, among=300) >= SHOWN_FROM for pair in pairs(500, 0.3, 5.0, seed=3)]
    wrong = [fitted.belief(*pair, among=300) >= SHOWN_FROM for pair in pairs(500, 0.12, 2.0, seed=4)]
    assert sum(right) > 490
    assert sum(wrong) < 5


def test_calibration_puts_the_boundary_where_precision_and_recall_are_best() -> None:
    """To be counted by hand: yes from 0.5 on has four right and one wrong, from 0.6 on three and none."""
    belonging = [(0.9, 0.0), (0.8, 0.0), (0.6, 0.0), (0.5, 0.0)]
    others = [(0.55, 0.0), (0.3, 0.0), (0.2, 0.0), (0.1, 0.0)]
    fitted = calibrate(belonging, others)
    # F with precision weighing half as much again: 0.907 without the wrong one, 0.852 with it.
    assert fitted.at(0.56, 0.0) < SHOWN_FROM < fitted.at(0.6, 0.0)


def test_every_embedding_model_that_reads_words_has_a_cutoff() -> None:
    for embedder in registry.EMBEDDERS:
        if embedder.text is not None:
            assert cutoff_of(embedder.spec.name) is not CAUTIOUS, embedder.spec.name
    assert cutoff_of("something new") is CAUTIOUS
    assert cutoff.LEAST_UNUSUAL > 0
