"""The only way out of a booted machine: an HTTP proxy for apt and pip, on this side of the wire between the two."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_HEAD = 1 << 16


class _Handler(socketserver.BaseRequestHandler):
    """One connection: CONNECT to any host, or plain requests to one, closed after the answer."""

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < LONGEST_HEAD:
            more = self.request.recv(4096)
            if not more:
                return
            head += more
        first, _, rest = head.partition(b"\r\n")
        method, target, version = first.decode("latin-1").split(" ", 2)
        try:
            if method == "CONNECT":
                host, _, port = target.rpartition(":")
                there = socket.create_connection((host, int(port)), timeout=60)
                self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                address = urlsplit(target)
                there = socket.create_connection((address.hostname or "", address.port or 80), timeout=60)
                path = address.path + (f"?{address.query}" if address.query else "")
                lines = [line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connection:")]
                request = f"{method} {path} {version}\r\nConnection: close\r\n".encode() + b"\r\n".join(lines)
                there.sendall(request)
        except OSError as error:
            self.request.sendall(f"HTTP/1.1 502 {error}\r\nConnection: close\r\n\r\n".encode())
            return
        with there:
            _pump(self.request, there)


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            for ready in select.select([one, other], [], [], 120)[0]:
                data = ready.recv(1 << 16)
                if not data:
                    return
                (other if ready is one else one).sendall(data)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def proxy(address: str) -> Iterator[str]:
    """Serve at `address` until left; yields the proxy's URL."""
    with _Server((address, 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="proxy")
        thread.start()
        try:
            yield f"http://{address}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(30)
