"""The door that speaks TLS beside the plain one of a test's service, as the daemon opens it."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

import httpx

from appliance.daemon import _listen, _serving
from appliance.door import TlsDoor
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.tls import TlsFiles
from tests.appliance.certs import trusting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.web.conftest import Service


@contextlib.asynccontextmanager
async def tls_door(
    service: Service, *, names: Sequence[str] = ("localhost",), on: bool = True
) -> AsyncIterator[TlsDoor]:
    """on: switch it on with our own certificate, unless one is given."""
    home = service.house.home
    if on and not home.settings.tls_certificate:
        await change_settings(home.db, LOCAL_ADMIN, {"tls": "on"})
    door = TlsDoor(
        home,
        service.house.app,
        listen=partial(_listen, setting="tls_port"),
        serving=_serving,
        names=lambda: names,
        addresses=lambda: (),
    )
    await door.start()
    try:
        yield door
    finally:
        service.house.app.end_streams()
        await door.stop()


def safe_client(service: Service) -> httpx.AsyncClient:
    """A browser that trusts our authority, at the address that the door has now."""
    home = service.house.home
    context = trusting(TlsFiles(home.paths.tls).authority_certificate)
    headers = {"sec-fetch-site": "same-origin"}
    return httpx.AsyncClient(base_url=f"https://localhost:{home.tls.port}", verify=context, headers=headers, timeout=30)
