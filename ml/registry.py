"""Every model that Homeroll knows, by task: plain tuples, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import NotFoundError
from ml.faces.dlib_engine import DlibCnnEngine, DlibEngine
from ml.faces.onnx_engine import RetailFaceEngine, SFaceEngine

if TYPE_CHECKING:
    from ml.base import FaceEngine

# The first needs no download and is the default.
FACE_ENGINES: tuple[type[FaceEngine], ...] = (
    DlibEngine,
    DlibCnnEngine,
    SFaceEngine,
    RetailFaceEngine,
)


def face_engine(name: str) -> type[FaceEngine]:
    """Raises NotFoundError for a name that no engine has."""
    for engine in FACE_ENGINES:
        if engine.spec.name == name:
            return engine
    known = ", ".join(engine.spec.name for engine in FACE_ENGINES)
    raise NotFoundError(f"There is no face engine {name}.", hint=f"There are: {known}.")
