"""Finding model files and opening them: what is missing, torn or no model at all is said, with the remedy."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from appliance.errors import ModelUnavailableError
from ml import runtime as runtime_module
from ml.base import ModelFile, ModelSpec, Runtime
from ml.runtime import installed, loaded, model_path, open_session

FILE = ModelFile("net.onnx", size_bytes=4)
SPEC = ModelSpec(
    name="example",
    version="1",
    task="faces",
    licence="MIT",
    source="nobody/example",
    revision="main",
    files=(FILE,),
    memory_mb=1,
    needs_download=True,
)


def test_a_file_is_found_in_its_models_folder_or_beside(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"1234")
    assert model_path(tmp_path, SPEC, FILE) == tmp_path / "net.onnx"
    (tmp_path / "example").mkdir()
    (tmp_path / "example/net.onnx").write_bytes(b"5678")
    assert model_path(tmp_path, SPEC, FILE) == tmp_path / "example/net.onnx"


@pytest.mark.parametrize("folder", [None, Path("/nowhere")])
def test_a_missing_file_names_the_command_that_fetches_it(folder: Path | None) -> None:
    with pytest.raises(ModelUnavailableError, match="not there") as caught:
        model_path(folder, SPEC, FILE)
    assert "homeroll models pull example" in caught.value.hint


def test_a_file_cut_short_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"12")
    with pytest.raises(ModelUnavailableError, match="2 bytes instead of 4"):
        model_path(tmp_path, SPEC, FILE)


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"1234")
    with pytest.raises(ModelUnavailableError, match="not a model"):
        open_session(tmp_path / "net.onnx", SPEC)


class Model:
    """Remembers how often models of its size were loaded."""

    loads: ClassVar[list[str]] = []

    def __init__(self, name: str, memory_mb: int) -> None:
        self.spec = msgspec.structs.replace(SPEC, name=name, memory_mb=memory_mb)

    def load(self, runtime: Runtime) -> None:
        self.loads.append(self.spec.name)


def small() -> Model:
    return Model("small", 100)


def middle() -> Model:
    return Model("middle", 200)


def large() -> Model:
    return Model("large", 300)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(runtime_module, "_held", OrderedDict())
    monkeypatch.setattr(Model, "loads", [])
    return Model.loads


def test_a_model_is_loaded_once_and_the_longest_unused_goes_when_memory_is_short(loads: list[str]) -> None:
    here = Runtime(None, memory_mb=400)
    first = loaded(small, here)
    assert loaded(small, here) is first
    loaded(middle, here)
    loaded(small, here)
    loaded(large, here)  # 600 MB: the middle one goes, 400 fit
    assert loaded(small, here) is first
    loaded(middle, here)
    assert loads == ["small", "middle", "large", "middle"]


def test_a_model_that_does_not_fit_is_refused_with_the_numbers(loads: list[str]) -> None:
    with pytest.raises(ModelUnavailableError, match="large needs 300 MB of memory; models may use 250 MB"):
        loaded(large, Runtime(None, memory_mb=250))
    assert loads == []


def test_a_model_is_installed_when_all_its_files_are_there_in_full(tmp_path: Path) -> None:
    assert not installed(tmp_path, SPEC)
    (tmp_path / "example").mkdir()
    (tmp_path / "example/net.onnx").write_bytes(b"12")
    assert not installed(tmp_path, SPEC)
    (tmp_path / "example/net.onnx").write_bytes(b"1234")
    assert installed(tmp_path, SPEC)
    assert installed(None, msgspec.structs.replace(SPEC, needs_download=False))
