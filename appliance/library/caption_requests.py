"""Asking for captions: what somebody waits for, how far it is, and why it cannot be had."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.errors import InvalidInputError, ModelUnavailableError, NotFoundError
from appliance.library import captions, model_tags
from appliance.library import steps as plan
from appliance.library.captions import CAPTION_STEP, CaptioningModel, describe, ids_json
from appliance.library.files import no_such_file, require_changeable
from appliance.messages import StepsAsked
from ml import registry, store
from ml.runtime import check_fits, installed

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database
    from appliance.home import Home
    from appliance.library.viewers import Viewer
    from ml.base import ModelSpec, Runtime

Status = Literal["", "pending", "done", "failed"]


class CaptionState(msgspec.Struct, frozen=True):
    """How far a model is with a file; `status` is "" when nobody has asked."""

    status: Status
    model: str
    text: str = ""
    error: str = ""
    hint: str = ""


async def request(home: Home, viewer: Viewer, file: uuid.UUID, *, model: str | None = None) -> CaptionState:
    """Have `model` (the one in use, if none is named) write a caption, unless it has written one of this content.

    Raises NotFoundError, InvalidInputError for an unknown model, ModelUnavailableError for one that cannot be used.
    """
    await require_changeable(home.db, viewer, file)
    state = await state_of(home.db, viewer, file, model=model)
    if state.status == "done":
        return state
    reason = await hindrance(home, state.model)
    if reason is not None:
        raise reason
    if not await plan_for(home, state.model, [file]):
        raise InvalidInputError("Only photos and videos that are there can be described")
    return CaptionState("pending", state.model)


async def plan_for(home: Home, model: str, files: Sequence[uuid.UUID]) -> int:
    """Make the step due for files, by this model; returns for how many it is."""
    (step,) = (step for step in home.steps if step.name == CAPTION_STEP)
    async with home.db.write():
        planned = await plan.request(home.db, step, files)
        for file in files if planned else ():
            await model_tags.note(home.db, file, model, {"asked": True})
    home.bus.publish(StepsAsked())
    return planned


async def count_pending(db: Database, files: Sequence[uuid.UUID]) -> int:
    """How many of `files` still wait for their caption."""
    found: int = await db.value(
        """SELECT count(*) FROM "file_step" WHERE "step" = ? AND "status" IN ('pending', 'running')
           AND "file" IN (SELECT value FROM json_each(?))""",
        [CAPTION_STEP, ids_json(files)],
    )
    return found


async def state_of(db: Database, viewer: Viewer, file: uuid.UUID, *, model: str | None = None) -> CaptionState:
    """Raises NotFoundError, and InvalidInputError for an unknown model."""
    chosen = await captions.model_in_use(db) if model is None else _named(model)
    reach, arguments = viewer.reach("f")
    row = await db.fetch_one(
        f"""SELECT f."content_sha" AS "sha", p."captions_json" -> ('$."' || ? || '"') AS "entry",
                   s."status", s."error", s."hint"
            FROM "stored_file" f LEFT JOIN "photo_caption" p ON p."file" = f."id"
            LEFT JOIN "file_step" s ON s."file" = f."id" AND s."step" = ?
            WHERE f."id" = ? AND {reach}""",
        [chosen.name, CAPTION_STEP, file, *arguments],
    )
    if row is None:
        raise no_such_file()
    entry = msgspec.json.decode(row["entry"]) if row["entry"] else {}
    if (entry.get("version"), entry.get("content")) == (chosen.version, row["sha"]):
        return CaptionState("done", chosen.name, entry.get("caption", ""))
    if not entry.get("asked"):
        return CaptionState("", chosen.name)
    if row["status"] in ("pending", "running"):
        return CaptionState("pending", chosen.name)
    return CaptionState("failed", chosen.name, error=row["error"] or "", hint=row["hint"] or "")


async def hindrance(home: Home, model: str) -> ModelUnavailableError | None:
    """Why a model cannot be used here at present."""
    return await asyncio.to_thread(_hindrance, registry.captioner(model).spec, home.runtime)


def _hindrance(spec: ModelSpec, runtime: Runtime) -> ModelUnavailableError | None:
    missing = store.missing_requirements(spec)
    if missing:
        return ModelUnavailableError(
            spec.name, f"{spec.name} needs {', '.join(missing)}.", hint=f"Install homeroll[{','.join(missing)}]."
        )
    if not installed(runtime.models_dir, spec):
        return ModelUnavailableError(
            spec.name, f"The model {spec.name} is not here.", hint=f"Fetch it: homeroll models pull {spec.name}"
        )
    try:
        check_fits(spec, runtime)
    except ModelUnavailableError as error:
        return error
    return None


def _named(name: str) -> CaptioningModel:
    try:
        return describe(registry.captioner(name).spec)
    except NotFoundError as error:
        raise InvalidInputError(error.message, hint=error.hint) from error
