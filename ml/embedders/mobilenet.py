"""MobileNetV2 as an embedder: the 1280 values before its last layer tell what pictures have in common.

It has no tower for words: similar photos are found with it, searching by meaning is not possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import ModelOutputError
from ml.base import Embedder, ModelFile, ModelSpec
from ml.preprocess import Preprocessing, pixel_values
from ml.runtime import model_path, open_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.base import RGBImage, Runtime, Vectors

_IMAGES = 8  # at once

IMAGENET = ModelSpec(
    name="imagenet",
    version="1",
    task="embedding",
    title="MobileNetV2: names things and animals, finds similar photos; tiny. Knows no words to search by meaning",
    licence="Apache-2.0",
    source="google-coral/test_data",
    revision="mobilenet_v2_1.0_224_quant.tflite, converted to ONNX",
    files=(
        ModelFile(
            "mobilenet_v2_1.0_224.onnx", 3_555_988, "2da2dc90995be6fe0bbe580177e0b2dd749da8c417288cca6b01877275f8b8fe"
        ),
        ModelFile(
            "imagenet_labels_1001.txt", 21_686, "b8aaeb5630c62626a7d124a05c0e14230a7ffdd2136a31d0190a4fb71c1d82f1"
        ),
    ),
    memory_mb=60,
    needs_download=True,
)

_GREY = (128 / 255, 128 / 255, 128 / 255)
PIXELS = Preprocessing(side=224, fit="crop", resample="bilinear", mean=_GREY, std=_GREY)  # (value - 128) / 128


class ImagenetEmbedder:
    """The image tower of an embedding model that has no other."""

    spec = IMAGENET
    dimensions = 1280

    def load(self, runtime: Runtime) -> None:
        path = model_path(runtime.models_dir, self.spec, self.spec.files[0])
        self._session = open_session(path, self.spec, runtime.threads)

    def embed_images(self, images: Sequence[RGBImage]) -> Vectors:
        """Raises ModelOutputError when the network answers something else than one vector per image."""
        import numpy as np

        name = self._session.get_inputs()[0].name
        vectors = np.empty((len(images), self.dimensions), dtype=np.float32)
        for start in range(0, len(images), _IMAGES):
            some = images[start : start + _IMAGES]
            answer = self._session.run(["embedding"], {name: pixel_values(some, PIXELS)})[0]
            if answer.shape != (len(some), self.dimensions) or not np.isfinite(answer).all():
                raise ModelOutputError(
                    self.spec.name, f"{self.spec.name} does not answer with one embedding per image."
                )
            vectors[start : start + len(some)] = answer
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return vectors


IMAGENET_EMBEDDER = Embedder(spec=IMAGENET, dimensions=ImagenetEmbedder.dimensions, image=ImagenetEmbedder)
