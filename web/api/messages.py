"""Server-sent events: what changes, told to everyone who may see it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Stream

from appliance.home import Home
from appliance.library.viewers import Viewer
from appliance.messages import (
    AccessChanged,
    EditProgress,
    FileAdded,
    FileChanged,
    JobProgress,
    LibraryChanged,
    Message,
    ModelProgress,
    PeopleChanged,
    StepProgress,
)
from web.api import jobs, steps
from web.closing import Closing
from web.parts import Asking, HomePart
from web.security import is_still

HEARTBEAT_S = 15.0
RETRY_MS = 2000


class MessagesController(Controller):
    tags = ("messages",)

    @get("/messages", summary="What changes, as server-sent events", media_type="text/event-stream")
    async def messages(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        closing: NamedDependency[SkipValidation[Closing]],
    ) -> Stream:
        return Stream(
            stream(home, viewer, closing, lambda: is_still(request, viewer)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


async def stream(
    home: Home, viewer: Viewer, closing: Closing, is_welcome: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """Events until the client leaves or the service stops; a comment every 15 s keeps proxies from giving up.

    is_welcome: asked again once it listens, for whoever was let out between the question and that was told nobody.
    """
    yield f"retry: {RETRY_MS}\n\n".encode()
    listening = home.bus.listen()
    stop = asyncio.ensure_future(closing.wait())
    following = asyncio.ensure_future(_next(listening))
    try:
        await asyncio.sleep(0)  # now it listens
        if not await is_welcome():
            return
        while not stop.done():
            await asyncio.wait([following, stop], timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                if _ends(viewer, following.result()):
                    break
                body = _seen_by(viewer, following.result())
                following = asyncio.ensure_future(_next(listening))
                if body is not None:
                    yield body
            elif not stop.done():
                yield b": still here\n\n"
    finally:
        stop.cancel()
        following.cancel()
        for task in (stop, following):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await listening.aclose()  # type: ignore[attr-defined]  # an async generator, typed as its interface


def _ends(viewer: Viewer, message: Message) -> bool:
    """Somebody who may be let out, or may see less: a client that is still welcome connects again."""
    return isinstance(message, AccessChanged) and message.user == str(viewer.user_id)


async def _next(messages: AsyncIterator[Message]) -> Message:
    return await anext(messages)


def _seen_by(viewer: Viewer, message: Message) -> bytes | None:
    """The event as bytes, or None when it is about someone else's files."""
    data: Any
    match message:
        case FileAdded() | FileChanged():
            if not viewer.may_see(message.user):
                return None
            data = {"ids": message.ids, "months": message.months}
        case EditProgress():
            if viewer.user_id is None or message.user != str(viewer.user_id):
                return None
            data = {"done": message.done, "total": message.total}
        case LibraryChanged():
            if not viewer.may_see(message.item.get("user")):
                return None
            data = message.item
        case StepProgress():
            data = message.items if viewer.is_admin else steps.without_counts(message.items)
        case JobProgress():
            data = message.item if viewer.is_admin else jobs.without_counts(message.item)
        case ModelProgress():
            if not viewer.is_admin:
                return None
            data = message.item
        case PeopleChanged():
            data = {}
        case _:
            return None
    return b"event: %s\ndata: %s\n\n" % (type(message).__name__.encode(), msgspec.json.encode(data))
