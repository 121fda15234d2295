"""ViT-GPT2 captioners of any size with random weights, as transformers has them and as the ONNX files that we read.

The graphs are written out here node by node, with the inputs, outputs and the two branches (with and without memory) of
the published files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper, save_model
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import GPT2Config, VisionEncoderDecoderConfig, VisionEncoderDecoderModel, ViTConfig

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

OPSET = 20
FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def make_model(
    *, width: int = 32, heads: int = 4, layers: int = 2, side: int = 32, patch: int = 8, words: int = 24, seed: int = 0,
    spread: float = 0.3,
) -> Any:  # fmt: skip
    """A captioner as transformers runs it; `spread` of its weights decides how much its sentences differ."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # tiny networks are not worth more
    looks = ViTConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=4 * width,
        image_size=side, patch_size=patch, initializer_range=spread,
    )  # fmt: skip
    speaks = GPT2Config(
        vocab_size=words, n_positions=64, n_embd=width, n_layer=layers, n_head=heads, add_cross_attention=True,
        initializer_range=spread, bos_token_id=words - 1, eos_token_id=words - 1,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(looks, speaks)
    config.decoder_start_token_id = config.eos_token_id = config.pad_token_id = words - 1
    model: Any = VisionEncoderDecoderModel(config=config)
    return model.eval()


def write_model(model: Any, folder: Path, *, merged: bool = True, branches: bool = True) -> None:
    """The four files of the captioner, named as published; `merged`: the decoder has a memory, and with `branches` two
    ways through it."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    save_model(encoder_graph(model), folder / "onnx" / "encoder_model_quantized.onnx")
    save_model(
        decoder_graph(model, merged=merged, branches=branches), folder / "onnx" / "decoder_model_merged_quantized.onnx"
    )
    words = model.config.decoder.vocab_size
    tokenizer = Tokenizer(WordLevel({**{f"w{n}": n for n in range(words - 1)}, "<|endoftext|>": words - 1}, "w0"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    side = model.config.encoder.image_size
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "do_normalize": True,
                "do_rescale": True,
                "do_resize": True,
                "image_mean": [0.5, 0.5, 0.5],
                "image_std": [0.5, 0.5, 0.5],
                "resample": 2,
                "rescale_factor": 1 / 255,
                "image_processor_type": "ViTFeatureExtractor",
                "size": {"height": side, "width": side},
            }
        )
    )


class Graph:
    """Nodes one after the other; weights, by their name in `state`, are shared with the branches inside."""

    def __init__(self, state: Any, weights: dict[str, Any] | None = None, prefix: str = "") -> None:
        self.state = state
        self.nodes: list[Any] = []
        self.weights: dict[str, Any] = {} if weights is None else weights
        self._prefix = prefix

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        names = [f"{self._prefix}{kind}_{len(self.nodes)}_{n}" for n in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def known(self, name: str, *, turned: bool = False) -> str:
        value = self.state[name].detach().numpy()
        return self._constant(f"{name}.turned" if turned else name, value.T if turned else value)

    def ints(self, *values: int) -> str:
        return self._constant("ints_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))

    def ints_once(self, value: int) -> str:
        return self._constant(f"int_{value}", np.array(value, dtype=np.int64))

    def number(self, value: float) -> str:
        return self._constant(f"number_{value}", np.array(value, dtype=np.float32))

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self.weights:
            self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name)
        return name

    def length(self, name: str, axis: int) -> str:
        """How long it is along an axis, as a single number."""
        return str(self.op("Gather", self.op("Shape", name), self.ints_once(axis)))

    def linear(self, x: str, name: str, *, turned: bool = False) -> str:
        """turned: the weight is kept as (out, in)."""
        return str(
            self.op(
                "Add", self.op("MatMul", x, self.known(f"{name}.weight", turned=turned)), self.known(f"{name}.bias")
            )
        )

    def norm(self, x: str, name: str, epsilon: float) -> str:
        scale, bias = self.known(f"{name}.weight"), self.known(f"{name}.bias")
        return str(self.op("LayerNormalization", x, scale, bias, epsilon=epsilon))

    def split_heads(self, x: str, heads: int, width: int) -> str:
        apart = self.op("Reshape", x, self.ints(0, -1, heads, width // heads))
        return str(self.op("Transpose", apart, perm=[0, 2, 1, 3]))

    def attend(self, query: str, key: str, value: str, width: int, heads: int, mask: str = "") -> str:
        """Of (rows, heads, tokens, width of a head); the heads side by side again."""
        alike = self.op("MatMul", query, self.op("Transpose", key, perm=[0, 1, 3, 2]))
        alike = self.op("Div", alike, self.number(float(np.sqrt(width // heads))))
        if mask:
            alike = self.op("Add", alike, mask)
        seen = self.op("MatMul", self.op("Softmax", alike, axis=-1), value)
        return str(self.op("Reshape", self.op("Transpose", seen, perm=[0, 2, 1, 3]), self.ints(0, -1, width)))


def encoder_graph(model: Any) -> Any:
    """pixel_values (n, 3, side, side) -> last_hidden_state (n, patches + 1, width)."""
    graph, config = Graph(model.encoder.state_dict()), model.config.encoder
    width, heads = config.hidden_size, config.num_attention_heads
    patches = "embeddings.patch_embeddings.projection"
    x = graph.op(
        "Conv", "pixel_values", graph.known(f"{patches}.weight"), graph.known(f"{patches}.bias"),
        strides=[config.patch_size] * 2,
    )  # fmt: skip
    x = graph.op("Transpose", graph.op("Reshape", x, graph.ints(0, width, -1)), perm=[0, 2, 1])
    rows = graph.op("Slice", graph.op("Shape", x), graph.ints(0), graph.ints(1))
    shape = graph.op("Concat", rows, graph.ints(1, width), axis=0)
    x = graph.op("Concat", graph.op("Expand", graph.known("embeddings.cls_token"), shape), x, axis=1)
    x = graph.op("Add", x, graph.known("embeddings.position_embeddings"))
    for number in range(config.num_hidden_layers):
        layer = f"layers.{number}"
        normed = graph.norm(x, f"{layer}.layernorm_before", config.layer_norm_eps)
        query, key, value = (
            graph.split_heads(graph.linear(normed, f"{layer}.attention.{part}_proj", turned=True), heads, width)
            for part in "qkv"
        )
        seen = graph.attend(query, key, value, width, heads)
        x = graph.op("Add", x, graph.linear(seen, f"{layer}.attention.o_proj", turned=True))
        normed = graph.norm(x, f"{layer}.layernorm_after", config.layer_norm_eps)
        wide = graph.op("Gelu", graph.linear(normed, f"{layer}.mlp.fc1", turned=True))
        x = graph.op("Add", x, graph.linear(wide, f"{layer}.mlp.fc2", turned=True))
    x = graph.norm(x, "layernorm", config.layer_norm_eps)
    graph.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    return as_model(
        graph,
        [helper.make_tensor_value_info("pixel_values", FLOAT, ["batch_size", 3, "height", "width"])],
        [helper.make_tensor_value_info("last_hidden_state", FLOAT, ["batch_size", "sequence_length", width])],
    )


def decoder_graph(model: Any, *, merged: bool = True, branches: bool = True) -> Any:
    """input_ids and encoder_hidden_states -> logits, and with a memory: past_key_values -> present."""
    config = model.config.decoder
    shape = ["batch_size", config.n_head, "past_length", config.n_embd // config.n_head]
    past = [f"{layer}.{part}" for layer in range(config.n_layer) for part in ("key", "value")] if merged else []
    inputs = [
        helper.make_tensor_value_info("input_ids", INT, ["batch_size", "length"]),
        helper.make_tensor_value_info("encoder_hidden_states", FLOAT, ["batch_size", "seen", config.n_embd]),
        *(helper.make_tensor_value_info(f"past_key_values.{name}", FLOAT, shape) for name in past),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", FLOAT, ["batch_size", "length", config.vocab_size]),
        *(helper.make_tensor_value_info(f"present.{name}", FLOAT, shape) for name in past),
    ]
    outer = Graph(model.decoder.state_dict())
    names = [output.name for output in outputs]
    if not merged or not branches:
        made = decoder_nodes(outer, config, remembers=merged)[: len(names)]
        outer.nodes += [helper.make_node("Identity", [one], [name]) for one, name in zip(made, names, strict=True)]
        return as_model(outer, inputs, outputs)
    bodies = {}
    for branch, remembers in (("then_branch", True), ("else_branch", False)):
        inner = Graph(outer.state, outer.weights, prefix=f"{branch}_")
        made = decoder_nodes(inner, config, remembers=remembers)
        infos = [helper.make_tensor_value_info(name, FLOAT, None) for name in made]
        bodies[branch] = helper.make_graph(inner.nodes, branch, [], infos)
    outer.nodes.append(helper.make_node("If", ["use_cache_branch"], names, **bodies))
    return as_model(outer, [*inputs, helper.make_tensor_value_info("use_cache_branch", BOOL, [1])], outputs)


def decoder_nodes(graph: Graph, config: Any, *, remembers: bool) -> list[str]:
    """GPT-2 with a look at the picture in each layer; names of the logits and of what it remembers afterwards."""
    width, heads, epsilon = config.n_embd, config.n_head, config.layer_norm_epsilon
    length = graph.length("input_ids", 1)
    before = graph.length("past_key_values.0.key", 2) if remembers else graph.ints_once(0)
    until = graph.op("Add", before, length)
    places = graph.op("Range", before, until, graph.ints_once(1))
    x = graph.op("Gather", graph.known("transformer.wte.weight"), "input_ids")
    x = graph.op("Add", x, graph.op("Gather", graph.known("transformer.wpe.weight"), places))
    # Nobody sees what comes after: -1e9 where the column is later than the row.
    columns = graph.op("Range", graph.ints_once(0), until, graph.ints_once(1))
    later = graph.op(
        "Greater", graph.op("Unsqueeze", columns, graph.ints(0)), graph.op("Unsqueeze", places, graph.ints(1))
    )
    mask = graph.op("Where", later, graph.number(-1e9), graph.number(0.0))
    kept = []
    for number in range(config.n_layer):
        layer = f"transformer.h.{number}"
        normed = graph.norm(x, f"{layer}.ln_1", epsilon)
        query, key, value = (
            graph.split_heads(part, heads, width)
            for part in graph.op(
                "Split", graph.linear(normed, f"{layer}.attn.c_attn"), outputs=3, axis=2, num_outputs=3
            )
        )
        if remembers:
            key = graph.op("Concat", f"past_key_values.{number}.key", key, axis=2)
            value = graph.op("Concat", f"past_key_values.{number}.value", value, axis=2)
        kept += [graph.op("Identity", key), graph.op("Identity", value)]
        said = graph.attend(query, key, value, width, heads, mask)
        x = graph.op("Add", x, graph.linear(said, f"{layer}.attn.c_proj"))
        normed = graph.norm(x, f"{layer}.ln_cross_attn", epsilon)
        query = graph.split_heads(graph.linear(normed, f"{layer}.crossattention.q_attn"), heads, width)
        picture = graph.linear("encoder_hidden_states", f"{layer}.crossattention.c_attn")
        key, value = (
            graph.split_heads(part, heads, width)
            for part in graph.op("Split", picture, outputs=2, axis=2, num_outputs=2)
        )
        x = graph.op(
            "Add", x, graph.linear(graph.attend(query, key, value, width, heads), f"{layer}.crossattention.c_proj")
        )
        wide = graph.linear(graph.norm(x, f"{layer}.ln_2", epsilon), f"{layer}.mlp.c_fc")
        x = graph.op("Add", x, graph.linear(graph.op("Gelu", wide, approximate="tanh"), f"{layer}.mlp.c_proj"))
    x = graph.norm(x, "transformer.ln_f", epsilon)
    return [graph.op("MatMul", x, graph.known("lm_head.weight", turned=True)), *kept]


def as_model(graph: Graph, inputs: list[Any], outputs: list[Any]) -> Any:
    made = helper.make_graph(graph.nodes, "captioner", inputs, outputs, list(graph.weights.values()))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
