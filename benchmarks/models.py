"""What each family of models costs at its real size: memory of the process that holds it, pictures or texts a second.

    python -m benchmarks.models --cache FOLDER [--only NAME,...] [--threads 1]

Weights are random, shapes are real: the towers of SigLIP 2 base/16-256, CLIP ViT-B/32 and MobileCLIP's words, a ViT
B/16 at 448 px for JoyTag, the wide ResNet-18 of Places365 through our own conversion, all written as ONNX by torch and
quantised by onnxruntime as the published files are (dynamically; words int8, pictures uint8).  Two are stand-ins:
MobileCLIP-S0's tower of pictures is an EfficientNet-B3 (12 M parameters, about the same arithmetic; its own
architecture is not at hand), and the tokenizer of 256,000 words is made of random syllables, with as many merges.
MobileNetV2 is the real one ($HOMEROLL_TEST_MODELS or ../shared/models).  Building takes minutes and 4 GB; the files are
kept in --cache.

Each case runs in a process of its own through the code of the service: a JPEG of 1440 px is decoded as steps decode it,
then `loaded(...)` answers.  Memory is the process's high-water mark (VmHWM): "loaded" after the first answer, "most" at
the end; `empty` is what the libraries cost without a model.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "models"
PICTURE = (1440, 1080)
TEXTS = ["trees in a valley", "invoice 2023", "a photo of a dog on a beach at sunset", "unicorn on a tractor"]
SECONDS = 8.0


# ------------------------------------------------------------------------------------------------------------ building
def build_siglip_image(path: Path) -> None:
    from transformers import SiglipVisionConfig, SiglipVisionModel

    config = SiglipVisionConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        image_size=256,
        patch_size=16,
    )
    export(SiglipVisionModel(config), "pixel_values", "pooler_output", path, (1, 3, 256, 256))


def build_siglip_text(path: Path) -> None:
    from transformers import SiglipTextConfig, SiglipTextModel

    config = SiglipTextConfig(
        vocab_size=256_000,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=64,
        projection_size=768,
    )
    export(SiglipTextModel(config), "input_ids", "pooler_output", path, (1, 64))


def build_clip_image(path: Path) -> None:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(image_size=224, patch_size=32, projection_dim=512)
    export(CLIPVisionModelWithProjection(config), "pixel_values", "image_embeds", path, (1, 3, 224, 224))


def build_clip_text(path: Path) -> None:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    config = CLIPTextConfig(vocab_size=49408, max_position_embeddings=77, projection_dim=512, eos_token_id=49407)
    export(CLIPTextModelWithProjection(config), "input_ids", "text_embeds", path, (1, 77))


def build_mobileclip_text(path: Path) -> None:
    """42 M parameters, as MobileCLIP-S0's: the words of CLIP at 512 values, and fewer layers."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=49408, num_hidden_layers=5, max_position_embeddings=77, projection_dim=512, eos_token_id=49407
    )
    export(CLIPTextModelWithProjection(config), "input_ids", "text_embeds", path, (1, 77))


def build_mobileclip_image(path: Path) -> None:
    from torch import nn
    from transformers import EfficientNetConfig, EfficientNetModel

    class StandIn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = EfficientNetModel(
                EfficientNetConfig(width_coefficient=1.2, depth_coefficient=1.4, image_size=256, hidden_dim=1536)
            )
            self.head = nn.Linear(1536, 512)
            self.config = self.net.config

        def forward(self, pixel_values: Any) -> Any:
            answer = self.net(pixel_values=pixel_values)
            answer.image_embeds = self.head(answer.pooler_output)
            return answer

    export(StandIn(), "pixel_values", "image_embeds", path, (1, 3, 256, 256))


def build_joytag(path: Path) -> None:
    from torch import nn
    from transformers import ViTConfig, ViTModel

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = ViTModel(ViTConfig(image_size=448, patch_size=16), add_pooling_layer=False)
            self.head = nn.Linear(768, 5813)
            self.config = self.net.config

        def forward(self, pixel_values: Any) -> Any:
            answer = self.net(pixel_values=pixel_values)
            answer.output = self.head(answer.last_hidden_state.mean(1))
            return answer

    export(Tagger(), "pixel_values", "output", path, (1, 3, 448, 448))


