"""The registries: every engine is listed once, says where it comes from, and loads nothing by being named."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import NotFoundError
from ml.registry import FACE_ENGINES, face_engine

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def test_names_are_given_once_and_the_default_needs_no_download() -> None:
    names = [engine.spec.name for engine in FACE_ENGINES]
    assert len(set(names)) == len(names)
    assert names[0] == "dlib"
    assert not FACE_ENGINES[0].spec.needs_download


def test_every_engine_in_the_files_is_listed() -> None:
    listed = {engine.__name__ for engine in FACE_ENGINES}
    defined = {
        node.name
        for file in (REPOSITORY / "ml/faces").glob("*_engine.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Engine")
    }
    assert defined - listed == {"OnnxFaceEngine"}  # what the listed ones share


@pytest.mark.parametrize("engine", FACE_ENGINES)
def test_an_engine_says_what_it_is_and_how_near_is_near(engine: type) -> None:
    found = face_engine(engine.spec.name)  # type: ignore[attr-defined]  # `type` stands for any of the engines
    assert found is engine
    assert found.spec.task == "faces"
    assert found.spec.licence
    assert found.spec.files
    if found.spec.needs_download:
        assert all(file.sha256 and file.size_bytes for file in found.spec.files)
    assert 0 < found.rules.join <= found.rules.same < found.rules.suggest


def test_an_unknown_engine_is_answered_with_those_there_are() -> None:
    with pytest.raises(NotFoundError, match="no face engine magic") as caught:
        face_engine("magic")
    assert "dlib" in caught.value.hint


def test_naming_engines_and_grouping_loads_no_library_of_numbers() -> None:
    code = "import sys, ml.registry, ml.faces.analyse, ml.faces.grouping; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "dlib", "onnxruntime", "face_recognition"} & set(done.stdout.split())
