"""Embedding models of two towers, one for pictures and one for words, in one space: one class, driven by constants.

The towers are loaded separately: a search needs only words, an import only pictures, and the tower of words is often
the heavier one.  Each is an ONNX file as published for onnxruntime; tokenizers are read from `tokenizer.json`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import Embedder, ModelFile, ModelSpec
from ml.preprocess import CLIP_MEAN, CLIP_STD, HALF, PLAIN_MEAN, PLAIN_STD, Preprocessing, pixel_values
from ml.runtime import model_path, open_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tokenizers import Tokenizer

    from ml.base import RGBImage, Runtime, Vectors
    from ml.runtime import Session

_IMAGES = 4  # at once: more only costs memory on a few cores
_TEXTS = 16
_OUTPUTS = ("pooler_output", "image_embeds", "text_embeds")  # SigLIP's towers call it the first, CLIP's the others


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a text: `begin` (if any), its tokens, `end`, then `pad` up to exactly `length`.

    A text that is too long loses its last tokens, never `end`, from which the tower reads the result.
    """

    length: int
    end: int
    pad: int
    begin: int | None = None
    lower: bool = False  # where the tokenizer's own file does not say so


class DualEncoder(msgspec.Struct, frozen=True, kw_only=True):
    """The constants of one model.  `spec.files`: image tower, text tower, tokenizer, in this order.

    `image_mb`, `text_mb`: memory of each tower while loaded; `spec.memory_mb` is the larger one.
    """

    spec: ModelSpec
    dimensions: int
    pixels: Preprocessing
    tokens: Tokens
    image_mb: int
    text_mb: int


class DualImageTower:
    """The tower for pictures."""

    def __init__(self, model: DualEncoder) -> None:
        self.model = model
        self.spec = msgspec.structs.replace(model.spec, memory_mb=model.image_mb)
        self.dimensions = model.dimensions

    def load(self, runtime: Runtime) -> None:
        path = model_path(runtime.models_dir, self.spec, self.spec.files[0])
        self._session = open_session(path, self.spec, runtime.threads)

    def embed_images(self, images: Sequence[RGBImage]) -> Vectors:
        """Raises ModelOutputError when the network answers something else than one vector per image."""
        import numpy as np

        name = self._session.get_inputs()[0].name
        vectors = np.empty((len(images), self.dimensions), dtype=np.float32)
        for start in range(0, len(images), _IMAGES):
            some = images[start : start + _IMAGES]
            pixels = pixel_values(some, self.model.pixels)
            vectors[start : start + len(some)] = _pooled(self._session, {name: pixels}, len(some), self.model)
        return vectors


