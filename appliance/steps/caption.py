"""The caption step: a sentence for a file that somebody asked one for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.library import caption_requests, captions, intake
from appliance.library.captions import CaptioningModel
from appliance.media.values import PREVIEW_PX
from appliance.steps.base import PICTURES, StepBase
from appliance.steps.pictures import Picture, open_picture, picture_for
from ml import registry
from ml.runtime import loaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Row
    from appliance.home import Home
    from ml.base import Runtime


class Written(msgspec.Struct, frozen=True):
    """What one model says of one file."""

    model: CaptioningModel
    text: str


def write_captions(picture: Picture, models: Sequence[CaptioningModel], runtime: Runtime) -> list[Written]:
    """In the models' process; of a video, its poster frame is described."""
    written = []
    for model in models:
        captioner = loaded(
            registry.captioner(model.name), runtime
        )  # before decoding: without it there is nothing to do
        written.append(Written(model, captioner.caption(open_picture(picture, PREVIEW_PX))))
    return written


class CaptionStep(StepBase):
    name = captions.CAPTION_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP, intake.RENDITIONS_STEP)
    kinds = PICTURES
    models = True
    on_demand = True
    timeout_s = 300.0
    run = staticmethod(write_captions)

    async def hindrance(self, home: Home) -> str:
        """One model that can be used is enough: another may be asked by name."""
        model = await captions.model_in_use(home.db)
        reason = await caption_requests.hindrance(home, model.name)
        if reason is None:
            return ""
        for other in registry.CAPTIONERS:
            if await caption_requests.hindrance(home, other.spec.name) is None:
                return ""
        return f"{reason.message} {reason.hint}".rstrip()

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        return picture_for(home, row), await captions.asked_of(home.db, row["id"]), home.runtime

    async def save(self, home: Home, row: Row, result: list[Written]) -> str:
        for written in result:
            await captions.keep(home.db, row, written.model, written.text)
        return ""
