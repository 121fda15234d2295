"""The locked space: opened with the password, in this browser, for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter, SkipValidation

from appliance.errors import AuthenticationError
from appliance.library import locked
from web.api.albums import SomeFiles
from web.api.auth import Text, address_of
from web.api.files import shown
from web.api.schemas import File, Page
from web.errors import WrongPasswordError
from web.params import Cursor, Limit1000
from web.parts import Asking, HomePart
from web.throttle import Throttle


class Space(msgspec.Struct, frozen=True):
    """`until` is null while it is shut."""

    until: datetime | None


class Said(msgspec.Struct, frozen=True):
    password: Text


class Count(msgspec.Struct, frozen=True):
    changed: int


class LockedController(Controller):
    path = "/locked"
    tags = ("locked",)

    @get(summary="Whether it is open here, and until when")
    async def show(self, home: HomePart, viewer: Asking) -> Space:
        return Space(await locked.open_until(home.db, viewer))

    @post("/open", status_code=200, summary="Open it in this browser: your password again")
    async def open(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        throttle: NamedDependency[SkipValidation[Throttle]],
        data: JSONBody[Said],
    ) -> Space:
        address, name = address_of(request), f"password of {viewer.user_id}"
        try:
            with throttle.trying(address, name):
                return Space(await locked.open_space(home.db, viewer, data.password))
        except AuthenticationError as error:
            raise WrongPasswordError(error.message, hint=error.hint) from error

    @post("/close", status_code=204, summary="Shut it, wherever you are logged in")
    async def close(self, home: HomePart, viewer: Asking) -> None:
        await locked.close_space(home.db, viewer)

    @get("/files", summary="What is in it; only while it is open")
    async def files(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit1000 = 100,
        cursor: Cursor = None,
        trashed: Annotated[bool, QueryParameter(description="what of it is in the trash instead")] = False,
    ) -> Page[File]:
        page = await locked.list_locked(home.db, viewer, limit=limit, cursor=cursor, trashed=trashed)
        return Page(items=[shown(row) for row in page.items], total=page.total, next=page.next)

    @post("/files", status_code=200, summary="Put files of yours into it")
    async def lock(self, home: HomePart, viewer: Asking, data: JSONBody[SomeFiles]) -> Count:
        return Count(await locked.lock(home.db, home.bus, viewer, data.ids))

    @post("/files/remove", status_code=200, summary="Take files out of it; only while it is open")
    async def unlock(self, home: HomePart, viewer: Asking, data: JSONBody[SomeFiles]) -> Count:
        return Count(await locked.unlock(home.db, home.bus, viewer, data.ids))
