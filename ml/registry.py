"""Every model that Homeroll knows, by task: plain tuples, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from appliance.errors import NotFoundError
from ml.captioners.blip import BlipCaptioner
from ml.captioners.im2txt import Im2txtCaptioner
from ml.embedders.dual import CLIP_EMBEDDER, MOBILECLIP_EMBEDDER, SIGLIP2_EMBEDDER, SIGLIP2_FP32_EMBEDDER
from ml.embedders.mobilenet import IMAGENET_EMBEDDER
from ml.faces.dlib_engine import DlibCnnEngine, DlibEngine
from ml.faces.onnx_engine import RetailFaceEngine, SFaceEngine
from ml.readers.rapid import RapidReader
from ml.taggers.joytag import JoyTagger
from ml.taggers.mobilenet import ImagenetTagger
from ml.taggers.places365 import PlacesTagger
from ml.taggers.siglip2 import Siglip2Fp32Tagger, Siglip2Tagger

if TYPE_CHECKING:
    from ml.base import Captioner, Embedder, FaceEngine, ModelSpec, Tagger, TextReader, VectorTagger

T = TypeVar("T")

# The first needs no download and is the default.
FACE_ENGINES: tuple[type[FaceEngine], ...] = (
    DlibEngine,
    DlibCnnEngine,
    SFaceEngine,
    RetailFaceEngine,
)

# Each list: the one that suits most first.
TAGGERS: tuple[type[Tagger | VectorTagger], ...] = (
    Siglip2Tagger,
    JoyTagger,
    PlacesTagger,
    ImagenetTagger,
    Siglip2Fp32Tagger,
)
CAPTIONERS: tuple[type[Captioner], ...] = (
    Im2txtCaptioner,
    BlipCaptioner,
)
TEXT_READERS: tuple[type[TextReader], ...] = (RapidReader,)
EMBEDDERS: tuple[Embedder, ...] = (
    SIGLIP2_EMBEDDER,
    CLIP_EMBEDDER,
    MOBILECLIP_EMBEDDER,
    IMAGENET_EMBEDDER,
    SIGLIP2_FP32_EMBEDDER,
)


def face_engine(name: str) -> type[FaceEngine]:
    """Raises NotFoundError for a name that no engine has."""
    return _named("face engine", name, {engine.spec.name: engine for engine in FACE_ENGINES})


def tagger(name: str) -> type[Tagger | VectorTagger]:
    """Raises NotFoundError for a name that no tagging model has."""
    return _named("tagging model", name, {tagger.spec.name: tagger for tagger in TAGGERS})


def captioner(name: str) -> type[Captioner]:
    """Raises NotFoundError for a name that no captioning model has."""
    return _named("captioning model", name, {captioner.spec.name: captioner for captioner in CAPTIONERS})


def text_reader(name: str) -> type[TextReader]:
    """Raises NotFoundError for a name that no reader has."""
    return _named("text reader", name, {reader.spec.name: reader for reader in TEXT_READERS})


def embedder(name: str) -> Embedder:
    """Raises NotFoundError for a name that no embedding model has."""
    return _named("embedding model", name, {embedder.spec.name: embedder for embedder in EMBEDDERS})


def models() -> dict[str, ModelSpec]:
    """Every model by name; one that serves several tasks (siglip2) is there once, as what embeds."""
    specs: dict[str, ModelSpec] = {}
    for owner in (*FACE_ENGINES, *TEXT_READERS, *EMBEDDERS, *TAGGERS, *CAPTIONERS):
        specs.setdefault(owner.spec.name, owner.spec)
    return specs


def model(name: str) -> ModelSpec:
    """Raises NotFoundError for a name that no model has."""
    return _named("model", name, models())


def _named(kind: str, name: str, known: dict[str, T]) -> T:
    if name not in known:
        raise NotFoundError(f"There is no {kind} {name}.", hint=f"There are: {', '.join(known) or 'none'}.")
    return known[name]
