"""Captioners that say what colour a picture is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from ml.base import ModelFile, ModelSpec

if TYPE_CHECKING:
    from ml.base import RGBImage, Runtime


class ColourCaptioner:
    """The default, always there."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="im2txt",
        version="1",
        task="captions",
        licence="",
        source="",
        revision="",
        files=(),
        memory_mb=1,
        needs_download=False,
    )
    error: ClassVar[Exception | None] = None
    looked: ClassVar[int] = 0

    def load(self, runtime: Runtime) -> None:
        pass

    def caption(self, image: RGBImage) -> str:
        type(self).looked += 1
        if self.error is not None:
            raise self.error
        red, green, blue = image.reshape(-1, 3).mean(axis=0)
        return f"a {'red' if red > max(green, blue) else 'green' if green > blue else 'blue'} picture"


class OtherCaptioner(ColourCaptioner):
    """Another one, of more words."""

    spec = msgspec.structs.replace(ColourCaptioner.spec, name="blip")

    def caption(self, image: RGBImage) -> str:
        return f"perhaps {super().caption(image)}"


class AbsentCaptioner(ColourCaptioner):
    """Its file is not here."""

    spec = msgspec.structs.replace(
        ColourCaptioner.spec, name="absent", files=(ModelFile("absent.onnx"),), needs_download=True
    )


CAPTIONERS = (ColourCaptioner, OtherCaptioner, AbsentCaptioner)
