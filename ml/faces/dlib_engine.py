"""dlib through `face_recognition`: the default, because its weights come with the package.

HOG finds faces of 80 px and more in what it is shown, so small pictures are enlarged before, and doubtful places are
looked at twice (`hog.py`); CNN finds more and costs a hundred times as much.  Embeddings have 128 values and are
compared by Euclidean distance.
"""

from __future__ import annotations

import ctypes
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Final

from appliance.errors import ModelUnavailableError
from ml.base import DetectedFace, GroupingRules, ModelFile, ModelSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.base import Metric, Point, RGBImage, Runtime, Vectors

_FILES: Final = (
    ModelFile("shape_predictor_5_face_landmarks.dat", 9_150_489),
    ModelFile("dlib_face_recognition_resnet_model_v1.dat", 22_466_066),
)
_MOST_ENLARGED: Final = 2  # times doubled: beyond that there is nothing to see in a face


class DlibEngine:
    """HOG detector, 5 landmarks, 128-d embedding."""

    spec: ClassVar = ModelSpec(
        name="dlib",
        version="2",
        task="faces",
        licence="BSL-1.0 (dlib), MIT (face_recognition), CC0-1.0 (weights)",
        source="face_recognition_models",
        revision="0.3.0",
        files=_FILES,
        memory_mb=160,
        needs_download=False,
    )
    dimensions: ClassVar[int] = 128
    metric: ClassVar[Metric] = "euclidean"
    max_side: ClassVar[int] = 2200
    rules: ClassVar = GroupingRules(same=0.54, join=0.48, margin=0.04, suggest=0.6)

    def __init__(self) -> None:
        self._api: Any = None  # the module: it ships no types

    def load(self, runtime: Runtime) -> None:
        """Needs no files but the package's.  Raises ModelUnavailableError when a package is missing or damaged."""
        self._api = _load_face_recognition(self.spec.name)

    def detect(self, image: RGBImage) -> list[DetectedFace]:
        import numpy as np
        from PIL import Image

        from ml.faces import hog

        # In grey it costs a fifth less and finds the same.
        grey = np.asarray(Image.fromarray(image).convert("L"))
        found = hog.find(self._api.face_detector, grey, self._times_doubled(image))
        return self._surest_first(grey, [(box, _as_part_of_one(score)) for box, score in found])

    def recognise(self, image: RGBImage, faces: Sequence[DetectedFace]) -> Vectors:
        import numpy as np

        boxes = [_css(face) for face in faces]
        rows = self._api.face_encodings(image, known_face_locations=boxes, num_jitters=1, model="small")
        return np.array(rows, dtype=np.float32).reshape(len(faces), self.dimensions)

    def _times_doubled(self, image: RGBImage) -> int:
        """So often that the picture comes near the size the detector wants, and not over it."""
        height, width = image.shape[:2]
        wanted = self.max_side**2 * 0.75
        times = 0
        while times < _MOST_ENLARGED and height * width * 4 ** (times + 1) <= wanted:
            times += 1
        return times

    def _surest_first(self, image: RGBImage, found: list[tuple[Any, float]]) -> list[DetectedFace]:
        found.sort(key=lambda item: -item[1])
        return [
            DetectedFace(
                box_px=(float(box.left()), float(box.top()), float(box.right() + 1), float(box.bottom() + 1)),
                landmarks_px=_eyes_and_nose(self._api.pose_predictor_5_point(image, box)),
                score=score,
            )
            for box, score in found
        ]


class DlibCnnEngine(DlibEngine):
    """The same with the CNN detector: for a strong machine, or a few photos."""

    spec: ClassVar = ModelSpec(
        name="dlib-cnn",
        version="1",
        task="faces",
        licence=DlibEngine.spec.licence,
        source=DlibEngine.spec.source,
        revision=DlibEngine.spec.revision,
        files=(*_FILES, ModelFile("mmod_human_face_detector.dat", 729_940)),
        memory_mb=900,
        needs_download=False,
    )
    max_side: ClassVar[int] = 1440

    def detect(self, image: RGBImage) -> list[DetectedFace]:
        found = self._api.cnn_face_detector(image, self._times_doubled(image))
        return self._surest_first(image, [(one.rect, min(1.0, max(0.0, one.confidence))) for one in found])


def _load_face_recognition(model: str) -> Any:
    """Import it, and take back what importing it does to the rest of this process."""
    from PIL import ImageFile

    tolerant = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it finds its files through pkg_resources, which announces its own end
            import face_recognition.api
    except (ImportError, RuntimeError, SystemExit) as error:  # it ends the process when its models are missing
        raise ModelUnavailableError(
            model, "The face recognition package is missing or damaged.", hint="Run ./install.sh again."
        ) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = tolerant  # it lets Pillow take torn pictures for whole ones
    face_recognition.api.pose_predictor_68_point = None  # 95 MB that nothing here uses
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc keeps them otherwise; musl has no such call
    if trim is not None:
        trim(0)
    return face_recognition.api


def _as_part_of_one(hog_score: float) -> float:
    """HOG scores have no upper end and begin below 0, which becomes 0.5."""
    part: float = 0.5 * 4.0 ** -abs(hog_score)
    return part if hog_score < 0 else 1 - part


def _eyes_and_nose(shape: Any) -> tuple[Point, ...]:
    """dlib's five points are the corners of the right eye, of the left eye (as seen), and the base of the nose."""
    points = [(float(shape.part(i).x), float(shape.part(i).y)) for i in range(5)]
    right, left = _middle(points[0], points[1]), _middle(points[2], points[3])
    return left, right, points[4]


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _css(face: DetectedFace) -> tuple[int, int, int, int]:
    """top, right, bottom, left, as face_recognition wants it."""
    left, top, right, bottom = face.box_px
    return round(top), round(right) - 1, round(bottom) - 1, round(left)
