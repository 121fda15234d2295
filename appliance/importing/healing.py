"""Healing an original that has rotted, from the copy on the other disk; only ever because a person asked for it."""

from __future__ import annotations

import asyncio
import errno
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.backup.folder import BackupFolder
from appliance.backup.originals import Item, copy_originals
from appliance.errors import ConflictError
from appliance.files import as_storage_error, mtime_ns
from appliance.library import checks, journal
from appliance.library.settings import get_setting
from appliance.values import now

if TYPE_CHECKING:
    import uuid

    from appliance.home import Home
    from appliance.library.viewers import Viewer

log = logging.getLogger(__name__)

TIMEOUT_S = 3600.0


async def heal(home: Home, viewer: Viewer, path_id: uuid.UUID) -> None:
    """Put the sound bytes of the backup in the place of a damaged file; the damaged ones are kept in versions/damaged.

    Raises NotFoundError when that file is not known to be damaged, ConflictError when the backup has no sound copy, or
    when it is not the file any more that was found damaged.
    """
    viewer.require_admin()
    row = await checks.damaged(home.db, path_id)
    folder = await get_setting(home.db, "backup_folder")
    if not folder:
        raise ConflictError("There is no backup to heal from", hint="Name its folder: the setting backup_folder.")
    item = Item(path=row["path"], size_bytes=row["size_bytes"], mtime_ns=row["mtime_ns"], sha256=row["content_sha"])
    root, copy = Path(row["root"]), BackupFolder(Path(folder)).originals / str(row["library"])
    aside = home.paths.versions / "damaged" / f"{now():%Y%m%dT%H%M%S}-{path_id}"
    await asyncio.to_thread(_check_still_damaged, root, item)
    await asyncio.to_thread(_keep_aside, root / item.path, aside)
    (copied,) = await home.compute.run(copy_originals, copy, root, [item], {}, timeout_s=TIMEOUT_S, urgent=True)
    if copied.what != "copied":
        await asyncio.to_thread(aside.unlink, missing_ok=True)  # they are still where they were
        raise ConflictError(
            "The backup has no sound copy of this file",
            hint="Look for it in an older backup, or on the phone it is from.",
        )
    async with home.db.write(durable=True):
        await checks.record(home.db, [(path_id, "ok", "healed from the backup")])
        await journal.record(viewer, "heal", "file", row["file"], after={"path": item.path, "kept": aside.name})


def _check_still_damaged(root: Path, item: Item) -> None:
    """What was found may be long ago: somebody's work since, or an empty mount point, is nothing to be healed."""
    try:
        if not any(root.iterdir()):
            raise ConflictError(f"The disk with {root} is away", hint="Connect it; then heal.")
        stat = (root / item.path).stat()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno == errno.EIO:
            return  # a disk that cannot even tell: heal
        raise as_storage_error(error) from error
    if (stat.st_size, mtime_ns(stat)) != (item.size_bytes, item.mtime_ns):
        raise ConflictError("This file was changed since it was found damaged", hint="Scan its library first.")


def _keep_aside(damaged: Path, aside: Path) -> None:
    """As far as it can be read: a part of a picture may be more than none.  Raises StorageError without room for it."""
    try:
        aside.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        shutil.copy2(damaged, aside)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            aside.unlink(missing_ok=True)
            raise as_storage_error(error) from error
        log.warning("job=heal the damaged bytes cannot be kept whole: %s", error)
