"""Hear of changes in library folders as they happen, where the file system can tell; interval scans hear the rest."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path, PurePath
from stat import S_ISDIR
from typing import TYPE_CHECKING, NamedTuple

from watchfiles import awatch

from appliance.importing.walk import leads_to_ignored
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
#: The kernel drops what does not fit into its queue (16,384) without our hearing of it: after so much at once, all of
#: a library is looked through.
MANY = 5000


class Watcher:
    """Calls `changed(library id, folders below its root)`; follows libraries as they come and go."""

    def __init__(self, home: Home, changed: Callable[[str, list[str]], Awaitable[None]]) -> None:
        self._home, self._changed = home, changed
        self._tasks: list[asyncio.Task[None]] = []
        self._watched: dict[str, _Root] = {}
        self._restart = asyncio.Event()

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._run(), name="watcher"),
            asyncio.create_task(self._follow(), name="watcher-follower"),
        ]

    async def stop(self) -> None:
        self._restart.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        """A library that came or went, or whose disk was mounted again: then the old watch sees nothing any more."""
        async for message in self._home.bus.listen():
            if isinstance(message, LibraryChanged) and await self._roots() != self._watched:
                self._restart.set()

    async def _roots(self) -> dict[str, _Root]:
        """By path, the roots that are there."""
        rows = await self._home.db.fetch("""SELECT "id", "root" FROM "library" WHERE "kind" = 'folder'""")
        return await asyncio.to_thread(_present, {row["root"]: str(row["id"]) for row in rows})

    async def _run(self) -> None:
        while True:
            self._restart.clear()
            roots = self._watched = await self._roots()
            try:
                if roots:
                    await self._watch({path: root.library for path, root in roots.items()})
                else:
                    await self._restart.wait()
            except (OSError, RuntimeError) as error:
                log.warning("watching stopped (%s); interval scans go on", error)
                await self._pause()
            except Exception:
                log.exception("watching stopped by an unexpected error; interval scans go on")
                await self._pause()

    async def _pause(self) -> None:
        """Wait before the next try, but not once there is something new to watch."""
        try:
            async with asyncio.timeout(RETRY_S):
                await self._restart.wait()
        except TimeoutError:
            return

    async def _watch(self, roots: dict[str, str]) -> None:
        self._home.watched.update(roots.values())
        try:
            for library in await libraries.list_libraries(self._home.db, LOCAL_ADMIN):
                if library["id"] in self._home.watched:
                    libraries.tell(self._home, library)
            await self._hear(roots)
        finally:
            self._home.watched.clear()

    async def _hear(self, roots: dict[str, str]) -> None:
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
                await self._changed(library, folders if len(changes) < MANY else [""])


class _Root(NamedTuple):
    """A library's root: `device` and `inode` tell when another disk is mounted there, or the same one again."""

    library: str
    device: int
    inode: int


def _present(roots: dict[str, str]) -> dict[str, _Root]:
    found = {}
    for path, library in roots.items():
        with contextlib.suppress(OSError):
            stat = Path(path).stat()
            if S_ISDIR(stat.st_mode):
                found[path] = _Root(library, stat.st_dev, stat.st_ino)
    return found


def _folders(roots: dict[str, str], paths: Iterable[str]) -> dict[str, list[str]]:
    """library id -> folders below its root in which something that concerns us changed."""
    found: dict[str, set[str]] = {}
    for path in paths:
        # The innermost: uploads may lie in a hidden folder below a library.
        root = max((root for root in roots if path == root or path.startswith(root + os.sep)), key=len, default=None)
        if root is None:
            continue
        below = PurePath(path).relative_to(root)
        if leads_to_ignored(root, below.parts):
            continue
        # What is no picture is a folder that came, went or was renamed: look at all of what is below it.
        about = below.parent if extension_of(path) in KINDS_BY_EXTENSION else below
        found.setdefault(roots[root], set()).add("" if about == PurePath() else str(about))
    return {library: sorted(folders) for library, folders in found.items()}
