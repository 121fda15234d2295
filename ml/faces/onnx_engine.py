"""YuNet and an embedder that wants aligned faces, by onnxruntime alone: the second kind of face engine.

An embedder is described by what differs between them: its file, its side, where the five landmarks must lie, and the
order of its colours.  Embeddings are normalised and compared by cosine distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from appliance.errors import ModelOutputError
from ml.base import GroupingRules, ModelFile, ModelSpec, Point
from ml.runtime import model_path, open_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.base import DetectedFace, Metric, RGBImage, Runtime, Vectors
    from ml.faces.yunet import YuNet
    from ml.runtime import Session

_BATCH = 8  # faces at once: more only costs memory


class Aligned(msgspec.Struct, frozen=True):
    """How an embedder wants a face: `side` pixels, landmarks at `points`, BGR or RGB, values 0 to 255."""

    side: int
    points: tuple[Point, ...]
    bgr: bool


class OnnxFaceEngine:
    """What the engines below share; each names its files, the detector's first, and its alignment."""

    spec: ClassVar[ModelSpec]
    dimensions: ClassVar[int]
    metric: ClassVar[Metric] = "cosine"
    max_side: ClassVar[int] = 1440
    rules: ClassVar[GroupingRules]
    aligned: ClassVar[Aligned]

    _detector: YuNet
    _embedder: Session

    def load(self, runtime: Runtime) -> None:
        from ml.faces.yunet import YuNet

        detector, embedder = (model_path(runtime.models_dir, self.spec, file) for file in self.spec.files[:2])
        self._detector = YuNet(open_session(detector, self.spec, runtime.threads), max_side=self.max_side)
        self._embedder = open_session(embedder, self.spec, runtime.threads)

    def detect(self, image: RGBImage) -> list[DetectedFace]:
        return self._detector.detect(image)

    def recognise(self, image: RGBImage, faces: Sequence[DetectedFace]) -> Vectors:
        """Raises ModelOutputError when the embedder answers something else than one vector per face."""
        import numpy as np

        from ml.faces.align import aligned_crop

        side, name = self.aligned.side, self._embedder.get_inputs()[0].name
        vectors = np.empty((len(faces), self.dimensions), dtype=np.float32)
        for start in range(0, len(faces), self._batch()):
            some = faces[start : start + self._batch()]
            pixels = np.empty((len(some), 3, side, side), dtype=np.float32)
            for index, face in enumerate(some):
                square = aligned_crop(image, face.landmarks_px, self.aligned.points, side)
                pixels[index] = square.transpose(2, 0, 1)[:: -1 if self.aligned.bgr else 1]
            answer = self._embedder.run(None, {name: pixels})[0]
            if answer.size != len(some) * self.dimensions or not np.isfinite(answer).all():
                raise ModelOutputError(self.spec.name, f"{self.spec.name} does not answer with face embeddings.")
            vectors[start : start + len(some)] = answer.reshape(len(some), self.dimensions)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return vectors

    def _batch(self) -> int:
        """Files made for one face at a time take one at a time."""
        count = self._embedder.get_inputs()[0].shape[0]
        return count if isinstance(count, int) and count > 0 else _BATCH


class SFaceEngine(OnnxFaceEngine):
    """YuNet and SFace as OpenCV publishes them."""

    spec: ClassVar = ModelSpec(
        name="sface",
        version="1",
        task="faces",
        licence="MIT (YuNet), Apache-2.0 (SFace)",
        source="opencv/face_recognition_sface",
        revision="main",
        files=(
            ModelFile(
                "face_detection_yunet_2023mar.onnx",
                232_589,
                "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
                source="opencv/face_detection_yunet",
            ),
            ModelFile(
                "face_recognition_sface_2021dec.onnx",
                38_696_353,
                "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
            ),
        ),
        memory_mb=200,
        needs_download=True,
    )
    dimensions: ClassVar[int] = 128
    rules: ClassVar = GroupingRules(same=0.55, join=0.5, margin=0.05, suggest=0.7)
    aligned: ClassVar = Aligned(
        side=112,
        points=((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)),
        bgr=False,
    )


class RetailFaceEngine(OnnxFaceEngine):
    """YuNet and face_reidentification_retail_0095 of the Open Model Zoo: small enough for a Pi."""

    spec: ClassVar = ModelSpec(
        name="face-reidentification-retail-0095",
        version="1",
        task="faces",
        licence="Apache-2.0",
        source="openvinotoolkit/open_model_zoo",
        revision="converted from OpenVINO IR (FP16)",
        files=(
            ModelFile(
                "yunet_n_dynamic.onnx",
                322_906,
                "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
            ),
            ModelFile(
                "face_reidentification_retail_0095.onnx",
                4_446_227,
                "c0c58c54f2116fe15f46163a3b4d36c6e7d816bf8e38e293a535a6a91c01481f",
            ),
        ),
        memory_mb=120,
        needs_download=True,
    )
    dimensions: ClassVar[int] = 256
    rules: ClassVar = GroupingRules(same=0.47, join=0.45, margin=0.05, suggest=0.65)
    aligned: ClassVar = Aligned(
        side=128,
        points=tuple(
            (x * 128, y * 128)
            for x, y in ((0.3156, 0.4616), (0.6826, 0.4616), (0.5003, 0.6405), (0.3495, 0.8247), (0.6534, 0.8232))
        ),
        bgr=True,
    )
