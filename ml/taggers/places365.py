"""Places365: which of 365 kinds of place a picture shows, whether that is indoors, and what the place is like.

The network is a ResNet-18 without its first pooling ("wide"), published as a PyTorch checkpoint; `ml.convert` makes
the ONNX file that is used here.  Indoors or outdoors is a vote of the ten likeliest scenes; attributes are a linear
function of the features, as in the authors' demonstration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from appliance.errors import ModelUnavailableError
from ml.base import ModelFile, ModelSpec, TagScore
from ml.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocessing, pixel_values
from ml.runtime import model_path, open_session
from ml.taggers.top import best, one_row, read_lines

if TYPE_CHECKING:
    from ml.base import RGBImage, Runtime

_WEIGHTS = "http://places2.csail.mit.edu/models_places365"
_LABELS = "https://raw.githubusercontent.com/CSAILVision/places365/master"


def _at(base: str, name: str, size_bytes: int | None = None, sha256: str | None = None) -> ModelFile:
    return ModelFile(name, size_bytes, sha256, source=f"{base}/{name}")


CHECKPOINT = _at(_WEIGHTS, "wideresnet18_places365.pth.tar")
ATTRIBUTE_WEIGHTS = _at(_WEIGHTS, "W_sceneattribute_wideresnet18.npy")
SCENES = _at(
    _LABELS, "categories_places365.txt", 6_833, "2affba635eb657e7ca95f4e6cc69bd9fac29ef4c32aeb83cafdfcd06ec6a1ea6"
)
ENVIRONMENTS = _at(
    _LABELS, "IO_places365.txt", 6_214, "0a65ceb7264413a15bb069a87be7ecf9ebb572a6803d48de2827a1d25fe287ba"
)
ATTRIBUTES = _at(
    _LABELS, "labels_sunattribute.txt", 909, "afc7fe63101c8e3caecfe93c7dffc3d2c9736e25c5b69457a7acc8fde84aa3f2"
)
CONVERTED = ModelFile("places365.onnx")  # outputs: scenes (n, 365) logits, attributes (n, 102) responses

_MOST_SCENES = 5
_LEAST_SCENE = 0.05
_MOST_ATTRIBUTES = 5
_VOTERS = 10

PIXELS = Preprocessing(side=224, fit="squash", resample="bilinear", mean=IMAGENET_MEAN, std=IMAGENET_STD)


class PlacesTagger:
    """Scenes, their attributes, and "indoor" or "outdoor", told apart by the group of each word."""

    spec: ClassVar = ModelSpec(
        name="places365",
        version="1",
        task="tags",
        title="Places365: the kind of place (365 scenes), indoors or outdoors, and what it is like there",
        licence="CC BY (weights), MIT (labels)",
        source="CSAILVision/places365",
        revision="master",
        files=(CHECKPOINT, ATTRIBUTE_WEIGHTS, SCENES, ENVIRONMENTS, ATTRIBUTES),
        memory_mb=170,
        about_mb=95,
        needs_download=True,
        converted="places365.onnx is made once from the authors' PyTorch checkpoint, by the extra homeroll[torch]",
    )
    reads: ClassVar[str] = ""

    def load(self, runtime: Runtime) -> None:
        folder = runtime.models_dir
        scenes, environments, attributes = (
            read_lines(model_path(folder, self.spec, file), self.spec) for file in (SCENES, ENVIRONMENTS, ATTRIBUTES)
        )
        self._scenes = [readable(line) for line in scenes]
        self._outdoor = [line.rsplit(maxsplit=1)[-1] == "2" for line in environments]
        self._attributes = [line.strip() for line in attributes]
        if len(self._outdoor) != len(self._scenes):
            raise ModelUnavailableError(
                self.spec.name, "The lists of places365 do not belong together.", hint="homeroll models pull places365"
            )
        self._session = open_session(model_path(folder, self.spec, CONVERTED), self.spec, runtime.threads)

    def predict(self, image: RGBImage) -> list[TagScore]:
        """Scenes, then attributes, each best first, then the environment."""
        import numpy as np

        name = self._session.get_inputs()[0].name
        scenes, attributes = self._session.run(["scenes", "attributes"], {name: pixel_values([image], PIXELS)})
        logits = one_row(scenes, len(self._scenes), self.spec)
        responses = one_row(attributes, len(self._attributes), self.spec)
        odds = np.exp(logits - logits.max())
        chances = odds / odds.sum()
        # Responses are no probabilities; the logistic function brings them to 0..1 and keeps their order.
        likely = 1 / (1 + np.exp(-np.clip(responses, -50, 50)))
        voters = np.argsort(-chances, kind="stable")[:_VOTERS]
        outdoor = float(np.mean([self._outdoor[index] for index in voters]))
        where = ("outdoor", outdoor) if outdoor >= 0.5 else ("indoor", 1 - outdoor)
        return [
            *best(chances, self._scenes, most=_MOST_SCENES, least=_LEAST_SCENE, group="scene"),
            *best(likely, self._attributes, most=_MOST_ATTRIBUTES, group="attribute"),
            TagScore(where[0], round(where[1], 4), "environment"),
        ]


_ORDERED = frozenset({"elevator door", "underwater ocean deep"})  # where the second part is not a kind of the first


def readable(line: str) -> str:
    """The scene of a line such as "/c/church/outdoor 91", as people write it: "outdoor church"."""
    parts = line.split()[0].split("/")[2:]
    straight = " ".join(parts).replace("_", " ")
    return straight if straight in _ORDERED else " ".join(reversed(parts)).replace("_", " ")
