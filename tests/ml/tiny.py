"""Small models with the inputs and outputs of the real ones, as files, and what they should answer, worked out by torch
or numpy alone."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    SiglipTextConfig,
    SiglipTextModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

DIMENSIONS = 32  # of every tiny embedding model
CLIP_WORDS = 49408


class Tower(torch.nn.Module):
    """One of transformers' models with a single named input, and what it pools."""

    def __init__(self, model: Any, source: str, pooled: str) -> None:
        super().__init__()
        self.model, self.source, self.pooled = model, source, pooled

    def forward(self, values: torch.Tensor) -> Any:
        answer = self.model(**{self.source: values})
        return getattr(answer, self.pooled), answer.last_hidden_state

    def expected(self, values: NDArray[Any]) -> Array:
        """The pooled output, L2-normalised."""
        with torch.no_grad():
            pooled = self(torch.from_numpy(values))[0].double()
        result: Array = (pooled / pooled.norm(dim=1, keepdim=True)).float().numpy()
        return result

    def save(self, path: Path, example: torch.Tensor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own: it is the older of two
            torch.onnx.export(
                self,
                (example,),
                str(path),
                input_names=[self.source],
                output_names=[self.pooled, "last_hidden_state"],
                dynamic_axes={self.source: {0: "batch"}, self.pooled: {0: "batch"}, "last_hidden_state": {0: "batch"}},
                opset_version=17,
                dynamo=False,
            )


def siglip_image(path: Path, *, side: int = 256) -> Tower:
    torch.manual_seed(1)
    config = SiglipVisionConfig(
        hidden_size=DIMENSIONS,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=side,
        patch_size=side // 4,
    )
    return _saved(SiglipVisionModel(config), "pixel_values", "pooler_output", path, torch.zeros(1, 3, side, side))


def siglip_text(path: Path, *, words: int) -> Tower:
    torch.manual_seed(2)
    config = SiglipTextConfig(
        vocab_size=words,
        hidden_size=DIMENSIONS,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        projection_size=DIMENSIONS,
    )
    example = torch.zeros(1, 64, dtype=torch.int64)
    return _saved(SiglipTextModel(config), "input_ids", "pooler_output", path, example)


def clip_image(path: Path, *, side: int) -> Tower:
    torch.manual_seed(3)
    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=side,
        patch_size=side // 4,
        projection_dim=DIMENSIONS,
    )
    example = torch.zeros(1, 3, side, side)
    return _saved(CLIPVisionModelWithProjection(config), "pixel_values", "image_embeds", path, example)


def clip_text(path: Path) -> Tower:
    """Pools where its end mark, 49407, first stands, as CLIP does."""
    torch.manual_seed(4)
    config = CLIPTextConfig(
        vocab_size=CLIP_WORDS,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        projection_dim=DIMENSIONS,
        eos_token_id=49407,
        bos_token_id=49406,
    )
    example = torch.tensor([[49406, 5, 49407, *[49407] * 74]])
    return _saved(CLIPTextModelWithProjection(config), "input_ids", "text_embeds", path, example)


def _saved(model: Any, source: str, pooled: str, path: Path, example: torch.Tensor) -> Tower:
    model.config._attn_implementation = "eager"  # the one that the exporter knows
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "position" not in name:
                weight.normal_(std=0.3)  # as they begin, all pictures look alike to them
    tower = Tower(model.eval(), source, pooled)
    tower.save(path, example)
    return tower


GRID = 8  # cells to a side of what linear models see


def save_linear(path: Path, *, side: int, outputs: Mapping[str, Array], source: str = "input") -> None:
    """A network whose outputs are linear functions of the colours of 8 by 8 cells: weights (classes, 192)."""
    cell = side // GRID
    nodes = [
        helper.make_node("AveragePool", [source], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        *(helper.make_node("Gemm", ["flat", f"{name}.w"], [name], transB=1) for name in outputs),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", len(w)]) for name, w in outputs.items()],
        [numpy_helper.from_array(w.astype(np.float32), f"{name}.w") for name, w in outputs.items()],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def linear_answer(weights: Array, pixels: NDArray[Any]) -> NDArray[np.float64]:
    """What `save_linear`'s network answers for one picture's pixels, (3, side, side)."""
    cell = pixels.shape[1] // GRID
    cells = pixels.astype(np.float64).reshape(3, GRID, cell, GRID, cell).mean(axis=(2, 4))
    answer: NDArray[np.float64] = weights.astype(np.float64) @ cells.reshape(-1)
    return answer


def picture(seed: int, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """Large blocks of colour, different for every seed."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, size=(6, 8, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 6 // height, np.arange(width) * 8 // width
    return blocks[rows][:, columns]


def order(scores: Sequence[float] | NDArray[Any]) -> list[int]:
    """Indices, the largest score first."""
    return sorted(range(len(scores)), key=lambda index: -float(scores[index]))
