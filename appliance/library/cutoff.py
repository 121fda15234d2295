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
#: stops believing.
PRECISION_WEIGHT = 2.0


class Cutoff(msgspec.Struct, frozen=True):
    """Belief is the logistic function of `bias + near * cosine + unusual * deviations`."""

    bias: float
    near: float
    unusual: float

    def belief(self, cosine: float, deviations: float | None) -> float:
        """0 to 1; 0 for what does not stand out.  deviations: None where there are too few pictures to tell."""
        if deviations is None:
            deviations = USUAL_OF_A_MATCH
        elif deviations < LEAST_UNUSUAL:
            return 0.0
        return _logistic(self.bias + self.near * cosine + self.unusual * deviations)


#: What a picture that fits stands out by, in the fit: stands in where it cannot be measured.
USUAL_OF_A_MATCH = 3.0

#: Not fitted here, for want of the models; from what their makers publish of cosines of pairs that belong together and
#: of pairs that do not: SigLIP 2 has about 0.10 to 0.16 and -0.03 to 0.05, CLIP about 0.25 to 0.33 and 0.12 to 0.21.
#: A match of middling nearness that stands out by three deviations is believed in by a half.
CUTOFFS: dict[str, Cutoff] = {
    "siglip2": Cutoff(bias=-8.7, near=60.0, unusual=1.2),
    "siglip2-fp32": Cutoff(bias=-8.7, near=60.0, unusual=1.2),
    "clip-vit-b-32": Cutoff(bias=-13.9, near=42.0, unusual=1.2),
    "mobileclip": Cutoff(bias=-11.1, near=38.0, unusual=1.2),
}
#: For a model that nobody has looked at: it must stand out by five deviations.
CAUTIOUS = Cutoff(bias=-6.0, near=0.0, unusual=1.2)


def cutoff_of(model: str) -> Cutoff:
    return CUTOFFS.get(model, CAUTIOUS)


def calibrate(positives: Sequence[tuple[float, float]], negatives: Sequence[tuple[float, float]]) -> Cutoff:
    """Fit to (cosine, deviations) of pairs of words and pictures that belong together, and of pairs that do not.

    Logistic regression with both kinds weighing the same, then moved to where precision and recall are best for pairs
    as frequent as they were given (F-measure with precision weighing `PRECISION_WEIGHT` times).
    """
    weights = _regress(positives, negatives)
    beliefs = sorted(
        [(_sum(weights, pair), True) for pair in positives] + [(_sum(weights, pair), False) for pair in negatives],
        reverse=True,
    )
    best, place, right = -1.0, 0.0, 0
    squared = 1 / PRECISION_WEIGHT**2
    for number, (value, belongs) in enumerate(beliefs, start=1):
        right += belongs
        precision, recall = right / number, right / len(positives)
        measure = (1 + squared) * precision * recall / (squared * precision + recall) if right else 0.0
        if measure > best:
            following = beliefs[number][0] if number < len(beliefs) else value
            best, place = measure, (value + following) / 2
    return Cutoff(bias=weights[0] - place, near=weights[1], unusual=weights[2])


def _regress(positives: Sequence[tuple[float, float]], negatives: Sequence[tuple[float, float]]) -> list[float]:
    """Newton's method; a little ridge keeps it finite when the two are apart altogether."""
    rows = [(1.0, near, unusual, 1.0, 0.5 / len(positives)) for near, unusual in positives]
    rows += [(1.0, near, unusual, 0.0, 0.5 / len(negatives)) for near, unusual in negatives]
    weights = [0.0, 0.0, 0.0]
    ridge = (0.0, 1e-5, 1e-5)
    for _ in range(60):
        slope = [-ridge[i] * weights[i] for i in range(3)]
        curve = [[ridge[i] if i == j else 0.0 for j in range(3)] for i in range(3)]
        for *values, belongs, share in rows:
            belief = _logistic(sum(weight * value for weight, value in zip(weights, values, strict=True)))
            for i in range(3):
                slope[i] += share * (belongs - belief) * values[i]
                for j in range(3):
                    curve[i][j] += share * belief * (1 - belief) * values[i] * values[j]
        step = _solve(curve, slope)
        weights = [weight + one for weight, one in zip(weights, step, strict=True)]
        if max(abs(one) for one in step) < 1e-8:
            break
    return weights


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Three equations by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(3):
        pivot = max(range(i, 3), key=lambda row: abs(rows[row][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for j in range(3):
            if j != i:
                factor = rows[j][i] / rows[i][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [rows[i][3] / rows[i][i] for i in range(3)]


def _sum(weights: Sequence[float], pair: tuple[float, float]) -> float:
    return weights[0] + weights[1] * pair[0] + weights[2] * pair[1]


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))
