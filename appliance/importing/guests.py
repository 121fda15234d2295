"""What guests send by a link: kept in quarantine, where nothing but this looks, until its owner has looked at it.

Only what can be decoded as a photo or video is kept.  A guest learns nothing by sending: not whether the same photo is
here already, and not what becomes of theirs.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.backup.database import when_put_back
from appliance.db.tables import GuestUpload
from appliance.errors import ConflictError, HomerollError, InvalidInputError, NotFoundError, PermissionDeniedError
from appliance.files import as_storage_error, sync_folder
from appliance.importing.ingest import examine
from appliance.importing.uploads import clean_label
from appliance.library import albums, journal, share_links
from appliance.media.hashes import hash_file
from appliance.media.sniff import fitting_name
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home
    from appliance.importing.uploads import Uploads
    from appliance.library.share_links import Link
    from appliance.library.viewers import Viewer

MEDIA = ("photo", "video", "raw")
#: So much may wait for one owner: a link that got about must not fill the disk.
MOST_WAITING = 1000
MOST_WAITING_BYTES = 20 << 30
MOST_CHARACTERS = 60
MOST_OF_A_NAME = 200
TIMEOUT_S = 120.0
SETTLED_S = 3600.0


class Looked(msgspec.Struct, frozen=True):
    """What a guest's file turned out to be."""

    kind: str
    mime_type: str
    content_sha: str
    size_bytes: int
    taken: str
    thumbnail: bytes


def look_at(path: Path, filename: str) -> Looked:
    """In the compute process.  Raises MediaError for what is no picture, whatever it is called or begins with."""
    from appliance.media.renditions import render

    examined = examine(path, filename=filename)
    if examined.kind not in MEDIA:
        raise InvalidInputError(f"{filename} is no photo or video", hint="Only photos and videos can be sent here.")
    known = examined.metadata
    made = render(path, kind=examined.kind, mime_type=examined.mime_type, orientation=known.orientation if known else 1)
    return Looked(
        kind=examined.kind,
        mime_type=examined.mime_type,
        content_sha=examined.hashes.sha256,
        size_bytes=examined.hashes.size_bytes,
        taken=known.start_local.isoformat(timespec="seconds") if known and known.start_local else "",
        thumbnail=made.thumbnail_webp,
    )


async def check_room(home: Home, link: Link) -> None:
    """Raise PermissionDeniedError where guests may not send, ConflictError where too much waits already, NotFoundError
    where the link has ended since it was opened: sending may take hours."""
    if not await share_links.takes_uploads(home.db, link):
        raise PermissionDeniedError("This link only shows", hint="Ask whoever sent it to let you add photos.")
    row = await home.db.fetch_one(
        'SELECT count(*) AS "files", ifnull(sum("size_bytes"), 0) AS "bytes" FROM "guest_upload" WHERE "user" = ?',
        [str(link.user)],
    )
    assert row is not None
    if row["files"] >= MOST_WAITING or row["bytes"] >= MOST_WAITING_BYTES:
        raise ConflictError("Too much is waiting here already", hint=f"Ask {link.owner} to look through it first.")


async def receive(home: Home, link: Link, incoming: Path, *, filename: str, guest: str) -> None:
    """Keep one complete file, or raise InvalidInputError; it is gone from `incoming` afterwards."""
    label, upload = clean_label(filename), new_id()
    await check_room(home, link)
    try:
        try:
            looked = await home.compute.run(look_at, incoming, label, timeout_s=TIMEOUT_S, urgent=True)
        except HomerollError as error:
            raise InvalidInputError(f"{label} is no photo or video that can be shown", hint=error.hint) from error
        if not await _is_known(home, link, looked.content_sha):
            await asyncio.to_thread(_move_in, incoming, home.paths.quarantine, str(upload))
            await _insert(home, link, upload, fitting_name(label[:MOST_OF_A_NAME], looked.mime_type), guest, looked)
    finally:
        await asyncio.to_thread(incoming.unlink, missing_ok=True)


async def _is_known(home: Home, link: Link, content_sha: str) -> bool:
    """Sent before, still waiting, and whole: whoever sent it deletes their own on that word."""
    rows = await home.db.fetch(
        'SELECT "id" FROM "guest_upload" WHERE "user" = ? AND "content_sha" = ? AND "album" = ?',
        [str(link.user), content_sha, str(link.album)],
    )
    for row in rows:
        path = _path(home, row["id"])
        try:
            hashes = await home.compute.run(hash_file, path, timeout_s=TIMEOUT_S, urgent=True)
        except FileNotFoundError:
            hashes = None
        except OSError:
            continue
        if hashes is not None and hashes.sha256 == content_sha:
            return True
        await _forget(home, row["id"])
        await asyncio.to_thread(path.unlink, missing_ok=True)
    return False


async def _insert(home: Home, link: Link, upload: uuid.UUID, label: str, guest: str, looked: Looked) -> None:
    try:
        async with home.db.write(durable=True):
            await check_room(home, link)
            row: dict[str, Any] = {
                "id": upload,
                "user": link.user,
                "link": link.id,
                "album": link.album,
                "guest": "".join(c for c in " ".join(guest.split()) if c.isprintable())[:MOST_CHARACTERS],
                "filename": label,
                **msgspec.structs.asdict(looked),
                "created": now(),
            }
            await home.db.insert(GuestUpload, [row])
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_path(home, upload).unlink, missing_ok=True))
        raise


