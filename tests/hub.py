"""A model hub on this machine: real HTTP, the hub's routes and headers, and the faults of the real world on request."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

if TYPE_CHECKING:
    from types import TracebackType

COMMIT = "1" * 40
STEP_BYTES = 64 << 10


@dataclass(frozen=True)
class Request:
    """One request as the server saw it; `served` counts the bytes of the file in the answer."""

    method: str
    path: str
    range: str
    agent: str
    authorization: str
    served: int


@dataclass
class Hub:
    """`files`: what is published, by (repository, revision, name).  Small files are in git and have an ETag of their
    own; large ones (`lfs`) are elsewhere: HEAD answers a redirect with the hash as ETag, as the real hub does.

    cut: file name -> so many bytes of the next answer are sent, then the connection breaks; once each.
    slow: bytes a second.   silent: hashes and sizes are not announced.   down: every answer is 503.
    """

    files: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    plain: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    slow: float = 0
    lfs: bool = True
    silent: bool = False
    down: bool = False
    portal: bool = False
    ranges: bool = True
    requests: list[Request] = field(default_factory=list)
    busy: set[socket.socket] = field(default_factory=set)

    def publish(self, repository: str, name: str, data: bytes, *, revision: str = COMMIT) -> None:
        self.files[repository, revision, name] = data

    def served(self, name: str) -> int:
        """Bytes of the file `name` that went out, over all requests."""
        return sum(request.served for request in self.requests if request.path.endswith(name))

    def gets(self, name: str) -> list[Request]:
        return [request for request in self.requests if request.method == "GET" and request.path.endswith(name)]

    def break_off(self) -> None:
        """Cut every connection that a file goes out on."""
        for connection in list(self.busy):
            connection.shutdown(socket.SHUT_RDWR)

    def settle(self) -> None:
        """Wait until every client that was cut off or killed has been noticed; then be as fast as one can."""
        while self.busy:
            time.sleep(0.01)
        self.slow = 0

    def __enter__(self) -> Self:
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients are killed on purpose here: a broken connection is no news."""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        # What counts as served should have been received, but for a little.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STEP_BYTES)

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        pass

    def _answer(self) -> None:
        path = unquote(self.path.split("?")[0])
        if self.hub.down:
            self._refuse(503)
        elif self.hub.portal:
            self._send(b"<html>Please log in</html>", {"Content-Type": "text/html"})
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            repository, revision, name = found.groups()
            data = self.hub.files.get((repository, revision, name))
            if data is None:
                self._refuse(404, {"X-Error-Code": "EntryNotFound"})
            else:
                self._resolve(path, data, self.hub.commits.get(revision, revision))
        elif found := re.fullmatch(r"/cdn(/.+)", path):
            repository, revision, name = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", found[1]).groups()  # type: ignore[union-attr]  # made by _resolve
            self._send(self.hub.files[repository, revision, name], {"ETag": '"of-the-cdn"'})
        elif path.removeprefix("/plain/") in self.hub.plain:
            data = self.hub.plain[path.removeprefix("/plain/")]
            self._send(data, {} if self.hub.silent else {"ETag": f'"{hashlib.md5(data).hexdigest()}"'})
        else:
            self._refuse(404)

    def _resolve(self, path: str, data: bytes, commit: str) -> None:
        etag = hashlib.sha256(data).hexdigest() if self.hub.lfs else hashlib.sha1(data).hexdigest()
        headers = {"X-Repo-Commit": commit}
        if self.hub.lfs and not self.hub.silent:
            headers |= {
                "X-Linked-ETag": f'"{etag}"',
                "X-Linked-Size": str(len(data)),
                "Location": f"{self.hub.url.replace('127.0.0.1', 'localhost')}/cdn{path}",
            }
            self._refuse(302, headers)
        else:
            self._send(data, headers | {"ETag": f'"{"x" * 8 if self.hub.silent else etag}"'})

    def _refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self._log(0)

    def _send(self, data: bytes, headers: dict[str, str]) -> None:
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if self.hub.ranges else None
        if asked:
            start = int(asked[1])
            if start >= len(data):
                self._refuse(416)
                return
            headers |= {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self.send_response(206 if asked else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.hub.silent:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        served = self._send_body(data[start:]) if self.command == "GET" else 0
        self._log(served)

    def _send_body(self, data: bytes) -> int:
        name = self.path.rpartition("/")[2]
        most = self.hub.cut.pop(name, len(data))
        served = 0
        self.hub.busy.add(self.connection)
        try:
            while served < min(most, len(data)):
                block = data[served : min(served + STEP_BYTES, most)]
                self.wfile.write(block)
                served += len(block)
                if self.hub.slow:
                    time.sleep(len(block) / self.hub.slow)
            if most < len(data):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
        except OSError:  # the client has gone
            self.close_connection = True
        self.hub.busy.discard(self.connection)
        return served

    def _log(self, served: int) -> None:
        self.hub.requests.append(
            Request(
                method=self.command,
                path=self.path,
                range=self.headers.get("Range", ""),
                agent=self.headers.get("User-Agent", ""),
                authorization=self.headers.get("Authorization", ""),
                served=served,
            )
        )