def build_places365(folder: Path) -> None:
    """A checkpoint of the real layout and size, then our own conversion."""
    import numpy as np
    import torch

    from ml.convert import convert
    from ml.taggers import places365

    state: dict[str, Any] = {"fc.weight": torch.randn(365, 512) * 0.05, "fc.bias": torch.zeros(365)}

    def convolution(name: str, norm: str, shape: tuple[int, ...]) -> None:
        state[f"{name}.weight"] = torch.randn(shape) * (2 / (shape[1] * shape[2] ** 2)) ** 0.5
        for part, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            state[f"{norm}.{part}"] = torch.full((shape[0],), value)

    convolution("conv1", "bn1", (64, 3, 7, 7))
    for layer, (before, after) in enumerate(((64, 64), (64, 128), (128, 256), (256, 512)), start=1):
        for block in range(2):
            name, width = f"layer{layer}.{block}", before if block == 0 else after
            convolution(f"{name}.conv1", f"{name}.bn1", (after, width, 3, 3))
            convolution(f"{name}.conv2", f"{name}.bn2", (after, after, 3, 3))
            if block == 0 and layer > 1:
                convolution(f"{name}.downsample.0", f"{name}.downsample.1", (after, width, 1, 1))
    torch.save({"state_dict": state}, folder / places365.CHECKPOINT.name)
    np.save(folder / places365.ATTRIBUTE_WEIGHTS.name, np.random.default_rng(0).normal(size=(102, 512)))
    for file in (places365.SCENES, places365.ENVIRONMENTS, places365.ATTRIBUTES):
        (folder / file.name).write_bytes((SHARED / "vocab" / file.name).read_bytes())
    convert("places365", folder)


