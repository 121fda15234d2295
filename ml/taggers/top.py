"""What taggers share: their lists of words, and the best of many scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import TagScore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from ml.base import ModelSpec


def best(
    scores: NDArray[Any], names: Sequence[str], *, most: int, least: float = 0.0, group: str = ""
) -> list[TagScore]:
    """Up to `most` words, best first, of those that score `least` or more.

    A word that stands for several classes has the score of its best; "" stands for a class that is no word.
    """
    import numpy as np

    found: dict[str, TagScore] = {}
    for index in np.argsort(-scores, kind="stable"):
        score = float(scores[index])
        if score < least or len(found) == most:
            break
        name = names[index]
        if name and name not in found:
            found[name] = TagScore(name, round(min(1.0, max(0.0, score)), 4), group)
    return list(found.values())


def one_row(answer: NDArray[Any], length: int, spec: ModelSpec) -> NDArray[Any]:
    """The scores of one picture; raises ModelOutputError when they are not one for each of `length` classes."""
    import numpy as np

    if answer.shape != (1, length) or not np.isfinite(answer).all():
        raise ModelOutputError(spec.name, f"{spec.name} does not answer with one score for each of its words.")
    row: NDArray[Any] = answer[0].astype(np.float64)
    return row


def read_lines(path: Path, spec: ModelSpec) -> list[str]:
    """Lines of a list that belongs to a model; raises ModelUnavailableError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailableError(
            spec.name, f"The file {path.name} of {spec.name} cannot be read.", hint=f"homeroll models pull {spec.name}"
        ) from error
