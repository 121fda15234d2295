"""Tags from embeddings: the nearest words of a vocabulary, embedded once by the real tower of a tiny model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml import runtime as held
from ml.base import Runtime
from ml.embedders import dual
from ml.embedders.dual import DualTextTower
from ml.runtime import loaded
from ml.taggers import siglip2
from ml.taggers.siglip2 import Siglip2Tagger, vocabulary_key
from ml.vocabulary.words import Vocabulary
from tests.ml import tiny
from tests.ml.embedders.test_dual import gemma_like

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = ("dog", "cat", "a cat", "photo", "bench", "field", "dome", "cod", "goat", "top", "path", "tack", "harp")


class Model:
    """A tiny SigLIP 2 in a folder, and what its tower of words should say of `WORDS`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "siglip2"
        self.ids = gemma_like(self.folder / "tokenizer.json")
        self.tower = tiny.siglip_text(self.folder / dual.SIGLIP2.spec.files[1].name, words=len(self.ids))
        self.runtime = Runtime(folder, 4096)

    def expected(self) -> tiny.Array:
        from tokenizers import Tokenizer

        tokenizer: Any = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        rows = [tokenizer.encode(f"a photo of {word}").ids for word in WORDS]  # the file itself adds the end mark
        return self.tower.expected(np.array([row + [0] * (64 - len(row)) for row in rows]))

    def kept(self) -> list[Path]:
        return sorted(self.folder.glob("tags-*.npy"))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    small = dual._embedder(msgspec.structs.replace(dual.SIGLIP2, dimensions=tiny.DIMENSIONS))
    monkeypatch.setattr(Siglip2Tagger, "embedder", small)
    monkeypatch.setattr(siglip2, "read_vocabulary", lambda: Vocabulary(WORDS, ("x",) * len(WORDS)))
    yield Model(tmp_path)
    held._held.clear()


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts the tower was asked for, each time."""
    counts: list[int] = []
    real = DualTextTower.embed_texts

    def counting(self: DualTextTower, texts: Any) -> Any:
        counts.append(len(texts))
        return real(self, texts)

    monkeypatch.setattr(DualTextTower, "embed_texts", counting)
    return counts


def unit(seed: int) -> tiny.Array:
    vector = np.random.default_rng(seed).normal(size=tiny.DIMENSIONS)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def test_tags_are_the_ten_nearest_words_with_their_cosine(model: Model) -> None:
    tagger = loaded(Siglip2Tagger, model.runtime)
    expected = model.expected()
    for seed in range(10):
        vector = unit(seed)
        cosines = expected @ vector
        best = [i for i in tiny.order(cosines) if cosines[i] > 0][:10]
        found = tagger.predict_vector(vector)
        assert [tag.name for tag in found] == [WORDS[i] for i in best]
        assert [tag.score for tag in found] == pytest.approx([cosines[i] for i in best], abs=1e-4)
    itself = tagger.predict_vector(expected[4])
    assert itself[0].name == "bench"
    assert itself[0].score == pytest.approx(1, abs=1e-4)
    assert len(itself) <= 10


def test_words_are_embedded_once_and_then_read_from_disk(model: Model, embedded: list[int]) -> None:
    first = Siglip2Tagger()
    first.load(model.runtime)
    again = Siglip2Tagger()
    again.load(model.runtime)
    assert embedded == [len(WORDS)]
    np.testing.assert_array_equal(first._vectors, again._vectors)
    (path,) = model.kept()
    assert path.name == f"tags-{vocabulary_key(Siglip2Tagger.embedder.spec, WORDS)}.npy"


def test_another_vocabulary_is_embedded_anew_and_the_old_one_goes(
    model: Model, embedded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    Siglip2Tagger().load(model.runtime)
    (before,) = model.kept()
    more = (*WORDS, "tractor")
    monkeypatch.setattr(siglip2, "read_vocabulary", lambda: Vocabulary(more, ("x",) * len(more)))
    Siglip2Tagger().load(model.runtime)
    (after,) = model.kept()
    assert before != after
    assert embedded == [len(WORDS), len(more)]


@pytest.mark.parametrize(
    "change", [{"revision": "other"}, {"version": "2"}, {"name": "other"}, {"files": dual.SIGLIP2_FP32.spec.files}]
)
def test_the_key_follows_the_model(change: dict[str, Any]) -> None:
    spec = dual.SIGLIP2.spec
    assert vocabulary_key(msgspec.structs.replace(spec, **change), WORDS) != vocabulary_key(spec, WORDS)
    assert vocabulary_key(spec, WORDS[::-1]) != vocabulary_key(spec, WORDS)


@pytest.mark.parametrize("torn", [b"", b"\x93NUMPY", b"no array at all"])
def test_a_torn_file_is_made_again(model: Model, embedded: list[int], torn: bytes) -> None:
    Siglip2Tagger().load(model.runtime)
    (path,) = model.kept()
    whole = path.read_bytes()
    path.write_bytes(torn)
    Siglip2Tagger().load(model.runtime)
    assert path.read_bytes() == whole
    assert embedded == [len(WORDS), len(WORDS)]


def test_where_nothing_can_be_kept_it_works_all_the_same(
    model: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(siglip2, "write_atomically", refuse)
    tagger = Siglip2Tagger()
    with caplog.at_level(logging.WARNING):
        tagger.load(model.runtime)
    assert tagger.predict_vector(model.expected()[2])[0].name == WORDS[2]
    assert "embedded at every start" in caplog.text
    assert model.kept() == []


def test_without_the_tower_it_says_what_to_fetch(model: Model) -> None:
    (model.folder / dual.SIGLIP2.spec.files[1].name).unlink()
    with pytest.raises(ModelUnavailableError) as caught:
        loaded(Siglip2Tagger, model.runtime)
    assert caught.value.hint == "Fetch it: homeroll models pull siglip2"
    with pytest.raises(ModelUnavailableError):
        Siglip2Tagger().load(Runtime(None))


def test_the_tower_of_words_goes_when_room_is_needed_and_the_tags_stay(model: Model) -> None:
    room = Runtime(model.runtime.models_dir, dual.SIGLIP2.text_mb + 20)
    tagger = loaded(Siglip2Tagger, room)
    tiny.siglip_image(model.folder / dual.SIGLIP2.spec.files[0].name)
    loaded(Siglip2Tagger.embedder.image, room)
    assert loaded(Siglip2Tagger, room) is tagger
    assert not any(isinstance(one, DualTextTower) for one in held._held.values())


@pytest.mark.parametrize("vector", [np.zeros(5, np.float32), np.full(tiny.DIMENSIONS, np.nan, np.float32)])
def test_what_is_no_embedding_of_this_model_is_told_as_such(model: Model, vector: tiny.Array) -> None:
    tagger = loaded(Siglip2Tagger, model.runtime)
    with pytest.raises(ModelOutputError, match="no embedding by siglip2"):
        tagger.predict_vector(vector)
