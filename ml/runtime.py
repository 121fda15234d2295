"""What models share when they run: finding their files, checking them, and onnxruntime sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from appliance.errors import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ml.base import ModelFile, ModelSpec


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


def open_session(path: Path, spec: ModelSpec) -> Session:
    """A session on one thread: as many pictures are worked on at once as the house has workers."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailableError(
            spec.name, "onnxruntime is not installed.", hint="Run ./install.sh again."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
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
