"""How commands reach Homeroll: every command is HTTP, whoever answers.

The running service over admin.sock, as the local admin; a service elsewhere, with a key; or, with no service running,
the same application inside this process, under the data directory's lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx

from appliance.config import api_key
from appliance.console import account, is_there, sudo_as
from appliance.errors import (
    AuthenticationError,
    ConfigError,
    ConflictError,
    DatabaseBusyError,
    DiskFullError,
    HomerollError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ReadOnlyError,
    StorageError,
)
from appliance.lock import NOT_FOR_EVERYONE, holder
from appliance.paths import DataPaths

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from appliance.config import Settings
    from appliance.console import Context, Progress

    Action = Callable[[Context, "Api"], Awaitable[int]]

BASE = "/api/v1"
JOB_POLL_S = 0.25
TIMEOUT_S = 60.0  # an answer may wait for a write of a busy Pi
UNTRUSTED = "Get its certificate from the page /trust and name the file in SSL_CERT_FILE."
START_S = 20.0  # how long a service that holds the lock may take until it answers
#: What the service says by `code` becomes the same error here.
ERRORS: tuple[type[HomerollError], ...] = (
    ConfigError,
    NotFoundError,
    InvalidInputError,
    ConflictError,
    AuthenticationError,
    PermissionDeniedError,
    StorageError,
    DiskFullError,
    DatabaseBusyError,
    ReadOnlyError,
)


class Api:
    """Requests below /api/v1; answers that are not 2xx are raised as the HomerollError they carry."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str, **query: Any) -> Any:
        return await self._ask("GET", path, query=query)

    async def post(self, path: str, body: object = None) -> Any:
        return await self._ask("POST", path, body=body)

    async def patch(self, path: str, body: object) -> Any:
        return await self._ask("PATCH", path, body=body)

    async def delete(self, path: str) -> Any:
        return await self._ask("DELETE", path)

    async def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list, page after page."""
        answer = await self.get(path, **query)
        found: list[dict[str, Any]] = answer["items"]
        while answer.get("next"):
            answer = await self.get(path, **query, cursor=answer["next"])
            found += answer["items"]
        return found

    async def run_job(self, name: str, progress: Progress, *, everything: bool = False) -> dict[str, Any]:
        """Run a job now and stay until it has ended; returns what it reports.  Raises HomerollError when it failed.

        everything: without the limits of a night, for jobs that have some.
        """

        async def look() -> dict[str, Any]:
            return next(dict(item) for item in (await self.get("/jobs"))["items"] if item["name"] == name)

        before = (await look())["last_run"]
        await self.post(f"/jobs/{name}/run{'?everything=true' if everything else ''}")
        while True:
            job = await look()
            if job["status"] == "paused":
                raise ConflictError(f"“{job['title']}” is paused", hint="Resume it on the page's activity panel.")
            if job["status"] != "running" and job["last_run"] != before:
                break
            progress.update(job["title"].lower(), done=job["done"], total=job["total"])
            await asyncio.sleep(JOB_POLL_S)
        if job["status"] == "failed":
            raise HomerollError(job["error"], hint="Mend this, then run it again.")
        return dict(job.get("result") or {})

    async def named(self, path: str, name: str, *, by: str) -> dict[str, Any]:
        """The item whose field `by`, or id, is `name`; raises NotFoundError with the nearest one."""
        items = await self.items(path)
        for item in items:
            if name in (item[by], item["id"]):
                return item
        import difflib

        known = [str(item[by]) for item in items]
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(known)}" if known else ""
        noun = {"/libraries": "library", "/users": "user", "/keys": "key"}[path]
        raise NotFoundError(f"There is no {noun} {name!r}", hint=hint)

    async def _ask(self, method: str, path: str, *, body: object = None, query: dict[str, Any] | None = None) -> Any:
        try:
            answer = await self._http.request(method, BASE + path, json=body, params=query or None)
        except httpx.TimeoutException as error:
            raise HomerollError(
                "Homeroll does not answer in time", hint="Is the machine very busy?  `homeroll doctor` looks."
            ) from error
        except httpx.TransportError as error:
            hint = UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else "Is it still running?"
            raise HomerollError(f"Homeroll cannot be reached at {self._http.base_url} ({error})", hint=hint) from error
        if not answer.is_success:
            raise error_of(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise error_of(answer) from error


def error_of(answer: httpx.Response) -> HomerollError:
    """The error an answer carries, as the class it was raised with where that one is known."""
    try:
        told = answer.json()
        code, message, hint = str(told["code"]), str(told["message"]), str(told.get("hint") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return HomerollError(
            f"The answer was not Homeroll's: HTTP {answer.status_code}", hint=f"Is {answer.url} the right address?"
        )
    for kind in ERRORS:
        if kind.code == code:
            return kind(message, hint=hint)
    error = HomerollError(message, hint=hint)
    error.code = code
    return error


def ask(context: Context, action: Action) -> int:
    """Run `action` with an Api to whoever answers, and end what had to be started for it."""
    connection = connect(context)

    async def run() -> int:
        async with connection as api:
            return await action(context, api)

    return asyncio.run(run())


def expect_id(word: str, noun: str, *, hint: str) -> None:
    """Raise NotFoundError where `word` cannot be the id of a `noun`: an address with it would be another's, or none."""
    try:
        uuid.UUID(word)
    except ValueError as error:
        raise NotFoundError(f"There is no {noun} {word!r}", hint=hint) from error


