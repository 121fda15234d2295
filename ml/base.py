"""What every model says of itself, and what the kinds of models answer: Protocols and plain results.

Nothing here knows tables, files of the library or settings, and importing it loads no library of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    RGBImage: TypeAlias = NDArray[np.uint8]  # upright sRGB, shape (height, width, 3)
    Vectors: TypeAlias = NDArray[np.float32]  # one row each, shape (n, dimensions)
    Vector: TypeAlias = NDArray[np.float32]  # shape (dimensions,)

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
    `source` is the repository that `models pull` asks, or the package that brings the weights along.  `title`: what it
    does, for people.  `requires`: extras of the distribution without which it cannot run.  `converted`: what a pull
    makes of the files before they can be used; "" when they are used as they are.  `memory_mb`: while loaded, measured.
    `about_mb`: what a pull fetches, roughly, where the exact sizes are not known; for people.
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
    title: str = ""
    requires: tuple[str, ...] = ()
    converted: str = ""
    about_mb: int | None = None

    @property
    def size_bytes(self) -> int | None:
        """Of all files; None when one is not known beforehand."""
        sizes = [file.size_bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


class Runtime(msgspec.Struct, frozen=True):
    """Where models lie and what they may use; given to every function that loads one.

    `memory_mb`: of all models that one process holds at a time.  `threads`: for one piece of work.
    """

    models_dir: Path | None
    memory_mb: int = 1024
    threads: int = 1


class Loadable(Protocol):
    """What `ml.runtime.loaded` keeps.  Constructing one loads nothing."""

    @property
    def spec(self) -> ModelSpec: ...

    def load(self, runtime: Runtime) -> None:
        """Raise ModelUnavailableError when files or libraries are missing or cannot be used."""


class TagScore(msgspec.Struct, frozen=True):
    """A word for a picture, how sure the model is (0 to 1, comparable within one model), and which kind of word:
    "" | scene | attribute | environment."""

    name: str
    score: float
    group: str = ""


class TextLine(msgspec.Struct, frozen=True):
    """A line of text in a picture.  `box`: its corners, clockwise from top left, fractions of the upright image."""

    text: str
    box: tuple[Point, Point, Point, Point]
    score: float


class Tagger(Protocol):
    """Words for a picture.  `reads` is "" for one that looks at the picture itself."""

    spec: ClassVar[ModelSpec]
    reads: ClassVar[str]

    def load(self, runtime: Runtime) -> None: ...

    def predict(self, image: RGBImage) -> list[TagScore]:
        """Best first; an empty list is a valid answer."""


class VectorTagger(Protocol):
    """Words for a picture by its embedding; `reads` names the embedding model."""

    spec: ClassVar[ModelSpec]
    reads: ClassVar[str]

    def load(self, runtime: Runtime) -> None: ...

    def predict_vector(self, vector: Vector) -> list[TagScore]:
        """Best first; an empty list is a valid answer.  vector: L2-normalised."""


class Captioner(Protocol):
    """A sentence for a picture."""

    spec: ClassVar[ModelSpec]

    def load(self, runtime: Runtime) -> None: ...

    def caption(self, image: RGBImage) -> str:
        """One sentence; "" when the model has none."""


class TextReader(Protocol):
    """Reads text in pictures.  `max_side`: the long side, in pixels, of the picture that it wants."""

    spec: ClassVar[ModelSpec]
    max_side: ClassVar[int]

    def load(self, runtime: Runtime) -> None: ...

    def read(self, image: RGBImage) -> list[TextLine]:
        """In reading order; an empty list is a valid answer."""


class ImageTower(Loadable, Protocol):
    dimensions: int

    def embed_images(self, images: Sequence[RGBImage]) -> Vectors:
        """One row per image, L2-normalised."""


class TextTower(Loadable, Protocol):
    dimensions: int

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """One row per text, L2-normalised, comparable with those of the same model's images."""


class Embedder(msgspec.Struct, frozen=True):
    """An embedding model: what makes vectors of pictures, and of words when it can.  Naming one loads nothing."""

    spec: ModelSpec
    dimensions: int
    image: Callable[[], ImageTower]
    text: Callable[[], TextTower] | None = None


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

    @property
    def ask(self) -> float:
        """Up to which mean distance two groups, or two people, are worth asking about: 19 of 20 are one person."""
        return self.same + (self.suggest - self.same) / 3


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

    def load(self, runtime: Runtime) -> None:
        """Raise ModelUnavailableError when files or libraries are missing or cannot be used."""

    def detect(self, image: RGBImage) -> list[DetectedFace]:
        """Every face, the surest first."""

    def recognise(self, image: RGBImage, faces: Sequence[DetectedFace]) -> Vectors:
        """One embedding per face, in their order, comparable by `metric`."""
