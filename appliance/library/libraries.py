"""Libraries: roots that are scanned in place, and the folders uploads land in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.db.tables import Library
from appliance.errors import ConflictError, InvalidInputError, NotFoundError
from appliance.messages import LibraryChanged
from appliance.paths import is_ours
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.home import Home
    from appliance.library.viewers import Viewer
    from appliance.paths import DataPaths

READY, SCANNING, FROZEN = "ready", "scanning", "frozen"
#: The reason of a library whose missing files a person gave up; the next full scan acts on it and takes it away.
ACCEPTED = "Files that are gone will be noted as missing by the next scan"

_SELECT = """
    SELECT l.*,
        (SELECT count(*) FROM "stored_file" f WHERE f."library" = l."id" AND f."missing_since" IS NULL)
        - (SELECT count(*) FROM "stored_file" f WHERE f."locked" AND f."user" = l."user" AND f."library" = l."id"
           AND f."missing_since" IS NULL) AS files,
        (SELECT count(*) FROM "stored_file" f WHERE f."library" = l."id" AND f."missing_since" IS NOT NULL) AS missing
    FROM "library" l
"""


async def list_libraries(db: Database, viewer: Viewer) -> list[dict[str, Any]]:
    """The family's libraries and the viewer's own, oldest first."""
    condition, args = viewer.owning("l")
    rows = await db.fetch(f'{_SELECT} WHERE {condition} ORDER BY l."created", l."id"', args)
    return [_serialised(row) for row in rows]


async def names_of_others(db: Database, viewer: Viewer) -> list[str]:
    """Of libraries that are somebody else's."""
    condition, args = viewer.owning("l")
    return [row["name"] for row in await db.fetch(f'SELECT l."name" FROM "library" l WHERE NOT {condition}', args)]


async def get_library(db: Database, library: uuid.UUID) -> dict[str, Any]:
    """Raises NotFoundError."""
    row = await db.fetch_one(f'{_SELECT} WHERE l."id" = ?', [str(library)])
    if row is None:
        raise NotFoundError("There is no such library", hint="It may have been removed.")
    return _serialised(row)


async def is_known(db: Database, library: uuid.UUID) -> bool:
    """Whether it is still there: somebody may have removed it meanwhile."""
    return bool(await db.value('SELECT 1 FROM "library" WHERE "id" = ?', [str(library)]))


def at_present(home: Home, library: dict[str, Any]) -> dict[str, Any]:
    """The same with what no table knows: whether it is looked through just now, and whether its folders are watched."""
    scanning = library["status"] == READY and library["id"] in home.scanning
    status = SCANNING if scanning else library["status"]
    return library | {"status": status, "watched": library["id"] in home.watched}


def tell(home: Home, library: dict[str, Any]) -> None:
    """Everybody who listens, how it is at present."""
    home.bus.publish(LibraryChanged(id=library["id"], item=at_present(home, library)))


async def add_library(
    db: Database, *, name: str, root: str, user: uuid.UUID | None = None, kind: str = "folder", shared: bool = False
) -> dict[str, Any]:
    """Register a folder.  Raises InvalidInputError for a folder that cannot be read, ConflictError for one that lies
    inside another library or around it: every photo would be there twice; or in what Homeroll keeps itself."""
    path = await asyncio.to_thread(_checked_root, root)
    if kind != "uploads" and await asyncio.to_thread(_is_kept_by_us, path):
        raise ConflictError(
            f"{path} lies in what Homeroll keeps itself",
            hint="Choose another folder. Pictures come back from a backup by: homeroll restore BACKUP",
        )
    name = name.strip() or path.name
    async with db.write(durable=True):
        for other in await Library.select(Library.root, Library.name):
            there = Path(other["root"])
            if path == there or _is_seen_from(there, path) or _is_seen_from(path, there):
                raise ConflictError(
                    f"{path} overlaps the library “{other['name']}” at {there}", hint="Choose another folder."
                )
        library = new_id()
        row = {
            "id": library,
            "name": name,
            "root": str(path),
            "kind": kind,
            "user": user,
            "shared": shared,
            "created": now(),
            "modified": now(),
        }
        await db.insert(Library, [row])
    return await get_library(db, library)


