"""The journal: what was done by hand, and taking it back."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter

from appliance.library import journal, undo
from web.api.schemas import Page
from web.params import Cursor, Limit1000
from web.parts import Asking, HomePart


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did.  `name` is what it was done to, where that has a name."""

    id: uuid.UUID
    user: uuid.UUID | None
    verb: str
    noun: str
    noun_id: str
    name: str
    created: datetime
    undone_at: datetime | None
    can_undo: bool


class JournalController(Controller):
    path = "/journal"
    tags = ("journal",)

    @get(summary="What you did, the latest first; admins see how the house is run, too")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit1000 = 100,
        cursor: Cursor = None,
        noun: Annotated[str | None, QueryParameter(description="person, face, files, duplicates, event, ...")] = None,
    ) -> Page[Entry]:
        page = await journal.list_entries(home.db, viewer, limit=limit, cursor=cursor, noun=noun)
        return msgspec.convert(page, Page[Entry])

    @post("/{entry_id:uuid}/undo", status_code=200, summary="As it was before that")
    async def undo(self, home: HomePart, viewer: Asking, entry_id: FromPath[uuid.UUID]) -> Entry:
        row = await undo.undo(home.db, viewer, entry_id)
        await undo.announce_undone(home.db, home.bus, row)
        return msgspec.convert(journal.shown(row), Entry)
