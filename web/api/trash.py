"""The trash: what is in it, taking it all out, and emptying it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody

from appliance.library import edits, trash
from web.api.edits import Edited
from web.api.files import shown
from web.api.schemas import File
from web.params import Cursor, Limit1000
from web.parts import Asking, HomePart, SchedulerPart


class TrashedFile(msgspec.Struct, frozen=True):
    """`gone_after`: when it is deleted for good; null: not before somebody empties the trash."""

    file: File
    gone_after: datetime | None
    removable: bool


class TrashPage(msgspec.Struct, frozen=True):
    """`days`: how long files stay here, 0 until somebody empties it; `removable`: how many of all you may delete."""

    items: list[TrashedFile]
    total: int
    next: str | None
    days: int
    removable: int


class Some(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `ids`: everything that you may delete."""

    ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=edits.MOST_FILES)] | None = None


class Emptying(msgspec.Struct, frozen=True):
    """How many files are being deleted for good now; the job `empty_trash` says how far it is."""

    files: int


class TrashController(Controller):
    path = "/trash"
    tags = ("trash",)

    @get(summary="What is in the trash, the last trashed first")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit1000 = 100,
        cursor: Cursor = None,
    ) -> TrashPage:
        page = await trash.list_trash(home.db, viewer, limit=limit, cursor=cursor)
        removable = set(await trash.removable_ids(home.db, viewer))
        days = home.settings.trash_days
        return TrashPage(
            items=[
                TrashedFile(
                    file=shown(row),
                    gone_after=trash.gone_after(row["trashed_at"], days),
                    removable=row["id"] in removable,
                )
                for row in page.items
            ],
            total=page.total,
            next=page.next,
            days=days,
            removable=len(removable),
        )

    @post("/restore", status_code=200, summary="Everything back from the trash")
    async def restore(self, home: HomePart, viewer: Asking) -> Edited:
        done = await trash.restore_all(home.db, home.bus, viewer)
        return Edited(changed=done.changed, undo=done.undo)

    @post("/empty", status_code=202, summary="Delete for good what you may delete; this cannot be undone")
    async def empty(self, home: HomePart, viewer: Asking, scheduler: SchedulerPart, data: JSONBody[Some]) -> Emptying:
        ids = await trash.removable_ids(home.db, viewer, data.ids)
        if ids:
            await scheduler.run("empty_trash", only=[str(file) for file in ids])
        return Emptying(files=len(ids))
