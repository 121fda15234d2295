"""The door that speaks TLS, beside the plain one: opened, closed and kept in order while the service runs.

It looks once a minute, and when told, whether what it shows still fits: the certificate is renewed before it ends and
when addresses change, given files are read again when they were replaced.  The listener stays open meanwhile, and so do
connections: each takes the certificate that is there when it says hello.  Nothing that goes wrong here touches the
plain door: it is told in `home.tls` and tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from appliance import tls, tls_files
from appliance.errors import HomerollError
from appliance.library.settings import get_setting
from appliance.mdns import own_addresses
from appliance.values import now

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from datetime import datetime

    from appliance.home import Home

    Listen = Callable[[str, int], AbstractContextManager[socket.socket]]
    Serving = Callable[[Any, socket.socket, ssl.SSLContext], AbstractAsyncContextManager[None]]

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
#: What failed is not tried again for so long unless something changed or somebody asks: each try starts a process.
RETRY = timedelta(minutes=10)
WORK_S = 30.0
#: Nobody gets in any more after so long; connections that are in the middle of something may take longer to end.
CLOSED_S = 0.5
#: A service that starts with all its workers busy does not wait longer for this door.
START_S = 5.0
LOOPBACK = ("127.0.0.1", "::1")


class MadeOf(NamedTuple):
    """What a certificate depends on: the names it should have, and the files as they were seen."""

    names: tuple[str, ...]
    files: tuple[tuple[int, int, int] | None, ...]


class TlsDoor:
    """`start`, then it looks after itself until `stop`.

    listen, serving: how a port is taken and an application served on it.   names: what this machine is called now.
    addresses, clock: as the machine has them; tests have their own.
    """

    def __init__(
        self,
        home: Home,
        app: Any,
        *,
        listen: Listen,
        serving: Serving,
        names: Callable[[], Iterable[str]],
        addresses: Callable[[], tuple[str, ...]] = own_addresses,
        clock: Callable[[], datetime] = now,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._home, self._app, self._state = home, app, home.tls
        self._listen, self._serving, self._names = listen, serving, names
        self._addresses, self._clock, self._look_every_s = addresses, clock, look_every_s
        self._made_of: MadeOf | None = None  # what `home.tls.served` is
        self._failed: tuple[MadeOf, datetime, HomerollError | OSError] | None = None
        self._shown: tuple[tls.Served, ssl.SSLContext] | None = None
        self._open: contextlib.AsyncExitStack | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._looked, self._stopped = asyncio.Event(), False

    async def start(self) -> None:
        """Look after it from now on; where it is wanted it is open when this returns, but on a very busy machine."""
        self._state.look = self.look
        self._task = asyncio.create_task(self._look_after(), name="tls")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await self._looked.wait()

    async def stop(self) -> None:
        """Close it, also while somebody's request waits for work on it."""
        self._stopped, self._state.look = True, None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._close()
        await asyncio.gather(*self._closing)

    async def look(self, *, asked: bool = True) -> None:
        """Bring what is served in line with what is wanted; never raises, `home.tls.problem` says what is wrong.

        asked: somebody waits for it; what failed a moment ago is tried once more.
        """
        async with self._state.changing:
            if self._stopped:
                return
            try:
                await self._bring_in_line(asked=asked)
            except HomerollError as error:
                self._tell(error.message, error.hint)
            except OSError as error:
                self._tell(f"https cannot be served: {error}", "`homeroll doctor` looks at the data directory.")
            else:
                served = self._state.served
                self._tell(*(tls.shortcoming(served, self._clock()) if served else ("", "")))

    async def _look_after(self) -> None:
        while True:
            await self.look(asked=False)
            self._looked.set()
            await asyncio.sleep(self._look_every_s)

    async def _bring_in_line(self, *, asked: bool) -> None:
        settings = self._home.settings
        self._state.given = bool(settings.tls_certificate)
        if not self._state.given and await get_setting(self._home.db, "tls") != "on":
            self._close()
            self._state.served = self._made_of = self._failed = None
            if self._closing:
                await asyncio.wait(self._closing, timeout=CLOSED_S)
            return
        self._state.served = served = await self._fitting(asked=asked)
        if self._shown is None or self._shown[0] is not served:
            context = await asyncio.to_thread(tls_files.context, served.certificate_file, served.key_file)
            self._shown = served, context
            log.info("tls fingerprint=%s end=%s", served.certificate.fingerprint, served.certificate.end.isoformat())
        if self._open is None:
            await self._enter()

    async def _fitting(self, *, asked: bool) -> tls.Served:
        """What is served now if it fits, else what the compute process makes or reads."""
        settings, moment, served = self._home.settings, self._clock(), self._state.served
        work: tuple[Any, ...]
        if self._state.given:
            watched: tuple[Path, ...] = (Path(settings.tls_certificate), Path(settings.tls_key))
            names: tuple[str, ...] = ()
            work = (tls_files.read_given, *watched)
        else:
            files = tls.TlsFiles(self._home.paths.tls)
            watched = (files.authority, files.authority_certificate, files.server)
            names = (*dict.fromkeys(self._names()), *LOOPBACK, *await asyncio.to_thread(self._addresses))
            work = (tls_files.keep, files, names, moment)
        made_of = MadeOf(names, await asyncio.to_thread(_seen, *watched))
        if served is not None and made_of == self._made_of and not _is_due(served, moment):
            return served
        if self._failed and not asked and self._failed[0] == made_of and abs(moment - self._failed[1]) < RETRY:
            raise self._failed[2]
        try:
            fitting: tls.Served = await self._home.compute.run(*work, urgent=True, timeout_s=WORK_S)
        except (HomerollError, OSError) as error:
            self._failed = made_of, moment, error
            raise
        if fitting.left_out:
            log.info("tls not in the certificate: %s", ",".join(fitting.left_out))
        # Given files may have been replaced while they were read: only ours are looked at again.
        seen = made_of.files if self._state.given else await asyncio.to_thread(_seen, *watched)
        self._made_of, self._failed = MadeOf(names, seen), None
        return fitting

    async def _enter(self) -> None:
        if self._closing:  # it was switched off a moment ago and still has the port
            await asyncio.wait(self._closing)
        settings = self._home.settings
        front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        front.sni_callback = self._choose
        front.set_alpn_protocols(["http/1.1"])
        async with contextlib.AsyncExitStack() as stack:
            listener = stack.enter_context(self._listen(settings.host, settings.tls_port))
            await stack.enter_async_context(self._serving(self._app, listener, front))
            if not self._stopped:
                self._state.port = listener.getsockname()[1]
                self._open = stack.pop_all()

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _front: ssl.SSLContext) -> None:
        """The certificate for a connection that begins; OpenSSL asks whether or not the client says a name."""
        if self._shown is not None:
            connection.context = self._shown[1]

    def _close(self) -> None:
        """Without waiting for its connections: the request that asks for it may have come through this door."""
        stack, self._open, self._state.port, self._shown = self._open, None, None, None
        if stack is not None:
            task = asyncio.create_task(stack.aclose(), name="tls-closing")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _tell(self, problem: str, hint: str) -> None:
        if problem and problem != self._state.problem:
            log.warning("tls %s", problem)
        self._state.problem, self._state.hint = problem, hint


def _is_due(served: tls.Served, moment: datetime) -> bool:
    return served.authority is not None and tls.is_due(served.certificate, served.authority, moment)


def _seen(*files: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """Changes when one of them is replaced; None for one that cannot be seen."""

    def seen(file: Path) -> tuple[int, int, int] | None:
        try:
            found = file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    return tuple(map(seen, files))
