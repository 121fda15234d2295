"""Captions on a small machine: a ViT that looks and a GPT-2 that speaks, as two ONNX files of 8-bit weights.

The decoder's file holds both ways of running it: at the first token without, at the later ones with what it remembers
of the tokens before (`past_key_values`), chosen by `use_cache_branch`.  Files without a memory work too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from appliance.errors import ModelOutputError
from ml.base import ModelFile, ModelSpec
from ml.captioners.decoding import beam_search, greedy_search
from ml.captioners.published import damaged, read_preprocessing, read_tokenizer
from ml.preprocess import pixel_values
from ml.runtime import model_path, open_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from ml.base import RGBImage, Runtime
    from ml.preprocess import Preprocessing
    from ml.runtime import Session

    Memory: TypeAlias = dict[str, NDArray[np.float32]]

_PAST: Final = "past_key_values"
_PRESENT: Final = "present"
_END_OF_TEXT: Final = "<|endoftext|>"  # GPT-2's one special token: it begins and ends every sentence


class Im2txtCaptioner:
    """`beams`: sentences followed at once; 1 takes the likeliest token each time."""

    spec: ClassVar = ModelSpec(
        name="im2txt",
        version="1",
        task="captions",
        licence="Apache-2.0",
        source="Xenova/vit-gpt2-image-captioning",
        revision="main",
        files=(
            ModelFile("onnx/encoder_model_quantized.onnx"),
            ModelFile("onnx/decoder_model_merged_quantized.onnx"),
            ModelFile("tokenizer.json"),
            ModelFile("preprocessor_config.json"),
        ),
        memory_mb=450,
        about_mb=250,
        needs_download=True,
        title="Writes a short sentence for a photo",
    )
    most_tokens: ClassVar[int] = 15
    beams: ClassVar[int] = 4

    _encoder: Session
    _decoder: Session
    _tokenizer: Tokenizer
    _pixels: Preprocessing
    _end: int

    def load(self, runtime: Runtime) -> None:
        encoder, decoder, tokenizer, preprocessing = (
            model_path(runtime.models_dir, self.spec, file) for file in self.spec.files
        )
        self._pixels = read_preprocessing(preprocessing, self.spec)
        self._tokenizer = read_tokenizer(tokenizer, self.spec)
        end = self._tokenizer.token_to_id(_END_OF_TEXT)
        if end is None:
            raise damaged(tokenizer, self.spec)
        self._end = end
        self._encoder = open_session(encoder, self.spec, runtime.threads)
        self._decoder = open_session(decoder, self.spec, runtime.threads)

    def caption(self, image: RGBImage) -> str:
        """Raises ModelOutputError when a network answers what it should not."""
        text: str = self._tokenizer.decode(self.tokens(image, beams=self.beams), skip_special_tokens=True)
        return " ".join(text.split())

    def tokens(self, image: RGBImage, *, beams: int) -> list[int]:
        """The sentence as the decoder says it."""
        decoder = _Decoder(self._decoder, self._look(image), self.spec.name)
        if beams == 1:
            return greedy_search(decoder, start=self._end, end=self._end, most=self.most_tokens)
        return beam_search(decoder, start=self._end, end=self._end, most=self.most_tokens, beams=beams)

    def _look(self, image: RGBImage) -> NDArray[np.float32]:
        """What the encoder sees: (1, patches + 1, width)."""
        import numpy as np

        name = self._encoder.get_inputs()[0].name
        seen = self._encoder.run(None, {name: pixel_values([image], self._pixels)})[0]
        if seen.ndim != 3 or not np.isfinite(seen).all():
            raise ModelOutputError(self.spec.name, f"{self.spec.name} does not see anything in this picture.")
        return seen


class _Decoder:
    """GPT-2 that has been shown one picture; feeds whatever inputs its file asks for."""

    def __init__(self, session: Session, seen: NDArray[np.float32], model: str) -> None:
        self._session, self._seen, self._model = session, seen, model
        self._inputs = {tensor.name: tensor.shape for tensor in session.get_inputs()}
        self._outputs = [tensor.name for tensor in session.get_outputs()]

    def scores(self, tokens: NDArray[np.int64], state: Memory | None) -> tuple[NDArray[np.float32], Memory]:
        import numpy as np

        rows, length = tokens.shape
        memory = state or self._nothing_yet(rows)
        known = length - 1 if state else 0
        seen = np.repeat(self._seen, rows, axis=0)
        every: dict[str, Any] = {
            "input_ids": tokens[:, known:],
            "position_ids": np.tile(np.arange(known, length, dtype=np.int64), (rows, 1)),
            "attention_mask": np.ones((rows, length), dtype=np.int64),
            "encoder_hidden_states": seen,
            "encoder_attention_mask": np.ones(seen.shape[:2], dtype=np.int64),
            "use_cache_branch": np.array([bool(state)]),
            **memory,
        }
        try:
            answers = self._session.run(None, {name: every[name] for name in self._inputs})
        except KeyError as error:
            raise ModelOutputError(self._model, f"The decoder of {self._model} asks for {error}.") from error
        outputs = dict(zip(self._outputs, answers, strict=True))
        logits = outputs["logits"][:, -1]
        if not np.isfinite(logits).all():
            raise ModelOutputError(self._model, f"{self._model} answers with numbers that are none.")
        # What it remembers of the picture, where it is told apart, is given out the first time only.
        return logits, {
            name: before if state and ".encoder." in name else outputs[name.replace(_PAST, _PRESENT, 1)]
            for name, before in memory.items()
        }

    def rows(self, state: Memory, chosen: Sequence[int]) -> Memory:
        return {name: tensor[list(chosen)] for name, tensor in state.items()}

    def _nothing_yet(self, rows: int) -> Memory:
        """(rows, heads, 0 tokens, width of a head) for each layer; nothing at all where the file has no memory."""
        import numpy as np

        past = {name: shape for name, shape in self._inputs.items() if name.startswith(_PAST)}
        if not all(isinstance(size, int) for shape in past.values() for size in (shape[1], shape[3])):
            raise ModelOutputError(self._model, f"The decoder of {self._model} does not say how much it remembers.")
        return {
            name: np.empty((rows, int(shape[1] or 0), 0, int(shape[3] or 0)), dtype=np.float32)
            for name, shape in past.items()
        }
