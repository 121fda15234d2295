"""Places365: conversion of a checkpoint laid out as the authors', then scenes, attributes and indoors, beside torch."""

from __future__ import annotations

import itertools
import pickle
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from appliance.errors import ModelUnavailableError, NotFoundError
from ml.base import ModelFile, Runtime
from ml.convert import convert
from ml.store import verify
from ml.taggers import places365
from ml.taggers.places365 import PlacesTagger, readable
from tests.ml import tiny
from tests.ml.fetching import fetch

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SCENES = ["/a/attic", "/b/beach", "/c/cave", "/d/den", "/e/eatery", "/f/field/wild", "/c/church/indoor"]
SCENES += ["/e/elevator/door", "/k/kitchen", "/l/lawn", "/m/moor", "/n/nursery"]
OUTDOOR = [1, 2, 2, 1, 1, 2, 1, 1, 1, 2, 2, 1]
ATTRIBUTES = ["sunny", "natural light", "man-made", "warm", "rugged scene", "trees", "dry"]


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample = (
            None
            if before == after
            else nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Wide(nn.Module):
    """The architecture as its paper has it: ResNet-18 without pooling after the first convolution; `width` is 64."""

    def __init__(self, classes: int, width: int = 8) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        sizes = [width, width, 2 * width, 4 * width, 8 * width]
        for number, (before, after) in enumerate(itertools.pairwise(sizes), start=1):
            stride = 1 if number == 1 else 2
            setattr(self, f"layer{number}", nn.Sequential(Block(before, after, stride), Block(after, after, 1)))
        self.avgpool = nn.AvgPool2d(14)
        self.fc = nn.Linear(8 * width, classes)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        for number in range(1, 5):
            x = getattr(self, f"layer{number}")(x)
        pooled: torch.Tensor = self.avgpool(x)
        return pooled.flatten(1)


def network(classes: int) -> Wide:
    """Random weights, with statistics of batches that are not those it began with."""
    torch.manual_seed(5)
    model = Wide(classes)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)  # type: ignore[union-attr]  # a buffer
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]  # the same
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    nn.init.normal_(model.fc.weight, std=0.5)
    return model.eval()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of the model, of any size, in its folder: the published ones, before conversion."""
    for name in ("SCENES", "ENVIRONMENTS", "ATTRIBUTES"):
        monkeypatch.setattr(places365, name, ModelFile(getattr(places365, name).name))
    folder = tmp_path / "places365"
    folder.mkdir()
    (folder / places365.SCENES.name).write_text("".join(f"{name} {i}\n" for i, name in enumerate(SCENES)))
    lines = [f"{name} {where}\n" for name, where in zip(SCENES, OUTDOOR, strict=True)]
    (folder / places365.ENVIRONMENTS.name).write_text("".join(lines))
    (folder / places365.ATTRIBUTES.name).write_text("\n".join(ATTRIBUTES) + "\n")
    return folder


def publish(folder: Path, model: Wide, attributes: NDArray[np.float32]) -> None:
    """As the authors did: several devices' prefix, an old container, other things beside the weights."""
    state = {f"module.{name}": value for name, value in model.state_dict().items() if "num_batches" not in name}
    checkpoint = {"epoch": 90, "arch": "wideresnet18", "state_dict": state, "best_prec1": 54.0}
    torch.save(checkpoint, folder / places365.CHECKPOINT.name, _use_new_zipfile_serialization=False)
    np.save(folder / places365.ATTRIBUTE_WEIGHTS.name, attributes)


