"""Models: which there are, fetching and removing them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import JSONBody

from appliance.library import journal, models
from web.params import Known, says
from web.parts import Asking, HomePart, SchedulerPart


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """How far a model is that was asked for.  `rate` is in bytes a second; a failed one says whether it needs somebody
    in its `hint`."""

    status: Literal["running", "failed", "paused"]
    done_bytes: int
    total_bytes: int | None
    rate: float | None
    seconds_left: float | None
    error: str
    hint: str


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """`uses`: what it does here at present.  `missing_requirements`: extras without which it does not run, or cannot be
    converted here.  `size_bytes` is roughly right where `size_exact` is false, null where nobody can say."""

    name: str
    title: str
    task: str
    version: str
    licence: str
    source: str
    size_bytes: int | None
    size_exact: bool
    memory_mb: int
    fits: bool
    fits_hint: str
    installed: bool
    in_use: bool
    uses: list[str]
    needs_download: bool
    can_be_pulled: bool
    requires: list[str]
    missing_requirements: list[str]
    converted: str
    pull: Pull | None


class Models(msgspec.Struct, frozen=True):
    """`free_bytes`: on the disk that models lie on."""

    items: list[Model]
    total: int
    next: str | None
    free_bytes: int


class WantedPull(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`force`: also when it needs more memory than models may use here."""

    force: bool = False


class WantedFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`folder`: where the files are, on the machine that Homeroll runs on."""

    folder: Annotated[str, says(pattern="^/")]
    force: bool = False


class Verified(msgspec.Struct, frozen=True):
    ok: bool
    problems: list[str]


class Removed(msgspec.Struct, frozen=True):
    """`stops`: what does not work any more without it."""

    freed_bytes: int
    stops: list[str]


class ModelsController(Controller):
    path = "/models"
    tags = ("models",)

    @get(summary="Every model, those in use first")
    async def list(self, home: HomePart, viewer: Asking) -> Models:
        viewer.require_admin()
        items = [msgspec.convert(item, Model) for item in await models.list_models(home)]
        return Models(items, len(items), None, await models.free_bytes(home))

    @get("/{name:str}", summary="One model")
    async def get_one(self, home: HomePart, viewer: Asking, name: Known) -> Model:
        viewer.require_admin()
        return msgspec.convert(await models.get_model(home, name), Model)

    @post("/{name:str}/pull", status_code=202, summary="Fetch it, or go on fetching it")
    async def pull(
        self,
        home: HomePart,
        viewer: Asking,
        scheduler: SchedulerPart,
        name: Known,
        data: JSONBody[WantedPull | None] = None,
    ) -> Model:
        viewer.require_admin()
        await models.ask_pull(home, name, force=bool(data and data.force))
        await scheduler.run(models.JOB)
        return msgspec.convert(await models.get_model(home, name), Model)

    @delete("/{name:str}/pull", status_code=200, summary="Stop fetching it; what is there is kept")
    async def stop(self, home: HomePart, viewer: Asking, name: Known) -> Model:
        viewer.require_admin()
        await models.stop(home, name)
        return msgspec.convert(await models.get_model(home, name), Model)

    @post("/{name:str}/add", status_code=202, summary="Take its files from a folder, without a network")
    async def add(
        self,
        home: HomePart,
        viewer: Asking,
        scheduler: SchedulerPart,
        name: Known,
        data: JSONBody[WantedFiles],
    ) -> Model:
        viewer.require_admin()
        await models.ask_add(home, name, data.folder, force=data.force)
        await scheduler.run(models.JOB)
        return msgspec.convert(await models.get_model(home, name), Model)

    @post("/{name:str}/verify", status_code=200, summary="Read its files and compare them with what was installed")
    async def verify(self, home: HomePart, viewer: Asking, name: Known) -> Verified:
        viewer.require_admin()
        problems = await models.verify(home, name)
        return Verified(ok=not problems, problems=problems)

    @delete("/{name:str}", status_code=200, summary="Remove its files")
    async def remove(self, home: HomePart, viewer: Asking, name: Known) -> Removed:
        viewer.require_admin()
        removed = await models.remove(home, name)
        async with home.db.write():
            await journal.record(viewer, "remove", "model", name)
        return msgspec.convert(removed, Removed)
