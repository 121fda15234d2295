"""What models share when they run: finding their files, checking them, and onnxruntime sessions."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from appliance.errors import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ml.base import Loadable, ModelFile, ModelSpec, Runtime


class Tensor(Protocol):
    """Name and shape of an input or output; a free dimension is a name or None."""

    name: str
    shape: list[int | str | None]


class Session(Protocol):
    """The part of onnxruntime.InferenceSession that models use."""

    def run(self, names: Sequence[str] | None, feed: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Outputs in the order of `names`, or of the file."""

    def get_inputs(self) -> list[Tensor]: ...

    def get_outputs(self) -> list[Tensor]: ...


M = TypeVar("M", bound="Loadable")

_held: OrderedDict[tuple[object, ...], Loadable] = OrderedDict()  # the least recently used first
_loading = threading.RLock()  # again by the same thread: a model may use another one to be loaded


def loaded(make: Callable[[], M], runtime: Runtime) -> M:
    """The one instance of this process, loaded at its first use; others go, the longest unused first, until all fit.

    make: the class, or what builds an instance; the same `make` gives the same instance.
    Raises ModelUnavailableError for a model that does not fit `runtime.memory_mb` alone, and what `load` raises.
    """
    key = (make, runtime.models_dir, runtime.threads)
    with _loading:
        if key in _held:
            _held.move_to_end(key)
            return cast("M", _held[key])
        model = make()
        check_fits(model.spec, runtime)
        while _held and sum(held.spec.memory_mb for held in _held.values()) + model.spec.memory_mb > runtime.memory_mb:
            _held.popitem(last=False)
            gc.collect()  # a session's memory goes with it, also where objects refer to each other
        model.load(runtime)
        _held[key] = model
        return model


def check_fits(spec: ModelSpec, runtime: Runtime) -> None:
    """Raise ModelUnavailableError, with the numbers, for a model that is larger than what models may use."""
    if spec.memory_mb > runtime.memory_mb:
        raise ModelUnavailableError(
            spec.name,
            f"{spec.name} needs {spec.memory_mb} MB of memory; models may use {runtime.memory_mb} MB here.",
            hint="Choose a smaller model, or raise model_memory_mb if the machine has the memory.",
        )


def installed(models_dir: Path | None, spec: ModelSpec) -> bool:
    """Whether every file is where `model_path` finds it; hashes are `ml.store`'s to check."""
    try:
        for file in spec.files if spec.needs_download else ():
            model_path(models_dir, spec, file)
    except ModelUnavailableError:
        return False
    return True


def model_path(models_dir: Path | None, spec: ModelSpec, file: ModelFile) -> Path:
    """Where a file of a model lies: in the folder named after the model, or in `models_dir` itself.

    Raises ModelUnavailableError when it is in neither, or cut short.
    """
    for folder in () if models_dir is None else (models_dir / spec.name, models_dir):
        path = folder / file.name
        if path.is_file():
            size = path.stat().st_size
            if file.size_bytes is not None and size != file.size_bytes:
                raise ModelUnavailableError(
                    spec.name,
                    f"The file {file.name} of {spec.name} has {size} bytes instead of {file.size_bytes}.",
                    hint=f"Fetch it again: homeroll models pull {spec.name}",
                )
            return path
    raise ModelUnavailableError(
        spec.name,
        f"The file {file.name} of {spec.name} is not there.",
        hint=f"Fetch it: homeroll models pull {spec.name}",
    )


def open_session(path: Path, spec: ModelSpec, threads: int = 1) -> Session:
    """A session; on one thread where as many pictures are worked on at once as the house has workers."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailableError(
            spec.name, "onnxruntime is not installed.", hint="Run ./install.sh again."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; they are raised as well
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has one exception class per status and no common one
        raise ModelUnavailableError(
            spec.name, f"{path.name} is not a model that can be used.", hint=f"homeroll models pull {spec.name}"
        ) from error
    return cast("Session", session)
