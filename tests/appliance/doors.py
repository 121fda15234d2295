"""A home with its plain door and its TLS door, in this process: what the tests of the latter share."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from appliance.config import Settings
from appliance.daemon import _listen, _serving, open_home
from appliance.door import TlsDoor
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.tls import TlsFiles
from appliance.values import now
from tests.appliance.certs import talk, trusting
from tests.ports import free_port

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from appliance.home import Home

NAMES = ("homeroll.local", "localhost")


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers with its scheme; /slow takes its time."""
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    body = str(scope["scheme"]).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Stage:
    """A home with its plain door and its TLS door, and what the machine says to the latter."""

    def __init__(self, home: Home, plain_port: int) -> None:
        self.home, self.plain_port = home, plain_port
        self.clock: datetime | None = None
        self.names: tuple[str, ...] = NAMES
        self.addresses: tuple[str, ...] = ("192.168.1.20",)
        self.door = TlsDoor(
            home,
            hello,
            listen=partial(_listen, setting="tls_port"),
            serving=_serving,
            names=lambda: self.names,
            addresses=lambda: self.addresses,
            clock=lambda: self.clock or now(),
            look_every_s=3600,
        )

    async def switch(self, value: str) -> None:
        await change_settings(self.home.db, LOCAL_ADMIN, {"tls": value})
        await self.door.look()

    @property
    def port(self) -> int:
        assert self.home.tls.port is not None, self.home.tls.problem
        return self.home.tls.port

    @property
    def files(self) -> TlsFiles:
        return TlsFiles(self.home.paths.tls)

    def client(self, *, at_any_time: bool = False) -> ssl.SSLContext:
        return trusting(self.files.authority_certificate, at_any_time=at_any_time)

    async def plainly(self) -> str:
        async with talk(self.plain_port, None) as plain:
            return await plain.ask()


async def gone(port: int) -> None:
    """Wait until nobody takes connections there any more."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def staged(data: Path, **settings: Any) -> AsyncIterator[Stage]:
    chosen = Settings(
        data=data, host="127.0.0.1", port=0, tls_port=free_port(), compute="inline", compute_workers=2, **settings
    )
    async with open_home(chosen) as home:
        with _listen(chosen.host, 0) as listener:
            async with _serving(hello, listener):
                stage = Stage(home, listener.getsockname()[1])
                await stage.door.start()
                try:
                    yield stage
                finally:
                    await stage.door.stop()
