"""Finding model files and opening them: what is missing, torn or no model at all is said, with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import ModelUnavailableError
from ml.base import ModelFile, ModelSpec
from ml.runtime import model_path, open_session

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