def squashed(image: NDArray[np.uint8]) -> torch.Tensor:
    values = np.array(Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR)) / 255.0
    normal = (values - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return torch.from_numpy(normal.transpose(2, 0, 1)[None].astype(np.float32))


def test_a_converted_checkpoint_answers_as_torch_does(folder: Path) -> None:
    model = network(len(SCENES))
    weights = np.random.default_rng(3).normal(size=(len(ATTRIBUTES), 64)).astype(np.float32)
    publish(folder, model, weights)
    convert("places365", folder)
    assert not list(folder.glob("*.part"))
    tagger = PlacesTagger()
    tagger.load(Runtime(folder.parent))
    names = ["attic", "beach", "cave", "den", "eatery", "wild field", "indoor church", "elevator door"]
    names += ["kitchen", "lawn", "moor", "nursery"]
    environments = set()
    for seed in range(6):
        image = tiny.picture(seed)
        with torch.no_grad():
            features = model.features(squashed(image))
            chances = torch.softmax(model.fc(features)[0].double(), dim=0).numpy()
            responses = (torch.from_numpy(weights) @ features[0]).double().numpy()
        found = tagger.predict(image)
        scenes = [i for i in tiny.order(chances) if chances[i] >= 0.05][:5]
        assert [tag.name for tag in found if tag.group == "scene"] == [names[i] for i in scenes]
        scores = [tag.score for tag in found if tag.group == "scene"]
        assert scores == pytest.approx([chances[i] for i in scenes], abs=2e-4)
        attributes = [ATTRIBUTES[i] for i in tiny.order(responses)[:5]]
        assert [tag.name for tag in found if tag.group == "attribute"] == attributes
        vote = sum(OUTDOOR[i] == 2 for i in tiny.order(chances)[:10]) / 10
        (where,) = [tag for tag in found if tag.group == "environment"]
        assert (where.name, where.score) == (("outdoor", vote) if vote >= 0.5 else ("indoor", 1 - vote))
        environments.add(where.name)
    assert environments


def test_a_checkpoint_that_would_run_something_is_refused_and_nothing_runs(folder: Path, tmp_path: Path) -> None:
    publish(folder, network(len(SCENES)), np.zeros((7, 64), dtype=np.float32))

    class Trap:
        def __reduce__(self) -> Any:
            return exec, (f"import pathlib; pathlib.Path({str(tmp_path / 'sprung')!r}).mkdir()",)

    with (folder / places365.CHECKPOINT.name).open("wb") as file:
        pickle.dump({"state_dict": Trap()}, file)
    with pytest.raises(ModelUnavailableError, match="not what they should be"):
        convert("places365", folder)
    torch.save({"state_dict": Trap()}, folder / places365.CHECKPOINT.name)
    with pytest.raises(ModelUnavailableError, match="not what they should be"):
        convert("places365", folder)
    assert not (tmp_path / "sprung").exists()
    assert not (folder / "places365.onnx").exists()


def test_weights_of_something_else_are_refused(folder: Path) -> None:
    publish(folder, network(len(SCENES)), np.zeros((7, 65), dtype=np.float32))
    with pytest.raises(ModelUnavailableError, match="not what they should be"):
        convert("places365", folder)
    publish(folder, network(len(SCENES)), np.zeros((7, 64), dtype=np.float32))
    np.save(folder / places365.ATTRIBUTE_WEIGHTS.name, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelUnavailableError, match="not what they should be"):
        convert("places365", folder)
    torch.save({"state_dict": {"fc.weight": torch.zeros(3, 64)}}, folder / places365.CHECKPOINT.name)
    np.save(folder / places365.ATTRIBUTE_WEIGHTS.name, np.zeros((7, 64)))
    with pytest.raises(ModelUnavailableError, match="not what they should be"):
        convert("places365", folder)


def test_what_is_used_as_published_is_not_converted(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        convert("joytag", tmp_path)


def test_without_conversion_it_says_what_to_do(folder: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"places365\.onnx of places365 is not there") as caught:
        PlacesTagger().load(Runtime(folder.parent))
    assert "models pull places365" in caught.value.hint


def test_lists_that_do_not_belong_together_are_refused(folder: Path) -> None:
    (folder / places365.ENVIRONMENTS.name).write_text("/a/attic 1\n")
    with pytest.raises(ModelUnavailableError, match="do not belong together"):
        PlacesTagger().load(Runtime(folder.parent))


def test_a_tie_of_the_vote_is_outdoors(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes that are all as likely: the first ten vote, five of them outdoors."""
    scenes, attributes = np.zeros((len(SCENES), 192)), np.zeros((len(ATTRIBUTES), 192))
    outputs = {"scenes": scenes.astype(np.float32), "attributes": attributes.astype(np.float32)}
    tiny.save_linear(folder / "places365.onnx", side=224, outputs=outputs, source="image")
    lines = [f"{name} {1 + i % 2}\n" for i, name in enumerate(SCENES)]
    (folder / places365.ENVIRONMENTS.name).write_text("".join(lines))
    tagger = PlacesTagger()
    tagger.load(Runtime(folder.parent))
    assert msgspec.to_builtins(tagger.predict(tiny.picture(0))[-1]) == {
        "name": "outdoor",
        "score": 0.5,
        "group": "environment",
    }


@pytest.mark.corpus
def test_the_real_lists_are_read_as_people_write(corpus: Path) -> None:
    vocabulary = corpus.parent / "models/vocab"
    for file in (places365.SCENES, places365.ENVIRONMENTS, places365.ATTRIBUTES):
        assert (vocabulary / file.name).stat().st_size == file.size_bytes
    names = [readable(line) for line in (vocabulary / places365.SCENES.name).read_text().splitlines()]
    assert len(names) == len(set(names)) == 365
    assert {"airfield", "outdoor church", "indoor swimming pool", "elevator door", "wild field", "kitchen"} <= set(
        names
    )
    assert not any("/" in name or "_" in name for name in names)


@pytest.mark.corpus
def test_added_from_a_disk_it_is_converted_in_a_process_of_its_own_and_ready(corpus: Path, tmp_path: Path) -> None:
    """The real lists, and a checkpoint of the real number of classes and attributes, through the store."""
    source, models = tmp_path / "disk", tmp_path / "models"
    source.mkdir()
    models.mkdir()
    for file in (places365.SCENES, places365.ENVIRONMENTS, places365.ATTRIBUTES):
        (source / file.name).write_bytes((corpus.parent / "models/vocab" / file.name).read_bytes())
    publish(source, network(365), np.random.default_rng(4).normal(size=(102, 64)).astype(np.float32))
    assert fetch(PlacesTagger.spec, models, "", action="add", folder=str(source)) is None
    tagger = PlacesTagger()
    tagger.load(Runtime(models))
    found = tagger.predict(tiny.picture(0))
    assert {tag.group for tag in found} >= {"attribute", "environment"}
    assert verify(models, PlacesTagger.spec) == []
