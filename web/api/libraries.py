"""Libraries: roots that are scanned, and what is wrong with them if anything is."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from appliance.library import journal, libraries, ownership
from appliance.messages import LibraryChanged
from web.api.schemas import Items
from web.params import says
from web.parts import Asking, HomePart, SchedulerPart

if TYPE_CHECKING:
    from appliance.home import Home

SCAN = "scan_libraries"


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """`files` counts what is there, `missing` what is known but absent from the disk.  `shared`: everybody in the house
    sees what is in it, whoever owns it."""

    id: uuid.UUID
    name: str
    root: str
    user: uuid.UUID | None
    kind: Literal["folder", "uploads"]
    status: Literal["ready", "scanning", "frozen"]
    reason: str
    hint: str
    files: int
    missing: int = 0
    watched: bool = False
    shared: bool = False
    last_scan: datetime | None
    created: datetime


class NewLibrary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`root` is an absolute path on the machine that Homeroll runs on."""

    root: Annotated[str, says(pattern="^/", examples=["/srv/photos"])]
    name: str = ""
    user: uuid.UUID | None = None


class LibraryChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, says(minLength=1)]


class LibrarySharing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    shared: bool


class LibrariesController(Controller):
    path = "/libraries"
    tags = ("libraries",)

    @get(summary="The family's libraries and one's own")
    async def list(self, home: HomePart, viewer: Asking) -> Items[Library]:
        return Items([_shown(home, row) for row in await libraries.list_libraries(home.db, viewer)])

    @post(summary="Add a folder; its first scan starts at once")
    async def add(
        self, home: HomePart, viewer: Asking, scheduler: SchedulerPart, data: JSONBody[NewLibrary]
    ) -> Library:
        viewer.require_admin()
        async with home.db.write(durable=True):
            row = await libraries.add_library(home.db, name=data.name, root=data.root, user=data.user)
            await journal.record(viewer, "add", "library", row["id"], after={"root": row["root"], "name": row["name"]})
        libraries.tell(home, row)
        await scheduler.run(SCAN, library=uuid.UUID(str(row["id"])))
        return _shown(home, row)

    @patch("/{library_id:uuid}", summary="Rename")
    async def change(
        self, home: HomePart, viewer: Asking, library_id: FromPath[uuid.UUID], data: JSONBody[LibraryChange]
    ) -> Library:
        viewer.require_admin()
        async with home.db.write():
            before = await libraries.get_library(home.db, library_id)
            row = await libraries.rename_library(home.db, library_id, data.name)
            await journal.record(
                viewer, "rename", "library", library_id, before={"name": before["name"]}, after={"name": row["name"]}
            )
        libraries.tell(home, row)
        return _shown(home, row)

    @delete("/{library_id:uuid}", summary="Forget a library; its files are not touched")
    async def remove(self, home: HomePart, viewer: Asking, library_id: FromPath[uuid.UUID]) -> None:
        viewer.require_admin()
        async with home.db.write(durable=True):
            before = await libraries.get_library(home.db, library_id)
            await libraries.remove_library(home.db, library_id)
            await journal.record(viewer, "remove", "library", library_id, before={"root": before["root"]})
        home.bus.publish(LibraryChanged(id=str(library_id), item=before | {"status": "removed"}))

    @post("/{library_id:uuid}/shared", status_code=200, summary="Let the family see what is in yours, or no longer")
    async def share(
        self, home: HomePart, viewer: Asking, library_id: FromPath[uuid.UUID], data: JSONBody[LibrarySharing]
    ) -> Library:
        await ownership.share_library(home.db, home.bus, viewer, library_id, shared=data.shared)
        return _shown(home, await libraries.get_library(home.db, library_id))

    @post("/{library_id:uuid}/scan", status_code=202, summary="Look what changed on disk")
    async def scan(
        self, home: HomePart, viewer: Asking, scheduler: SchedulerPart, library_id: FromPath[uuid.UUID]
    ) -> Library:
        viewer.require_admin()
        row = await libraries.get_library(home.db, library_id)
        await scheduler.run(SCAN, library=library_id)
        return _shown(home, row)

    @post("/{library_id:uuid}/accept-missing", status_code=200, summary="Yes, those files really are gone")
    async def accept_missing(
        self, home: HomePart, viewer: Asking, scheduler: SchedulerPart, library_id: FromPath[uuid.UUID]
    ) -> Library:
        viewer.require_admin()
        async with home.db.write(durable=True):
            row = await libraries.accept_missing(home.db, library_id)
            await journal.record(viewer, "accept_missing", "library", library_id)
        libraries.tell(home, row)
        await scheduler.run(SCAN, library=library_id)
        return _shown(home, row)


def _shown(home: Home, row: dict[str, Any]) -> Library:
    return msgspec.convert(libraries.at_present(home, row), Library)
