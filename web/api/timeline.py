"""The timeline: months with counts, and one month as columns."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import QueryParameter

from appliance.library import timeline
from web.params import MonthPath
from web.parts import Asking, HomePart
from web.ranges import is_match

OfPerson = Annotated[uuid.UUID | None, QueryParameter(description="only photos that show this person")]

OfEvent = Annotated[uuid.UUID | None, QueryParameter(description="only photos of this event")]


class MonthCount(msgspec.Struct, frozen=True):
    month: str
    count: int


class Months(msgspec.Struct, frozen=True):
    """What the list of months is; SQLite and `library/timeline.py` write it."""

    total: int
    months: list[MonthCount]


class Month(msgspec.Struct, frozen=True):
    """One month as columns, each as long as `ids`.  `ratio`: width by height; `start`: wall clock, with its offset if
    that is known; `duration` in seconds.

    `flags`: 1 favourite, 2 moves (`/video`), 4 RAW beside it, 8 part of a burst, 16 animated, 32 renditions still to be
    made."""

    month: str
    count: int
    ids: list[uuid.UUID]
    ratio: list[float | None]
    thumbhash: list[str | None]
    kind: list[str]
    start: list[str]
    duration: list[float | None]
    flags: list[int]


class TimelineController(Controller):
    path = "/timeline"
    tags = ("timeline",)

    @get(summary="Months with their counts, newest first")
    async def months(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        person: OfPerson = None,
        event: OfEvent = None,
    ) -> Response[bytes]:
        return conditional_json(request, await timeline.list_months(home.db, viewer, person=person, event=event))

    @get("/{month:str}", summary="One month (yyyy-mm) as columns, newest first")
    async def month(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        month: MonthPath,
        person: OfPerson = None,
        event: OfEvent = None,
    ) -> Response[bytes]:
        return conditional_json(request, await timeline.get_month(home.db, viewer, month, person=person, event=event))


def conditional_json(request: Request[Any, Any, Any], body: bytes) -> Response[bytes]:
    """JSON with an ETag of its content; 304 without a body when the client has exactly this."""
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_match(request.headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(body, headers=headers, media_type="application/json")
