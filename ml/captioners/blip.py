"""BLIP: better captions on a machine with memory, through transformers and torch (`homeroll[torch]`).

Weights are read as safetensors only, which hold numbers and nothing that could run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from appliance.errors import ModelOutputError, ModelUnavailableError
from ml.base import ModelFile, ModelSpec
from ml.captioners.published import damaged, read_preprocessing, read_tokenizer
from ml.preprocess import pixel_values
from ml.runtime import model_path

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ml.base import RGBImage, Runtime
    from ml.preprocess import Preprocessing


class BlipCaptioner:
    spec: ClassVar = ModelSpec(
        name="blip",
        version="1",
        task="captions",
        licence="BSD-3-Clause",
        source="Salesforce/blip-image-captioning-base",
        revision="main",
        files=(
            ModelFile("model.safetensors"),
            ModelFile("config.json"),
            ModelFile("tokenizer.json"),
            ModelFile("preprocessor_config.json"),
        ),
        memory_mb=1500,
        about_mb=990,
        needs_download=True,
        title="Writes a better sentence for a photo, on a machine with memory",
        requires=("torch",),
    )
    most_tokens: ClassVar[int] = 20
    beams: ClassVar[int] = 3

    _network: Any  # transformers' own object
    _tokenizer: Tokenizer
    _pixels: Preprocessing

    def load(self, runtime: Runtime) -> None:
        weights, config, tokenizer, preprocessing = (
            model_path(runtime.models_dir, self.spec, file) for file in self.spec.files
        )
        self._pixels = read_preprocessing(preprocessing, self.spec)
        self._tokenizer = read_tokenizer(tokenizer, self.spec)
        try:
            import torch
            from transformers import BlipConfig, BlipForConditionalGeneration
            from transformers.utils.logging import disable_progress_bar
        except ImportError as error:
            raise ModelUnavailableError(
                self.spec.name, "blip needs torch and transformers.", hint="Install homeroll[torch], or choose im2txt."
            ) from error
        torch.set_num_threads(runtime.threads)
        disable_progress_bar()  # type: ignore[no-untyped-call]  # it has no types; nobody watches, and a thread would stay
        try:
            # The class is named here, and the folder is a folder: no code and no network, whatever the files say.
            network: Any = BlipForConditionalGeneration.from_pretrained(
                weights.parent,
                config=BlipConfig.from_json_file(config),
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32,
            )
        except Exception as error:  # safetensors, json and transformers have no common exception
            raise damaged(weights, self.spec) from error
        self._network = network.eval()

    def caption(self, image: RGBImage) -> str:
        text: str = self._tokenizer.decode(self.tokens(image), skip_special_tokens=True)
        return " ".join(text.split())

    def tokens(self, image: RGBImage) -> list[int]:
        """The sentence as the network says it, without what begins it.

        Raises ModelOutputError when it fails.
        """
        import torch

        pixels = torch.from_numpy(pixel_values([image], self._pixels))
        try:
            with torch.inference_mode():
                said = self._network.generate(pixels, max_new_tokens=self.most_tokens, num_beams=self.beams)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ModelOutputError(self.spec.name, f"{self.spec.name} could not describe this picture.") from error
        tokens: list[int] = said[0].tolist()
        return tokens[1:]
