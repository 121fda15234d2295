"""The ONNX engine on networks made here: a real session, real alignment, known answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import DetectedFace, GroupingRules, ModelFile, ModelSpec, Runtime
from ml.faces import analyse
from ml.faces.align import aligned_crop
from ml.faces.onnx_engine import Aligned, OnnxFaceEngine, RetailFaceEngine
from ml.faces.yunet import OUTPUTS, STRIDES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 16


class SmallEngine(OnnxFaceEngine):
    """As the real ones, with networks of a few values."""

    spec: ClassVar = ModelSpec(
        name="small",
        version="1",
        task="faces",
        licence="MIT",
        source="tests",
        revision="1",
        files=(ModelFile("detector.onnx"), ModelFile("embedder.onnx")),
        memory_mb=1,
        needs_download=True,
    )
    dimensions: ClassVar[int] = 3
    rules: ClassVar = GroupingRules(same=0.4, join=0.3, margin=0.1, suggest=0.5)
    aligned: ClassVar = Aligned(
        side=SIDE, points=tuple((x / 8, y / 8) for x, y in RetailFaceEngine.aligned.points), bgr=True
    )


def save_embedder(path: Path, *, batch: int | str = "N", values: int = 3) -> None:
    """Answers with the mean of each colour as it came in (blue, green, red for a BGR embedder)."""
    mean = helper.make_node("ReduceMean", ["input"], ["output"], axes=[2, 3], keepdims=1)
    nodes = [mean]
    if values != 3:
        nodes = [helper.make_node("ReduceMean", ["input"], ["output"], axes=[1, 2, 3], keepdims=1)]
    graph = helper.make_graph(
        nodes,
        "embedder",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, values, 1, 1])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def save_detector(path: Path) -> None:
    """Looks at 64 x 64 pixels and always sees one face, 32 wide around (32, 32), by stride 32's last cell."""
    sizes = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    nodes, outputs, constants = [], [], []
    for name in OUTPUTS:
        kind, stride = name.split("_")
        cells = (64 // int(stride)) ** 2
        value = np.zeros((1, cells, sizes[kind]), dtype=np.float32)
        if int(stride) == STRIDES[-1]:
            if kind in ("cls", "obj"):
                value[0, 3] = 0.9
            elif kind == "kps":
                marks = np.array(RetailFaceEngine.aligned.points) / 128  # within the face's square
                value[0, 3] = ((marks * 32 + 16) / 32 - 1).ravel()
        constants.append(numpy_helper.from_array(value, f"{name}_value"))
        nodes.append(helper.make_node("Add", [f"{name}_value", "nothing"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape))
    # Every output depends on the input, if only by nothing times its sum.
    constants.append(numpy_helper.from_array(np.zeros(1, np.float32), "zero"))
    nodes = [
        helper.make_node("ReduceSum", ["input"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        *nodes,
    ]
    shown = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 64, 64])
    graph = helper.make_graph(nodes, "detector", [shown], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    save_detector(tmp_path / "detector.onnx")
    save_embedder(tmp_path / "embedder.onnx")
    return tmp_path


def picture() -> NDArray[np.uint8]:
    """Noise on orange: sharp enough to be usable."""
    random = np.random.default_rng(0)
    image = np.full((128, 128, 3), (200, 120, 40), dtype=np.int16) + random.integers(-40, 40, size=(128, 128, 1))
    result: NDArray[np.uint8] = np.clip(image, 0, 255).astype(np.uint8)
    return result


def face_at(left: float, top: float, side: float) -> DetectedFace:
    marks = tuple((left + x / 128 * side, top + y / 128 * side) for x, y in RetailFaceEngine.aligned.points)
    return DetectedFace(box_px=(left, top, left + side, top + side), landmarks_px=marks, score=0.9)


def test_detection_and_embedding_go_through_real_sessions(models: Path) -> None:
    engine = SmallEngine()
    engine.load(Runtime(models))
    image = picture()
    (face,) = engine.detect(image)
    np.testing.assert_allclose(face.box_px, [32, 32, 96, 96], atol=1)  # 64 pixels shown of 128
    assert face.score == pytest.approx(0.9)
    (vector,) = engine.recognise(image, [face])
    crop = aligned_crop(image, face.landmarks_px, engine.aligned.points, SIDE)
    expected = crop.reshape(-1, 3).mean(axis=0)[::-1]
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)
    assert vector.dtype == np.float32


@pytest.mark.parametrize("batch", ["N", 1, 4])
def test_more_faces_than_a_batch_come_out_in_their_order(models: Path, batch: int | str) -> None:
    save_embedder(models / "embedder.onnx", batch=batch)
    engine = SmallEngine()
    engine.load(Runtime(models))
    image = np.zeros((64, 640, 3), dtype=np.uint8)
    for index in range(8):
        image[:, index * 80 : index * 80 + 64] = (10 * index + 20, 100, 250 - 20 * index)
    faces = [face_at(index * 80, 0, 64) for index in range(8)]
    vectors = engine.recognise(image, faces)
    for index, vector in enumerate(vectors):
        expected = np.array([250 - 20 * index, 100, 10 * index + 20])
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=0.02)


def test_no_face_is_no_vector(models: Path) -> None:
    engine = SmallEngine()
    engine.load(Runtime(models))
    assert engine.recognise(picture(), []).shape == (0, 3)


def test_an_embedder_of_another_kind_is_told_as_such(models: Path) -> None:
    save_embedder(models / "embedder.onnx", values=1)
    engine = SmallEngine()
    engine.load(Runtime(models))
    with pytest.raises(ModelOutputError, match="small"):
        engine.recognise(picture(), [face_at(0, 0, 64)])


def test_missing_files_are_told_at_loading(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"detector\.onnx"):
        SmallEngine().load(Runtime(tmp_path))


def test_a_picture_becomes_faces_as_the_library_keeps_them(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.FACE_ENGINES", (SmallEngine,))
    (face,) = analyse.analyse_faces(picture(), engine_name="small", runtime=Runtime(models))
    np.testing.assert_allclose(face.box, [0.25, 0.25, 0.5, 0.5], atol=0.01)
    assert face.usable
    assert face.reason == ""
    assert face.embedding is not None
    vector = np.frombuffer(face.embedding, dtype="<f4")
    assert np.linalg.norm(vector) == pytest.approx(1)
    grey = np.full((128, 128, 3), 99, dtype=np.uint8)
    (flat,) = analyse.analyse_faces(grey, engine_name="small", runtime=Runtime(models))
    assert (flat.usable, flat.reason, flat.embedding) == (False, "too blurred", None)


def test_a_box_drawn_by_a_person_gets_the_face_in_it(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.FACE_ENGINES", (SmallEngine,))
    image = np.concatenate([picture(), picture()], axis=1)
    drawn = (0.125, 0.25, 0.25, 0.5)
    nothing = (0.9, 0.9, 0.0, 0.0)
    hit, miss = analyse.analyse_boxes(image, [drawn, nothing], engine_name="small", runtime=Runtime(models))
    assert hit is not None
    assert hit.box == drawn
    assert hit.embedding is not None
    assert miss is None


@pytest.mark.parametrize(("size", "longest"), [((4000, 3000), 1440), ((3000, 4000), 1440), ((30000, 3000), 3944)])
def test_every_shape_is_decoded_to_about_the_same_area(size: tuple[int, int], longest: int) -> None:
    assert analyse.decode_side(RetailFaceEngine.spec.name, *size) == longest


def test_a_strip_is_not_decoded_without_bound() -> None:
    assert analyse.decode_side(RetailFaceEngine.spec.name, 100_000, 10) == 4 * 1440


def test_overlap_of_boxes_is_shared_area_over_both() -> None:
    assert analyse.overlap((0, 0, 2, 2), (1, 1, 2, 2)) == pytest.approx(1 / 7)
    assert analyse.overlap((0, 0, 1, 1), (1, 0, 1, 1)) == 0