def build_tokenizer(path: Path, words: int, *, begin: int = 4) -> None:
    """Random syllables merged two by two until there are enough words."""
    rng = random.Random(0)
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>"][:begin] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += list("▁abcdefghijklmnopqrstuvwxyz0123456789")
    known, merges = set(tokens), []
    pool = tokens[begin + 256 :]
    while len(tokens) < words:
        left, right = rng.choice(pool), rng.choice(pool)
        if left + right not in known:
            known.add(left + right)
            tokens.append(left + right)
            merges.append(f"{left} {right}")
            if len(left + right) <= 4:
                pool.append(left + right)
    vocab = {token: index for index, token in enumerate(tokens)}
    model = {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": vocab}
    normalizer = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    text = {"version": "1.0", "added_tokens": [], "normalizer": normalizer, "model": {**model, "merges": merges}}
    path.write_text(json.dumps(text))


def export(model: Any, source: str, output: str, path: Path, shape: tuple[int, ...]) -> None:
    import torch

    model.config._attn_implementation = "eager"

    class One(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.eval()

        def forward(self, values: Any) -> Any:
            return getattr(self.model(**{source: values}), output)

    example = torch.zeros(shape) if len(shape) == 4 else torch.zeros(shape, dtype=torch.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            One(),
            (example,),
            str(path),
            input_names=[source],
            output_names=[output],
            dynamic_axes={source: {0: "batch"}, output: {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def quantise(path: Path, target: Path, *, pictures: bool) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(path), str(target), weight_type=QuantType.QUInt8 if pictures else QuantType.QInt8, per_channel=True
    )


def build(name: str, cache: Path) -> None:
    """Whatever the files of `name` need, unless it is there."""
    from ml.embedders import dual

    models = {model.spec.name: model for model in (dual.SIGLIP2, dual.SIGLIP2_FP32, dual.CLIP, dual.MOBILECLIP)}
    makers: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
        "siglip2": (build_siglip_image, build_siglip_text),
        "siglip2-fp32": (build_siglip_image, build_siglip_text),
        "clip-vit-b-32": (build_clip_image, build_clip_text),
        "mobileclip": (build_mobileclip_image, build_mobileclip_text),
    }
    folder = cache / name
    folder.mkdir(parents=True, exist_ok=True)
    if name in models:
        for index, make in enumerate(makers[name]):
            target = folder / models[name].spec.files[index].name
            if target.exists():
                continue
            full = target.with_name(f"{('vision', 'text')[index]}_model.onnx")
            if not full.exists():
                make(full)
            if full != target:
                quantise(full, target, pictures=index == 0)
                full.unlink()
        if not (folder / "tokenizer.json").exists():
            build_tokenizer(folder / "tokenizer.json", 256_000 if name.startswith("siglip2") else 49_408)
    elif name == "joytag" and not (folder / "model.onnx").exists():
        build_joytag(folder / "model.onnx")
        (folder / "top_tags.txt").write_bytes((SHARED / "vocab/joytag_top_tags.txt").read_bytes())
    elif name == "places365" and not (folder / "places365.onnx").exists():
        build_places365(folder)
    elif name == "imagenet":
        for file in ("mobilenet_v2_1.0_224.onnx", "imagenet_labels_1001.txt"):
            (folder / file).write_bytes((SHARED / "tags" / file).read_bytes())


# ------------------------------------------------------------------------------------------------------------- running
def memory_mb() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def run(case: str, cache: Path, threads: int) -> dict[str, Any]:
    """One case in this process; prints nothing."""
    import msgspec
    import numpy as np
    import onnxruntime  # noqa: F401 - its cost is the libraries', not the model's
    import tokenizers  # noqa: F401 - the same
    from PIL import Image

    from appliance.media.pixels import decode_upright
    from appliance.steps.embedding import enough_px
    from ml import registry
    from ml.base import ModelFile, Runtime
    from ml.runtime import loaded
    from ml.taggers.joytag import JoyTagger

    JoyTagger.spec = msgspec.structs.replace(JoyTagger.spec, files=(ModelFile("model.onnx"), ModelFile("top_tags.txt")))
    noise = np.random.default_rng(0).integers(0, 256, size=(PICTURE[1] // 20, PICTURE[0] // 20, 3), dtype=np.uint8)
    jpeg = io.BytesIO()
    Image.fromarray(noise).resize(PICTURE, Image.Resampling.BICUBIC).save(jpeg, "JPEG", quality=80)
    preview = cache / f"preview-{os.getpid()}.jpg"
    preview.write_bytes(jpeg.getvalue())
    runtime = Runtime(cache, 8192, threads)
    name, _, part = case.partition(":")

    def picture() -> Any:
        size = enough_px(PICTURE)
        return decode_upright(preview, kind="photo", mime_type="image/jpeg", orientation=1, max_side=size)

    picture()
    empty = memory_mb()
    one: Callable[[], Any]
    if part == "image":
        tower = registry.embedder(name).image
        one = lambda: loaded(tower, runtime).embed_images([picture()])  # noqa: E731 - shortest
    elif part == "text":
        words = registry.embedder(name).text
        assert words is not None
        one = lambda: loaded(words, runtime).embed_texts(TEXTS[:1])  # noqa: E731 - shortest
    elif part == "vocabulary":
        tagger: Any = registry.tagger(name)
        vector = np.full(768, 768**-0.5, dtype=np.float32)
        one = lambda: loaded(tagger, runtime).predict_vector(vector)  # noqa: E731 - shortest
    else:
        looking: Any = registry.tagger(name)
        one = lambda: loaded(looking, runtime).predict(picture())  # noqa: E731 - shortest
    began = time.monotonic()
    one()
    first_s, loaded_mb = time.monotonic() - began, memory_mb()
    began, cpu, count = time.monotonic(), time.process_time(), 0
    while time.monotonic() - began < SECONDS or count < 3:
        one()
        count += 1
    wall, used = time.monotonic() - began, time.process_time() - cpu
    preview.unlink()
    return {
        "case": case,
        "first_s": round(first_s, 2),
        "empty_mb": empty,
        "loaded_mb": loaded_mb,
        "most_mb": memory_mb(),
        "model_mb": memory_mb() - empty,
        "each_ms": round(wall / count * 1000, 1),
        "cpu_ms": round(used / count * 1000, 1),
        "per_s": round(count / wall, 2),
    }


CASES = (
    "siglip2:image",
    "siglip2:text",
    "siglip2:vocabulary",
    "siglip2-fp32:image",
    "siglip2-fp32:text",
    "clip-vit-b-32:image",
    "clip-vit-b-32:text",
    "mobileclip:image",
    "mobileclip:text",
    "joytag",
    "places365",
    "imagenet:image",
    "imagenet",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--build", default="", help=argparse.SUPPRESS)
    parser.add_argument("--run", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build(options.build, options.cache)
        return
    if options.run:
        print(json.dumps(run(options.run, options.cache, options.threads)))
        return
    common = [
        sys.executable,
        "-m",
        "benchmarks.models",
        "--cache",
        str(options.cache),
        "--threads",
        str(options.threads),
    ]
    wanted = options.only.split(",") if options.only else list(CASES)
    for case in wanted:
        subprocess.run([*common, "--build", case.partition(":")[0]], check=True, stderr=subprocess.DEVNULL)
        done = subprocess.run([*common, "--run", case], check=True, capture_output=True, text=True)
        print(done.stdout.strip().splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
