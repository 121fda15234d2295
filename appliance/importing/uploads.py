"""Landing an upload: bytes that arrived become an original, and only then is anything promised.

An answer of success is given after: the file's bytes are on the disk (fsync), it has its name (rename), the folder
knows it (fsync), and the database has it (durable commit).  "duplicate" is only said of an original that was read
again and has the same hash, because phones delete their copy on that word.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import time
import unicodedata
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.errors import (
    ComputeError,
    ConflictError,
    DatabaseDamagedError,
    HomerollError,
    InvalidInputError,
    StorageError,
    UnsupportedFormatError,
)
from appliance.files import as_storage_error, sync_folder
from appliance.importing.ingest import Examined, examine, examine_without_reading
from appliance.importing.ingest import sighting as sighting_of
from appliance.library import announcing, files, intake, journal, libraries, relations, trash, uploads
from appliance.media.hashes import hash_file
from appliance.media.sniff import HEAD_BYTES, sniff
from appliance.protection import clock
from appliance.protection.room import check_disk, check_room
from appliance.values import new_id, now

if TYPE_CHECKING:
    from appliance.home import Home
    from appliance.library.viewers import Viewer

log = logging.getLogger(__name__)

MAX_NAME_BYTES = 200  # of the 255 a file system gives: room for a number, and for programs that add an ending
ABANDONED_S = 24 * 3600  # bytes that nothing was added to for so long belong to no request any more
EXAMINE_TIMEOUT_S = 3600.0  # a 50 GB video on a slow disk is hashed for minutes

Status = Literal["created", "duplicate"]


class TooLargeError(InvalidInputError):
    """The upload is larger than `max_upload_mb`."""

    code = "too_large"


class Landed(msgspec.Struct, frozen=True):
    id: uuid.UUID
    status: Status


class _Place(msgspec.Struct, frozen=True):
    """A path of an uploads library: root/folder/name."""

    library: uuid.UUID
    root: Path
    folder: str
    name: str

    @property
    def relative(self) -> str:
        return intake.join(self.folder, self.name)

    @property
    def path(self) -> Path:
        return self.root / self.relative


class Uploads:
    """Takes uploads in; one for each process, because landing is done in turn."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._landing = asyncio.Lock()
        self._safe_roots: set[Path] = set()  # folders whose own name is known to be on the disk

    def new_incoming(self) -> Path:
        """Where the bytes of an upload that has no other name may be written."""
        return self.incoming(new_id())

    def incoming(self, upload_id: uuid.UUID) -> Path:
        return self._home.paths.incoming / str(upload_id)

    def check_size(self, size_bytes: int) -> None:
        """What `check_limit`, `check_disk` and `check_room` raise, for an upload of which nothing has come yet."""
        self.check_limit(size_bytes)
        check_disk(self._home.paths.incoming, self._home.settings.reserve_mb)
        self.check_room(size_bytes)

    def check_limit(self, size_bytes: int) -> None:
        """Raise TooLargeError above the limit."""
        limit_mb = self._home.settings.max_upload_mb
        if size_bytes > limit_mb << 20:
            raise TooLargeError(
                f"The file is larger than {limit_mb} MB", hint="An admin can raise max_upload_mb in homeroll.toml."
            )

    def check_room(self, more_bytes: int) -> None:
        """Raise DiskFullError when `more_bytes` would touch the reserve, DatabaseDamagedError when nothing could be
        promised.  Blocks shortly."""
        if self._home.db.damage:
            raise DatabaseDamagedError(
                "The database is damaged: uploads wait until that is mended", hint="Nothing that is here is lost."
            )
        check_room(self._home.paths.incoming, more_bytes, self._home.settings.reserve_mb)

    async def land(self, incoming: Path, *, user: uuid.UUID, filename: str, file_id: uuid.UUID | None = None) -> Landed:
        """Make the complete file `incoming` an original of `user`'s; it is gone from `incoming` afterwards.

        Raises InvalidInputError or UnsupportedFormatError for what is not kept (then `incoming` is gone too), and
        StorageError when it cannot be kept now (then `incoming` stays, for another try).
        """
        label = clean_label(filename)
        examined = await self._accepted(incoming, label)
        async with self._landing:
            place = await self._place(user, examined, label)
            # Asked in this order, a scan that registers what an earlier try left behind cannot slip in between.
            left_behind = await self._is_left_behind(place, examined)
            if (known := await self._known(user, examined)) is not None:
                await asyncio.to_thread(incoming.unlink, missing_ok=True)
                if await self._home.db.value('SELECT "locked" FROM "stored_file" WHERE "id" = ?', [str(known)]):
                    raise InvalidInputError(f"{label} is in your locked space", hint="Take it out there first.")
                return Landed(known, "duplicate")
            if left_behind:
                await asyncio.to_thread(incoming.unlink, missing_ok=True)
            else:
                place = await asyncio.to_thread(_move_in, incoming, place, await self._taken(place, examined))
            try:
                stored = await self._register(place, user, label, examined, file_id)
            except BaseException:
                # Nothing was promised: give the bytes back, so that another try can land them.
                await asyncio.shield(asyncio.to_thread(place.path.rename, incoming))
                raise
            return Landed(stored, "created")

    async def replace(self, incoming: Path, *, viewer: Viewer, original: files.Original) -> None:
        """Give an upload new content; the old one is kept below versions/ and as a FileVersion.

        Raises ConflictError for files that are not ours to change, and when the new content is here already.
        """
        db = self._home.db
        row = await db.fetch_one(
            """SELECT f."library", f."user", l."kind" FROM "stored_file" f JOIN "library" l ON l."id" = f."library"
               WHERE f."id" = ?""",
            [original.id],
        )
        if row is None or row["kind"] != "uploads":
            raise ConflictError(
                "Only uploads can be replaced", hint="Files in a folder of your own are changed there; scan it then."
            )
        examined = await self._accepted(incoming, original.filename)
        async with self._landing:
            if examined.hashes.sha256 == original.content_sha:
                return
            other = await db.fetch_one(
                'SELECT "filename", "locked" FROM "stored_file" WHERE "library" = ? AND "content_sha" = ?',
                [row["library"], examined.hashes.sha256],
            )
            if other is not None:
                named = "" if other["locked"] else f", as {other['filename']}"
                raise ConflictError(f"That content is here already{named}", hint="A file is its content.")
            kept_as = version_name(original)
            path, kept = Path(original.root, original.content), self._home.paths.versions / kept_as
            await asyncio.to_thread(_swap, incoming, path, kept)
            try:
                await self._replaced(viewer, original, examined, kept_as)
            except BaseException:
                await asyncio.shield(asyncio.to_thread(_swap_back, incoming, path, kept))
                raise

    async def _replaced(self, viewer: Viewer, original: files.Original, examined: Examined, kept_as: str) -> None:
        db = self._home.db
        async with db.write(durable=True):
            await intake.replace_content(
                db,
                file=original.id,
                sighting=_sighting(original.content, examined),
                kept_as=kept_as,
                steps=self._home.steps,
            )
            await journal.record(
                viewer,
                "replace",
                "file",
                original.id,
                before={"content_sha": original.content_sha},
                after={"content_sha": examined.hashes.sha256},
            )
        await files.announce_change(db, self._home.bus, original.id)

    async def tidy(self, *, older_than_s: float = 86_400.0) -> int:
        """Remove what no upload needs any more: expired ones, and bytes that a crash left; returns how many files.

        older_than_s: spares younger files, which may be forms that are arriving; 0 at start, when nothing is.
        """
        if not await clock.why_not_old(self._home.db, uploads.LIFETIME):
            await uploads.remove_expired(self._home.db)
        elif older_than_s:
            return 0
        wanted = {str(upload_id) for upload_id in await uploads.open_ids(self._home.db)}
        return await asyncio.to_thread(_remove_all_but, self._home.paths.incoming, wanted, time.time() - older_than_s)

    async def _accepted(self, incoming: Path, label: str) -> Examined:
        """Look at it; what is not kept is removed and refused."""
        try:
            size = await asyncio.to_thread(_settle, incoming)
            if size == 0:
                raise InvalidInputError(f"{label} is empty", hint="Was it copied completely? Try again.")
            examined = await self._examine(incoming, label)
            if examined.kind == "other":
                raise UnsupportedFormatError(
                    str(incoming), f"{label} is no photo or video that Homeroll knows", hint="It was not kept."
                )
        except (InvalidInputError, UnsupportedFormatError):
            await asyncio.to_thread(incoming.unlink, missing_ok=True)
            raise
        return examined

    async def _examine(self, incoming: Path, label: str) -> Examined:
        compute = self._home.compute
        try:
            return await compute.run(examine, incoming, filename=label, timeout_s=EXAMINE_TIMEOUT_S, urgent=True)
        except (ComputeError, MemoryError) as error:
            # It could not even be read safely; as a photo of the family's it is kept all the same.
            log.warning("upload=%s reading its metadata failed: %s", incoming.name, error)
            bare = await compute.run(examine_without_reading, incoming, timeout_s=EXAMINE_TIMEOUT_S, urgent=True)
            kind, mime_type = await asyncio.to_thread(_sniffed, incoming, label)
            told = error if isinstance(error, HomerollError) else None
            return msgspec.structs.replace(
                bare,
                kind=kind,
                mime_type=mime_type,
                error=told.message if told else "It needs too much memory",
                hint=told.hint if told else "",
            )

    async def _known(self, user: uuid.UUID, examined: Examined) -> uuid.UUID | None:
        """A file with these bytes that the user can see and whose original was read again and is whole."""
        db = self._home.db
        rows = await db.fetch(
            """SELECT f."id", f."content", f."trashed_at", l."root", l."kind" AS "library_kind"
               FROM "stored_file" f JOIN "library" l ON l."id" = f."library"
               WHERE f."content_sha" = ? AND f."size_bytes" = ? AND f."missing_since" IS NULL
               AND (f."user" IS NULL OR f."user" = ?)
               ORDER BY l."kind" = 'uploads' DESC""",
            [examined.hashes.sha256, examined.hashes.size_bytes, user],
        )
        for row in rows:
            trashed = row["trashed_at"] is not None
            if trashed and row["library_kind"] != "uploads":
                continue
            if not await self._is_whole(Path(row["root"], row["content"]), examined):
                continue
            if trashed:  # someone gives it to us again: they want it
                async with db.write(durable=True):
                    await trash.take_out(db, [row["id"]])
            found: uuid.UUID = row["id"]
            return found
        return None

    async def _is_whole(self, path: Path, examined: Examined) -> bool:
        try:
            hashes = await self._home.compute.run(hash_file, path, timeout_s=EXAMINE_TIMEOUT_S, urgent=True)
            if hashes == examined.hashes:
                # Whole, but perhaps only in memory: somebody copied it here a moment ago, or its row is that young.
                await asyncio.to_thread(_sync_whole, path)
                await self._home.db.make_durable()
        except OSError:
            return False
        return hashes == examined.hashes

    async def _place(self, user: uuid.UUID, examined: Examined, label: str) -> _Place:
        """Where it would be kept if nothing had that name, in a library whose root is on the disk."""
        home = self._home
        library = await libraries.uploads_library(home.db, home.paths, user)
        taken = examined.metadata.start_local if examined.metadata else None
        root = Path(library["root"])
        if root not in self._safe_roots:
            await asyncio.to_thread(_sync_chain, root, home.paths.root)
            self._safe_roots.add(root)
        folder = (taken or now()).strftime("%Y/%m")
        return _Place(uuid.UUID(str(library["id"])), root, folder, safe_name(label))

    async def _is_left_behind(self, place: _Place, examined: Examined) -> bool:
        """Whether it has its name already, from a try that ended before its row was written."""
        try:
            if (await asyncio.to_thread(place.path.lstat)).st_size != examined.hashes.size_bytes:
                return False
        except OSError:
            return False
        known = await self._home.db.value(
            'SELECT 1 FROM "file_path" WHERE "library" = ? AND "folder" = ? AND "name" = ?',
            [str(place.library), place.folder, place.name],
        )
        return known is None and await self._is_whole(place.path, examined)

    async def _taken(self, place: _Place, examined: Examined) -> set[str]:
        """Names like the one that is wanted of pictures that may be away from their places just now.  By such a name it
        would be taken for that picture, changed, and have what people said of it."""
        stem = place.name.rpartition(".")[0] or place.name
        rows = await self._home.db.fetch(
            """SELECT p."name" FROM "file_path" p JOIN "stored_file" f ON f."id" = p."file"
               WHERE p."library" = ? AND p."folder" = ? AND p."name" >= ? AND p."name" < ? AND f."content_sha" <> ?""",
            [str(place.library), place.folder, stem, f"{stem}\U0010ffff", examined.hashes.sha256],
        )
        return {row["name"] for row in rows}

    async def _register(
        self,
        place: _Place,
        user: uuid.UUID,
        label: str,
        examined: Examined,
        file_id: uuid.UUID | None,
    ) -> uuid.UUID:
        db = self._home.db
        sighting = sighting_of(place.folder, place.name, examined)
        async with db.write(durable=True):
            (registered,) = await intake.register(
                db, library=place.library, owner=user, sightings=[sighting], steps=self._home.steps, file_id=file_id
            )
            # Where the library knew these bytes, `_known` found no whole original of them: this one takes its place.
            await db.fetch(
                """UPDATE "stored_file" SET "content" = ?, "filename" = ?, "missing_since" = NULL, "trashed_at" = NULL
                   WHERE "id" = ?""",
                [place.relative, label, registered.id],
            )
            touched = await relations.relate(db, place.library, [place.folder])
        await announcing.tell_added(db, self._home.bus, [registered.id])
        if touched - {registered.id}:
            await announcing.tell_changed(db, self._home.bus, sorted(touched))
        return registered.id


