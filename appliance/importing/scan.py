"""What changed on disk since the last look at a library, and telling the tables so.

A scan reads names, sizes and times; only new and changed files are opened.  New paths are registered while the walk
goes on, so that pictures show up early; changed ones after all new ones, because a renamed file must be recognised at
its new name before its old name is taken for something else; missing ones last, when they were looked for once more,
and only when the guard agrees.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
import uuid
from collections import deque
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from appliance.errors import HomerollError
from appliance.importing.ingest import Examined, Wanted, examine_in, sighting
from appliance.importing.walk import Folder, leads_to_ignored, walk
from appliance.library import absent, announcing, intake, libraries, relations, trash
from appliance.messages import FileChanged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence

    from appliance.home import Home
    from appliance.library.intake import Registered

log = logging.getLogger(__name__)

#: More than this part of a library's files gone in one scan is an accident until a person says otherwise.
MOST_MISSING = 0.20
#: Files that change while they are read are being copied: they are looked at again after these pauses, then left to
#: the next scan, which comes soon where folders are watched.
SETTLE_AFTER_S = (1.0, 4.0)
FILES_PER_BATCH = 8
#: How often it is said how many files there are, while a whole library is looked through.
TELL_EVERY_S = 2.0
FOLDERS_PER_CHUNK, FILES_PER_CHUNK = 64, 2000


class Progress(Protocol):
    """What a scan needs of whoever watches it; `check_in` waits while the job is paused."""

    def update(self, done: int, total: int) -> None: ...

    async def check_in(self) -> None: ...


class ScanResult(msgspec.Struct, kw_only=True):
    """Counts of one scan; `failed` files could be hashed but not understood, `unreadable` ones not even that."""

    found: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    missing: int = 0
    failed: int = 0
    unreadable: int = 0
    unsettled: int = 0
    unnameable: int = 0
    seconds: float = 0.0
    frozen: str = ""

    def add(self, other: ScanResult) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seconds = round(self.seconds + other.seconds, 3)
        self.frozen = self.frozen or other.frozen


COUNTS = ("found", "added", "changed", "moved", "missing", "failed", "unreadable", "unsettled", "unnameable")


async def scan_library(
    home: Home,
    library: dict[str, Any],
    *,
    folders: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> ScanResult:
    """Bring the tables up to date with `library`'s root, or only with some `folders` of it and what is below them.

    library: as `libraries.get_library` returns it.   progress: called with (files looked at, files to look at).
    Never raises for what is wrong with the disk: the library is frozen, with the reason, and nothing is missing.  One
    that is removed meanwhile has an end, and no result.
    """
    try:
        return await _Scan(home, library, progress).run(folders)
    except HomerollError:
        if await libraries.is_known(home.db, uuid.UUID(library["id"])):
            raise
        log.info("library_id=%s was removed while it was looked through", library["id"])
        return ScanResult()


class _Scan:
    def __init__(
        self,
        home: Home,
        library: dict[str, Any],
        progress: Progress | None,
    ) -> None:
        self._home, self._db = home, home.db
        self._library = library
        self._id = uuid.UUID(library["id"])
        self._owner = uuid.UUID(library["user"]) if library["user"] else None
        self._root: str = library["root"]
        self._progress = progress
        self._result = ScanResult()
        self._examining: deque[tuple[Sequence[_Path], list[str], asyncio.Task[list[Examined | OSError]]]] = deque()
        self._later: list[_Path] = []
        self._gone: list[tuple[str, str]] = []
        self._visited: set[str] = set()
        self._unsure: list[str] = []
        self._joined: dict[uuid.UUID, str] = {}
        self._unsettled: list[_Path] = []
        self._todo = 0
        self._looked_at = 0
        self._problem, self._hint = "", ""
        self._told_at = 0.0

    async def run(self, folders: Sequence[str] | None) -> ScanResult:
        began = time.monotonic()
        try:
            before = await asyncio.to_thread(_identity, self._root)
            if isinstance(before, OSError):
                await self._freeze(*_told(self._root, before))
            else:
                async with self._shown_as_scanning() if folders is None else contextlib.nullcontext():
                    await self._look(folders)
                self._gone = await asyncio.to_thread(_really_gone, self._root, self._gone)
                if await asyncio.to_thread(_identity, self._root) == before:
                    await self._settle(folders)
                else:
                    await self._freeze(
                        f"The disk below {self._root} went away during the scan",
                        "Connect it; the next scan brings everything back.",
                    )
        finally:
            for _, _, task in self._examining:
                task.cancel()
        self._result.seconds = round(time.monotonic() - began, 3)
        return self._result

    async def _look(self, folders: Sequence[str] | None) -> None:
        """Walk, compare with what is known, and register what is new and then what is changed."""
        starts = _topmost(folders or [""])
        known_folders = {folder for folder in await self._known_folders() if _is_below(folder, starts)}
        async for chunk in _chunks(chain.from_iterable(walk(self._root, start) for start in starts)):
            await self._compare(chunk)
        unseen = [folder for folder in sorted(known_folders - self._visited) if not _is_below(folder, self._unsure)]
        for folder in unseen:
            for name in (await self._known([folder])).get(folder, {}):
                self._gone.append((folder, name))
        await self._drain()
        # Renamed onto a known name comes before changed at it, or a chain of renames would hand on the wrong identity.
        renamed = {path.stamp for path in self._later if path.stamp in {other.known_as for other in self._later}}
        await self._examine_all(sorted(self._later, key=lambda path: path.stamp not in renamed))
        for pause_s in SETTLE_AFTER_S:
            if not self._unsettled:
                break
            await asyncio.sleep(pause_s)
            again, self._unsettled = self._unsettled, []
            await self._examine_all(again)
        self._result.unsettled = len(self._unsettled)

    async def _examine_all(self, paths: Sequence[_Path]) -> None:
        """Look at all of `paths` and register them, relating each folder's files after its last one."""
        last = {path.folder: index for index, path in enumerate(paths)}
        for begin in range(0, len(paths), FILES_PER_BATCH):
            batch = paths[begin : begin + FILES_PER_BATCH]
            end = begin + len(batch)
            await self._examine(batch, [folder for folder, index in last.items() if begin <= index < end])
        await self._drain()

    async def _compare(self, chunk: list[Folder]) -> None:
        known = await self._known([folder.path for folder in chunk])
        for folder in chunk:
            if folder.gone:
                continue
            if folder.error:
                self._unsure.append(folder.path)
                self._problem = f"The folder {folder.path or self._root} cannot be read: {folder.error}"
                self._hint = "Give the service's user permission to read it; if it has that, look at the disk."
                continue
            if folder.unnameable:
                self._result.unnameable += folder.unnameable
                left_out = self._result.unnameable
                self._problem = (
                    f"{left_out} {'name is' if left_out == 1 else 'names are'} not valid UTF-8 and left out, folders "
                    f"with all that is in them, the last in {folder.path or self._root}"
                )
                self._hint = "Names of older systems can be rewritten: convmv -r -f latin1 -t utf8 --notest FOLDER"
            self._visited.add(folder.path)
            self._result.found += len(folder.files)
            before = known.get(folder.path, {})
            new: list[_Path] = []
            for name, (size, mtime_ns) in folder.files.items():
                known_as, stamp = before.get(name), f"{size}/{mtime_ns}"
                if known_as == stamp:
                    continue
                path = _Path(folder.path, name, _sidecar_of(name, folder.files), stamp, known_as or "")
                (new if known_as is None else self._later).append(path)
            if len(before) > len(folder.files) - len(new):
                self._gone += [(folder.path, name) for name in before if name not in folder.files]
            self._todo += len(new)
            for begin in range(0, len(new), FILES_PER_BATCH):
                batch = new[begin : begin + FILES_PER_BATCH]
                await self._examine(batch, [folder.path] if begin + FILES_PER_BATCH >= len(new) else [])

    async def _examine(self, batch: Sequence[_Path], completes: list[str]) -> None:
        """Start looking at `batch`; answers are registered in the order of asking, so that every run ends the same."""
        wanted = [path.wanted(self._root) for path in batch]
        task = asyncio.create_task(examine_in(self._home.compute, wanted))
        self._examining.append((batch, completes, task))
        if len(self._examining) > self._home.compute.workers:
            await self._register_next()

    async def _drain(self) -> None:
        while self._examining:
            await self._register_next()

    async def _register_next(self) -> None:
        batch, completes, task = self._examining[0]
        answers = await task
        self._examining.popleft()
        sightings = []
        for path, answer in zip(batch, answers, strict=True):
            self._looked_at += 1
            if isinstance(answer, OSError):
                self._note_unreadable(path, answer)
            elif not answer.settled:
                self._unsettled.append(path)
            else:
                self._result.failed += answer.metadata is None
                sightings.append(sighting(path.folder, path.name, answer))
        registered, touched = await self._register(sightings, completes)
        await self._tell(registered, touched)
        if self._progress is not None:
            self._progress.update(self._looked_at, max(self._todo + len(self._later), self._looked_at))
            await self._progress.check_in()

    async def _register(
        self, sightings: Sequence[intake.Sighting], completes: Sequence[str]
    ) -> tuple[list[Registered], set[uuid.UUID]]:
        try:
            return await self._write(sightings, completes)
        except (OverflowError, UnicodeError) as error:
            # A hostile file can state what no column holds.  Its row is written without what it says of itself.
            log.warning("library_id=%s step=scan a file's metadata cannot be stored: %s", self._id, error)
        registered: list[Registered] = []
        for one in sightings:
            try:
                registered += (await self._write([one], []))[0]
            except (OverflowError, UnicodeError):
                registered += (await self._write([intake.without_metadata(one)], []))[0]
        return registered, (await self._write([], completes))[1]

    async def _write(
        self, sightings: Sequence[intake.Sighting], completes: Sequence[str]
    ) -> tuple[list[Registered], set[uuid.UUID]]:
        async with self._db.write():
            registered = await intake.register(
                self._db, library=self._id, owner=self._owner, sightings=sightings, steps=self._home.steps
            )
            return registered, await relations.relate(self._db, self._id, completes)

    def _note_unreadable(self, path: _Path, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return
        self._result.unreadable += 1
        self._problem = f"{intake.join(path.folder, path.name)} cannot be read: {error.strerror}"
        self._hint = "Give the service's user permission to read it; if it has that, look at the disk."
        log.warning("library_id=%s step=scan path=%r unreadable: %s", self._id, path.name, error)

    async def _tell(self, registered: Sequence[Registered], touched: set[uuid.UUID]) -> None:
        added = [one for one in registered if one.what == "added"]
        changed = [one for one in registered if one.what in ("changed", "joined")]
        for one in registered:
            if one.what == "joined":
                self._joined.setdefault(one.id, one.was_at)
        self._result.added += len(added)
        self._result.changed += sum(one.what == "changed" for one in registered)
        if added:
            await announcing.tell_added(self._db, self._home.bus, _ids(added))
            if self._library["id"] in self._home.scanning and time.monotonic() - self._told_at > TELL_EVERY_S:
                await self._tell_library()
        if changed or touched:
            ids = sorted({*_ids(changed), *map(str, touched)})
            was_in = {str(one.id): one.month for one in changed}
            await announcing.tell_changed(self._db, self._home.bus, ids, was_in=was_in)

    async def _settle(self, folders: Sequence[str] | None) -> None:
        """Decide what the paths that were not seen mean."""
        if folders is not None and self._library["status"] == libraries.FROZEN:
            return  # only a look at the whole library can say that all is well again
        async with self._db.read():
            lost = await absent.known_missing(self._db, library=self._id, paths=self._gone)
            known = await libraries.count_present(self._db, self._id) if lost else 0
        if lost > known * MOST_MISSING and self._library["reason"] != libraries.ACCEPTED:
            await self._freeze(
                f"{lost} of {known} files are gone at once",
                "If a disk is not mounted, mount it. If they were deleted on purpose, say so on the library's page.",
            )
            return
        wanted_again = await self._copied_while_trashed()
        async with self._db.write():
            await trash.take_out(self._db, wanted_again)
            forgotten = await absent.forget_paths(self._db, library=self._id, paths=self._gone, joined=self._joined)
            await relations.relate(self._db, self._id, sorted(forgotten.folders))
            await absent.wake_absent(self._db, self._id)
            if folders is None:
                await libraries.set_scanned(self._db, self._id, reason=self._problem, hint=self._hint)
        self._result.moved, self._result.missing = forgotten.moved, forgotten.missing
        await self._tell_library()
        if wanted_again:
            await announcing.tell_changed(self._db, self._home.bus, wanted_again)
        if forgotten.moved or forgotten.missing:
            self._home.bus.publish(FileChanged(ids=[], months=[], user=str(self._owner) if self._owner else None))

    async def _copied_while_trashed(self) -> list[uuid.UUID]:
        """Files in the trash of which somebody has put one more copy into the library: they want it.  In the trash it
        would be deleted at both places.  One that only moved has left its old one."""
        rows = await self._db.fetch(
            """SELECT "id" FROM "stored_file" WHERE "trashed_at" IS NOT NULL
               AND "id" IN (SELECT value FROM json_each(?))""",
            [msgspec.json.encode([str(file) for file, was_at in self._joined.items() if was_at]).decode()],
        )
        copied = []
        for row in rows:
            was_at = intake.split(self._joined[row["id"]])
            if not await asyncio.to_thread(_really_gone, self._root, [was_at]):
                copied.append(row["id"])
        return copied

    async def _freeze(self, reason: str, hint: str) -> None:
        log.warning("library_id=%s frozen: %s", self._id, reason)
        self._result.frozen = reason
        await libraries.set_status(self._db, self._id, libraries.FROZEN, reason=reason, hint=hint)
        await self._tell_library()

    @contextlib.asynccontextmanager
    async def _shown_as_scanning(self) -> AsyncIterator[None]:
        library: str = self._library["id"]
        self._home.scanning.add(library)
        try:
            await self._tell_library()
            yield
        except Exception:
            self._home.scanning.discard(library)
            libraries.tell(self._home, self._library)  # nobody else will say that it goes on no more
            raise
        finally:
            self._home.scanning.discard(library)

    async def _tell_library(self) -> None:
        self._told_at = time.monotonic()
        libraries.tell(self._home, await libraries.get_library(self._db, self._id))

    async def _known_folders(self) -> set[str]:
        rows = await self._db.fetch('SELECT DISTINCT "folder" FROM "file_path" WHERE "library" = ?', [str(self._id)])
        return {row["folder"] for row in rows}

    async def _known(self, folders: Sequence[str]) -> dict[str, dict[str, str]]:
        """folder -> name -> "size/mtime_ns", as one JSON text for each folder: rows of columns cost ten times that."""
        rows = await self._db.fetch(
            """SELECT "folder" || '' AS folder, json_group_object("name", "size_bytes" || '/' || "mtime_ns") AS names
               FROM "file_path" WHERE "library" = ? AND "folder" IN (SELECT value FROM json_each(?))
               GROUP BY "folder" """,
            [str(self._id), msgspec.json.encode(folders).decode()],
        )
        return {row["folder"]: msgspec.json.decode(row["names"], type=dict[str, str]) for row in rows}


class _Path(msgspec.Struct, frozen=True):
    """A path to look at.  `stamp` and `known_as` are its "size/mtime_ns", now and at the last look ("" for none)."""

    folder: str
    name: str
    sidecar: str
    stamp: str
    known_as: str

    def wanted(self, root: str) -> Wanted:
        parent = Path(root, self.folder)
        return Wanted(
            path=parent / self.name,
            sidecar=parent / self.sidecar if self.sidecar else None,
            size_bytes=int(self.stamp.partition("/")[0]),
        )


def _sidecar_of(name: str, files: dict[str, tuple[int, int]]) -> str:
    """The XMP beside `name`: name.jpg.xmp before name.xmp; "" for none."""
    stem = name.rpartition(".")[0]
    for candidate in (f"{name}.xmp", f"{name}.XMP", f"{stem}.xmp", f"{stem}.XMP"):
        if candidate in files and candidate != name:
            return candidate
    return ""


def _is_below(folder: str, tops: Sequence[str]) -> bool:
    return any(not top or folder == top or folder.startswith(f"{top}/") for top in tops)


def _topmost(folders: Sequence[str]) -> list[str]:
    tops: list[str] = []
    for folder in sorted(set(folders)):
        if not _is_below(folder, tops):
            tops.append(folder)
    return tops


async def _chunks(walker: Iterator[Folder]) -> AsyncIterator[list[Folder]]:
    """Folders in handfuls, listed in a thread: neither the disk's slowness nor a hop for each folder is felt."""
    while chunk := await asyncio.to_thread(_take, walker):
        yield chunk


def _take(walker: Iterator[Folder]) -> list[Folder]:
    chunk: list[Folder] = []
    files = 0
    for folder in islice(walker, FOLDERS_PER_CHUNK):
        chunk.append(folder)
        files += len(folder.files)
        if files >= FILES_PER_CHUNK:
            break
    return chunk


def _identity(root: str) -> tuple[int, int] | OSError:
    """Which folder of which file system `root` is at this moment, or why it cannot be listed."""
    try:
        with os.scandir(root):
            stat = os.stat(root)  # noqa: PTH116 - beside scandir, which has no Path form
    except OSError as error:
        return error
    return stat.st_dev, stat.st_ino


def _told(root: str, error: OSError) -> tuple[str, str]:
    """Reason and hint, for the family."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"The folder {root} is not there", "Is the disk connected and mounted?"
    if isinstance(error, PermissionError):
        return f"The folder {root} may not be read", "Give the service's user permission to read it."
    return f"The folder {root} cannot be read: {error.strerror}", "Check the disk and its cable, or the network."


def _really_gone(root: str, paths: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of `paths` that still are not there: a file that was moved or written during the walk may have been missed,
    and a disk that answers with an error says nothing.

    A stick from Windows or a Mac's disk finds IMG_1.JPG by the name img_1.jpg, too: a name is there as it is listed.
    """
    gone = []
    listed = cache(_names_in)
    for folder, name in paths:
        try:
            os.lstat(os.path.join(root, folder, name))  # noqa: PTH118 - there may be very many
            parts = [*folder.split("/"), name] if folder else [name]
            if leads_to_ignored(root, parts[:-1]) or not _is_listed(root, parts, listed):
                gone.append((folder, name))
        except (FileNotFoundError, NotADirectoryError):
            gone.append((folder, name))
        except OSError:
            continue
    return gone


def _names_in(folder: str) -> frozenset[str]:
    return frozenset(os.listdir(folder))  # noqa: PTH208 - only names are wanted, of perhaps many


def _is_listed(root: str, parts: Sequence[str], listed: Callable[[str], Collection[str]]) -> bool:
    """Whether each part of the way from `root` is written in the folder before it just so."""
    return all(part in listed("/".join((root, *parts[:number]))) for number, part in enumerate(parts))


def _ids(registered: Sequence[Registered]) -> list[str]:
    return [str(one.id) for one in registered]
