"""Who is logged in where: one's own devices, for admins everybody's; never what opens a session."""

from __future__ import annotations

import uuid
from datetime import datetime

import msgspec
from litestar import Controller, delete, get
from litestar.params import FromPath, FromQuery

from appliance.library import logged_in
from appliance.messages import AccessChanged
from web.api.schemas import Items
from web.parts import Asking, HomePart


class SessionOfUser(msgspec.Struct, frozen=True):
    """`device` in words; `last_seen` is exact to some minutes; `current`: the one that asks."""

    id: uuid.UUID
    user: uuid.UUID
    username: str
    device: str
    address: str
    created: datetime
    last_seen: datetime
    current: bool


class SessionsController(Controller):
    path = "/sessions"
    tags = ("users",)

    @get(summary="Where one is logged in; for admins everybody, or only `user`")
    async def list(
        self, home: HomePart, viewer: Asking, user: FromQuery[uuid.UUID | None] = None
    ) -> Items[SessionOfUser]:
        rows = await logged_in.list_sessions(home.db, viewer, user=user)
        return Items(msgspec.convert(rows, list[SessionOfUser]))

    @delete("/{session_id:uuid}", summary="Log out there, at once; for admins anybody")
    async def end(self, home: HomePart, viewer: Asking, session_id: FromPath[uuid.UUID]) -> None:
        owner = await logged_in.end_session(home.db, viewer, session_id)
        home.bus.publish(AccessChanged(user=str(owner)))

    @delete(summary="Log out everywhere but here; for admins everywhere that `user` is")
    async def end_others(self, home: HomePart, viewer: Asking, user: FromQuery[uuid.UUID | None] = None) -> None:
        for owner in set(await logged_in.end_others(home.db, viewer, user=user)):
            home.bus.publish(AccessChanged(user=str(owner)))