def version_name(original: files.Original) -> str:
    """What a replaced content is called below versions/; `versions.find_lost` reads it."""
    return f"{original.id}-{original.content_sha[:16]}{Path(original.content).suffix}"


def clean_label(filename: str) -> str:
    """The name as it is shown: without folders, control characters and unpaired surrogates; never empty."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    text = unicodedata.normalize("NFC", last.encode("utf-8", "replace").decode())
    return "".join(c for c in text if c.isprintable()).strip()[:1000] or "upload"


def safe_name(label: str) -> str:
    """A name for the disk that is like `label`: no leading dot or dash, at most `MAX_NAME_BYTES`, ending kept."""
    name = "".join("_" if c in '/\\:*?"<>|' or not c.isprintable() else c for c in label).strip(" ")
    name = name.lstrip(".").rstrip(". ")
    if name.startswith("-"):
        name = "_" + name[1:]
    if not name:
        name = "upload"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 16:
        stem, dot, ending = name, "", ""
    room = MAX_NAME_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + dot + ending


def _settle(incoming: Path) -> int:
    """Bring the bytes to the disk; returns their number."""
    try:
        with incoming.open("rb") as file:
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        raise as_storage_error(error) from error


def _sync_whole(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _sync_chain(folder: Path, top: Path) -> None:
    """Bring the name of `folder` to the disk, and those of the folders that hold it below `top`."""
    try:
        for parent in folder.parents:
            sync_folder(parent)
            if parent == top or not parent.is_relative_to(top):
                return
    except OSError as error:
        raise as_storage_error(error) from error


def _move_in(incoming: Path, wanted: _Place, taken: set[str]) -> _Place:
    """Rename to `wanted`, or to a name like it that is free and none of `taken`; returns where it is.  Callers take
    turns."""
    there = wanted.path.parent
    try:
        made = [path for path in (there, there.parent, wanted.root) if not path.exists()]
        there.mkdir(mode=0o750, parents=True, exist_ok=True)
        if there.resolve() != wanted.root.resolve() / wanted.folder:
            raise StorageError(
                f"There is a link on the way to {there}, and links are not followed",
                hint="Move the whole data directory to the larger disk instead, or mount that disk in its place.",
            )
        stem, dot, ending = wanted.name.rpartition(".")
        if not stem:
            stem, dot, ending = wanted.name, "", ""
        target, number = wanted.path, 1
        while target.name in taken or os.path.lexists(target):
            number += 1
            target = there / f"{stem}-{number}{dot}{ending}"
        incoming.chmod(0o640)
        incoming.rename(target)
        for changed in (there, incoming.parent, *(path.parent for path in made)):
            sync_folder(changed)
    except OSError as error:
        raise as_storage_error(error) from error
    return msgspec.structs.replace(wanted, name=target.name)


def _swap(incoming: Path, path: Path, kept: Path) -> None:
    """Put `incoming` in the place of `path`, which lives on as `kept`; at every moment one of them is at `path`."""
    try:
        kept.unlink(missing_ok=True)
        try:
            kept.hardlink_to(path)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EMLINK):
                raise
            shutil.copy2(path, kept)  # a file system without hard links, such as exFAT
            with kept.open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(kept.parent)
        incoming.chmod(0o640)
        incoming.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise as_storage_error(error) from error


def _swap_back(incoming: Path, path: Path, kept: Path) -> None:
    path.rename(incoming)
    kept.rename(path)


def _sighting(relative: str, examined: Examined) -> intake.Sighting:
    folder, _, name = relative.rpartition("/")
    return sighting_of(folder, name, examined)


def _sniffed(path: Path, label: str) -> tuple[str, str]:
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES), label)


def _remove_all_but(folder: Path, wanted: set[str], before: float) -> int:
    removed = 0
    for path in folder.iterdir():
        if path.name not in wanted and path.is_file() and path.stat().st_mtime <= before:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
