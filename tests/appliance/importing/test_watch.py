"""Changes are heard as they happen: real inotify, real folders."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.importing import watch
from appliance.importing.watch import Watcher
from appliance.library import libraries
from appliance.library.viewers import LOCAL_ADMIN
from appliance.messages import LibraryChanged
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from appliance.home import Home


class Heard:
    """What the watcher told, as (library, folder)."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()
        self._news = asyncio.Event()

    async def changed(self, library: str, folders: list[str]) -> None:
        self._told |= {(library, folder) for folder in folders}
        self._news.set()

    async def until(self, library: str, folder: str) -> None:
        async with asyncio.timeout(60):
            while (library, folder) not in self._told:
                self._news.clear()
                await self._news.wait()

    def folders(self) -> set[str]:
        return {folder for _, folder in self._told}

    def forget(self) -> None:
        self._told.clear()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "BURST_MS", 200)
    monkeypatch.setattr(watch, "STEP_MS", 20)


def watched() -> set[int]:
    """The inodes that the kernel watches for this process (proc(5), fdinfo of inotify)."""
    found: set[int] = set()
    for descriptor in Path("/proc/self/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            lines = re.findall(r"^inotify .*\bino:(\w+)", descriptor.read_text(), re.MULTILINE)
            found |= {int(inode, 16) for inode in lines}
    return found


def folders(root: Path) -> set[int]:
    return {path.stat().st_ino for path in (root, *root.rglob("*")) if path.is_dir()}


async def until_watched(*roots: Path) -> None:
    async with asyncio.timeout(60):
        while not all(folders(root) <= watched() for root in roots):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def watching(home: Home) -> AsyncIterator[Heard]:
    heard = Heard()
    watcher = Watcher(home, heard.changed)
    before = len(home.bus._inboxes)
    await watcher.start()
    async with asyncio.timeout(60):
        while len(home.bus._inboxes) == before:  # noqa: ASYNC110 - until it hears of libraries that come
            await asyncio.sleep(0.01)
    await until_watched(*(Path(row["root"]) for row in await home.db.fetch('SELECT "root" FROM "library"')))
    try:
        yield heard
    finally:
        await watcher.stop()


async def add(home: Home, root: Path) -> str:
    root.mkdir(exist_ok=True)
    item = await libraries.add_library(home.db, name=root.name, root=str(root))
    home.bus.publish(LibraryChanged(id=item["id"], item=item))
    library: str = item["id"]
    return library


async def test_a_new_changed_moved_and_removed_file_is_heard_in_its_folder(home: Home, photos: Path) -> None:
    (photos / "a" / "b").mkdir(parents=True)
    library = await add(home, photos)
    async with watching(home) as heard:
        write_jpegs(photos / "a" / "b", 1)
        await heard.until(library, "a/b")
        (photos / "a" / "b" / "0000.jpg").rename(photos / "a" / "x.jpg")
        await heard.until(library, "a")
        heard.forget()
        (photos / "a" / "x.jpg").unlink()
        await heard.until(library, "a")
        write_jpegs(photos, 1)
        await heard.until(library, "")
        heard.forget()
        write_jpegs(photos / "made" / "just now", 1)
        await heard.until(library, "made")


async def test_what_is_none_of_our_business_is_not_told(home: Home, photos: Path) -> None:
    library = await add(home, photos)
    async with watching(home) as heard:
        write_jpegs(photos / ".hidden", 1)
        write_jpegs(photos / "@eaDir" / "x.jpg", 1)
        write_jpegs(photos / "seen", 1)
        await heard.until(library, "seen")
    assert heard.folders() <= {"", "seen"}


async def seen_as_watched(home: Home) -> set[str]:
    rows = [libraries.at_present(home, row) for row in await libraries.list_libraries(home.db, LOCAL_ADMIN)]
    return {row["id"] for row in rows if row["watched"]}


async def test_a_library_added_or_removed_while_running_is_watched_or_not(home: Home, tmp_path: Path) -> None:
    async with watching(home) as heard:
        one = await add(home, tmp_path / "one")
        two = await add(home, tmp_path / "two")
        await until_watched(tmp_path / "one", tmp_path / "two")
        assert await seen_as_watched(home) == {one, two}
        write_jpegs(tmp_path / "one", 1)
        write_jpegs(tmp_path / "two" / "below", 1)
        await heard.until(one, "")
        await heard.until(two, "below")
    assert await seen_as_watched(home) == set()


async def test_a_root_that_goes_and_comes_back_is_watched_again(home: Home, photos: Path) -> None:
    library = await add(home, photos)
    item = await libraries.get_library(home.db, await home.db.value('SELECT "id" FROM "library"'))
    async with watching(home) as heard:
        await asyncio.to_thread(shutil.move, photos, photos.with_name("away"))
        home.bus.publish(LibraryChanged(id=library, item=item))
        async with asyncio.timeout(60):
            while watched() & folders(photos.with_name("away")):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        photos.mkdir()  # another disk, mounted in the same place
        home.bus.publish(LibraryChanged(id=library, item=item))
        await until_watched(photos)
        heard.forget()
        write_jpegs(photos, 1)
        await heard.until(library, "")
