"""Changing many files at once, each time as one entry of the journal, and what was changed on one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from appliance.library import edits, file_history, geotag, trash
from web.api.schemas import Items
from web.params import Limit200
from web.parts import Asking, HomePart

MAX_GPX_BYTES = 64 << 20

Ids = Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=edits.MOST_FILES)]


class FileEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those of `ids` that you may change; others are left alone."""

    ids: Ids
    changes: edits.Edit


class SomeFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Ids


class Edited(msgspec.Struct, frozen=True):
    """How many files differ now; `POST /journal/{undo}/undo` takes it back, null when nothing has changed."""

    changed: int
    undo: uuid.UUID | None


class Track(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`gpx`: the text of a GPX file.  `shift_s`: how much the camera's clock was behind.  A file is placed where the
    track is at its time, between two points that are at most `max_gap_s` apart; one that has a position keeps it unless
    `replace`."""

    ids: Ids
    gpx: str
    shift_s: Annotated[int, msgspec.Meta(ge=-86_400 * 366, le=86_400 * 366)] = 0
    max_gap_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 1800
    replace: bool = False


class Geotagged(msgspec.Struct, frozen=True):
    """`outside`: files whose time the track does not cover; `skipped`: those that had a position already."""

    changed: int
    undo: uuid.UUID | None
    outside: int
    skipped: int
    points: int


class HistoryEntry(msgspec.Struct, frozen=True):
    """What `by` changed; `before` and `after` hold the fields that differ, of tags those that went or came."""

    id: uuid.UUID
    by: str
    verb: str
    created: datetime
    undone_at: datetime | None
    can_undo: bool
    before: dict[str, Any]
    after: dict[str, Any]


class EditsController(Controller):
    path = "/files"
    tags = ("files",)

    @post("/edit", status_code=200, summary="Change many files at once, in one step that can be undone")
    async def edit(self, home: HomePart, viewer: Asking, data: JSONBody[FileEdit]) -> Edited:
        return _edited(await edits.edit_files(home, viewer, data.ids, data.changes))

    @post("/trash", status_code=200, summary="Many files to the trash; nothing is removed from the disk")
    async def trash(self, home: HomePart, viewer: Asking, data: JSONBody[SomeFiles]) -> Edited:
        return _edited(await trash.trash_files(home.db, home.bus, viewer, data.ids))

    @post("/restore", status_code=200, summary="Many files back from the trash")
    async def restore(self, home: HomePart, viewer: Asking, data: JSONBody[SomeFiles]) -> Edited:
        return _edited(await trash.restore_files(home.db, home.bus, viewer, data.ids))

    @post(
        "/geotag",
        status_code=200,
        summary="Place photos by a GPX track and their time",
        request_max_body_size=MAX_GPX_BYTES,
    )
    async def geotag(self, home: HomePart, viewer: Asking, data: JSONBody[Track]) -> Geotagged:
        found = await geotag.geotag(
            home,
            viewer,
            data.ids,
            data.gpx,
            shift_s=data.shift_s,
            max_gap_s=data.max_gap_s,
            replace=data.replace,
        )
        return msgspec.convert(found, Geotagged, from_attributes=True)

    @get("/{file_id:uuid}/history", summary="What people changed on this file, the latest first")
    async def history(
        self,
        home: HomePart,
        viewer: Asking,
        file_id: FromPath[uuid.UUID],
        limit: Limit200 = 50,
    ) -> Items[HistoryEntry]:
        rows = await file_history.history_of(home.db, viewer, file_id, limit=limit)
        return Items(msgspec.convert(rows, list[HistoryEntry]))


def _edited(done: edits.Edited) -> Edited:
    return Edited(changed=done.changed, undo=done.undo)
