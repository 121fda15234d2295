"""The tags step: words for a picture, by the tagging model in use."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ComputeError, ModelUnavailableError
from appliance.library import image_index, intake, model_tags
from appliance.library.model_tags import TaggingModel
from appliance.steps.base import PICTURES, StepBase
from appliance.steps.embedding import embed_picture, enough_px, missing
from appliance.steps.pictures import Picture, open_frames, picture_for
from ml import registry
from ml.base import TagScore
from ml.runtime import loaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Row
    from appliance.home import Home
    from ml.base import Runtime


class Tagged(msgspec.Struct, frozen=True):
    """What a model said of one file."""

    model: TaggingModel
    said: list[TagScore]


def tag_picture(picture: Picture, model: TaggingModel, vectors: Sequence[bytes], runtime: Runtime) -> Tagged:
    """Words for one picture, or for some frames of a video together.

    vectors: its embeddings by the model that the tagger reads, if it reads any and they are known; made here if not.
    """
    import numpy as np

    make: Any = registry.tagger(model.name)
    found: Any = loaded(make, runtime)  # before decoding: without it there is nothing to do
    if make.reads:
        known = vectors or embed_picture(picture, make.reads, runtime).vectors
        said = [found.predict_vector(np.frombuffer(vector, dtype="<f4")) for vector in known]
    else:
        said = [found.predict(frame) for frame in open_frames(picture, enough_px(picture.size_px))]
    return Tagged(model, merged(said))


def merged(said: Sequence[Sequence[TagScore]]) -> list[TagScore]:
    """What is said of any frame holds for the whole: each word with its best score, no more of a kind than of one."""
    if len(said) == 1:
        return list(said[0])
    groups = dict.fromkeys(tag.group for tags in said for tag in tags)
    return [tag for group in groups for tag in _best([[t for t in tags if t.group == group] for tags in said])]


def _best(said: Sequence[Sequence[TagScore]]) -> Iterable[TagScore]:
    scores: dict[str, TagScore] = {}
    for tag in (tag for tags in said for tag in tags):
        if tag.name not in scores or tag.score > scores[tag.name].score:
            scores[tag.name] = tag
    most = max(len(tags) for tags in said)
    return sorted(scores.values(), key=lambda tag: -tag.score)[:most]


class TagsStep(StepBase):
    name = model_tags.TAGS_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP, intake.RENDITIONS_STEP, image_index.EMBEDDING_STEP)
    kinds = PICTURES
    models = True
    timeout_s = 1200.0  # the first one may embed a whole vocabulary: 40 s on a PC, many times that on a Pi
    run = staticmethod(tag_picture)

    async def hindrance(self, home: Home) -> str:
        model = await model_tags.model_in_use(home.db)
        if model is None:
            return "Tagging is off"
        found = registry.tagger(model.name)
        spec = registry.embedder(found.reads).image().spec if found.reads else found.spec
        return await asyncio.to_thread(missing, spec, home.runtime)

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        model = await model_tags.model_in_use(home.db)
        if model is None:
            raise ModelUnavailableError("", "Tagging is off.")
        reads = registry.tagger(model.name).reads
        version = registry.embedder(reads).spec.version if reads else ""
        vectors = await image_index.vectors_of(home.db, row["id"], reads, version) if reads else []
        return picture_for(home, row), model, vectors, home.runtime

    async def prepare(self, home: Home, row: Row, result: Tagged) -> None:
        if result.model != await model_tags.model_in_use(home.db):
            raise ComputeError("The tagging model was changed in the meantime")

    async def save(self, home: Home, row: Row, result: Tagged) -> str:
        await model_tags.keep(home.db, row, result.model, result.said)
        return ""
