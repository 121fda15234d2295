"""A dashboard without a terminal: what it shows as text, keys pressed, and waiting for either."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from typing import TYPE_CHECKING, Any

import httpx

from tui.app import Dashboard
from tui.client import Address
from tui.service import Starter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

PATIENCE_S = 60.0
NARROW, WIDE = (80, 24), (200, 60)


class Seen:
    """A running dashboard."""

    def __init__(self, app: Dashboard, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """The screen, line by line, dialogs over it included."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Into what has the focus, as if it were empty before."""
        await self.press("ctrl+a", "ctrl+k", *text)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{what}; what is shown:\n{self.text}"
            await asyncio.sleep(0.05)
        await self.pilot.pause()

    async def see(self, *words: str) -> None:
        """Wait until all of `words` are on the screen."""
        await self.until(lambda: all(word in self.text for word in words), f"not seen: {words}")

    async def miss(self, word: str) -> None:
        await self.until(lambda: word not in self.text, f"still seen: {word}")

    async def open(self, name: str) -> None:
        await self.app.action_open_screen(name)
        await self.pilot.pause()

    def line(self, word: str) -> str:
        """The first line that holds `word`, blanks run together."""
        found = next((line for line in self.text.splitlines() if word in line), "")
        return re.sub(r"\s+", " ", found).strip()


def dashboard(data: Path, **options: Any) -> Dashboard:
    starter = Starter(typed=f"homeroll serve --data {data}")
    return Dashboard(Address(socket=data / "admin.sock"), starter=starter, data=str(data), **options)


@contextlib.asynccontextmanager
async def watching(app: Dashboard, size: tuple[int, int] = NARROW) -> AsyncIterator[Seen]:
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Seen(app, pilot)


def admin(data: Path) -> httpx.Client:
    """Asks the service as the local admin."""
    transport = httpx.HTTPTransport(uds=str(data / "admin.sock"), verify=False)
    return httpx.Client(transport=transport, base_url="http://localhost/api/v1", timeout=60)


def ask(data: Path, method: str, path: str, body: object = None) -> Any:
    with admin(data) as client:
        answer = client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def wait_for_work(data: Path) -> None:
    """Until no job runs and no step is due."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        jobs = [job for job in ask(data, "GET", "/jobs")["items"] if job["status"] == "running"]
        steps = ask(data, "GET", "/steps")["items"]
        if not jobs and not any(step["running"] or (step["pending"] and not step["waits"]) for step in steps):
            return
        time.sleep(0.1)
    raise AssertionError("the service is still at work")
