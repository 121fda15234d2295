"""Published checkpoints made into the ONNX files that are used: once, after a pull, in a process of its own.

Checkpoints are read by torch with `weights_only`, so that nothing in them is ever executed.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from appliance.errors import ModelUnavailableError, NotFoundError
from ml.taggers.places365 import ATTRIBUTE_WEIGHTS, CHECKPOINT, CONVERTED, PlacesTagger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Weights = dict[str, NDArray[np.float32]]

_OPSET, _IR = 17, 8  # what onnxruntime has been reading for years
_EPSILON = 1e-5  # of PyTorch's batch normalisation


def convert(model_name: str, folder: Path) -> None:
    """Make of the files in `folder` what the model is used as, beside them; by another name first, then renamed.

    Raises NotFoundError for a model that is used as published, and ModelUnavailableError when its files are not what
    they are said to be or torch is not installed.
    """
    if model_name not in CONVERTERS:
        raise NotFoundError(f"Nothing is converted for {model_name}.")
    CONVERTERS[model_name](folder)


def convert_places365(folder: Path) -> None:
    """`places365.onnx` of the checkpoint and the weights of the attributes."""
    import numpy as np

    spec = PlacesTagger.spec
    try:
        import onnx
    except ImportError as error:
        raise _needs_torch() from error
    weights = read_checkpoint(folder / CHECKPOINT.name, spec.name)
    try:
        attributes = np.load(folder / ATTRIBUTE_WEIGHTS.name, allow_pickle=False).astype(np.float32)
        model = _wide_resnet(weights, attributes)
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise _not_what_it_says(spec.name) from error
    made = folder / f"{CONVERTED.name}.part"
    onnx.save(model, str(made))
    made.replace(folder / CONVERTED.name)


CONVERTERS: dict[str, Callable[[Path], None]] = {PlacesTagger.spec.name: convert_places365}


def read_checkpoint(path: Path, model_name: str) -> Weights:
    """The weights of a PyTorch checkpoint by name, without the prefix that training on several devices leaves."""
    try:
        import torch
    except ImportError as error:
        raise _needs_torch() from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an encoding is of no use here: it is, for Python 2's byte strings
            checkpoint = torch.load(path, map_location="cpu", weights_only=True, encoding="latin1")
        state = checkpoint.get("state_dict", checkpoint)
        return {str(name).removeprefix("module."): value.float().numpy() for name, value in state.items()}
    except Exception as error:  # torch and pickle raise whatever a damaged file leads to
        raise _not_what_it_says(model_name) from error


def _wide_resnet(weights: Weights, attributes: NDArray[np.float32]) -> Any:
    """The network as an ONNX model: input `image` (n, 3, 224, 224), outputs `scenes` and `attributes`."""
    from onnx import TensorProto, helper, numpy_helper

    classes, features = weights["fc.weight"].shape
    if attributes.ndim != 2 or attributes.shape[1] != features:
        raise ValueError("the attributes are not a function of this network's features")
    nodes = list(_layers(weights))
    nodes += [
        helper.make_node("GlobalAveragePool", ["layer4"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Gemm", ["features", "fc.weight", "fc.bias"], ["scenes"], transB=1),
        helper.make_node("Gemm", ["features", "attributes.weight"], ["attributes"], transB=1),
    ]
    tensors = {"attributes.weight": attributes, "fc.weight": weights["fc.weight"], "fc.bias": weights["fc.bias"]}
    for conv, norm in _convolutions(weights):
        tensors[f"{conv}.weight"], tensors[f"{conv}.bias"] = _folded(weights, conv, norm)
    graph = helper.make_graph(
        nodes,
        "places365",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 224, 224])],
        [
            helper.make_tensor_value_info("scenes", TensorProto.FLOAT, ["n", classes]),
            helper.make_tensor_value_info("attributes", TensorProto.FLOAT, ["n", attributes.shape[0]]),
        ],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)


def _layers(weights: Weights) -> Iterator[Any]:
    """The nodes from `image` to `layer4`: four layers of two blocks, each block two convolutions and a shortcut."""
    from onnx import helper

    yield _convolution("conv1", "image", "stem.sum", stride=2, padding=3)
    yield helper.make_node("Relu", ["stem.sum"], ["stem"])
    value = "stem"
    for layer in range(1, 5):
        for block in range(2):
            name = f"layer{layer}.{block}"
            stride = 2 if layer > 1 and block == 0 else 1
            yield _convolution(f"{name}.conv1", value, f"{name}.a", stride=stride, padding=1)
            yield helper.make_node("Relu", [f"{name}.a"], [f"{name}.b"])
            yield _convolution(f"{name}.conv2", f"{name}.b", f"{name}.c", stride=1, padding=1)
            if f"{name}.downsample.0.weight" in weights:
                yield _convolution(f"{name}.downsample.0", value, f"{name}.short", stride=stride, padding=0)
                value = f"{name}.short"
            yield helper.make_node("Add", [f"{name}.c", value], [f"{name}.sum"])
            value = f"layer{layer}" if block == 1 else name
            yield helper.make_node("Relu", [f"{name}.sum"], [value])


def _convolution(name: str, source: str, target: str, *, stride: int, padding: int) -> Any:
    from onnx import helper

    inputs = [source, f"{name}.weight", f"{name}.bias"]
    return helper.make_node("Conv", inputs, [target], strides=[stride] * 2, pads=[padding] * 4)


def _convolutions(weights: Weights) -> Iterator[tuple[str, str]]:
    """Each convolution and the normalisation that follows it."""
    for key in weights:
        name, _, kind = key.rpartition(".")
        if kind == "weight" and weights[key].ndim == 4:
            norm = f"{name[:-1]}1" if name.endswith("downsample.0") else name.replace("conv", "bn")
            yield name, norm


def _folded(weights: Weights, conv: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight and bias of a convolution with its batch normalisation in it."""
    import numpy as np

    variance = weights[f"{norm}.running_var"].astype(np.float64)
    scale = weights[f"{norm}.weight"] / np.sqrt(variance + _EPSILON)
    weight = weights[f"{conv}.weight"] * scale[:, None, None, None]
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return weight.astype(np.float32), bias.astype(np.float32)


def _needs_torch() -> ModelUnavailableError:
    name = PlacesTagger.spec.name
    return ModelUnavailableError(
        name,
        f"{name} is published for PyTorch and must be converted once, which takes the extra homeroll[torch].",
        hint=f"Install it, or convert on another machine and bring the folder: homeroll models add {name} DIR",
    )


def _not_what_it_says(model_name: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        model_name,
        f"The published files of {model_name} are not what they should be.",
        hint=f"Fetch them again: homeroll models pull {model_name}",
    )
