"""Tags told from the embedding that SigLIP 2 made of a picture: the nearest words of our own vocabulary.

The picture is not looked at again.  The words are embedded once, by the tower of words, and kept on disk beside the
model; another revision of the model, or another vocabulary, embeds them anew.
"""

from __future__ import annotations

import hashlib
import io
import logging
from typing import TYPE_CHECKING, ClassVar

import msgspec

from appliance.errors import ModelOutputError, ModelUnavailableError, StorageError
from appliance.files import write_atomically
from ml.embedders.dual import SIGLIP2_EMBEDDER, SIGLIP2_FP32_EMBEDDER
from ml.runtime import loaded
from ml.taggers.top import best
from ml.vocabulary.words import read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ml.base import Embedder, ModelSpec, Runtime, TagScore, Vector, Vectors

log = logging.getLogger(__name__)

TEMPLATE = "a photo of {}"
_MOST = 10
_LEAST = 1e-4  # a right angle and beyond has nothing to do with the picture


def _tags(spec: ModelSpec) -> ModelSpec:
    """Beside the embedding model, which is loaded by itself, telling tags takes next to nothing."""
    return msgspec.structs.replace(spec, memory_mb=10)


class Siglip2Tagger:
    """The ten nearest words, each with its cosine; only what points the same way at all."""

    embedder: ClassVar[Embedder] = SIGLIP2_EMBEDDER
    spec: ClassVar[ModelSpec] = _tags(SIGLIP2_EMBEDDER.spec)
    reads: ClassVar[str] = SIGLIP2_EMBEDDER.spec.name

    def load(self, runtime: Runtime) -> None:
        self._words = read_vocabulary().words
        self._vectors = word_vectors(self.embedder, self._words, runtime)

    def predict_vector(self, vector: Vector) -> list[TagScore]:
        """Raises ModelOutputError for a vector that is not one of this model's."""
        import numpy as np

        if vector.shape != (self.embedder.dimensions,) or not np.isfinite(vector).all():
            raise ModelOutputError(self.spec.name, f"That is no embedding by {self.reads}.")
        return best(self._vectors @ vector, self._words, most=_MOST, least=_LEAST)


class Siglip2Fp32Tagger(Siglip2Tagger):
    """The same by the model in full precision, whose embeddings are others."""

    embedder: ClassVar[Embedder] = SIGLIP2_FP32_EMBEDDER
    spec: ClassVar[ModelSpec] = _tags(SIGLIP2_FP32_EMBEDDER.spec)
    reads: ClassVar[str] = SIGLIP2_FP32_EMBEDDER.spec.name


def word_vectors(embedder: Embedder, words: Sequence[str], runtime: Runtime) -> Vectors:
    """One row per word, from disk where they are, else made now by the tower of words, and kept.

    Raises ModelUnavailableError when they must be made and the tower is not here, or makes no words comparable.
    """
    import numpy as np

    name = embedder.spec.name
    if runtime.models_dir is None or embedder.text is None:
        raise ModelUnavailableError(name, f"{name} is not here.", hint=f"Fetch it: homeroll models pull {name}")
    path = runtime.models_dir / name / f"tags-{vocabulary_key(embedder.spec, words)}.npy"
    try:
        kept: Vectors = np.load(path, allow_pickle=False)
        if kept.shape == (len(words), embedder.dimensions) and kept.dtype == np.float32:
            return kept
    except (OSError, ValueError, EOFError):
        pass  # not made yet, or torn
    vectors = loaded(embedder.text, runtime).embed_texts([TEMPLATE.format(word) for word in words])
    try:
        _keep(path, vectors)
    except (OSError, StorageError) as error:
        log.warning("model=%s its words are embedded at every start: %s", name, error)
    return vectors


def vocabulary_key(spec: ModelSpec, words: Sequence[str]) -> str:
    """Changes with whatever changes the vectors: the model's files, revision and version, the words, the sentence."""
    files = [f"{file.name}={file.sha256}" for file in spec.files]
    text = "\n".join([spec.name, spec.version, spec.revision, *files, TEMPLATE, *words])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _keep(path: Path, vectors: Vectors) -> None:
    """Whole or not at all, also when two processes make it at once; those of other vocabularies go."""
    import numpy as np

    data = io.BytesIO()
    np.save(data, vectors, allow_pickle=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data.getvalue(), temporary_in=path.parent)
    for other in path.parent.glob("tags-*.npy"):
        if other != path:
            other.unlink(missing_ok=True)
