"""The data directory: who may write it, what disk it lies on, whether the database is whole; and the libraries."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.console import account, sudo_as
from appliance.doctor.base import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.doctor.base import House, Said

FREE_WARNING_MB = 2048


def check_data(house: House) -> Iterator[Said]:
    root = house.paths.root
    if not root.is_dir():
        yield "broken", f"{root} is not there", "Is its disk mounted?  `homeroll serve` makes it where it is missing."
        return
    owner = root.stat().st_uid
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield (
            "broken",
            f"this user may not write {root}",
            f"Use the account {account(owner)}: {sudo_as(owner)} homeroll doctor",
        )
        return
    foreign = sorted(path.name for path in root.iterdir() if path.lstat().st_uid != owner)
    if foreign:
        yield (
            "broken",
            f"{', '.join(foreign[:5])} in {root} belong to another account than the directory",
            f"sudo chown -R {account(owner)} {root}",
        )
    elif root.stat().st_mode & 0o002:
        yield "warning", f"everyone on this machine may write {root}", f"chmod o-rwx {root}"
    elif house.there and root.stat().st_mode & 0o001 and house.paths.database.stat().st_mode & 0o004:
        yield "warning", f"everyone on this machine may read {house.paths.database}", f"chmod o-rwx {root}"
    else:
        yield "ok", f"{root}, of {account(owner)}", ""


def check_disk(house: House) -> Iterator[Said]:
    place = next(path for path in (house.paths.root, *house.paths.root.parents) if path.is_dir())
    disk, inodes = shutil.disk_usage(place), os.statvfs(place)
    free_mb = disk.free // 2**20
    text = f"{free_mb:,} MB free of {disk.total // 2**20:,}"
    if free_mb < house.settings.reserve_mb:
        hint = f"Free some space: below reserve_mb ({house.settings.reserve_mb}) uploads are refused and work pauses."
        yield "broken", text, hint
    elif inodes.f_files and inodes.f_favail < 10_000:
        yield "broken", f"only {inodes.f_favail:,} more files fit on the disk (inodes)", "Remove small files from it."
    elif free_mb < max(FREE_WARNING_MB, house.settings.reserve_mb * 2):
        yield "warning", text, "Previews need about 200 KB per photo: make room before adding many."
    else:
        yield "ok", text, ""


def check_database(house: House) -> Iterator[Said]:
    from appliance.protection.database import newest_good

    if not house.there:
        yield "ok", "none yet: the first `homeroll serve` makes it", ""
        return
    for path in (house.paths.database, house.paths.thumbnails):
        if not path.is_file():
            continue
        size_mb = path.stat().st_size / 2**20
        try:
            said = [row[0] for row in read(path, "PRAGMA quick_check(5)")]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
        if said == ["ok"]:
            yield "ok", f"{path.name} is whole ({size_mb:,.0f} MB)", ""
        elif path == house.paths.thumbnails:
            hint = "Restart the service: it throws them away, and they are made again from the photos."
            yield "broken", f"{path.name} is damaged: {said[0]}", hint
        else:
            good = newest_good(house.paths)
            way = f"`homeroll restore --database` goes back to {good.taken:%F %R} UTC" if good else "restore a backup"
            hint = f"The photos are untouched.  Stop the service, copy {path.parent} away if you can, then: {way}."
            yield "broken", f"{path.name} is damaged: {said[0]}", hint


def check_libraries(house: House) -> Iterator[Said]:
    rows = house.rows("SELECT name, root, status, reason, hint, kind FROM library")
    if not any(row[5] == "folder" for row in rows):
        yield "ok", "no folder of photos yet: homeroll library add DIR --name NAME", ""
    for name, root, status, reason, hint, kind in rows:
        if kind != "folder":
            continue
        try:
            empty = next(Path(root).iterdir(), None) is None
        except PermissionError:
            yield (
                "broken",
                f"{name}: this user may not read {root}",
                f"chmod -R u+rX {root}, or run as the service does.",
            )
        except OSError as error:
            yield "broken", f"{name}: {root}: {error.strerror}", "Is its disk mounted?  Nothing is removed meanwhile."
        else:
            if status == "frozen":
                yield "warning", f"{name} is frozen: {reason}", hint
            elif empty:
                yield "warning", f"{name}: {root} is empty", "Is its disk mounted?"
            else:
                yield "ok", f"{name}: {root}", ""
