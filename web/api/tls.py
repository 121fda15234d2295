"""https: whether it is served, with which certificate; an admin switches and renews it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody

from appliance import tls, tls_files
from appliance.errors import ConflictError
from appliance.home import Home
from appliance.library.settings import change_settings, get_setting
from appliance.values import now
from web.parts import Asking, HomePart
from web.security import host_names


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """`port`: where it is answered just now, or null; `plain_port`: where the page is without it.  `authority` is what
    phones install, null for given files; `left_out`: names and addresses of this machine that it may not vouch for."""

    on: bool
    given: bool
    port: int | None
    plain_port: int
    https_only: bool
    certificate: tls.Certificate | None
    authority: tls.Certificate | None
    left_out: tuple[str, ...]
    problem: str
    hint: str


class TurnOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    new_authority: bool = False


class TlsController(Controller):
    path = "/tls"
    tags = ("tls",)

    @get(summary="Whether https is served, and with which certificate")
    async def show(self, home: HomePart, viewer: Asking) -> Tls:
        viewer.require_admin()
        return await _shown(home)

    @post("/on", status_code=200, summary="Serve https with a certificate of our own; the authority is made if need be")
    async def turn_on(self, home: HomePart, viewer: Asking, data: JSONBody[TurnOn]) -> Tls:
        viewer.require_admin()
        _refuse_given(home)
        if data.new_authority:
            await _make(home, tls_files.new_authority)
        await change_settings(home.db, viewer, {"tls": "on"})
        return await _looked(home)

    @post("/off", status_code=200, summary="Serve plain HTTP only; certificates are kept for the next time")
    async def turn_off(self, home: HomePart, viewer: Asking) -> Tls:
        viewer.require_admin()
        _refuse_given(home)
        await change_settings(home.db, viewer, {"tls": "off"})
        return await _looked(home)

    @post("/renew", status_code=200, summary="Make a new certificate now; connections go on")
    async def renew(self, home: HomePart, viewer: Asking) -> Tls:
        viewer.require_admin()
        _refuse_given(home)
        if await get_setting(home.db, "tls") != "on":
            raise ConflictError("https is switched off", hint="`homeroll tls on` switches it on.")
        await _make(home, tls_files.keep, anew=True)
        return await _looked(home)


def _refuse_given(home: Home) -> None:
    if home.settings.tls_certificate:
        raise ConflictError(
            "The certificate is given by files", hint="They are read again when they change; see tls_certificate."
        )


async def _make(home: Home, work: Any, **how: bool) -> None:
    """For the names served now, else those known without a network: the door adds addresses when it looks."""
    served = home.tls.served
    names = (
        (*served.certificate.names, *served.left_out)
        if served
        else tuple(sorted(host_names(home.settings.allowed_hosts)))
    )
    async with home.tls.changing:
        await home.compute.run(work, tls.TlsFiles(home.paths.tls), names, now(), urgent=True, **how)


async def _looked(home: Home) -> Tls:
    """After something was changed."""
    if home.tls.look is not None:
        await home.tls.look()
    return await _shown(home)


async def _shown(home: Home) -> Tls:
    state, settings = home.tls, home.settings
    served = state.served
    return Tls(
        on=bool(settings.tls_certificate) or await get_setting(home.db, "tls") == "on",
        given=bool(settings.tls_certificate),
        port=state.port,
        plain_port=settings.port,
        https_only=settings.https_only,
        certificate=served.certificate if served else None,
        authority=served.authority if served else None,
        left_out=served.left_out if served else (),
        problem=state.problem,
        hint=state.hint,
    )
