"""Tells answers that never end by themselves that the service stops: the server waits for every answer in progress."""

from __future__ import annotations

import asyncio


class Closing:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
