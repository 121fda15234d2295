"""JoyTag: some five thousand words that people give to pictures, photographs and drawings alike.

Its vocabulary is that of image boards: it counts people ("2girls"), writes with underscores, and knows adult terms.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from ml.base import ModelFile, ModelSpec
from ml.preprocess import CLIP_MEAN, CLIP_STD, Preprocessing, pixel_values
from ml.runtime import model_path, open_session
from ml.taggers.top import best, one_row, read_lines

if TYPE_CHECKING:
    from ml.base import RGBImage, Runtime, TagScore

_MOST = 15
_LEAST = 0.4

PIXELS = Preprocessing(side=448, fit="pad", resample="bicubic", mean=CLIP_MEAN, std=CLIP_STD)


class JoyTagger:
    """Sees details that others have no words for: clothes, hair, postures, what hands hold."""

    spec: ClassVar = ModelSpec(
        name="joytag",
        version="1",
        task="tags",
        title="JoyTag: 5,800 words for people, clothes, details; an image board's words, adult terms among them",
        licence="Apache-2.0",
        source="fancyfeast/joytag",
        revision="6b7f16331a6ccf0fdce37d5a9564715f6e772b22",
        files=(
            ModelFile("model.onnx", 366_116_154, "f85b7130e6e549b5b0822537007b7482e8c4c8e754c8d9a5bee08e27050e1097"),
            ModelFile("top_tags.txt", 76_752, "32b1963a234af848643b2bbf47d8eff1f1c7889406810c57b980f41b2b9e01d0"),
        ),
        memory_mb=750,
        needs_download=True,
    )
    reads: ClassVar[str] = ""

    def load(self, runtime: Runtime) -> None:
        network, words = (model_path(runtime.models_dir, self.spec, file) for file in self.spec.files)
        self._names = [readable(line) for line in read_lines(words, self.spec) if line.strip()]
        self._session = open_session(network, self.spec, runtime.threads)

    def predict(self, image: RGBImage) -> list[TagScore]:
        import numpy as np

        name = self._session.get_inputs()[0].name
        answer = self._session.run(None, {name: pixel_values([image], PIXELS)})[0]
        logits = one_row(answer, len(self._names), self.spec)
        return best(1 / (1 + np.exp(-np.clip(logits, -50, 50))), self._names, most=_MOST, least=_LEAST)


_COUNTED = re.compile(r"(\d)(\+?)(girl|boy|other)s?")
_COUNTS = ("no", "one", "two", "three", "four", "five", "six")


def readable(name: str) -> str:
    """A tag as people write it: "two girls", "long hair"; "" for emoticons and bare numbers, which are no words."""
    counted = _COUNTED.fullmatch(name)
    if counted:
        count, more, who = int(counted[1]), counted[2], counted[3].replace("other", "person")
        if count == 1:
            return who
        many = "people" if who == "person" else f"{who}s"
        return f"many {many}" if more or count >= len(_COUNTS) else f"{_COUNTS[count]} {many}"
    words = name.replace("_", " ").strip()
    return words if re.search(r"[^\W\d_]{2}", words) else ""
