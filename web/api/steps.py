"""Steps on single files: progress, pause, and what someone looks at first."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody

from appliance.home import Home
from appliance.library import files, settings
from web.parts import Asking, HomePart, Runner, RunnerPart

MAX_PRIORITY = 500
#: Of a step, to those who are no admins: the fields are there all the same.
UNTOLD = dict.fromkeys(("running", "skipped", "failed", "ignored"), 0) | dict.fromkeys(("rate", "seconds_left"))


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Files by status, where `ignored` ones failed and somebody said to leave it at that; `rate` is in files a second;
    `waits`: why none can be worked on at present, or ""."""

    name: str
    version: str = ""
    pending: int = 0
    running: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    ignored: int = 0
    waits: str = ""
    rate: float | None = None
    seconds_left: float | None = None


class Steps(msgspec.Struct, frozen=True):
    items: list[Step]
    paused: bool
    night_window: str


class Priority(msgspec.Struct, frozen=True):
    ids: Annotated[list[uuid.UUID], msgspec.Meta(max_length=MAX_PRIORITY)]


class StepsController(Controller):
    tags = ("steps",)

    @get("/steps", summary="How far each step is")
    async def list(self, home: HomePart, viewer: Asking, runner: RunnerPart) -> Steps:
        steps = await _steps(home, runner)
        if viewer.is_admin:
            return steps
        return Steps(
            items=msgspec.convert(without_counts(msgspec.to_builtins(steps.items)), list[Step]),
            paused=steps.paused,
            night_window=steps.night_window,
        )

    @post("/steps/pause", status_code=200, summary="Finish what runs, start nothing more")
    async def pause(self, home: HomePart, viewer: Asking, runner: RunnerPart) -> Steps:
        viewer.require_admin()
        await runner.pause()
        return await _steps(home, runner)

    @post("/steps/resume", status_code=200, summary="Go on")
    async def resume(self, home: HomePart, viewer: Asking, runner: RunnerPart) -> Steps:
        viewer.require_admin()
        await runner.resume()
        return await _steps(home, runner)

    @post("/priority", status_code=204, summary="What someone is looking at is worked on first")
    async def priority(self, home: HomePart, viewer: Asking, runner: RunnerPart, data: JSONBody[Priority]) -> None:
        runner.prioritise(await files.visible_ids(home.db, viewer, data.ids))


def without_counts(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """For those who are no admins: whether there is work, and how far it is in parts of a hundred; not on how many
    files, for some of them are not theirs to know of."""
    told = []
    for item in items:
        left = item["pending"] + item["running"]
        done = item["done"] + item["skipped"] + item["failed"] + item["ignored"]
        parts = min(99, 100 * done // (done + left)) if left else 0
        same = {name: item.get(name, "") for name in ("name", "version", "waits")}
        told.append(UNTOLD | same | {"pending": 100 - parts if left else 0, "done": parts})
    return told


async def _steps(home: Home, runner: Runner) -> Steps:
    return Steps(
        items=msgspec.convert(await runner.progress(), list[Step]),
        paused=runner.paused,
        night_window=await settings.get_setting(home.db, "night_window"),
    )
