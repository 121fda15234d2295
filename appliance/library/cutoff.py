"""Which pictures mean what was asked: there is always a nearest one, and often it is nothing of the kind.

A picture is believed in by two things together: how near it is to the words, and how far that stands out from how near
the words are to pictures in general (those that the viewer may see), in deviations of those.  What is believed in by a
half or more is shown.  Fitted per embedding model, because models differ in what is near: `benchmarks/cutoff.py`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A picture that is as near as the words are to anything says nothing, however the fit came out.
LEAST_UNUSUAL = 1.0
#: With fewer pictures than these nothing can be called unusual: nearness alone must do.
FEW_PICTURES = 20
SHOWN_FROM = 0.5
#: Precision is worth this many times recall: somebody who finds nothing types another word, somebody who finds nonsense
#: stops believing.  So much that about 95 of 100 nonsense queries stay without an answer (benchmarks/cutoff.py).
PRECISION_WEIGHT = 1.5
#: Cosine and deviations say half each, in units of how they spread.  Not fitted: on the labelled data at hand any share
#: does as well (benchmarks/cutoff.py), and two-tower models are known to give each text a level of its own.
NEARNESS_SHARE = 0.5


class Cutoff(msgspec.Struct, frozen=True):
    """Belief is the logistic function of `bias + near * cosine + unusual * deviations`.

    `pictures`: among how many it was fitted.  Among more, more stand out by chance alone: the largest of n values of a
    normal distribution is about sqrt(2 ln n) deviations from their mean, and by as much more a picture must stand out.
    """

    bias: float
    near: float
    unusual: float
    pictures: int = 300

    def belief(self, cosine: float, deviations: float | None, *, among: int) -> float:
        """0 to 1; 0 for what does not stand out.  deviations: None where there are too few pictures to tell."""
        if deviations is None:
            deviations = USUAL_OF_A_MATCH
        else:
            deviations -= max(0.0, _by_chance(among) - _by_chance(self.pictures))
            if deviations < LEAST_UNUSUAL:
                return 0.0
        return self.at(cosine, deviations)

    def at(self, cosine: float, deviations: float) -> float:
        """The function alone."""
        value = self.bias + self.near * cosine + self.unusual * deviations
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))


#: What a picture that fits stands out by, in the fit: stands in where it cannot be measured.
USUAL_OF_A_MATCH = 3.0

#: Estimates, neither fitted nor checked, for want of the models: cosines of pairs that belong together are taken to be
#: about 0.10 to 0.16 with SigLIP 2 (others -0.03 to 0.05), 0.25 to 0.33 with CLIP (others 0.12 to 0.21).  The least
#: near of them is believed in by a half when it stands out by three deviations.  With the weights at hand: `calibrate`.
CUTOFFS: dict[str, Cutoff] = {
    "siglip2": Cutoff(bias=-8.7, near=60.0, unusual=0.9),
    "siglip2-fp32": Cutoff(bias=-8.7, near=60.0, unusual=0.9),
    "clip-vit-b-32": Cutoff(bias=-13.5, near=42.0, unusual=1.0),
    "mobileclip": Cutoff(bias=-12.5, near=38.0, unusual=1.0),
}
#: For a model that nobody has looked at: it must stand out by five deviations.
CAUTIOUS = Cutoff(bias=-6.0, near=0.0, unusual=1.2)


def cutoff_of(model: str) -> Cutoff:
    return CUTOFFS.get(model, CAUTIOUS)


def calibrate(
    positives: Sequence[tuple[float, float]], negatives: Sequence[tuple[float, float]], *, pictures: int = 300
) -> Cutoff:
    """Fit to (cosine, deviations) of pairs of words and pictures that belong together, and of pairs that do not.

    Give it the pairs that are hard to tell: as many of each query, and of those that do not belong the nearest, of
    nonsense too.  From where on a pair is believed in is what separates these best (F-measure with precision weighing
    `PRECISION_WEIGHT` times); how steep belief is, what makes them likeliest.
    """
    near_scale, unusual_scale = (_spread([pair[i] for pair in negatives]) for i in range(2))
    near, unusual = NEARNESS_SHARE / near_scale, (1 - NEARNESS_SHARE) / unusual_scale
    threshold = _threshold(
        [near * pair[0] + unusual * pair[1] for pair in positives],
        [near * pair[0] + unusual * pair[1] for pair in negatives],
    )
    slope = max(
        (0.5 * 1.25**step for step in range(20)),
        key=lambda slope: _likelihood(positives, negatives, Cutoff(-slope * threshold, slope * near, slope * unusual)),
    )
    return Cutoff(bias=-slope * threshold, near=slope * near, unusual=slope * unusual, pictures=pictures)


def _threshold(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """The value from which on saying yes has the best F-measure."""
    values = sorted([(value, True) for value in positives] + [(value, False) for value in negatives], reverse=True)
    squared, right = 1 / PRECISION_WEIGHT**2, 0
    best, place = 0.0, values[0][0]
    for number, (value, belongs) in enumerate(values, start=1):
        right += belongs
        precision, recall = right / number, right / len(positives)
        measure = (1 + squared) * precision * recall / (squared * precision + recall) if right else 0.0
        if measure > best:
            following = values[number][0] if number < len(values) else value
            best, place = measure, (value + following) / 2
    return place


def _likelihood(
    positives: Sequence[tuple[float, float]], negatives: Sequence[tuple[float, float]], cutoff: Cutoff
) -> float:
    """Logarithm, both kinds weighing the same."""
    yes = [math.log(max(1e-9, cutoff.at(*pair))) for pair in positives]
    no = [math.log(max(1e-9, 1 - cutoff.at(*pair))) for pair in negatives]
    return sum(yes) / len(yes) + sum(no) / len(no)


def _spread(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)) or 1.0


def _by_chance(pictures: int) -> float:
    return math.sqrt(2 * math.log(max(2, pictures)))