def connect(context: Context) -> contextlib.AbstractAsyncContextManager[Api]:
    """Choose who answers; nothing is opened before the result is entered."""
    if context.url:
        key = api_key()
        if not key:
            raise ConfigError("--url needs a key", hint="Put one in HOMEROLL_KEY; `homeroll key create` makes it.")
        if not context.url.startswith(("http://", "https://")):
            raise ConfigError(f"{context.url} is no address", hint="It looks like http://homeroll.local:8420")
        return _over_http(httpx.AsyncClient(base_url=context.url, headers={"x-api-key": key}, timeout=TIMEOUT_S))
    settings = context.settings()
    paths = DataPaths(settings.data)
    if answers(paths):
        return _over_socket(paths.admin_socket)
    if not is_there(settings.data):
        raise ConfigError(
            f"There is no data directory {settings.data}",
            hint="Check the name; `homeroll serve` makes one where there is none.",
        )
    _refuse_as_root(settings.data)
    return _in_process(settings, command=context.args.verb)


def _refuse_as_root(data: Path) -> None:
    """What root writes into another account's data directory, the service there could not open any more."""
    owner = data.stat().st_uid
    if os.geteuid() == 0 and owner != 0:
        raise PermissionDeniedError(
            f"{data} belongs to {account(owner)}, and no service is running that could be asked",
            hint=f"Start the service, or do it as that account: {sudo_as(owner)} homeroll ...",
        )


def service_answers(context: Context, *, needs_data: bool = True) -> bool:
    """Whether a request would go to a running service, here or elsewhere."""
    return bool(context.url) or answers(DataPaths(context.settings(needs_data=needs_data).data))


def answers(paths: DataPaths) -> bool:
    """Whether a service of this data directory takes connections; one that is just starting is waited for."""
    deadline = time.monotonic() + START_S
    while not _connects(paths.admin_socket):
        by = holder(paths)
        if by is None or by.command != "serve":
            return False
        if time.monotonic() > deadline:
            raise ConflictError(
                f"The service {by.sentence()} holds {paths.root} but does not answer",
                hint="Look at its log; restart it if it hangs.",
            )
        time.sleep(0.1)
    return True


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            with _socket_name(path) as name:
                probe.connect(name)
        except PermissionError as error:
            raise PermissionDeniedError(
                f"This user may not manage the Homeroll in {path.parent}",
                hint="Join the group homeroll (sudo usermod -aG homeroll $USER, then log in again), or use sudo.",
            ) from error
        except OSError:  # not there, or left behind by a service that was killed
            return False
    return True


@contextlib.contextmanager
def _socket_name(path: Path) -> Iterator[str]:
    """A name for the socket that fits the kernel's 108 bytes: a long one is reached through its folder's descriptor."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@contextlib.asynccontextmanager
async def _over_socket(path: Path) -> AsyncIterator[Api]:
    with _socket_name(path) as name:
        transport = httpx.AsyncHTTPTransport(uds=name)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=TIMEOUT_S) as http:
            yield Api(http)


@contextlib.asynccontextmanager
async def _over_http(http: httpx.AsyncClient) -> AsyncIterator[Api]:
    async with http:
        yield Api(http)


@contextlib.asynccontextmanager
async def _in_process(settings: Settings, *, command: str) -> AsyncIterator[Api]:
    """The whole house without its doors: no port, no socket, nothing announced."""
    from appliance.daemon import open_house

    os.umask(NOT_FOR_EVERYONE)
    async with open_house(settings, command=command) as house:
        transport = httpx.ASGITransport(app=house.admin_app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=TIMEOUT_S) as http:
            yield Api(http)
