"""BLIP beside transformers' own processor and search, on a tiny network; never a pickle."""

from __future__ import annotations

import builtins
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from transformers import BlipConfig, BlipForConditionalGeneration
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.utils.logging import disable_progress_bar

from appliance.errors import ModelUnavailableError
from ml.base import Runtime
from ml.captioners.blip import BlipCaptioner
from ml.preprocess import pixel_values
from ml.runtime import installed

if TYPE_CHECKING:
    from pathlib import Path

    from ml.base import RGBImage

WORDS = 30  # the last two only begin a sentence


def picture(seed: int, size: tuple[int, int] = (90, 60)) -> RGBImage:
    small = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (4, 6, 3), dtype=np.uint8))
    return np.array(small.resize(size, Image.Resampling.BICUBIC))


def make_model(seed: int) -> Any:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    config = BlipConfig(
        text_config={
            "vocab_size": WORDS, "hidden_size": 32, "encoder_hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64, "projection_dim": 16,
            "bos_token_id": WORDS - 1, "eos_token_id": 2, "sep_token_id": 2, "pad_token_id": 0,
            "initializer_range": 1.0,
        },
        vision_config={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "image_size": 384, "patch_size": 64, "initializer_range": 1.0,
        },
        image_text_hidden_size=16,
    )  # fmt: skip
    model: Any = BlipForConditionalGeneration(config)
    return model.eval()


def write_files(folder: Path, model: Any) -> None:
    """As published: weights, configuration, tokenizer and how to prepare pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    disable_progress_bar()  # type: ignore[no-untyped-call]  # it has no types; a thread would stay
    model.save_pretrained(folder)
    known = {"[PAD]": 0, "[UNK]": 1, "[SEP]": 2, **{f"word{n}": n for n in range(3, WORDS - 2)}}
    tokenizer = Tokenizer(WordPiece(known, unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[PAD]", "[SEP]"])
    tokenizer.save(str(folder / "tokenizer.json"))
    processor = BlipImageProcessorPil()
    (folder / "preprocessor_config.json").write_text(json.dumps(processor.to_dict(), default=str))


def loaded(folder: Path) -> BlipCaptioner:
    captioner = BlipCaptioner()
    captioner.load(Runtime(folder.parent))
    return captioner


@pytest.mark.parametrize("seed", [0, 1])
def test_sentences_are_those_of_transformers(tmp_path: Path, seed: int) -> None:
    model = make_model(seed)
    write_files(tmp_path / "blip", model)
    captioner = loaded(tmp_path / "blip")
    for number in range(2):
        image = picture(number)
        pixels = BlipImageProcessorPil()(Image.fromarray(image), return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            wanted = model.generate(pixels, max_new_tokens=20, num_beams=3)[0].tolist()
        assert captioner.tokens(image) == wanted[1:]
        words = [f"word{token}" for token in wanted[1:] if 3 <= token < WORDS - 2]
        assert captioner.caption(image).replace("[UNK]", "").split() == words


def test_pixels_are_those_of_the_published_processor(tmp_path: Path) -> None:
    write_files(tmp_path / "blip", make_model(0))
    captioner = loaded(tmp_path / "blip")
    for size in ((640, 480), (300, 900), (384, 384), (31, 17)):
        image = picture(7, size)
        wanted = BlipImageProcessorPil()(Image.fromarray(image), return_tensors="np")["pixel_values"]
        assert np.abs(pixel_values([image], captioner._pixels) - wanted).max() < 1e-5


def test_pickled_weights_are_refused_under_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "blip"
    model = make_model(0)
    write_files(folder, model)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    assert not installed(tmp_path, BlipCaptioner.spec)
    with pytest.raises(ModelUnavailableError, match=r"model\.safetensors"):
        loaded(folder)
    (folder / "pytorch_model.bin").rename(folder / "model.safetensors")
    with pytest.raises(ModelUnavailableError, match="cannot be used"):
        loaded(folder)


def test_without_torch_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path / "blip", make_model(0))
    found = builtins.__import__

    def without_torch(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "torch":
            raise ImportError(name)
        return found(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(ModelUnavailableError) as caught:
        loaded(tmp_path / "blip")
    assert "torch" in caught.value.message
    assert "homeroll[torch]" in caught.value.hint
