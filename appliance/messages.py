"""Facts told inside the process: past-tense values on a bus; a listener that falls behind loses old facts first."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every fact; its class name is the event name on /messages."""

    def replaces(self, older: Message) -> bool:
        """True when `older`, still unread, need not be delivered any more (progress replaces progress)."""
        return False


class FileAdded(Message, frozen=True, kw_only=True):
    """`ids` and `months` (yyyy-mm) of one batch; `user` is None when the whole family may see them."""

    ids: list[str]
    months: list[str]
    user: str | None


class FileChanged(Message, frozen=True, kw_only=True):
    ids: list[str]
    months: list[str]
    user: str | None


class EditProgress(Message, frozen=True, kw_only=True):
    """How far somebody's change of many files is; `user` is None for the local admin, whom no page shows it."""

    done: int
    total: int
    user: str | None

    def replaces(self, older: Message) -> bool:
        return isinstance(older, EditProgress) and older.user == self.user


class StepsAsked(Message, frozen=True, kw_only=True):
    """Somebody asked for a step that is done on demand: whoever does steps has something to do."""

    def replaces(self, older: Message) -> bool:
        return isinstance(older, StepsAsked)


class FacesChanged(Message, frozen=True, kw_only=True):
    """Faces came, went or were looked at anew: grouping has something to do."""

    def replaces(self, older: Message) -> bool:
        return isinstance(older, FacesChanged)


class PeopleChanged(Message, frozen=True, kw_only=True):
    """Who is who has changed, by grouping or by somebody's hand: ask again for what you show."""

    def replaces(self, older: Message) -> bool:
        return isinstance(older, PeopleChanged)


class StepProgress(Message, frozen=True, kw_only=True):
    items: list[dict[str, Any]]

    def replaces(self, older: Message) -> bool:
        return isinstance(older, StepProgress)


class JobProgress(Message, frozen=True, kw_only=True):
    name: str
    item: dict[str, Any]

    def replaces(self, older: Message) -> bool:
        return isinstance(older, JobProgress) and older.name == self.name


class ModelProgress(Message, frozen=True, kw_only=True):
    """How far the pull of a model is, or that it came, went or changed; `item` as GET /models answers it."""

    name: str
    item: dict[str, Any]

    def replaces(self, older: Message) -> bool:
        return isinstance(older, ModelProgress) and older.name == self.name


class ModelsChanged(Message, frozen=True, kw_only=True):
    """Models came or went: what waits for one may go on."""

    def replaces(self, older: Message) -> bool:
        return isinstance(older, ModelsChanged)


class DatabaseDoubted(Message, frozen=True, kw_only=True):
    """A page of the database, or of the thumbnails, could not be read as it was written."""


class AccessChanged(Message, frozen=True, kw_only=True):
    """What this user, or one of their keys, may do has changed: whoever listens for them must ask again."""

    user: str


class LibraryChanged(Message, frozen=True, kw_only=True):
    id: str
    item: dict[str, Any]

    def replaces(self, older: Message) -> bool:
        return isinstance(older, LibraryChanged) and older.id == self.id


class Bus:
    """Publish to every listener of this event loop; `publish` never waits."""

    def __init__(self, *, unread_limit: int = 1000) -> None:
        self._inboxes: set[_Inbox] = set()
        self._unread_limit = unread_limit

    def publish(self, message: Message) -> None:
        for inbox in self._inboxes:
            inbox.put(message)

    async def listen(self) -> AsyncIterator[Message]:
        """Yield messages published from now on; leaving the loop unsubscribes."""
        inbox = _Inbox(self._unread_limit)
        self._inboxes.add(inbox)
        try:
            while True:
                yield await inbox.get()
        finally:
            self._inboxes.discard(inbox)


class _Inbox:
    def __init__(self, limit: int) -> None:
        self._unread: deque[Message] = deque(maxlen=limit)
        self._arrived = asyncio.Event()

    def put(self, message: Message) -> None:
        if any(message.replaces(older) for older in self._unread):
            kept = [older for older in self._unread if not message.replaces(older)]
            self._unread.clear()
            self._unread.extend(kept)
        self._unread.append(message)
        self._arrived.set()

    async def get(self) -> Message:
        while not self._unread:
            self._arrived.clear()
            await self._arrived.wait()
        return self._unread.popleft()
