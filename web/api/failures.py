"""What a step could not deal with: the list, trying again, and leaving it at that."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter

from appliance.home import Home
from appliance.library import failures
from appliance.library.files import require_changeable
from appliance.library.viewers import Viewer
from web.params import Cursor, Limit1000
from web.parts import Asking, HomePart, RunnerPart

Ignored = Annotated[bool, QueryParameter(description="Those that somebody said to leave, instead")]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """`modified`: when it was last tried."""

    file_id: uuid.UUID
    filename: str
    path: str
    library: str
    step: str
    error: str
    hint: str
    attempts: int
    modified: datetime


class Failures(msgspec.Struct, frozen=True):
    """Part of a list; `ignored`: how many failures are not among those that are told unasked."""

    items: list[Failure]
    total: int
    next: str | None
    ignored: int


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Narrow it to one file, one step, both, or neither."""

    file_id: uuid.UUID | None = None
    step: str | None = None


class Retry(Chosen, frozen=True, forbid_unknown_fields=True):
    """`ignored`: the ignored ones instead of those that failed.  One step of one file is tried again whichever it is.
    Narrow it to one file, one step, both, or neither."""

    ignored: bool = False


class Retried(msgspec.Struct, frozen=True):
    retried: int


class Left(msgspec.Struct, frozen=True):
    ignored: int


class FailuresController(Controller):
    path = "/failures"
    tags = ("steps",)

    @get(summary="Files that a step could not deal with, and why")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit1000 = 100,
        cursor: Cursor = None,
        ignored: Ignored = False,
    ) -> Failures:
        found = await failures.failures(home.db, viewer, ignored=ignored, limit=limit, cursor=cursor)
        return msgspec.convert(found, Failures)

    @post("/retry", status_code=200, summary="Try again")
    async def retry(self, home: HomePart, viewer: Asking, runner: RunnerPart, data: JSONBody[Retry]) -> Retried:
        """Whoever may change a file has it tried again; everything at once is for admins, and of ignored failures for
        those that they see."""
        await _require(home, viewer, data)
        ignored_of = viewer if data.ignored else None
        count = await failures.retry(home.db, file_id=data.file_id, step=data.step, ignored_of=ignored_of)
        runner.wake()
        return Retried(count)

    @post("/ignore", status_code=200, summary="Leave it at that")
    async def ignore(self, home: HomePart, viewer: Asking, runner: RunnerPart, data: JSONBody[Chosen]) -> Left:
        """It counts as no failure any more, and is tried again when the file or the step changes, or somebody asks for
        it.  Whoever may change a file says so of it; admins of all failures that they see."""
        await _require(home, viewer, data)
        count = await failures.ignore(home.db, viewer, file_id=data.file_id, step=data.step)
        runner.wake()  # it tells everybody how many are left
        return Left(count)


async def _require(home: Home, viewer: Viewer, chosen: Chosen) -> None:
    if chosen.file_id is None:
        viewer.require_admin()
    else:
        await require_changeable(home.db, viewer, chosen.file_id)
