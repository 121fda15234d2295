"""Who lives here, and what of one's own the others see."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import JSONBody

from appliance.errors import NotFoundError
from appliance.library import ownership, users
from web.api.albums import SomeFiles
from web.api.schemas import Items, User
from web.parts import Asking, HomePart


class Relative(msgspec.Struct, frozen=True):
    """Somebody who may log in here, as everybody in the house may know them."""

    id: uuid.UUID
    name: str


class OwnChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`shares`: what you send from now on is the whole family's to see."""

    shares: bool


class Sharing(SomeFiles, frozen=True, forbid_unknown_fields=True):
    shared: bool


class Shared(msgspec.Struct, frozen=True):
    """`undo`: the journal's entry, null when nothing has changed."""

    undo: uuid.UUID | None


class FamilyController(Controller):
    tags = ("family",)

    @get("/family", summary="Everybody who may log in, by name")
    async def family(self, home: HomePart) -> Items[Relative]:
        everybody = [user for user in await users.list_users(home.db) if not user["disabled"]]
        found = [Relative(user["id"], user["name"] or user["username"]) for user in everybody]
        return Items(sorted(found, key=lambda one: (one.name.casefold(), one.id)))

    @patch("/auth/me", summary="Whether what you send is the family's to see")
    async def change(self, home: HomePart, viewer: Asking, data: JSONBody[OwnChange]) -> User:
        if viewer.user_id is None:
            raise NotFoundError("The local admin is nobody in particular", hint="Use an API key of a person.")
        await ownership.share_uploads(home.db, viewer, shares=data.shares)
        return msgspec.convert(await users.get_user(home.db, viewer.user_id), User)

    @post("/files/shared", status_code=200, summary="Let the family see files of yours, or no longer")
    async def share(self, home: HomePart, viewer: Asking, data: JSONBody[Sharing]) -> Shared:
        return Shared(await ownership.share_files(home.db, home.bus, viewer, data.ids, shared=data.shared))
