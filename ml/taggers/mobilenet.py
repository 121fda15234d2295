"""MobileNetV2 as a tagger: the thousand classes of ImageNet, in 7 MB, for the smallest machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ml.embedders.mobilenet import IMAGENET, PIXELS
from ml.preprocess import pixel_values
from ml.runtime import model_path, open_session
from ml.taggers.top import best, one_row, read_lines

if TYPE_CHECKING:
    from ml.base import ModelSpec, RGBImage, Runtime, TagScore

_MOST = 5
_LEAST = 0.1


class ImagenetTagger:
    """Animals, plants, things and food; people it does not know."""

    spec: ClassVar[ModelSpec] = IMAGENET
    reads: ClassVar[str] = ""

    def load(self, runtime: Runtime) -> None:
        network, words = (model_path(runtime.models_dir, self.spec, file) for file in self.spec.files)
        self._names = [readable(line) for line in read_lines(words, self.spec)]
        self._session = open_session(network, self.spec, runtime.threads)

    def predict(self, image: RGBImage) -> list[TagScore]:
        name = self._session.get_inputs()[0].name
        answer = self._session.run(["probabilities"], {name: pixel_values([image], PIXELS)})[0]
        return best(one_row(answer, len(self._names), self.spec), self._names, most=_MOST, least=_LEAST)


def readable(line: str) -> str:
    """The first of a class's names: "great white shark" of "great white shark, white shark, man-eater"."""
    name = line.split(",")[0].strip()
    return "" if name == "background" else name