class DualTextTower:
    """The tower for words."""

    def __init__(self, model: DualEncoder) -> None:
        self.model = model
        self.spec = msgspec.structs.replace(model.spec, memory_mb=model.text_mb)
        self.dimensions = model.dimensions

    def load(self, runtime: Runtime) -> None:
        tower, words = (model_path(runtime.models_dir, self.spec, file) for file in self.spec.files[1:3])
        self._tokenizer = open_tokenizer(str(words), self.spec)
        self._session = open_session(tower, self.spec, runtime.threads)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Raises ModelOutputError when the network answers something else than one vector per text."""
        import numpy as np

        wanted = {tensor.name for tensor in self._session.get_inputs()}
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _TEXTS):
            some = texts[start : start + _TEXTS]
            rows = [token_ids(self._tokenizer, text, self.model.tokens) for text in some]
            ids = np.array([row for row, _ in rows], dtype=np.int64)
            feed = {"input_ids": ids}
            if "attention_mask" in wanted:
                used = np.array([[count] for _, count in rows])
                feed["attention_mask"] = (np.arange(ids.shape[1]) < used).astype(np.int64)
            vectors[start : start + len(some)] = _pooled(self._session, feed, len(some), self.model)
        return vectors


def open_tokenizer(path: str, spec: ModelSpec) -> Tokenizer:
    """Raises ModelUnavailableError when the library is missing or the file is no tokenizer."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ModelUnavailableError(
            spec.name, "tokenizers is not installed.", hint="Run ./install.sh again."
        ) from error
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the library raises nothing more precise
        raise ModelUnavailableError(
            spec.name, f"The tokenizer of {spec.name} cannot be read.", hint=f"homeroll models pull {spec.name}"
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def token_ids(tokenizer: Tokenizer, text: str, how: Tokens) -> tuple[list[int], int]:
    """`how.length` ids, and how many of them are not padding."""
    found = tokenizer.encode(text.lower() if how.lower else text, add_special_tokens=False).ids
    begin = [] if how.begin is None else [how.begin]
    ids = [*begin, *found[: how.length - len(begin) - 1], how.end]
    return ids + [how.pad] * (how.length - len(ids)), len(ids)


def _pooled(session: Session, feed: Mapping[str, Any], count: int, model: DualEncoder) -> Vectors:
    """The tower's one vector for each input, L2-normalised."""
    import numpy as np

    names = [tensor.name for tensor in session.get_outputs()]
    output = next((name for name in _OUTPUTS if name in names), None)
    answer = session.run([output], feed)[0] if output else np.empty(0)
    if answer.shape != (count, model.dimensions) or not np.isfinite(answer).all():
        raise ModelOutputError(model.spec.name, f"{model.spec.name} does not answer with one embedding for each input.")
    vectors: Vectors = answer.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return vectors


_SIGLIP2_PIXELS = Preprocessing(side=256, fit="squash", resample="bicubic", mean=HALF, std=HALF)
_SIGLIP2_TOKENS = Tokens(length=64, end=1, pad=0, lower=True)

SIGLIP2 = DualEncoder(
    spec=ModelSpec(
        name="siglip2",
        version="1",
        task="embedding",
        title="SigLIP 2: search by meaning in many languages, tags, similar photos",
        licence="Apache-2.0",
        source="onnx-community/siglip2-base-patch16-256-ONNX",
        revision="main",
        files=(
            # "quantized": 8 bit, in the variant that its publisher chose for each tower.
            ModelFile("onnx/vision_model_quantized.onnx"),
            ModelFile("onnx/text_model_quantized.onnx"),
            ModelFile("tokenizer.json"),
        ),
        memory_mb=600,
        about_mb=413,
        needs_download=True,
    ),
    dimensions=768,
    pixels=_SIGLIP2_PIXELS,
    tokens=_SIGLIP2_TOKENS,
    image_mb=250,
    text_mb=600,
)

SIGLIP2_FP32 = DualEncoder(
    spec=msgspec.structs.replace(
        SIGLIP2.spec,
        name="siglip2-fp32",
        title="SigLIP 2 in full precision: the same, a little better, for machines with memory to spare",
        files=(
            ModelFile("onnx/vision_model.onnx"),
            ModelFile("onnx/text_model.onnx"),
            ModelFile("tokenizer.json"),
        ),
        memory_mb=2000,
        about_mb=1536,
    ),
    dimensions=768,
    pixels=_SIGLIP2_PIXELS,
    tokens=_SIGLIP2_TOKENS,
    image_mb=600,
    text_mb=2000,
)

CLIP = DualEncoder(
    spec=ModelSpec(
        name="clip-vit-b-32",
        version="1",
        task="embedding",
        title="CLIP ViT-B/32: search by meaning in English, similar photos; fast",
        licence="MIT",
        source="Xenova/clip-vit-base-patch32",
        revision="main",
        files=(
            ModelFile("onnx/vision_model_quantized.onnx"),
            ModelFile("onnx/text_model_quantized.onnx"),
            ModelFile("tokenizer.json"),
        ),
        memory_mb=200,
        about_mb=156,
        needs_download=True,
    ),
    dimensions=512,
    pixels=Preprocessing(side=224, fit="crop", resample="bicubic", mean=CLIP_MEAN, std=CLIP_STD),
    tokens=Tokens(length=77, begin=49406, end=49407, pad=49407),
    image_mb=200,
    text_mb=120,
)

MOBILECLIP = DualEncoder(
    spec=ModelSpec(
        name="mobileclip",
        version="1",
        task="embedding",
        title="MobileCLIP S0: search by meaning in English, similar photos; for a Raspberry Pi",
        licence="Apple model licence (research and personal use; see the repository)",
        source="Xenova/mobileclip_s0",
        revision="main",
        files=(
            # The small convolutional tower loses too much in 8 bit; the tower of words does not.
            ModelFile("onnx/vision_model.onnx"),
            ModelFile("onnx/text_model_quantized.onnx"),
            ModelFile("tokenizer.json"),
        ),
        memory_mb=180,
        about_mb=90,
        needs_download=True,
    ),
    dimensions=512,
    pixels=Preprocessing(side=256, fit="crop", resample="bilinear", mean=PLAIN_MEAN, std=PLAIN_STD),
    tokens=Tokens(length=77, begin=49406, end=49407, pad=0),
    image_mb=180,
    text_mb=100,
)


def _embedder(model: DualEncoder) -> Embedder:
    """Each tower is always made by the same object, by which `ml.runtime.loaded` knows it."""
    return Embedder(
        spec=model.spec,
        dimensions=model.dimensions,
        image=partial(DualImageTower, model),
        text=partial(DualTextTower, model),
    )


SIGLIP2_EMBEDDER = _embedder(SIGLIP2)
SIGLIP2_FP32_EMBEDDER = _embedder(SIGLIP2_FP32)
CLIP_EMBEDDER = _embedder(CLIP)
MOBILECLIP_EMBEDDER = _embedder(MOBILECLIP)
