"""Memories: this day in other years."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from appliance.library import memories
from appliance.values import now
from web.api.files import shown
from web.api.schemas import File, Items, Page
from web.params import Limit1000, Offset
from web.parts import Asking, HomePart


class MemoryItem(msgspec.Struct, frozen=True):
    """`kind`: day, week, trip or person; `covers`: up to three of its files, the best first."""

    id: str
    kind: str
    title: str
    subtitle: str
    start: str
    end: str
    count: int
    covers: list[uuid.UUID]


class MemoriesController(Controller):
    path = "/memories"
    tags = ("memories",)

    @get(summary="This day or week in other years, trips, a person through the years; never who is hidden")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        day: Annotated[
            date | None, QueryParameter(description="instead of today: where the asker is, it may be another")
        ] = None,
    ) -> Items[MemoryItem]:
        found = await memories.memories_of(home.db, viewer, day or now().date())
        return Items([msgspec.convert(memory, MemoryItem, from_attributes=True) for memory in found])

    @get("/{memory:str}/files", summary="The photos of one of them, by time")
    async def files(
        self,
        home: HomePart,
        viewer: Asking,
        memory: FromPath[str],
        limit: Limit1000 = 200,
        offset: Offset = 0,
    ) -> Page[File]:
        rows, total = await memories.files_of_memory(home.db, viewer, memory, limit=limit, offset=offset)
        return Page(items=[shown(row) for row in rows], total=total, next=None)
