"""A snapshot in the place of a damaged database.  Originals, uploads and thumbnails stay where they are."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.backup.snapshots import list_snapshots, newest_sound, unpack_snapshot
from appliance.errors import NotFoundError
from appliance.files import TEMPORARY_PREFIX, raise_storage_error, sync_folder

if TYPE_CHECKING:
    from appliance.paths import DataPaths


class PutBack(msgspec.Struct, frozen=True, kw_only=True):
    """`aside` is the folder with what was there before, "" when nothing was; `bad` are newer snapshots that are not
    sound."""

    snapshot: str
    taken: datetime
    files: int
    aside: str
    bad: list[str]


def put_back(paths: DataPaths, folder: Path, moment: datetime, *, name: str = "") -> PutBack:
    """Make the newest sound snapshot in `folder`, or the one called `name`, the database.  Under the data's lock.

    A kill at any moment leaves the damaged database or the new one, never none: doing it again goes on.
    Raises NotFoundError when there is no such snapshot or none is sound, StorageError when the disk cannot take it.
    """
    known = [one for one in list_snapshots(folder) if name in ("", one.name)]
    bad: list[str] = []
    try:
        with tempfile.TemporaryDirectory(dir=paths.root, prefix=TEMPORARY_PREFIX) as scratch:
            snapshot = newest_sound(folder, known, scratch=Path(scratch), bad=bad)
            if snapshot is None:
                raise NotFoundError(
                    f"There is no sound snapshot in {folder}",
                    hint="Name the folder of a backup on another disk: homeroll restore --database BACKUP",
                )
            fresh = Path(scratch, "homeroll.db")
            unpack_snapshot(folder / snapshot.name, fresh)
            fresh.chmod(0o640)
            give_to_owner(fresh, paths.root)
            note_put_back(paths, moment)
            aside = set_aside(paths, moment)
            fresh.replace(paths.database)
            sync_folder(paths.root)
    except OSError as error:
        raise_storage_error(error)
    return PutBack(
        snapshot=snapshot.name,
        taken=snapshot.taken,
        files=snapshot.rows.get("stored_file", 0),
        aside=str(aside or ""),
        bad=bad,
    )


def set_aside(paths: DataPaths, moment: datetime) -> Path | None:
    """Keep the database that is there; it stays in its place until another one is renamed over it.  Raises OSError.

    The log goes with its database: replayed into another one it would damage that too.
    """
    there = [path for ending in ("", "-wal", "-shm") if (path := Path(f"{paths.database}{ending}")).exists()]
    if not there:
        return None
    aside = paths.root / "damaged" / f"{moment:%Y-%m-%dT%H-%M-%S}"
    aside.mkdir(mode=0o750, parents=True, exist_ok=True)
    for made in (aside.parent, aside):
        give_to_owner(made, paths.root)
    for path in there:
        if path == paths.database:
            (aside / path.name).unlink(missing_ok=True)
            _keep(path, aside / path.name)  # it stays in its place until the new one is there
        else:
            path.replace(aside / path.name)
    sync_folder(aside)
    sync_folder(paths.root)
    return aside


def _keep(path: Path, copy: Path) -> None:
    try:
        copy.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copy2(path, copy)


def note_put_back(paths: DataPaths, moment: datetime) -> None:
    """The trash of an earlier day may hold what somebody has taken out of it since: its days are counted anew."""
    paths.put_back.write_text(moment.isoformat(), encoding="utf-8")
    give_to_owner(paths.put_back, paths.root)


def when_put_back(paths: DataPaths) -> datetime | None:
    """None when the database is the one that was always here.  Blocks for a small file."""
    with contextlib.suppress(OSError, ValueError):
        return datetime.fromisoformat(paths.put_back.read_text(encoding="utf-8"))
    return None


def give_to_owner(path: Path, root: Path) -> None:
    """Whoever runs this as root must not take data from the service's account: `path` is given to who has `root`."""
    owner = root.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
