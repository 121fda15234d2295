"""The people of the house, for admins."""

from __future__ import annotations

import uuid
from typing import Literal

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from appliance.library import users
from appliance.messages import AccessChanged
from web.api.schemas import Items, User
from web.params import NewPassword, UserName
from web.parts import Asking, HomePart


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    username: UserName
    password: NewPassword
    name: str = ""
    role: Literal["admin", "user"] = "user"


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields that are left out or null stay as they are."""

    username: UserName | None = None
    name: str | None = None
    role: Literal["admin", "user"] | None = None
    password: NewPassword | None = None
    disabled: bool | None = None


class UsersController(Controller):
    path = "/users"
    tags = ("users",)

    @get(summary="Everybody")
    async def list(self, home: HomePart, viewer: Asking) -> Items[User]:
        viewer.require_admin()
        return Items(msgspec.convert(await users.list_users(home.db), list[User]))

    @post(summary="Add someone")
    async def add(self, home: HomePart, viewer: Asking, data: JSONBody[NewUser]) -> User:
        row = await users.add_user(
            home.db, viewer, username=data.username, password=data.password, name=data.name, role=data.role
        )
        return msgspec.convert(row, User)

    @patch("/{user_id:uuid}", summary="Change name, role or password, let out and in again")
    async def change(
        self, home: HomePart, viewer: Asking, user_id: FromPath[uuid.UUID], data: JSONBody[UserChange]
    ) -> User:
        row = await users.change_user(
            home.db,
            viewer,
            user_id,
            username=data.username,
            name=data.name,
            role=data.role,
            password=data.password,
            disabled=data.disabled,
        )
        home.bus.publish(AccessChanged(user=str(user_id)))
        return msgspec.convert(row, User)

    @delete("/{user_id:uuid}", summary="Remove someone who has no files here")
    async def remove(self, home: HomePart, viewer: Asking, user_id: FromPath[uuid.UUID]) -> None:
        await users.remove_user(home.db, viewer, user_id)
        home.bus.publish(AccessChanged(user=str(user_id)))
