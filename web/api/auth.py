"""Logging in and out, the first setup, and one's own password."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from appliance.errors import NotFoundError
from appliance.home import Home
from appliance.library import sessions, users
from appliance.messages import AccessChanged
from web.api.schemas import User
from web.params import NewPassword, UserName
from web.parts import Asking, HomePart
from web.security import session_cookie
from web.throttle import Throttle

Text = Annotated[str, msgspec.Meta(max_length=2000)]


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    one_time_password: Text
    username: UserName
    password: NewPassword
    name: Text = ""


class Login(msgspec.Struct, frozen=True):
    username: Text
    password: Text


class PasswordChange(msgspec.Struct, frozen=True):
    current_password: Text
    new_password: NewPassword


class AuthController(Controller):
    tags = ("auth",)

    @post("/setup", status_code=200, summary="Replace the printed one-time password by a person")
    async def setup(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        throttle: NamedDependency[SkipValidation[Throttle]],
        data: JSONBody[Setup],
    ) -> Response[User]:
        address = address_of(request)
        with throttle.trying(address, ""):
            row = await users.set_up(
                home.db,
                one_time=data.one_time_password,
                username=data.username,
                name=data.name,
                password=data.password,
            )
        user = msgspec.convert(row, User)
        return Response(user, cookies=[await _new_session(request, home, user.id)])

    @post("/auth/login", status_code=200, summary="Start a session; the answer sets its cookie")
    async def login(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        throttle: NamedDependency[SkipValidation[Throttle]],
        data: JSONBody[Login],
    ) -> Response[User]:
        address = address_of(request)
        with throttle.trying(address, data.username):
            row = await users.log_in(home.db, username=data.username, password=data.password)
        user = msgspec.convert(row, User)
        return Response(user, cookies=[await _new_session(request, home, user.id)])

    @post("/auth/logout", status_code=204, summary="End this session")
    async def logout(self, request: Request[Any, Any, Any], home: HomePart, viewer: Asking) -> Response[None]:
        if token := request.cookies.get(session_cookie(request.scope)):
            await sessions.close_session(home.db, token)
            home.bus.publish(AccessChanged(user=str(viewer.user_id)))
        return Response(None, status_code=204, cookies=[_cookie(request, "", max_age=0)])

    @get("/auth/me", summary="Who is logged in")
    async def me(self, home: HomePart, viewer: Asking) -> User:
        if viewer.user_id is None:
            raise NotFoundError("The local admin is nobody in particular", hint="Use an API key of a person.")
        return msgspec.convert(await users.get_user(home.db, viewer.user_id), User)

    @post("/auth/password", status_code=204, summary="Change one's password; every other session ends")
    async def password(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        throttle: NamedDependency[SkipValidation[Throttle]],
        data: JSONBody[PasswordChange],
    ) -> Response[None]:
        address, name = address_of(request), f"password of {viewer.user_id}"
        with throttle.trying(address, name):
            await users.change_password(home.db, viewer, current=data.current_password, new=data.new_password)
        home.bus.publish(AccessChanged(user=str(viewer.user_id)))
        cookies = []
        if session_cookie(request.scope) in request.cookies and viewer.user_id is not None:
            cookies = [await _new_session(request, home, viewer.user_id)]
        return Response(None, status_code=204, cookies=cookies)


def address_of(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else "local"


async def _new_session(request: Request[Any, Any, Any], home: Home, user_id: uuid.UUID) -> Cookie:
    days = home.settings.session_days
    device, address = request.headers.get("user-agent", ""), address_of(request)
    token = await sessions.open_session(home.db, user_id, device=device, days=days, address=address)
    return _cookie(request, token, max_age=int(timedelta(days=days).total_seconds()))


def _cookie(request: Request[Any, Any, Any], token: str, *, max_age: int) -> Cookie:
    return Cookie(
        key=session_cookie(request.scope),
        value=token,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
