"""The small files that are published beside a captioner's weights, as data: nothing in them is ever run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.errors import ModelUnavailableError
from ml.preprocess import HALF, Preprocessing

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer

    from ml.base import ModelSpec

_RESAMPLING: dict[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}  # as Pillow numbers them


class _PreprocessorConfig(msgspec.Struct):
    """The part of `preprocessor_config.json` that matters here."""

    size: int | dict[str, int] = 224
    resample: int = 2
    image_mean: tuple[float, float, float] = HALF
    image_std: tuple[float, float, float] = HALF


def read_preprocessing(path: Path, spec: ModelSpec) -> Preprocessing:
    """Of a model that takes the whole picture, squashed into a square."""
    try:
        config = msgspec.json.decode(path.read_bytes(), type=_PreprocessorConfig)
        side = config.size if isinstance(config.size, int) else config.size["height"]
        resample = _RESAMPLING[config.resample]
    except (OSError, msgspec.MsgspecError, KeyError) as error:
        raise damaged(path, spec) from error
    return Preprocessing(side=side, fit="squash", resample=resample, mean=config.image_mean, std=config.image_std)


def read_tokenizer(path: Path, spec: ModelSpec) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ModelUnavailableError(
            spec.name, "The library tokenizers is not installed.", hint="Run ./install.sh again."
        ) from error
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing more precise
        raise damaged(path, spec) from error


def damaged(path: Path, spec: ModelSpec) -> ModelUnavailableError:
    return ModelUnavailableError(
        spec.name,
        f"{path.name} of {spec.name} cannot be used.",
        hint=f"Fetch it again: homeroll models pull {spec.name}",
    )
