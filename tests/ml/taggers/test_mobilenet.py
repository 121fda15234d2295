"""MobileNetV2 as a tagger: on a tiny network of the same shape, and the real one on labelled pictures."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from PIL import Image

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import ModelFile, Runtime
from ml.embedders.mobilenet import PIXELS
from ml.preprocess import pixel_values
from ml.taggers.mobilenet import ImagenetTagger, readable
from tests.ml import tiny
from tests.ml.embedders.test_mobilenet import real

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["real"]  # a fixture

LABELS = ["background", "tench, Tinca tinca", "crane", "crane", "dog", "house cat, tabby"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    spec = ImagenetTagger.spec
    files = (ModelFile(spec.files[0].name), ModelFile(spec.files[1].name))
    monkeypatch.setattr(ImagenetTagger, "spec", msgspec.structs.replace(spec, files=files))
    (tmp_path / files[1].name).write_text("\n".join(LABELS) + "\n")
    return tmp_path


def save(folder: Path, weights: tiny.Array) -> None:
    name = ImagenetTagger.spec.files[0].name
    tiny.save_linear(folder / name, side=224, outputs={"probabilities": weights, "embedding": weights})


def test_tags_are_the_likeliest_classes_by_their_first_names(folder: Path) -> None:
    weights = np.random.default_rng(1).normal(scale=0.1, size=(len(LABELS), 192)).astype(np.float32)
    save(folder, weights)
    tagger = ImagenetTagger()
    tagger.load(Runtime(folder))
    names = ["", "tench", "crane", "crane", "dog", "house cat"]
    seen = set()
    for seed in range(30):
        image = tiny.picture(seed, 230, 230)
        square = np.array(Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR), dtype=np.float64)
        scores = tiny.linear_answer(weights, (square.transpose(2, 0, 1) - 128) / 128)
        expected: list[str] = []
        for index in tiny.order(scores):
            if scores[index] >= 0.1 and names[index] and names[index] not in expected:
                expected.append(names[index])
        found = tagger.predict(image)
        assert [tag.name for tag in found] == expected
        assert all(0 <= tag.score <= 1 for tag in found)
        seen |= set(expected)
    assert seen == {"tench", "crane", "dog", "house cat"}


def test_a_picture_that_shows_nothing_known_has_no_tags(folder: Path) -> None:
    save(folder, np.zeros((len(LABELS), 192), dtype=np.float32))
    tagger = ImagenetTagger()
    tagger.load(Runtime(folder))
    assert tagger.predict(tiny.picture(0)) == []


def test_a_list_of_another_length_is_told_as_such(folder: Path) -> None:
    save(folder, np.zeros((len(LABELS) + 1, 192), dtype=np.float32))
    tagger = ImagenetTagger()
    tagger.load(Runtime(folder))
    with pytest.raises(ModelOutputError, match="one score for each of its words"):
        tagger.predict(tiny.picture(0))


def test_a_list_that_is_no_text_is_told_as_such(folder: Path) -> None:
    save(folder, np.zeros((len(LABELS), 192), dtype=np.float32))
    (folder / ImagenetTagger.spec.files[1].name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelUnavailableError, match="cannot be read"):
        ImagenetTagger().load(Runtime(folder))


def test_a_name_is_the_first_of_several() -> None:
    assert readable("great white shark, white shark, man-eater") == "great white shark"
    assert readable("background") == ""


@pytest.mark.corpus
@pytest.mark.model
def test_the_real_one_names_what_labelled_pictures_show(corpus: Path, real: Path) -> None:
    tagger = ImagenetTagger()
    tagger.load(Runtime(real))
    labels = (real / "imagenet_labels_1001.txt").read_text().splitlines()
    with (corpus / "retrieval.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("retrieval/imagenet/")]
    first = five = tagged = 0
    for row in rows:
        image = np.array(Image.open(corpus / row["path"]).convert("RGB"))
        label = int(row["imagenet_index"]) + 1
        (odds,) = tagger._session.run(["probabilities"], {"input": pixel_values([image], PIXELS)})
        best = tiny.order(odds[0])[:5]
        first += best[0] == label
        five += label in best
        tagged += labels[label].split(",")[0] in [tag.name for tag in tagger.predict(image)]
    assert len(rows) > 100
    print(f"top-1 {first / len(rows):.3f} top-5 {five / len(rows):.3f} tagged {tagged / len(rows):.3f}")  # noqa: T201 - shown with -s
    assert first / len(rows) >= 0.91
    assert five / len(rows) >= 0.99
    assert tagged / len(rows) >= 0.93
