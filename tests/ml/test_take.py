"""Models from a disk, and models that are converted: the same checks as a pull, no network."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from ml import store
from ml.base import ModelFile
from tests.hub import Hub
from tests.ml.fetching import fetch, spec, tree

if TYPE_CHECKING:
    from pathlib import Path

    from ml.base import ModelSpec
    from ml.fetch import Problem

WEIGHTS = bytes(range(256)) * 1000
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "model.onnx").write_bytes(WEIGHTS)
    (folder / "words.txt").write_bytes(b"cat\n")
    return folder


def add(model: ModelSpec, models_dir: Path, folder: Path, **request: Any) -> Problem | None:
    return fetch(model, models_dir, NOWHERE, action="add", folder=str(folder), **request)


def pinned(data: bytes = WEIGHTS) -> ModelFile:
    return ModelFile("onnx/model.onnx", len(data), hashlib.sha256(data).hexdigest())


def test_files_are_taken_from_a_folder(models_dir: Path, stick: Path) -> None:
    model = spec(pinned(), "words.txt")
    assert add(model, models_dir, stick) is None
    assert store.verify(models_dir, model) == []
    assert set(tree(models_dir)) == {"tiny/manifest.json", "tiny/onnx/model.onnx", "tiny/words.txt"}
    assert (stick / "words.txt").read_bytes() == b"cat\n"


def test_a_file_may_lie_there_without_its_folder(models_dir: Path, stick: Path) -> None:
    (stick / "onnx" / "model.onnx").rename(stick / "model.onnx")
    assert add(spec(pinned()), models_dir, stick) is None
    assert (models_dir / "tiny" / "onnx" / "model.onnx").read_bytes() == WEIGHTS


def test_what_is_missing_is_named(models_dir: Path, stick: Path) -> None:
    problem = add(spec(pinned(), "words.txt", "more.json"), models_dir, stick)
    assert problem is not None
    assert f"more.json of tiny is not in {stick}" in problem.message
    assert "onnx/model.onnx, words.txt, more.json" in problem.hint
    assert not problem.again
    assert tree(models_dir) == {}


@pytest.mark.parametrize("data", [WEIGHTS[:-1], b"x" + WEIGHTS[1:]])
def test_a_wrong_file_is_refused_and_what_was_there_stays(models_dir: Path, stick: Path, data: bytes) -> None:
    model = spec(pinned(), "words.txt")
    assert add(model, models_dir, stick) is None
    (stick / "onnx" / "model.onnx").write_bytes(data)
    (stick / "words.txt").write_bytes(b"dog\n")
    problem = add(model, models_dir, stick)
    assert problem is not None
    assert "is not the file that tiny needs" in problem.message
    assert store.verify(models_dir, model) == []
    assert (models_dir / "tiny" / "words.txt").read_bytes() == b"cat\n"


def test_adding_disturbs_no_pull_that_waits(models_dir: Path, stick: Path) -> None:
    waiting = models_dir / ".pulls" / "tiny"
    (waiting / "files").mkdir(parents=True)
    (waiting / "some.part").write_bytes(b"half")
    problem = add(spec("gone.onnx"), models_dir, stick)
    assert problem is not None
    assert (waiting / "some.part").read_bytes() == b"half"


CONVERTER = "tests.ml.converting:turn_around"


def test_what_is_made_of_the_files_is_part_of_the_model(models_dir: Path) -> None:
    model = spec("checkpoint.pth", converted="made of a checkpoint")
    with Hub() as hub:
        hub.publish("family/tiny", "checkpoint.pth", b"abc")
        assert fetch(model, models_dir, hub.url, converter=CONVERTER) is None
    assert set(tree(models_dir)) == {"tiny/checkpoint.pth", "tiny/made.onnx", "tiny/manifest.json"}
    assert (models_dir / "tiny" / "made.onnx").read_bytes() == b"cba"
    manifest = store.read_manifest(models_dir, model)
    assert manifest is not None
    assert [(file.name, file.made_here) for file in manifest.files] == [("checkpoint.pth", False), ("made.onnx", True)]
    (models_dir / "tiny" / "made.onnx").write_bytes(b"cbb")
    assert store.verify(models_dir, model) == [
        "The file made.onnx is not the one that was installed: its SHA-256 differs."
    ]


def test_a_conversion_that_fails_installs_nothing_and_fetches_nothing_twice(models_dir: Path) -> None:
    model = spec("checkpoint.pth", converted="made of a checkpoint")
    with Hub() as hub:
        hub.publish("family/tiny", "checkpoint.pth", b"abc")
        problem = fetch(model, models_dir, hub.url, converter="tests.ml.converting:give_up")
        assert problem is not None
        assert "could not be converted: ValueError: no such layer" in problem.message
        assert not problem.again
        assert not (models_dir / "tiny").exists()
        assert fetch(model, models_dir, hub.url, converter=CONVERTER) is None
        assert hub.served("checkpoint.pth") == 3
    assert store.verify(models_dir, model) == []


def test_what_another_homeroll_made_is_taken_with_the_files(models_dir: Path, tmp_path: Path) -> None:
    model = spec("checkpoint.pth", converted="made of a checkpoint")
    stick = tmp_path / "other"
    stick.mkdir()
    (stick / "checkpoint.pth").write_bytes(b"abc")
    assert add(model, models_dir, stick, converter=CONVERTER) is None
    there = models_dir / "tiny"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # "give_up" would fail: it is not asked.
    assert add(model, elsewhere, there, converter="tests.ml.converting:give_up") is None
    assert (elsewhere / "tiny" / "made.onnx").read_bytes() == b"cba"
    (there / "made.onnx").write_bytes(b"???")
    problem = add(model, elsewhere, there)
    assert problem is not None
    assert store.verify(elsewhere, model) == []
