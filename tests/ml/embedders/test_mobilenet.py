"""MobileNetV2 as an embedder: on a tiny network of the same shape, and the real one on real pictures."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from appliance.errors import ModelOutputError
from ml.base import ModelFile, Runtime
from ml.embedders.mobilenet import IMAGENET, IMAGENET_EMBEDDER, ImagenetEmbedder
from ml.registry import embedder
from tests.ml import tiny

REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture
def real() -> Path:
    folder = Path(os.environ.get("HOMEROLL_TEST_MODELS") or REPOSITORY.parent / "shared" / "models") / "tags"
    if not folder.is_dir():
        pytest.skip(f"no model files in {folder}")
    return folder


@pytest.fixture
def any_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of any size are taken for the model's."""
    files = (ModelFile(IMAGENET.files[0].name), ModelFile(IMAGENET.files[1].name))
    monkeypatch.setattr(ImagenetEmbedder, "spec", msgspec.structs.replace(IMAGENET, files=files))


def test_embeddings_are_those_of_the_network_and_of_length_one(tmp_path: Path, any_file: None) -> None:
    weights = np.random.default_rng(0).normal(size=(1280, 192)).astype(np.float32)
    tiny.save_linear(
        tmp_path / IMAGENET.files[0].name, side=224, outputs={"probabilities": weights[:5], "embedding": weights}
    )
    tower = ImagenetEmbedder()
    tower.load(Runtime(tmp_path))
    images = [tiny.picture(seed, 240, 240) for seed in range(10)]
    vectors = tower.embed_images(images)
    for image, vector in zip(images, vectors, strict=True):
        square = np.array(Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR), dtype=np.float64)
        answer = tiny.linear_answer(weights, (square.transpose(2, 0, 1) - 128) / 128)
        np.testing.assert_allclose(vector, answer / np.linalg.norm(answer), atol=1e-5)


def test_another_network_is_told_as_such(tmp_path: Path, any_file: None) -> None:
    weights = np.zeros((7, 192), dtype=np.float32)
    tiny.save_linear(tmp_path / IMAGENET.files[0].name, side=224, outputs={"embedding": weights})
    tower = ImagenetEmbedder()
    tower.load(Runtime(tmp_path))
    with pytest.raises(ModelOutputError, match="one embedding per image"):
        tower.embed_images([tiny.picture(0)])


def test_it_knows_no_words() -> None:
    assert embedder("imagenet") is IMAGENET_EMBEDDER
    assert IMAGENET_EMBEDDER.text is None


@pytest.mark.corpus
@pytest.mark.model
def test_the_real_one_gives_the_files_own_output_and_finds_the_same_picture_again(corpus: Path, real: Path) -> None:
    with (corpus / "retrieval.csv").open(newline="") as file:
        paths = sorted({row["path"] for row in csv.DictReader(file) if "imagenet/" in row["path"]})[:24]
    images = [np.array(Image.open(corpus / path).convert("RGB")) for path in paths]
    tower = ImagenetEmbedder()
    tower.load(Runtime(real))
    vectors = tower.embed_images(images)
    session = onnxruntime.InferenceSession(str(real / IMAGENET.files[0].name), providers=["CPUExecutionProvider"])
    for image, vector in list(zip(images, vectors, strict=True))[:3]:
        height, width = image.shape[:2]
        across, down = (224, int(224 * height / width)) if width <= height else (int(224 * width / height), 224)
        left, top = (across - 224) // 2, (down - 224) // 2
        square = Image.fromarray(image).resize((across, down), Image.Resampling.BILINEAR)
        values = np.array(square.crop((left, top, left + 224, top + 224)), dtype=np.float32)
        pixels = ((values - 128) / 128).transpose(2, 0, 1)[None]
        (answer,) = session.run(["embedding"], {"input": pixels})
        np.testing.assert_allclose(vector, answer[0] / np.linalg.norm(answer[0]), atol=1e-4)
    smaller = [np.array(Image.fromarray(image).resize((160, 160))) for image in images]
    again = tower.embed_images(smaller)
    assert (np.argmax(again @ vectors.T, axis=1) == np.arange(len(images))).mean() > 0.9
