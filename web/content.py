"""Sends part of an open file: ranges, conditions, HEAD, names in every script, and nothing that a browser would run."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from appliance.media.sniff import fitting_name
from web.ranges import ByteRange, is_match, parse_range

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import Receive, Scope, Send

CHUNK_BYTES = 1 << 18
#: The answer to a file is only ever a picture or film, never a page with rights of its own.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
#: Images that can hold scripts.
ACTIVE = frozenset({"image/svg+xml", "image/svg"})
BY_HASH = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"


def is_shown_inline(mime_type: str) -> bool:
    return mime_type.startswith(("image/", "video/")) and mime_type not in ACTIVE


def disposition(filename: str, *, attachment: bool) -> str:
    """Content-Disposition with the name twice: plain for old clients, RFC 5987 for the true one."""
    kind = "attachment" if attachment else "inline"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in filename)
    encoded = quote(filename.encode("utf-8", "replace"), safe="")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


class FileContent:
    """An ASGI answer that owns `fd` and closes it; `begin` and `end` cut the part of the file that is the body."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        fd: int,
        *,
        etag: str,
        media_type: str,
        cache_control: str,
        filename: str | None = None,
        download: bool = False,
        begin: int = 0,
    ) -> None:
        self._fd = fd
        self._begin = begin
        try:
            size = max(0, os.fstat(fd).st_size - begin)
            self._head = request.method == "HEAD"
            self.status = 200
            inline = is_shown_inline(media_type)
            headers = {
                "ETag": etag,
                "Cache-Control": cache_control,
                "Accept-Ranges": "bytes",
                "Content-Security-Policy": POLICY,
                "Content-Type": media_type if inline else "application/octet-stream",
            }
            if filename is not None:
                filename = fitting_name(filename, media_type) if inline else filename
                headers["Content-Disposition"] = disposition(filename, attachment=download or not inline)
            self._range = ByteRange(0, size)
            if is_match(request.headers.get("if-none-match"), etag):
                self.status = 304
                self._range = ByteRange(0, 0)
                del headers["Content-Type"]
            else:
                condition = request.headers.get("if-range")
                wanted = request.headers.get("range")
                if condition is not None and not is_match(condition, etag, weak=False):
                    wanted = None
                if part := parse_range(wanted, size):
                    self.status = 206
                    self._range = part
                    headers["Content-Range"] = part.content_range(size)
                headers["Content-Length"] = str(self._range.length)
            self._headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        except BaseException:
            os.close(fd)
            raise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": self._headers})
            left = 0 if self._head else self._range.length
            await self._send_body(receive, send, self._begin + self._range.start, left)
        finally:
            os.close(self._fd)

    async def _send_body(self, receive: Receive, send: Send, position: int, left: int) -> None:
        # Someone who closes a video in the middle must not have the rest of it read for nothing.
        gone = asyncio.ensure_future(_disconnected(receive)) if left > CHUNK_BYTES else None
        try:
            while left and not (gone is not None and gone.done()):
                chunk = await asyncio.to_thread(os.pread, self._fd, min(CHUNK_BYTES, left), position)
                if not chunk:
                    # Shorter than announced: breaking off is the only honest end, the client sees it is incomplete.
                    raise OSError("the file became shorter while it was sent")
                position += len(chunk)
                left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
            if self._head or not self._range.length:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if gone is not None:
                gone.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await gone


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
