"""Who answers here, and how it is doing."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import metadata
from typing import Any, Literal

import msgspec
from litestar import Controller, Request, get

from appliance.errors import DiskFullError, HomerollError, StorageError
from appliance.home import Home
from appliance.library import libraries, users
from appliance.library.settings import get_setting
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.protection.room import check_disk
from web.parts import HomePart, Runner, RunnerPart, Scheduler, SchedulerPart


class Server(msgspec.Struct, frozen=True):
    name: str
    version: str
    setup_required: bool


class Reason(msgspec.Struct, frozen=True):
    part: str
    message: str
    hint: str


class Health(msgspec.Struct, frozen=True):
    """`reasons` are told only to those who are logged in."""

    status: Literal["ok", "degraded", "failing"]
    reasons: list[Reason]


class ServerController(Controller):
    tags = ("server",)

    @get("/server", summary="Name, version, and whether it is set up")
    async def server(self, home: HomePart) -> Server:
        name = str(await get_setting(home.db, "name"))
        return Server(name=name, version=version(), setup_required=await users.is_setup_required(home.db))

    @get("/health", summary="Whether everything works, and if not, why")
    async def health(
        self,
        request: Request[Viewer | None, None, Any],
        home: HomePart,
        runner: RunnerPart,
        scheduler: SchedulerPart,
    ) -> Health:
        viewer = request.user
        failing, degraded = await _problems(home, runner, scheduler, viewer)
        status: Literal["ok", "degraded", "failing"] = "failing" if failing else "degraded" if degraded else "ok"
        return Health(status=status, reasons=failing + degraded if viewer is not None else [])


@cache
def version() -> str:
    """As installed; looked up once, when the application is made."""
    try:
        return metadata.version("homeroll")
    except metadata.PackageNotFoundError:
        return "0.0.0"  # run from a checkout that was never installed


def _told(viewer: Viewer | None) -> Viewer:
    """Whose libraries are named: an admin has to mend them, whosever they are."""
    return LOCAL_ADMIN if viewer is None or viewer.is_admin else viewer


async def _problems(
    home: Home, runner: Runner, scheduler: Scheduler, viewer: Viewer | None
) -> tuple[list[Reason], list[Reason]]:
    failing: list[Reason] = []
    degraded: list[Reason] = []
    try:
        told = await libraries.list_libraries(home.db, _told(viewer))
        seen = {library["id"] for library in told if viewer is not None and viewer.reads}
        for library in await libraries.list_libraries(home.db, LOCAL_ADMIN):
            if library["status"] != "frozen":
                continue
            if library["id"] in seen:
                message = f"The library “{library['name']}” is frozen: {library['reason']}"
                degraded.append(Reason("library", message, library["hint"]))
            else:
                degraded.append(
                    Reason("library", "A library is frozen", "Whoever it belongs to is told which, and why.")
                )
    except HomerollError as error:
        failing.append(Reason("database", error.message, error.hint))
    if home.db.damage:
        hint = "Restart Homeroll: it looks at the database as it starts, and says which snapshot to go back to."
        failing.append(
            Reason("database", f"The database is damaged ({home.db.damage}); the photos are untouched", hint)
        )
    try:
        await asyncio.to_thread(check_disk, home.paths.root, home.settings.reserve_mb)
    except DiskFullError as error:
        hint = "Free some space: uploads are refused and no renditions are made meanwhile."
        failing.append(Reason("disk", error.message, hint))
    except StorageError as error:
        failing.append(Reason("disk", error.message, error.hint))
    except OSError as error:
        failing.append(Reason("disk", f"The data directory cannot be reached: {error.strerror}", ""))
    if runner.storage_problem:
        failing.append(Reason("steps", runner.storage_problem, "Work on new files goes on by itself after that."))
    for step, problem in runner.unavailable.items():
        degraded.append(Reason(step, problem.message, problem.hint))
    if home.tls.problem:
        degraded.append(Reason("https", home.tls.problem, home.tls.hint))
    strain = scheduler.strain if runner.strain.level == "none" else runner.strain
    if strain.level != "none":
        degraded.append(Reason("steps", strain.message, strain.hint))
    if runner.paused:
        degraded.append(Reason("steps", "Work on new files is paused", "Resume it when you like."))
    return failing, degraded
