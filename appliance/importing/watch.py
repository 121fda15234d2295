"""Hear of changes in library folders as they happen, where the file system can tell; interval scans hear the rest."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from watchfiles import awatch

from appliance.library import libraries
from appliance.library.viewers import LOCAL_ADMIN
from appliance.media.sniff import KINDS_BY_EXTENSION, extension_of
from appliance.messages import LibraryChanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from appliance.home import Home

log = logging.getLogger(__name__)

#: A burst of changes (a copy of a whole card) is told once it has been quiet for STEP_MS, at the latest after BURST_MS.
BURST_MS, STEP_MS = 5000, 500
RETRY_S = 300.0


class Watcher:
    """Calls `changed(library id, folders below its root)`; follows libraries as they come and go."""

    def __init__(self, home: Home, changed: Callable[[str, list[str]], Awaitable[None]]) -> None:
        self._home, self._changed = home, changed
        self._tasks: list[asyncio.Task[None]] = []
        self._restart = asyncio.Event()

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(), name="watcher"), asyncio.create_task(self._follow())]

    async def stop(self) -> None:
        self._restart.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        known = await self._roots()
        async for message in self._home.bus.listen():
            if isinstance(message, LibraryChanged) and (present := await self._roots()) != known:
                known = present
                self._restart.set()

    async def _roots(self) -> dict[str, str]:
        """root -> library id, of the roots that are there."""
        found = await libraries.list_libraries(self._home.db, LOCAL_ADMIN)
        roots = {library["root"]: library["id"] for library in found if library["kind"] == "folder"}
        there = await asyncio.to_thread(lambda: [root for root in roots if Path(root).is_dir()])
        return {root: roots[root] for root in there}

    async def _run(self) -> None:
        while True:
            self._restart.clear()
            roots = await self._roots()
            try:
                if roots:
                    await self._watch(roots)
                else:
                    await self._restart.wait()
            except (OSError, RuntimeError) as error:
                log.warning("watching stopped (%s); interval scans go on", error)
                await asyncio.sleep(RETRY_S)

    async def _watch(self, roots: dict[str, str]) -> None:
        async for changes in awatch(
            *roots,
            watch_filter=None,
            debounce=BURST_MS,
            step=STEP_MS,
            stop_event=self._restart,
            recursive=True,
            ignore_permission_denied=True,
        ):
            for library, folders in _folders(roots, (path for _, path in changes)).items():
                await self._changed(library, folders)


def _folders(roots: dict[str, str], paths: Iterable[str]) -> dict[str, list[str]]:
    """library id -> folders below its root in which something that concerns us changed."""
    found: dict[str, set[str]] = {}
    for path in paths:
        root = next((root for root in roots if path == root or path.startswith(root + os.sep)), None)
        if root is None:
            continue
        below = os.path.relpath(path, root)
        if any(part.startswith(".") for part in PurePath(below).parts):
            continue
        # What is no picture is a folder that came, went or was renamed: look at all of what is below it.
        about = PurePath(below).parent if extension_of(path) in KINDS_BY_EXTENSION else PurePath(below)
        found.setdefault(roots[root], set()).add("" if about == PurePath() else str(about))
    return {library: sorted(folders) for library, folders in found.items()}
