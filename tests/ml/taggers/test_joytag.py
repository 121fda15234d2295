"""JoyTag on a tiny network of the same inputs and outputs: the whole picture on white, sigmoid, threshold, the best."""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from PIL import Image

from ml.base import ModelFile, Runtime
from ml.taggers.joytag import JoyTagger, readable
from tests.ml import tiny

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAMES = [f"word_{'abcdefghijklmnopqrstuvwxyz'[i]}{'abcdefghijklmnopqrstuvwxyz'[i]}" for i in range(26)]
TAGS = ["1girl", "^_^", "2girls", "2021", "long_hair", "saber_(fate)", *NAMES]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = (ModelFile("model.onnx"), ModelFile("top_tags.txt"))
    monkeypatch.setattr(JoyTagger, "spec", msgspec.structs.replace(JoyTagger.spec, files=files))
    (tmp_path / "top_tags.txt").write_text("\n".join(TAGS) + "\n\n")
    return tmp_path


def on_white(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), 255, dtype=np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = image
    values = np.array(Image.fromarray(square).resize((448, 448), Image.Resampling.BICUBIC)) / 255.0
    mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    result: NDArray[np.float64] = ((values - mean) / std).transpose(2, 0, 1)
    return result


@pytest.mark.parametrize(("width", "height"), [(320, 240), (240, 320), (500, 500), (900, 100)])
def test_tags_are_those_above_the_threshold_best_first_fifteen_at_most(folder: Path, width: int, height: int) -> None:
    weights = np.random.default_rng(2).normal(scale=0.3, size=(len(TAGS), 192)).astype(np.float32)
    tiny.save_linear(folder / "model.onnx", side=448, outputs={"output": weights})
    tagger = JoyTagger()
    tagger.load(Runtime(folder))
    counts = set()
    for seed in range(8):
        image = tiny.picture(seed, width, height)
        logits = tiny.linear_answer(weights, on_white(image))
        chances = [1 / (1 + math.exp(-logit)) for logit in logits]
        words = ["girl", "", "two girls", "", "long hair", "saber (fate)", *(name.replace("_", " ") for name in NAMES)]
        expected = [(words[i], chances[i]) for i in tiny.order(chances) if chances[i] >= 0.4 and words[i]][:15]
        found = tagger.predict(image)
        assert [tag.name for tag in found] == [name for name, _ in expected]
        assert [tag.score for tag in found] == pytest.approx([score for _, score in expected], abs=1e-4)
        counts.add(len(found))
    assert max(counts) == 15


def test_names_become_words() -> None:
    expected = {
        "1girl": "girl",
        "1boy": "boy",
        "1other": "person",
        "2others": "two people",
        "3boys": "three boys",
        "6+girls": "many girls",
        "looking_at_viewer": "looking at viewer",
        "photoshop_(medium)": "photoshop (medium)",
        "^_^": "",
        ":3": "",
        "2021": "",
        ":d": "",
        "4koma": "4koma",
    }
    assert {name: readable(name) for name in expected} == expected


def test_its_words_come_with_a_warning_and_its_files_are_pinned() -> None:
    assert "adult" in JoyTagger.spec.title
    assert all(file.sha256 and file.size_bytes for file in JoyTagger.spec.files)
    assert re.fullmatch(r"[0-9a-f]{40}", JoyTagger.spec.revision)


@pytest.mark.corpus
def test_every_name_of_the_real_list_is_a_word_or_nothing(corpus: Path) -> None:
    path = corpus.parent / "models/vocab/joytag_top_tags.txt"
    assert path.stat().st_size == JoyTagger.spec.files[1].size_bytes
    assert hashlib.sha256(path.read_bytes()).hexdigest() == JoyTagger.spec.files[1].sha256
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    words = [readable(line) for line in lines]
    assert len(lines) == 5813
    assert sum(not word for word in words) < 100
    assert not any("_" in word for word in words)
    assert {"girl", "two girls", "long hair", "dog", "beach", "umbrella"} <= set(words)
