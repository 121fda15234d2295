"""A model of 3 MB that is in every registry that wants it: nothing looks at photos with it, but it can be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from ml.base import ModelFile, ModelSpec, TagScore
from tests.hub import COMMIT

if TYPE_CHECKING:
    from ml.base import RGBImage, Runtime

SIZE = 3 << 20
WEIGHTS = bytes(range(256)) * (SIZE // 256)
WORDS = b"cat\ndog\n"


class TinyTagger:
    spec: ClassVar[ModelSpec] = ModelSpec(
        name="tiny",
        version="1",
        task="tags",
        title="Names cats and dogs",
        licence="MIT",
        source="family/tiny",
        revision=COMMIT,
        files=(ModelFile("model.onnx", SIZE), ModelFile("words.txt")),
        memory_mb=64,
        needs_download=True,
    )
    reads: ClassVar[str] = ""

    def load(self, runtime: Runtime) -> None:
        pass

    def predict(self, image: RGBImage) -> list[TagScore]:
        return []


class HugeTagger(TinyTagger):
    """More than any machine gives to models."""

    spec = msgspec.structs.replace(TinyTagger.spec, name="huge", memory_mb=1_000_000)


class DiskTagger(TinyTagger):
    """Published nowhere in this form."""

    spec = msgspec.structs.replace(TinyTagger.spec, name="from-disk", revision="converted by hand")


TAGGERS = (TinyTagger, HugeTagger, DiskTagger)
