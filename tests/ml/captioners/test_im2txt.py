"""im2txt beside transformers: the same weights see the same pixels and say the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import Runtime
from ml.captioners.im2txt import Im2txtCaptioner
from ml.preprocess import pixel_values
from ml.runtime import installed
from tests.ml.captioners.networks import make_model, write_model

if TYPE_CHECKING:
    from pathlib import Path

    from ml.base import RGBImage


def picture(seed: int, size: tuple[int, int] = (90, 60)) -> RGBImage:
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 255, (4, 6, 3), dtype=np.uint8))
    return np.array(small.resize(size, Image.Resampling.BICUBIC))


def loaded(folder: Path) -> Im2txtCaptioner:
    captioner = Im2txtCaptioner()
    captioner.load(Runtime(folder.parent))
    return captioner


def said_by_transformers(model: Any, image: RGBImage, beams: int) -> list[int]:
    """By its own processor and its own search."""
    side = model.config.encoder.image_size
    processor = ViTImageProcessorPil(size={"height": side, "width": side})
    pixels = processor(Image.fromarray(image), return_tensors="pt")["pixel_values"]
    end = model.config.decoder.eos_token_id
    with torch.no_grad():
        said = model.generate(pixels, max_length=16, num_beams=beams, do_sample=False)[0].tolist()
    assert said[0] == end
    return [token for token in said[1:] if token != end]


@pytest.mark.parametrize(("words", "spread", "seed"), [(6, 0.3, 1), (6, 0.3, 2), (10, 1.0, 2), (24, 1.0, 2)])
def test_sentences_are_those_of_transformers_greedy_and_by_beams(
    tmp_path: Path, words: int, spread: float, seed: int
) -> None:
    model = make_model(words=words, spread=spread, seed=seed)
    write_model(model, tmp_path / "im2txt")
    captioner = loaded(tmp_path / "im2txt")
    lengths = set()
    for number in range(3):
        image = picture(number)
        for beams in (1, 4):
            wanted = said_by_transformers(model, image, beams)
            assert captioner.tokens(image, beams=beams) == wanted, (number, beams)
            lengths.add(len(wanted))
    assert len(lengths) > 1  # some end by themselves


def test_files_of_other_shapes_say_the_same(tmp_path: Path) -> None:
    """Without a memory, and with one that is empty at first instead of a way of its own."""
    model = make_model(spread=1.0, seed=2)
    write_model(model, tmp_path / "published" / "im2txt")
    write_model(model, tmp_path / "forgetful" / "im2txt", merged=False)
    write_model(model, tmp_path / "straight" / "im2txt", branches=False)
    names = ("published", "forgetful", "straight")
    published, forgetful, straight = (loaded(tmp_path / name / "im2txt") for name in names)
    assert [len(one._decoder.get_inputs()) for one in (published, forgetful, straight)] == [7, 2, 6]
    for number in range(4):
        for beams in (1, 3):
            said = published.tokens(picture(number), beams=beams)
            assert forgetful.tokens(picture(number), beams=beams) == said
            assert straight.tokens(picture(number), beams=beams) == said


def test_pixels_are_those_of_the_published_processor(tmp_path: Path) -> None:
    write_model(make_model(side=224, patch=32), tmp_path / "im2txt")
    captioner = loaded(tmp_path / "im2txt")
    for size in ((640, 480), (300, 900), (224, 224), (31, 17), (1, 500)):
        image = picture(7, size)
        wanted = ViTImageProcessorPil()(Image.fromarray(image), return_tensors="np")["pixel_values"]
        found = pixel_values([image], captioner._pixels)
        assert found.shape == (1, 3, 224, 224)
        assert np.abs(found - wanted).max() < 1e-5


def test_the_encoder_sees_what_transformers_sees(tmp_path: Path) -> None:
    model = make_model()
    write_model(model, tmp_path / "im2txt")
    captioner = loaded(tmp_path / "im2txt")
    image = picture(3)
    with torch.no_grad():
        wanted = model.encoder(torch.from_numpy(pixel_values([image], captioner._pixels))).last_hidden_state
    assert np.abs(captioner._look(image) - wanted.numpy()).max() < 1e-4


def test_a_caption_is_words_without_special_tokens(tmp_path: Path) -> None:
    model = make_model()
    write_model(model, tmp_path / "im2txt")
    captioner = loaded(tmp_path / "im2txt")
    image = picture(0)
    wanted = " ".join(f"w{token}" for token in said_by_transformers(model, image, 4))
    assert captioner.caption(image) == wanted


def test_what_is_missing_or_damaged_is_told_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "im2txt"
    assert not installed(tmp_path, Im2txtCaptioner.spec)
    with pytest.raises(ModelUnavailableError, match="encoder_model_quantized"):
        loaded(folder)
    write_model(make_model(), folder)
    assert installed(tmp_path, Im2txtCaptioner.spec)
    for name, content in (
        ("tokenizer.json", b"{}"),
        ("preprocessor_config.json", b'{"size": {"shortest_edge": 224}}'),
        ("onnx/decoder_model_merged_quantized.onnx", b"\x80\x04pickle"),
    ):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(content)
        with pytest.raises(ModelUnavailableError, match=name.rpartition("/")[2]):
            loaded(folder)
        (folder / name).write_bytes(whole)


def test_numbers_that_are_none_are_not_an_answer(tmp_path: Path) -> None:
    model = make_model()
    with torch.no_grad():
        model.decoder.transformer.ln_f.weight[0] = float("nan")
    write_model(model, tmp_path / "im2txt")
    with pytest.raises(ModelOutputError):
        loaded(tmp_path / "im2txt").caption(picture(1))
