"""The only HTTP of the dashboard: requests below /api/v1 and the stream of messages, over admin.sock or an address."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from appliance.access import not_allowed
from appliance.errors import AuthenticationError, HomerollError, PermissionDeniedError
from appliance.paths import DataPaths
from tui.told import Reader, VersionsDifferError, holds_untold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BASE = "/api/v1"
TIMEOUT_S = 60.0
#: However fast messages come, everything else gets its turn this often.
TURN_S = 0.01
#: The service says something at least every 15 s; two of these missed, and it hangs or the line is dead.
SILENCE_S = 40.0
#: A connection is given up before the service does, after 5 s: a request that meets its end would look like no service.
KEPT = httpx.Limits(keepalive_expiry=2.0)
LONGEST_SOCKET_NAME = 100  # bytes; the kernel takes 107
KNOWN: tuple[type[HomerollError], ...] = (AuthenticationError, PermissionDeniedError)


class NotReachableError(HomerollError):
    """Nobody answers: the service is not running, is just starting, or the network is gone."""

    code = "not_reachable"


class Address(msgspec.Struct, frozen=True):
    """Where the service answers: its socket, where the caller is the admin, or a URL and a key."""

    socket: Path | None = None
    url: str = ""
    key: str = ""

    def __str__(self) -> str:
        return str(self.socket.parent) if self.socket else self.url


class Client:
    """Every answer that is not 2xx is raised as a HomerollError; nobody there as a NotReachableError."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.reader = Reader()
        self._folder: int | None = None
        if address.socket is None:
            # The machine's own list of authorities: what this machine trusts is trusted.
            trusted: ssl.SSLContext | bool = ssl.create_default_context() if address.url.startswith("https") else False
            self._http = httpx.AsyncClient(
                base_url=address.url,
                headers={"x-api-key": address.key},
                timeout=TIMEOUT_S,
                trust_env=False,
                verify=trusted,
                limits=KEPT,
            )
        else:
            # Nothing is encrypted on a socket in a folder: no list of authorities is read for it.
            transport = httpx.AsyncHTTPTransport(uds=self._short_name(address.socket), verify=False, limits=KEPT)
            self._http = httpx.AsyncClient(
                transport=transport, base_url="http://localhost", timeout=TIMEOUT_S, trust_env=False
            )

    def _short_name(self, path: Path) -> str:
        """A long name is reached through its folder's descriptor, which stays open as long as the client."""
        if len(os.fsencode(path)) >= LONGEST_SOCKET_NAME:
            with contextlib.suppress(OSError):  # not there or not ours: connecting says which
                self._folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
                return f"/proc/self/fd/{self._folder}/{path.name}"
        return str(path)

    async def close(self) -> None:
        await self._http.aclose()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    async def get(self, path: str, **query: Any) -> Any:
        return await self.ask("GET", path, query=query)

    async def ask(self, method: str, path: str, *, body: object = None, query: dict[str, Any] | None = None) -> Any:
        if holds_untold((path, body, query)):  # a path with a hole in it might be another's
            raise VersionsDifferError(
                "The service did not tell what this needs",
                hint="It is of another version than this dashboard: the page in the browser can do it.",
            )
        answer = await self._request(method, BASE + path, json=body, params=query or None)
        try:
            return self.reader.read(answer.content.decode()) if answer.content else None
        except ValueError as error:
            raise _not_ours(answer.status_code) from error

    async def picture(self, url: str) -> bytes:
        """The bytes at an address that an answer named, such as a `thumbnail_url`."""
        return (await self._request("GET", url)).content

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.RequestError as error:
            raise await asyncio.to_thread(self._unreachable, error) from error
        if not answer.is_success:
            raise _error_of(answer.status_code, answer.content)
        return answer

    async def messages(self) -> AsyncIterator[tuple[str, Any]]:
        """(name, data) of every message from now on, first ("", None) once it listens.

        Ends only by raising NotReachableError.
        """
        try:
            async with self._http.stream("GET", f"{BASE}/messages", timeout=SILENCE_S) as answer:
                if not answer.is_success:
                    raise _error_of(answer.status_code, await answer.aread())
                yield "", None
                name, turn = "", time.monotonic()
                async for line in answer.aiter_lines():
                    field, _, value = line.partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data" and name:
                        yield name, self.reader.read(value)
                        if time.monotonic() - turn > TURN_S:
                            await asyncio.sleep(0)  # lines that arrived together must not hold up the screen
                            turn = time.monotonic()
        except httpx.RequestError as error:
            raise await asyncio.to_thread(self._unreachable, error) from error
        except ValueError as error:
            raise _not_ours(answer.status_code) from error
        raise NotReachableError(f"The Homeroll at {self.address} has stopped")

    def _unreachable(self, error: httpx.RequestError) -> HomerollError:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, PermissionError) and self.address.socket:
                return not_allowed(self.address.socket.parent)
            cause = cause.__cause__ or cause.__context__
        if isinstance(error, httpx.TimeoutException):
            return NotReachableError(f"The Homeroll at {self.address} does not answer in time")
        if self.address.socket:
            refused = DataPaths(self.address.socket.parent).refused()
            return NotReachableError(f"No Homeroll is running on {self.address}", hint=refused)
        return NotReachableError(f"The Homeroll at {self.address} cannot be reached")


def _error_of(status: int, content: bytes) -> HomerollError:
    try:
        told = msgspec.json.decode(content)
        code, message, hint = str(told["code"]), str(told["message"]), str(told.get("hint") or "")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return _not_ours(status)
    for kind in KNOWN:
        if kind.code == code:
            return kind(message, hint=hint)
    error = HomerollError(message, hint=hint)
    error.code = code
    return error


def _not_ours(status: int) -> HomerollError:
    return NotReachableError(f"The answer was not Homeroll's: HTTP {status}", hint="Is the address right?")
