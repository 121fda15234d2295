"""How much of a damaged picture is there: a family would rather see half a wedding photo than an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.errors import UnreadableFileError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_LEAST_READABLE: Final = 0.1
"""Less than a tenth of a picture says nothing; the file then counts as unreadable."""


def describe_damage(path: Path, pixels: NDArray[np.uint8]) -> str:
    """The warning to show beside what could be read of `pixels`, uint8, shape (height, width[, channels]).

    Decoders fill what is missing with one colour, from the end of the data down to the last row.
    Raises UnreadableFileError when nearly all of it is missing.
    """
    height = pixels.shape[0]
    filled = (pixels == pixels[-1, -1]).reshape(height, -1).all(axis=1)  # (height,)
    readable_rows = int(height - (~filled[::-1]).argmax()) if not filled.all() else 0
    readable = readable_rows / height
    if readable < _LEAST_READABLE:
        raise UnreadableFileError(
            str(path),
            "The file ends too early: almost nothing of the picture is there.",
            hint="Restore the file from a backup or copy it from the camera again.",
        )
    if readable > 0.995:
        return "The file is damaged: parts of the picture may look wrong."
    return f"The file is damaged: the last {max(1, round((1 - readable) * 100))} % of the picture is missing."
