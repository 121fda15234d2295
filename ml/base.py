"""What every model says of itself, and what the kinds of models answer: Protocols and plain results.

Nothing here knows tables, files of the library or settings, and importing it loads no library of numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    RGBImage: TypeAlias = NDArray[np.uint8]  # upright sRGB, shape (height, width, 3)
    Vectors: TypeAlias = NDArray[np.float32]  # one row each, shape (n, dimensions)

Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]
Metric: TypeAlias = Literal["euclidean", "cosine"]


class ModelFile(msgspec.Struct, frozen=True):
    """One file of weights; a size or hash of None is not known beforehand and is recorded at the first pull.

    `source`: the repository it lies in, where that is not the model's.
    """

    name: str
    size_bytes: int | None = None
    sha256: str | None = None
    source: str = ""


class ModelSpec(msgspec.Struct, frozen=True):
    """What a model is, where it comes from and under which licence.

    `version` changes whenever its results do; results of different versions are never compared with each other.
    `source` is the repository that `models pull` asks, or the package that brings the weights along.
    """

    name: str
    version: str
    task: str
    licence: str
    source: str
    revision: str
    files: tuple[ModelFile, ...]
    memory_mb: int
    needs_download: bool


class DetectedFace(msgspec.Struct, frozen=True):
    """A face in an image.  `box_px` is left, top, right, bottom and may reach over the image's edge.

    `landmarks_px`: left eye, right eye, nose, left and right corner of the mouth, left and right as seen in the image;
    the first three only from a detector that knows no mouth; empty from one that knows no points.
    """

    box_px: Box
    landmarks_px: tuple[Point, ...]
    score: float


class FaceQuality(msgspec.Struct, frozen=True):
    """Whether a face can be told from others.

    `size_px`: shorter side of its box.  `blur`: 0 sharp to 1 blurred.  `yaw`: 0 facing to 1 in profile.
    `reason`: why it is not usable, for people; empty when it is.  `value`: 0 to 1, to choose the better of two faces.
    """

    usable: bool
    size_px: float
    blur: float
    yaw: float
    reason: str
    value: float


class FoundFace(msgspec.Struct, frozen=True):
    """A face as the library keeps it.

    `box`: left, top, width, height as fractions of the upright image, within it.  `embedding`: float32 little-endian,
    None for a face that is not usable: it is kept and can be named by hand, but is not grouped.
    """

    box: Box
    score: float
    quality: float
    usable: bool
    reason: str
    embedding: bytes | None


class GroupingRules(msgspec.Struct, frozen=True):
    """How near is near, in an engine's metric; fitted by benchmarks/faces.py.

    `same`: mean distance up to which groups are merged.  `join`: mean distance to a person's nearest exemplars up to
    which a face joins that person.  `margin`: how much further away the runner-up must be.  `suggest`: up to which
    distance a person is worth asking about.
    """

    same: float
    join: float
    margin: float
    suggest: float


class FaceEngine(Protocol):
    """Finds faces and tells them apart.  Constructing one loads nothing; `load` does.

    `max_side`: the long side, in pixels, of the 4:3 picture that its detector wants.  `rules`: how near by `metric` is
    near when its faces are grouped.
    """

    spec: ClassVar[ModelSpec]
    dimensions: ClassVar[int]
    metric: ClassVar[Metric]
    max_side: ClassVar[int]
    rules: ClassVar[GroupingRules]

    def load(self, models_dir: Path | None) -> None:
        """Raise ModelUnavailableError when files or libraries are missing or cannot be used."""

    def detect(self, image: RGBImage) -> list[DetectedFace]:
        """Every face, the surest first."""

    def recognise(self, image: RGBImage, faces: Sequence[DetectedFace]) -> Vectors:
        """One embedding per face, in their order, comparable by `metric`."""
