"""The composition root: builds every part, starts them in the listed order, stops them in reverse.

Nothing else wires parts together.  `open_house` is everything but the doors; `serve` opens the doors.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from appliance.compute import Compute
from appliance.config import supervision
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.door import TlsDoor
from appliance.errors import ConfigError, ConflictError
from appliance.home import Home
from appliance.importing.uploads import Uploads
from appliance.importing.watch import Watcher
from appliance.jobs import registry as jobs_registry
from appliance.jobs.schedule import Scheduler
from appliance.library import face_groups, in_use, kept, libraries, users
from appliance.library.renew import renew_thumbnails
from appliance.library.settings import get_setting
from appliance.lock import DataLock, ended_badly
from appliance.mdns import Announcer, Told
from appliance.messages import Bus, DatabaseDoubted, FacesChanged
from appliance.notify import Supervisor
from appliance.paths import DataPaths
from appliance.protection.clock_watch import ClockWatch
from appliance.protection.database import check_at_start, remember_damage
from appliance.steps import registry as steps_registry
from appliance.steps.base import spec
from appliance.steps.runner import Runner
from web.api.server import version
from web.app import as_local_admin, create_app
from web.security import host_names

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from appliance.config import Settings
    from appliance.steps.base import Step

log = logging.getLogger(__name__)

#: How long open connections (video streams, event streams) may take to end when the service stops.
SHUTDOWN_S = 3
#: How long a thread that turns rows into values may keep the interpreter from a request; Python's own 5 ms is felt.
SWITCH_S = 0.0005


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that runs, without a way in from outside.  `app` serves the network, `admin_app` the local admin."""

    home: Home
    runner: Runner
    scheduler: Scheduler
    app: Any
    admin_app: Any
    first_admin: users.OneTimePassword | None


@contextlib.asynccontextmanager
async def open_home(settings: Settings, steps: Sequence[Step] = steps_registry.STEPS) -> AsyncIterator[Home]:
    """An open data directory in which nothing runs yet, its database brought to the present shape.

    Without the lock: for `open_house`, and for tests and benchmarks with a directory of their own.
    """
    paths = await asyncio.to_thread(_create, settings)
    async with contextlib.AsyncExitStack() as stack:
        db = Database(paths.database, paths.thumbnails)
        stack.push_async_callback(db.close)
        await db.open()
        await migrate(db)
        await in_use.prepare(db)
        compute = Compute(settings)
        stack.push_async_callback(compute.close)
        yield Home(
            settings=settings,
            paths=paths,
            db=db,
            bus=Bus(),
            compute=compute,
            steps=tuple(spec(step) for step in steps),
        )


@contextlib.asynccontextmanager
async def open_house(settings: Settings, *, command: str = "serve") -> AsyncIterator[House]:
    """Open the data directory under its lock and start what works on it; leaving stops it in reverse.

    command: the verb that opens it, for whoever finds it locked.
    Raises ConflictError when another process has it, ConfigError when it cannot be used.
    """
    steps_registry.check(steps_registry.STEPS)
    jobs_registry.check(jobs_registry.JOBS)
    paths = await asyncio.to_thread(_create, settings)
    async with contextlib.AsyncExitStack() as stack:
        closely = await asyncio.to_thread(ended_badly, paths)
        stack.enter_context(DataLock(paths, command=command))
        was_checked = await asyncio.to_thread(check_at_start, paths, closely=closely)
        home = await stack.enter_async_context(open_home(settings))
        db = home.db
        db.on_damage = lambda: home.bus.publish(DatabaseDoubted())
        stack.push_async_callback(remember_damage, home)
        await renew_thumbnails(db)
        await Uploads(home).tidy(older_than_s=0)
        first_admin = await users.ensure_first_admin(db)
        runner = Runner(home, steps_registry.STEPS)
        stack.push_async_callback(runner.stop)
        await runner.start()
        scheduler = Scheduler(home, jobs_registry.JOBS, jobs_registry.STARTED_BY)
        stack.push_async_callback(scheduler.stop)
        await scheduler.start()
        clock = ClockWatch(home, scheduler.replan)
        stack.push_async_callback(clock.stop)
        await clock.start()
        if closely and not was_checked:
            await scheduler.run_unless_paused("check_database")
        if await face_groups.is_due(db):
            home.bus.publish(FacesChanged())
        recording = await get_setting(db, "record_requests")
        app = create_app(home=home, runner=runner, scheduler=scheduler, recording=recording)
        yield House(
            home=home,
            runner=runner,
            scheduler=scheduler,
            app=app,
            admin_app=as_local_admin(app),
            first_admin=first_admin,
        )


