"""Events: days out and trips, as grouped and as people say."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import FromPath, JSONBody

from appliance.library import edits, event_changes, event_points, events
from web.api.files import shown
from web.api.schemas import File, Page
from web.params import Cursor, Limit200, Limit1000, Offset
from web.parts import Asking, HomePart

Ids = Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=edits.MOST_FILES)]


class EventPoint(msgspec.Struct, frozen=True):
    """`moment` is a wall clock; `location` is [longitude, latitude], null: anywhere."""

    moment: str
    location: list[float] | None


class EventItem(msgspec.Struct, frozen=True):
    """`title` is name or place with its days; `start` and `end` are wall clocks; all of it from files that you see.

    `by_hand`: somebody named, made or changed it; grouping adds what arrives late, and changes nothing else."""

    id: uuid.UUID
    name: str
    title: str
    place: str
    start: str
    end: str
    count: int
    cover: uuid.UUID
    by_hand: bool
    point: EventPoint | None = None  # of an event that is a moment, with what was taken around it


class ChangedEvent(msgspec.Struct, frozen=True):
    event: EventItem
    undo: uuid.UUID | None


class Dismissed(msgspec.Struct, frozen=True):
    undo: uuid.UUID | None


class NewEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These files are an event of their own, whatever they were part of."""

    ids: Ids
    name: str = ""


class NewPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was taken up to so many minutes before and after that wall clock is an event; with a place, only near it."""

    moment: Annotated[datetime, msgspec.Meta(tz=False)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=2880)] = 120
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    km: Annotated[float, msgspec.Meta(gt=0, le=500)] = 1.0
    name: str = ""


class EventName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class MergeEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`events` become part of `into`."""

    into: uuid.UUID
    events: Ids


class EventsController(Controller):
    path = "/events"
    tags = ("events",)

    @get(summary="Events, the latest first")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit200 = 50,
        cursor: Cursor = None,
    ) -> Page[EventItem]:
        page = await events.list_events(home.db, viewer, limit=limit, cursor=cursor)
        return msgspec.convert({"items": page.items, "total": page.total, "next": page.next}, Page[EventItem])

    @post(summary="Make these files an event; also splits them from the one they are in")
    async def make(self, home: HomePart, viewer: Asking, data: JSONBody[NewEvent]) -> ChangedEvent:
        event, entry = await event_changes.make(home.db, home.bus, viewer, data.ids, name=data.name)
        return ChangedEvent(
            event=msgspec.convert(await events.get_event(home.db, viewer, event), EventItem), undo=entry
        )

    @post("/point", summary="Make an event of what was taken around a moment, and near a place")
    async def make_point(self, home: HomePart, viewer: Asking, data: JSONBody[NewPoint]) -> ChangedEvent:
        point = event_points.Point(
            moment=data.moment,
            around=timedelta(minutes=data.minutes),
            latitude=data.latitude,
            longitude=data.longitude,
            around_km=data.km,
        )
        event, entry = await event_points.make(home.db, home.bus, viewer, point, name=data.name)
        found = await events.get_event(home.db, viewer, event)
        return ChangedEvent(event=msgspec.convert(found, EventItem), undo=entry)

    @post("/merge", status_code=200, summary="These are one event")
    async def merge(self, home: HomePart, viewer: Asking, data: JSONBody[MergeEvents]) -> ChangedEvent:
        entry = await event_changes.merge(home.db, home.bus, viewer, data.into, data.events)
        found = await events.get_event(home.db, viewer, data.into)
        return ChangedEvent(event=msgspec.convert(found, EventItem), undo=entry)

    @get("/{event_id:uuid}", summary="One event")
    async def get_one(self, home: HomePart, viewer: Asking, event_id: FromPath[uuid.UUID]) -> EventItem:
        return msgspec.convert(await events.get_event(home.db, viewer, event_id), EventItem)

    @patch("/{event_id:uuid}", summary="Name an event; an empty name is none")
    async def rename(
        self, home: HomePart, viewer: Asking, event_id: FromPath[uuid.UUID], data: JSONBody[EventName]
    ) -> ChangedEvent:
        entry = await event_changes.rename(home.db, home.bus, viewer, event_id, data.name)
        found = await events.get_event(home.db, viewer, event_id)
        return ChangedEvent(event=msgspec.convert(found, EventItem), undo=entry)

    @post("/{event_id:uuid}/dismiss", status_code=200, summary="This is no event; its time is none any more")
    async def dismiss(self, home: HomePart, viewer: Asking, event_id: FromPath[uuid.UUID]) -> Dismissed:
        return Dismissed(await event_changes.dismiss(home.db, home.bus, viewer, event_id))

    @get("/{event_id:uuid}/files", summary="Its files, the first taken first")
    async def files(
        self,
        home: HomePart,
        viewer: Asking,
        event_id: FromPath[uuid.UUID],
        limit: Limit1000 = 200,
        offset: Offset = 0,
    ) -> Page[File]:
        page = await events.files_of_event(home.db, viewer, event_id, limit=limit, offset=offset)
        return Page(items=[shown(row) for row in page.items], total=page.total, next=None)
