"""Jobs on the whole library: what runs, how far it is, and starting or pausing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.errors import InvalidInputError
from web.api.schemas import Items
from web.parts import Asking, Scheduler, SchedulerPart

#: They check a part at a time, and all of it when asked.
THOROUGH = ("restore_drill", "scrub_originals")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` is in items a second; `waits` is why it goes slowly or not at all just now; `result` is what the last run
    did that came to its end."""

    name: str
    title: str
    status: Literal["idle", "running", "paused", "failed"]
    done: int | None = None
    total: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    last_run: datetime | None = None
    next_run: datetime | None = None
    error: str | None = None
    waits: str | None = None
    result: dict[str, Any] | None = None


class JobRun(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome`: stopped, with the service, and cut_off, by a crash or a power cut, are run again by the next start.
    `error`: why it did not do what it should.  `result`: what it did.  `ended` is null of one that goes on, and of one
    that was cut off."""

    id: int
    started: datetime
    ended: datetime | None
    seconds: float | None
    outcome: Literal["running", "done", "failed", "stopped", "cut_off"]
    error: str
    result: dict[str, Any] | None


class JobsController(Controller):
    path = "/jobs"
    tags = ("jobs",)

    @get(summary="Every job and how far it is")
    async def list(self, viewer: Asking, scheduler: SchedulerPart) -> Items[Job]:
        items = await scheduler.items()
        if not viewer.is_admin:
            items = [without_counts(item) for item in items]
        return Items(msgspec.convert(items, list[Job]))

    @get("/{name:str}/runs", summary="When it ran, how long, how it ended and why")
    async def runs(self, viewer: Asking, scheduler: SchedulerPart, name: FromPath[str]) -> Items[JobRun]:
        """The last runs that are kept, at most 50, the newest first."""
        viewer.require_admin()
        return Items(msgspec.convert(await scheduler.runs(name), list[JobRun], from_attributes=True))

    @post("/{name:str}/run", status_code=202, summary="Start it now")
    async def run(
        self, viewer: Asking, scheduler: SchedulerPart, name: FromPath[str], everything: FromQuery[bool] = False
    ) -> Job:
        """everything: all of it, for jobs that do a part at a time."""
        viewer.require_admin()
        if everything and name not in THOROUGH:
            raise InvalidInputError(f"{name} has no parts", hint=f"`everything` is for {' and '.join(THOROUGH)}.")
        await scheduler.run(name, **({"everything": True} if everything else {}))
        return await _one(scheduler, name)

    @post("/{name:str}/pause", status_code=200, summary="Stop it until it is resumed")
    async def pause(self, viewer: Asking, scheduler: SchedulerPart, name: FromPath[str]) -> Job:
        viewer.require_admin()
        await scheduler.pause(name)
        return await _one(scheduler, name)

    @post("/{name:str}/resume", status_code=200, summary="Go on where it was paused")
    async def resume(self, viewer: Asking, scheduler: SchedulerPart, name: FromPath[str]) -> Job:
        viewer.require_admin()
        await scheduler.resume(name)
        return await _one(scheduler, name)


def without_counts(item: dict[str, Any]) -> dict[str, Any]:
    """For those who are no admins: what runs, not on how many files."""
    told: dict[str, Any] = {}
    told |= {name: item[name] for name in ("name", "title", "status", "last_run", "next_run", "error") if name in item}
    if told.get("error"):  # the reason may name a file
        told["error"] = "It failed; an admin sees why."
    return told


async def _one(scheduler: Scheduler, name: str) -> Job:
    return next(msgspec.convert(item, Job) for item in await scheduler.items() if item["name"] == name)
