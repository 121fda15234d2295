"""The embedding step: a picture as a vector, by the embedding model in use; of a video, some frames."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ComputeError, ModelUnavailableError
from appliance.library import image_index, intake
from appliance.media.values import PREVIEW_PX
from appliance.steps.base import PICTURES, StepBase
from appliance.steps.pictures import Picture, open_frames, picture_for
from ml import registry
from ml.runtime import check_fits, installed, loaded

if TYPE_CHECKING:
    from appliance.db.engine import Row
    from appliance.home import Home
    from ml.base import ModelSpec, Runtime

_SHORTER_PX = 384  # of what is decoded: models see squares of 224 to 448


class Embedded(msgspec.Struct, frozen=True):
    """What a model made of one file: for each frame a vector of length 1, float32 little-endian."""

    model: str
    version: str
    vectors: list[bytes]


def embed_picture(picture: Picture, model: str, runtime: Runtime) -> Embedded:
    """In the models' process.  Raises ModelUnavailableError, ModelOutputError and MediaError."""
    embedder = registry.embedder(model)
    tower = loaded(embedder.image, runtime)  # before decoding: without it there is nothing to do
    rows = tower.embed_images(open_frames(picture, enough_px(picture.size_px)))
    return Embedded(model, embedder.spec.version, [row.astype("<f4").tobytes() for row in rows])


def enough_px(size_px: tuple[int, int]) -> int:
    """The long side at which a picture has all that models see of it; never more than a preview has."""
    long, short = max(1, *size_px), max(1, min(size_px))
    return min(PREVIEW_PX, -(-_SHORTER_PX * long // short))


def missing(spec: ModelSpec, runtime: Runtime) -> str:
    """Why a model cannot be used here, for people; "" when it can.  Looks at the disk."""
    if not installed(runtime.models_dir, spec):
        return f"The model {spec.name} is not here: homeroll models pull {spec.name}"
    try:
        check_fits(spec, runtime)
    except ModelUnavailableError as error:
        return error.message
    return ""


class EmbeddingStep(StepBase):
    name = image_index.EMBEDDING_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP, intake.RENDITIONS_STEP)
    kinds = PICTURES
    models = True
    timeout_s = 300.0
    run = staticmethod(embed_picture)

    async def hindrance(self, home: Home) -> str:
        index = await image_index.in_use(home.db)
        if index is None:
            return "Embedding is off"
        # The tower for pictures alone must fit: the other one is loaded by itself.
        spec = registry.embedder(index.model).image().spec
        return await asyncio.to_thread(missing, spec, home.runtime)

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        index = await image_index.in_use(home.db)
        if index is None:
            raise ModelUnavailableError("", "Embedding is off.")
        return picture_for(home, row), index.model, home.runtime

    async def prepare(self, home: Home, row: Row, result: Embedded) -> None:
        index = await image_index.in_use(home.db)
        if index is None or (result.model, result.version) != (index.model, index.version):
            raise ComputeError("The embedding model was changed in the meantime")

    async def save(self, home: Home, row: Row, result: Embedded) -> str:
        await image_index.keep(home.db, row["id"], result.model, result.version, result.vectors)
        return ""