async def rename_library(db: Database, library: uuid.UUID, name: str) -> dict[str, Any]:
    if not name.strip():
        raise InvalidInputError("A library needs a name")
    await get_library(db, library)
    await Library.update({Library.name: name.strip(), Library.modified: now()}).where(Library.id == library)
    return await get_library(db, library)


async def remove_library(db: Database, library: uuid.UUID) -> None:
    """Forget a library and what is known of its files; the files themselves are never touched.

    Raises ConflictError for the folder that uploads land in: its files would be on no page any more.
    """
    found = await get_library(db, library)
    if found["kind"] == "uploads" and await count_present(db, library):
        raise ConflictError("Uploads are kept in this library", hint="Trash its files first.")
    async with db.write(durable=True):
        await Library.delete().where(Library.id == library)


async def accept_missing(db: Database, library: uuid.UUID) -> dict[str, Any]:
    """A person says that the files of a frozen library really are gone: the next scan may mark them missing."""
    await get_library(db, library)
    await set_status(db, library, READY, reason=ACCEPTED)
    return await get_library(db, library)


async def uploads_library(db: Database, paths: DataPaths, user: uuid.UUID) -> dict[str, Any]:
    """The library that `user`'s uploads land in, made on first use."""
    root = paths.uploads / str(user)
    found = await db.fetch_one(
        'SELECT "id" FROM "library" WHERE "root" = ?', [str(await asyncio.to_thread(root.resolve))]
    )
    if found is not None:
        return await get_library(db, found["id"])
    await asyncio.to_thread(root.mkdir, mode=0o750, parents=True, exist_ok=True)
    owner = await db.fetch_one('SELECT "name", "shares" FROM "account" WHERE "id" = ?', [str(user)])
    name, shared = (owner["name"], bool(owner["shares"])) if owner else ("", False)
    return await add_library(
        db, name=f"Uploads of {name}" if name else "Uploads", root=str(root), user=user, kind="uploads", shared=shared
    )


async def set_status(db: Database, library: uuid.UUID, status: str, *, reason: str = "", hint: str = "") -> None:
    await Library.update(
        {Library.status: status, Library.reason: reason, Library.hint: hint, Library.modified: now()}
    ).where(Library.id == library)


async def set_scanned(db: Database, library: uuid.UUID, *, reason: str, hint: str = "") -> None:
    """A whole library was looked at and all is well, but for `reason`, which may be empty."""
    await set_status(db, library, READY, reason=reason, hint=hint)
    await Library.update({Library.last_scan: now()}).where(Library.id == library)


async def count_present(db: Database, library: uuid.UUID) -> int:
    """How many of its files are there, or were when last looked at."""
    found: int = await db.value(
        'SELECT count(*) FROM "stored_file" WHERE "library" = ? AND "missing_since" IS NULL', [str(library)]
    )
    return found


def _checked_root(root: str) -> Path:
    try:
        path = Path(root).expanduser()
        if not path.is_absolute():
            raise InvalidInputError(f"{root!r} is not an absolute path", hint="Begin it with a slash.")
        path = path.resolve()
        is_folder = path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, the home of nobody
        raise InvalidInputError("That can be no folder's name", hint="Give its whole path.") from error
    if not is_folder:
        raise InvalidInputError(f"There is no folder {path}", hint="Check the spelling, and that the disk is mounted.")
    try:
        next(path.iterdir(), None)
    except OSError as error:
        raise InvalidInputError(
            f"The folder {path} cannot be read: {error.strerror}", hint="Give the service's user permission to read it."
        ) from error
    return path


def _is_seen_from(root: Path, folder: Path) -> bool:
    """Whether a scan of `root` would come to `folder`: uploads below ~/Pictures/.homeroll are none of ~/Pictures."""
    return folder.is_relative_to(root) and not any(part.startswith(".") for part in folder.relative_to(root).parts)


def _is_kept_by_us(path: Path) -> bool:
    """A library of copies would find every picture twice, and offer to do away with one of them."""
    return any(is_ours(folder) for folder in (path, *path.parents))


def _serialised(row: Row) -> dict[str, Any]:
    names = ("name", "root", "kind", "status", "reason", "hint", "files", "missing")
    return {name: row[name] for name in names} | {
        "shared": bool(row["shared"]),
        "id": str(row["id"]),
        "user": str(row["user"]) if row["user"] else None,
        "last_scan": row["last_scan"].isoformat() if row["last_scan"] else None,
        "created": row["created"].isoformat(),
    }
