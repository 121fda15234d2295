"""API keys: one's own; admins see and end anyone's, without being able to use them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from appliance.errors import InvalidInputError
from appliance.library import keys
from appliance.messages import AccessChanged
from web.api.schemas import Items
from web.params import says
from web.parts import Asking, HomePart

#: What a key may be for; `web/security.py` says what each opens.
Scope = Annotated[str, says(enum=["all", "read", "upload", "metrics"])]


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`key` is the key itself: only in the answer that makes it."""

    id: uuid.UUID
    name: str
    username: str
    scopes: list[str]
    created: datetime
    last_used: datetime | None
    key: str | msgspec.UnsetType = msgspec.UNSET


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user` is for the machine's own command line, which is nobody: whose it shall be."""

    name: str = ""
    scopes: Annotated[list[Scope], says(minItems=1)] = msgspec.field(default_factory=lambda: ["all"])
    user: uuid.UUID | None = None


class KeysController(Controller):
    path = "/keys"
    tags = ("keys",)

    @get(summary="One's own keys, for admins those of `user`, without the keys themselves")
    async def list(self, home: HomePart, viewer: Asking, user: FromQuery[uuid.UUID | None] = None) -> Items[Key]:
        return Items(msgspec.convert(await keys.list_keys(home.db, viewer, user=user), list[Key]))

    @post(summary="Make a key; the answer is the only time it can be seen")
    async def add(self, home: HomePart, viewer: Asking, data: JSONBody[NewKey]) -> Key:
        owner = data.user or viewer.user_id
        if owner is None:
            raise InvalidInputError("Whose key shall it be?", hint="Name a user.")
        row, secret = await keys.add_key(home.db, viewer, user_id=owner, name=data.name, scopes=data.scopes)
        return msgspec.convert(row | {"key": secret}, Key)

    @delete("/{key_id:uuid}", summary="End a key at once")
    async def remove(self, home: HomePart, viewer: Asking, key_id: FromPath[uuid.UUID]) -> None:
        owner = await keys.remove_key(home.db, viewer, key_id)
        home.bus.publish(AccessChanged(user=str(owner)))