async def list_waiting(home: Home, viewer: Viewer) -> list[Row]:
    """What waits for this viewer, the first sent first."""
    return await home.db.fetch(
        """SELECT g."id", g."filename", g."kind", g."mime_type", g."size_bytes", g."taken", g."guest", g."created",
                  g."link", s."name" AS "link_name", g."album", a."name" AS "album_name"
           FROM "guest_upload" g LEFT JOIN "share_link" s ON s."id" = g."link" LEFT JOIN "album" a ON a."id" = g."album"
           WHERE g."user" = ? ORDER BY g."id" LIMIT ?""",
        [str(viewer.user_id), MOST_WAITING],
    )


async def thumbnail(home: Home, viewer: Viewer, upload: uuid.UUID) -> bytes:
    row = await _own_row(home, viewer, upload)
    data: bytes = row["thumbnail"]
    return data


async def accept(home: Home, viewer: Viewer, uploads: Uploads, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Make them files of the viewer's, in the album they were sent to; returns those files."""
    assert viewer.user_id is not None
    landed: list[uuid.UUID] = []
    # All of them or none, where one is gone.
    for row in [await _own_row(home, viewer, upload) for upload in dict.fromkeys(ids)]:
        upload = row["id"]
        path = _path(home, upload)
        if await asyncio.to_thread(path.exists):
            try:
                file = (await uploads.land(path, user=viewer.user_id, filename=row["filename"])).id
            except InvalidInputError:  # its bytes are gone, for they lie in the locked space already
                await _forget(home, upload)
                raise
        else:
            file = await _landed_before(home, viewer, row)
        async with home.db.write(durable=True):
            if row["album"] is not None:
                await albums.change_files(home.db, viewer, row["album"], [file])
            await home.db.fetch('DELETE FROM "guest_upload" WHERE "id" = ?', [str(upload)])
            await journal.record(viewer, "accept", "guest", file, after={"guest": row["guest"]})
        landed.append(file)
    return landed


async def _landed_before(home: Home, viewer: Viewer, row: Row) -> uuid.UUID:
    """The file that it became when it was accepted, and a kill came before its row went."""
    file: uuid.UUID | None = await home.db.value(
        """SELECT "id" FROM "stored_file" WHERE "content_sha" = ? AND "size_bytes" = ? AND "user" = ?
           AND "missing_since" IS NULL AND "trashed_at" IS NULL AND NOT "locked" LIMIT 1""",
        [row["content_sha"], row["size_bytes"], str(viewer.user_id)],
    )
    if file is None:
        raise ConflictError(f"{row['filename']} is gone from the quarantine", hint="Ask its guest to send it again.")
    return file


async def reject(home: Home, viewer: Viewer, ids: Sequence[uuid.UUID]) -> None:
    """Remove them for good."""
    for row in [await _own_row(home, viewer, upload) for upload in dict.fromkeys(ids)]:
        upload = row["id"]
        await _forget(home, upload)
        await asyncio.to_thread(_path(home, upload).unlink, missing_ok=True)


async def tidy(home: Home) -> int:
    """Remove bytes in quarantine that no row knows, such as those of a user who is gone; returns how many.

    Not those from before the database of an earlier day was put back: their rows may be in the one that was damaged.
    """
    since = await asyncio.to_thread(when_put_back, home.paths)
    here = await asyncio.to_thread(_settled, home.paths.quarantine, since.timestamp() if since else 0.0)
    known = {str(row["id"]) for row in await home.db.fetch('SELECT "id" FROM "guest_upload"')}
    for name in here - known:
        await asyncio.to_thread((home.paths.quarantine / name).unlink, missing_ok=True)
    return len(here - known)


async def _forget(home: Home, upload: uuid.UUID) -> None:
    async with home.db.write():
        await home.db.fetch('DELETE FROM "guest_upload" WHERE "id" = ?', [str(upload)])


async def _own_row(home: Home, viewer: Viewer, upload: uuid.UUID) -> Row:
    row = await home.db.fetch_one(
        'SELECT * FROM "guest_upload" WHERE "id" = ? AND "user" = ?', [str(upload), str(viewer.user_id)]
    )
    if row is None:
        raise NotFoundError("Nothing of that is waiting", hint="It may have been accepted or removed already.")
    return row


def _path(home: Home, upload: uuid.UUID) -> Path:
    return home.paths.quarantine / str(upload)


def _move_in(incoming: Path, quarantine: Path, name: str) -> None:
    """The guest is told that it arrived: its bytes, its name and the folder's own must survive a power cut."""
    try:
        if not quarantine.is_dir():
            quarantine.mkdir(mode=0o700, exist_ok=True)
            sync_folder(quarantine.parent)
        with incoming.open("rb") as file:
            os.fsync(file.fileno())
        incoming.rename(quarantine / name)
        sync_folder(quarantine)
    except OSError as error:
        raise as_storage_error(error) from error


def _settled(quarantine: Path, since: float) -> set[str]:
    """Names of what is older than the moment between its move and its row, and younger than `since`."""
    if not quarantine.is_dir():
        return set()
    latest = time.time() - SETTLED_S
    return {path.name for path in quarantine.iterdir() if since < path.stat().st_mtime < latest}
