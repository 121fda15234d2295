"""PP-OCRv6 (small) through `rapidocr`: the default reader, because its models come with the package.

It reads Latin script, Chinese and Japanese.  Three networks: one finds lines, one says which are upside down, one reads
them.  The package could fetch other models; here every file is named by its path, so that it never looks for one.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import ModelFile, ModelSpec, TextLine
from ml.readers.order import is_tall, length, reading_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ml.base import Point, RGBImage, Runtime
    from ml.readers.order import Corners

    Boxes: TypeAlias = NDArray[np.float32]

_DETECTOR: Final = "PP-OCRv6_det_small.onnx"
_DIRECTION: Final = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
_RECOGNISER: Final = "PP-OCRv6_rec_small.onnx"
_LEAST_SCORE: Final = 0.5  # rapidocr's own: below, it is foliage and brickwork
_GLANCE_PX: Final = 640  # where there is text at all, some of it is seen at this size, for a third of the time
_LOOK_PX: Final = 1120  # larger, no more lines are found and some are lost; they are read at full size
_LEAST_SIDE_PX: Final = 10  # nothing can be read in a picture that is thinner


class RapidReader:
    """Finds lines in a smaller copy and reads them in the picture itself; nothing is enlarged."""

    spec: ClassVar = ModelSpec(
        name="rapidocr",
        version="1",
        task="text",
        licence="Apache-2.0",
        source="rapidocr",
        revision="3.10.0",
        files=(
            ModelFile(_DETECTOR, 9_929_594, "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
            ModelFile(_RECOGNISER, 21_234_383, "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
            ModelFile(_DIRECTION, 585_532, "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c"),
        ),
        memory_mb=430,
        needs_download=False,
        title="Reads text in pictures: Latin script, Chinese, Japanese",
    )
    max_side: ClassVar[int] = 2000

    _networks: Any  # rapidocr's own objects
    _detector: Any

    def load(self, runtime: Runtime) -> None:
        """Needs no `models_dir`.  Raises ModelUnavailableError when the package or a file of it is missing."""
        detector, recogniser, direction = (str(_packaged(file.name)) for file in self.spec.files)
        from rapidocr import RapidOCR

        networks: Any = RapidOCR(
            params={
                "Global.log_level": "critical",  # what goes wrong is raised
                "Det.model_path": detector,
                "Det.limit_type": "max",  # "min" would enlarge: four times the work, and nothing new to see
                "Det.limit_side_len": _LOOK_PX,
                "Rec.model_path": recogniser,
                "Rec.rec_batch_num": 1,  # a batch is padded to its longest line: more would cost memory and time
                "Cls.model_path": direction,
                "EngineConfig.onnxruntime.intra_op_num_threads": runtime.threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        try:
            self._detector = networks._load_det_model()
            networks._load_cls_model()
            networks._load_rec_model()
        except Exception as error:  # onnxruntime has one exception class per status and no common one
            raise ModelUnavailableError(
                self.spec.name, "The files of rapidocr cannot be used.", hint="Run ./install.sh again."
            ) from error
        self._networks = networks

    def read(self, image: RGBImage) -> list[TextLine]:
        """In reading order, also on a page that lies on its side or on its head.

        Raises ModelOutputError when a network fails.
        """
        height, width = image.shape[:2]
        if min(height, width) < _LEAST_SIDE_PX:
            return []
        boxes = self._find(image)
        if not len(boxes):
            return []
        upside_down, texts = self._read_lines(image, boxes)
        fractions = (boxes / (width, height)).clip(0, 1).round(5).tolist()
        return [
            TextLine(text=text, box=_as_points(fractions[index]), score=round(score, 3))
            for index in reading_order(boxes.tolist(), upside_down)
            for text, score in (texts[index],)
            if text and score >= _LEAST_SCORE
        ]

    def _find(self, image: RGBImage) -> Boxes:
        """Corners of lines in pixels, (lines, 4, 2).  Most photos hold none: a small copy tells."""
        if max(image.shape) <= _LOOK_PX:
            return self._look(image, max(image.shape))
        glimpsed = self._look(image, _GLANCE_PX)
        if not len(glimpsed):
            return glimpsed
        found = self._look(image, _LOOK_PX)
        return found if len(found) else glimpsed

    def _look(self, image: RGBImage, side: int) -> Boxes:
        import numpy as np
        from PIL import Image

        height, width = image.shape[:2]
        small = Image.fromarray(image)
        small.thumbnail((side, side), Image.Resampling.BILINEAR)
        boxes = self._detector(_as_bgr(np.asarray(small))).boxes
        if boxes is None:
            return np.empty((0, 4, 2), dtype=np.float32)
        return np.asarray(boxes * (width / small.width, height / small.height), dtype=np.float32)

    def _read_lines(self, image: RGBImage, boxes: Boxes) -> tuple[list[bool], list[tuple[str, float]]]:
        """Of each box, whether its text is on its head, and what it says with the score."""
        import numpy as np
        from rapidocr.main import RapidOCRError

        try:
            crops = self._networks.crop_text_regions(_as_bgr(image), boxes)
            _, directions = self._networks.cls_and_rotate(crops)
            upside_down = _upside_down(boxes.tolist(), directions.cls_res)
            upright = [np.rot90(crop, 2) if flip else crop for crop, flip in zip(crops, upside_down, strict=True)]
            read = self._networks.recognize_txt(upright)
        except RapidOCRError as error:
            raise ModelOutputError(self.spec.name, f"{self.spec.name} found text and could not read it.") from error
        return upside_down, [(text.strip(), float(score)) for text, score in zip(read.txts, read.scores, strict=True)]


def _upside_down(boxes: Sequence[Corners], directions: Sequence[tuple[str, float]]) -> list[bool]:
    """Whether each line is on its head.  Asked line by line the network errs with short ones, so the lines of a page
    vote, by their length: those that run across and those that run down it."""
    votes = {True: 0.0, False: 0.0}
    for corners, (label, score) in zip(boxes, directions, strict=True):
        votes[is_tall(corners)] += length(corners) * (score - 0.5) * (1 if "180" in label else -1)
    return [votes[is_tall(corners)] > 0 for corners in boxes]


def _packaged(name: str) -> Path:
    """A file of the package, found without importing it."""
    spec = importlib.util.find_spec("rapidocr")
    path = Path(spec.origin).parent / "models" / name if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        missing = "rapidocr is not installed." if path is None else f"The file {name} of rapidocr is not there."
        raise ModelUnavailableError("rapidocr", missing, hint="Run ./install.sh again.")
    return path


def _as_bgr(image: RGBImage) -> RGBImage:
    import numpy as np

    return np.ascontiguousarray(image[:, :, ::-1])


def _as_points(corners: list[list[float]]) -> tuple[Point, Point, Point, Point]:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    return (ax, ay), (bx, by), (cx, cy), (dx, dy)
