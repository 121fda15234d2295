"""Taggers and embedding models are listed once, say what they are, and load nothing by being named."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ml.registry import EMBEDDERS, TAGGERS, embedder, models, tagger
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from ml.base import ModelSpec


def test_every_tagger_in_the_files_is_listed_once() -> None:
    defined = {
        node.name
        for file in (REPOSITORY / "ml/taggers").glob("*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Tagger")
    }
    assert sorted(found.__name__ for found in TAGGERS) == sorted(defined)
    assert len({found.spec.name for found in TAGGERS}) == len(TAGGERS)
    assert len({found.spec.name for found in EMBEDDERS}) == len(EMBEDDERS)


def test_the_defaults_are_there_and_a_tagger_of_vectors_reads_a_model_that_is() -> None:
    assert tagger("siglip2").reads == "siglip2"
    assert embedder("siglip2").dimensions == 768
    for found in TAGGERS:
        assert not found.reads or embedder(found.reads).text is not None
        assert hasattr(found, "predict_vector" if found.reads else "predict")


@pytest.mark.parametrize("spec", [*(found.spec for found in EMBEDDERS), *(found.spec for found in TAGGERS)])
def test_a_model_says_what_it_is_and_what_it_takes(spec: ModelSpec) -> None:
    assert spec.title
    assert spec.licence
    assert spec.memory_mb > 0
    assert spec.files
    assert spec.needs_download
    listed = models()[spec.name]
    assert (listed.files, listed.version, listed.revision) == (spec.files, spec.version, spec.revision)


def test_naming_them_loads_no_library_of_numbers() -> None:
    code = "import sys, ml.registry, ml.convert, ml.vocabulary.words, appliance.steps.tags; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "onnx", "onnxruntime", "tokenizers", "torch"} & set(done.stdout.split())
