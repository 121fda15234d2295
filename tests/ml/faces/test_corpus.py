"""Real faces: dlib with the weights of its package, the ONNX engine where its files are at hand."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageFile

from ml.base import Runtime
from ml.faces import analyse
from ml.faces.grouping import group_faces
from ml.registry import face_engine
from ml.runtime import loaded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ml.base import FaceEngine, FoundFace

pytestmark = [pytest.mark.corpus, pytest.mark.model, pytest.mark.timeout(300)]

REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent
RETAIL = "face-reidentification-retail-0095"
PEOPLE = ("Abdullah_Gul", "Ariel_Sharon", "Colin_Powell")


@pytest.fixture
def models() -> Path:
    folder = Path(os.environ.get("HOMEROLL_TEST_MODELS") or REPOSITORY.parent / "shared" / "models") / "faces"
    if not folder.is_dir():
        pytest.skip(f"no model files in {folder}")
    return folder


@pytest.fixture(autouse=True)
def _engines_go_after_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.runtime._held", OrderedDict())


def picture(path: Path) -> NDArray[np.uint8]:
    return np.array(Image.open(path).convert("RGB"))


def analysed(path: Path, engine: str, models: Path | None) -> list[FoundFace]:
    return analyse.analyse_faces(picture(path), engine_name=engine, runtime=Runtime(models))


def vector(face: FoundFace) -> NDArray[np.float32]:
    assert face.embedding is not None
    return np.frombuffer(face.embedding, dtype="<f4")


def main_faces(corpus: Path, engine: str, models: Path | None, each: int) -> tuple[NDArray[np.float32], list[str]]:
    vectors, names = [], []
    for person in PEOPLE:
        for path in sorted((corpus / "faces" / person).glob("*.jpg"))[:each]:
            found = analysed(path, engine, models)
            assert found, path
            vectors.append(vector(max(found, key=lambda face: face.box[2] * face.box[3])))
            names.append(person)
    return np.array(vectors), names


def assert_groups_are_the_people(engine: type[FaceEngine], vectors: NDArray[np.float32], names: list[str]) -> None:
    answer = group_faces(
        vectors.astype("<f4").tobytes(),
        dimensions=engine.dimensions,
        metric=engine.metric,
        rules=engine.rules,
        photos=list(range(len(vectors))),
    )
    for person in set(names):
        theirs = {group for group, name in zip(answer.groups, names, strict=True) if name == person}
        others = {group for group, name in zip(answer.groups, names, strict=True) if name != person}
        assert len(theirs) == 1
        assert not theirs & others


def test_dlib_groups_three_people(corpus: Path) -> None:
    vectors, names = main_faces(corpus, "dlib", None, 3)
    assert vectors.shape == (9, 128)
    assert_groups_are_the_people(face_engine("dlib"), vectors, names)


def test_dlibs_embedding_is_the_one_of_face_recognition(corpus: Path) -> None:
    engine = loaded(face_engine("dlib"), Runtime(None))
    image = picture(corpus / "faces/Abdullah_Gul/Abdullah_Gul_0001.jpg")
    import face_recognition

    face = engine.detect(image)[0]
    left, top, right, bottom = (round(value) for value in face.box_px)
    (expected,) = face_recognition.face_encodings(image, [(top, right - 1, bottom - 1, left)])
    np.testing.assert_allclose(engine.recognise(image, [face])[0], expected, atol=1e-6)


@pytest.mark.slow
def test_the_cnn_detector_finds_the_same_face(corpus: Path) -> None:
    image = picture(corpus / "faces/Abdullah_Gul/Abdullah_Gul_0001.jpg")[50:200, 50:200].copy()
    (hog,) = analyse.analyse_faces(image, engine_name="dlib", runtime=Runtime(None))
    (cnn,) = analyse.analyse_faces(image, engine_name="dlib-cnn", runtime=Runtime(None))
    assert analyse.overlap(hog.box, cnn.box) > 0.4
    assert np.linalg.norm(vector(hog) - vector(cnn)) < 0.3


def test_loading_dlib_leaves_pillow_as_strict_as_it_was() -> None:
    code = (
        "import warnings; warnings.simplefilter('error'); from PIL import ImageFile;"
        "from ml.base import Runtime; from ml.registry import face_engine; face_engine('dlib')().load(Runtime(None));"
        "assert ImageFile.LOAD_TRUNCATED_IMAGES is False"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_the_onnx_engine_groups_three_people(corpus: Path, models: Path) -> None:
    vectors, names = main_faces(corpus, RETAIL, models, 6)
    assert vectors.shape == (18, 256)
    assert_groups_are_the_people(face_engine(RETAIL), vectors, names)


def test_group_pictures_have_as_many_faces_as_people_counted(corpus: Path, models: Path) -> None:
    with (corpus / "faces_groups.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found = analysed(corpus / row["path"], RETAIL, models)
            assert int(row["faces_min"]) <= len(found) <= int(row["faces_max"]), row["path"]


def test_drawn_boxes_are_found(corpus: Path, models: Path) -> None:
    with (corpus / "faces_boxes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for path in sorted({row["path"] for row in rows}):
        image = picture(corpus / path)
        height, width = image.shape[:2]
        found = analyse.analyse_faces(image, engine_name=RETAIL, runtime=Runtime(models))
        for row in rows:
            if row["path"] == path:
                left, top, across, down = (float(row[name]) for name in ("left", "top", "width", "height"))
                box = (left / width, top / height, across / width, down / height)
                assert max(analyse.overlap(box, face.box) for face in found) > 0.3


@pytest.mark.parametrize("engine", ["dlib", RETAIL])
def test_a_picture_without_people_has_no_faces(corpus: Path, models: Path, engine: str) -> None:
    grey = np.random.default_rng(0).integers(90, 110, size=(300, 400, 1), dtype=np.uint8).repeat(3, axis=2)
    assert analyse.analyse_faces(grey, engine_name=engine, runtime=Runtime(models)) == []


def test_sixty_faces_in_one_photo_are_all_found(corpus: Path, models: Path) -> None:
    tiles = [picture(path) for path in sorted((corpus / "faces").glob("[A-G]*/*_0001.jpg"))[:60]]
    tiles = [tile for tile in tiles if tile.shape == (250, 250, 3)]
    wall = np.zeros((1500, 2500, 3), dtype=np.uint8)
    places = [(y, x) for y in range(0, 1500, 250) for x in range(0, 2500, 250)]
    for index, (y, x) in enumerate(places):
        wall[y : y + 250, x : x + 250] = tiles[index % len(tiles)]
    found = analyse.analyse_faces(wall, engine_name=RETAIL, runtime=Runtime(models))
    assert len(found) >= 60
    assert sum(face.usable for face in found) >= 58