async def serve(
    settings: Settings, *, folders: Sequence[Path] = (), on_ready: Callable[[str], None] | None = None
) -> None:
    """Run until SIGTERM or SIGINT.  Prints URL, the first admin's one-time password, and HOMEROLL READY.

    folders: libraries to add if they are new.   on_ready: called with the URL once the port answers.
    """
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    for talkative in ("apscheduler", "piccolo"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_S)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(_listen(settings.host, settings.port))
        house = await stack.enter_async_context(open_house(settings))
        admin_listener = stack.enter_context(_listen_locally(house.home.paths))
        await stack.enter_async_context(_serving(house.app, listener))
        await stack.enter_async_context(_serving(house.admin_app, admin_listener))
        for folder in folders:
            await _add_if_new(house, folder)
        await house.scheduler.run_unless_paused("scan_libraries")
        if settings.watch:
            watcher = Watcher(house.home, house.scheduler.scan_folders)
            stack.push_async_callback(watcher.stop)
            await watcher.start()
        names = sorted(host_names(settings.allowed_hosts))
        announcer: Announcer | None = None
        if settings.mdns and not _is_loopback(settings.host):
            announcer = Announcer(
                port=listener.getsockname()[1],
                tells=partial(_told, house.home, await kept.appliance_id(house.home.db)),
            )
        door = TlsDoor(
            house.home,
            house.app,
            listen=partial(_listen, setting="tls_port"),
            serving=_serving,
            # After a conflict on the network the announced name is another one.
            names=lambda: [*names, announcer.host] if announcer and announcer.host else names,
        )
        stack.push_async_callback(door.stop)
        await door.start()
        if announcer is not None:
            stack.push_async_callback(announcer.stop)
            await announcer.start()
        url = _url(settings, listener)
        supervisor = Supervisor(supervision())
        _announce(url, house.first_admin, supervisor.runtime_folder)
        supervisor.ready(f"Answering at {url}")
        feeding = asyncio.create_task(supervisor.watch(house.home.db.check), name="watchdog")
        if on_ready is not None:
            on_ready(url)
        await stopping.wait()
        supervisor.stopping()
        feeding.cancel()
        house.app.end_streams()
        log.info("stopping")


def _create(settings: Settings) -> DataPaths:
    paths = DataPaths(settings.data.resolve())
    try:
        paths.create()
    except OSError as error:
        raise ConfigError(
            f"The data directory {paths.root} cannot be made: {error.strerror}",
            hint="Choose another one with --data, or give this user permission.",
        ) from error
    return paths


async def _add_if_new(house: House, folder: Path) -> None:
    db = house.home.db
    if await db.value('SELECT 1 FROM "library" WHERE "root" = ?', [str(folder)]) is None:
        await libraries.add_library(db, name=folder.name, root=str(folder))


@contextlib.contextmanager
def _listen(host: str, port: int, *, setting: str = "--port") -> Iterator[socket.socket]:
    """Raises ConflictError when the port is taken, before anything else is started.  setting: what chooses it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio switches off Nagle's delay (40 ms an answer) only for sockets that say TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ConflictError(
                f"Port {port} on {host} cannot be used: {error.strerror}",
                hint=f"Another program has it: stop that one, or choose another port with {setting}.",
            ) from error
        yield listener


@contextlib.contextmanager
def _listen_locally(paths: DataPaths) -> Iterator[socket.socket]:
    """The admin's door: whoever may open this file is the admin."""
    path = str(paths.admin_socket)
    if len(path.encode()) > 100:
        # The kernel's limit for a socket's name is 108 bytes; below the data directory's own descriptor it is short.
        folder = os.open(paths.root, os.O_DIRECTORY | os.O_RDONLY)
        path = f"/proc/self/fd/{folder}/{paths.admin_socket.name}"
    paths.admin_socket.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        mask = os.umask(0o117)
        try:
            listener.bind(path)
        finally:
            os.umask(mask)
        try:
            yield listener
        finally:
            paths.admin_socket.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """One of two servers in this process; signals are `serve`'s."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _serving(app: Any, listener: socket.socket, context: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    """context: speak TLS, with the certificate that it has at the time of each connection."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        ssl_context_factory=(lambda _config, _usual: context) if context else None,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await server.answering.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _url(settings: Settings, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    host = settings.host
    if host in ("0.0.0.0", "::"):
        host = _lan_address() or "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _told(home: Home, appliance_id: str) -> Told:
    """What the network is told of this appliance."""
    properties = {"version": version(), "path": "/", "id": appliance_id}
    https = {"https": str(home.tls.port)} if home.tls.port else {}
    return Told(str(await get_setting(home.db, "name")), properties | https)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _lan_address() -> str | None:
    """This machine's address on the network its default route is on; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737)
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address


def _announce(url: str, first_admin: users.OneTimePassword | None, runtime_folder: Path | None) -> None:
    """runtime_folder: a service's; what it prints is kept in the journal, where a password must not be."""
    print(f"URL: {url}", flush=True)  # noqa: T201 - scripts wait for these lines
    if first_admin is not None:
        told = f"User: {first_admin.username}\nPassword: {first_admin.password}"
        if runtime_folder is not None:
            file = runtime_folder / "first-admin"
            file.write_text(f"{told}\n", encoding="utf-8")  # readable for the group at most: the umask's doing
            told = f"The first admin and the one-time password are in {file}"
        print(told, flush=True)  # noqa: T201 - as above
    print(f"HOMEROLL READY {url}", flush=True)  # noqa: T201 - as above
