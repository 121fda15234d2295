"""Models for the tests of steps: what they see is the mean colour of a picture, and every look is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from appliance.errors import ModelOutputError
from ml.base import Embedder, ModelSpec, TagScore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.base import RGBImage, Runtime, Vector, Vectors

NAMES = ("red", "green", "blue")


def spec(name: str, *, task: str = "tags", version: str = "1", needs_download: bool = False) -> ModelSpec:
    return ModelSpec(
        name=name,
        version=version,
        task=task,
        licence="MIT",
        source="",
        revision="",
        files=(),
        memory_mb=1,
        needs_download=needs_download,
    )


def colour(image: RGBImage) -> Vector:
    """Mean red, green and blue as a vector of length 1; black is a bit of everything."""
    mean = image.reshape(-1, 3).mean(axis=0).astype(np.float32) + np.float32(1e-3)
    vector: Vector = mean / np.linalg.norm(mean)
    return vector


class ColourTower:
    """Its vectors are colours."""

    spec: ClassVar[ModelSpec] = spec("colours", task="embedding")
    dimensions = 3
    looks: ClassVar[list[int]] = []  # how many images, each time
    error: ClassVar[Exception | None] = None

    def load(self, runtime: Runtime) -> None:
        if self.error is not None:
            raise self.error

    def embed_images(self, images: Sequence[RGBImage]) -> Vectors:
        self.looks.append(len(images))
        return np.stack([colour(image) for image in images])


class OtherTower(ColourTower):
    """The same colours, the other way round."""

    spec = spec("other-colours", task="embedding")

    def embed_images(self, images: Sequence[RGBImage]) -> Vectors:
        return super().embed_images(images)[:, ::-1].copy()


class Painter:
    """A tagger that looks at the picture: its colours, the strongest first."""

    spec: ClassVar[ModelSpec] = spec("painter")
    reads: ClassVar[str] = ""
    looks: ClassVar[list[str]] = []  # whose looks
    refuses: ClassVar[str] = ""  # the colour of pictures that it cannot stand

    def load(self, runtime: Runtime) -> None:
        pass

    def predict(self, image: RGBImage) -> list[TagScore]:
        self.looks.append(self.spec.name)
        found = words(colour(image))
        if self.refuses and found[0].name == self.refuses:
            raise ModelOutputError(self.spec.name, "It cannot be looked at.")
        return [*found, TagScore("outdoor", 0.9, "environment")]


class Decorator(Painter):
    """Another tagger that looks; it says "a red thing"."""

    spec = spec("decorator")
    refuses = ""

    def predict(self, image: RGBImage) -> list[TagScore]:
        self.looks.append(self.spec.name)
        return [TagScore(f"a {tag.name} thing", tag.score) for tag in words(colour(image))]


class Reader:
    """A tagger that looks at nothing but the vectors of `ColourTower`."""

    spec: ClassVar[ModelSpec] = spec("reader")
    reads: ClassVar[str] = "colours"

    def load(self, runtime: Runtime) -> None:
        pass

    def predict_vector(self, vector: Vector) -> list[TagScore]:
        Painter.looks.append(self.spec.name)
        return words(vector)


def words(vector: Vector) -> list[TagScore]:
    order = sorted(range(3), key=lambda index: -float(vector[index]))
    return [TagScore(NAMES[index], round(float(vector[index]), 4)) for index in order if vector[index] > 0.3]


EMBEDDERS = (
    Embedder(spec=ColourTower.spec, dimensions=3, image=ColourTower),
    Embedder(spec=OtherTower.spec, dimensions=3, image=OtherTower),
)
TAGGERS = (Painter, Decorator, Reader)
