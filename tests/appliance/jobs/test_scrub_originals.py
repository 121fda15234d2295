"""Checking originals: what has rotted is found, told, and healed from the backup when a person asks for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ConflictError, NotFoundError, PermissionDeniedError, StorageError
from appliance.importing.healing import heal
from appliance.jobs.back_up import BackUp
from appliance.jobs.base import Progress
from appliance.jobs.restore_drill import STATE, RestoreDrill
from appliance.jobs.scrub_originals import ScrubOriginals
from appliance.library import checks, kept
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id, now
from tests.appliance.pictures import jpeg, write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from appliance.home import Home

    Scan = Callable[..., Awaitable[Any]]


def rot(path: Path) -> bytes:
    """Turn one bit, as a disk does: size and time stay.  Returns what it was."""
    was, stat = path.read_bytes(), path.stat()
    data = bytearray(was)
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return was


async def scrub(home: Home, **arguments: Any) -> dict[str, Any]:
    return await ScrubOriginals().run(home, Progress(lambda: None), **arguments)


async def damaged(home: Home) -> list[tuple[str, str]]:
    return [(row["path"], row["verdict"]) for row in (await checks.problems(home.db, LOCAL_ADMIN))["items"]]


async def test_one_turned_bit_is_found_and_nothing_is_touched(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 5)
    await scan()
    victim = sorted(photos.iterdir())[2]
    rot(victim)
    rotten = victim.read_bytes()
    counts = await scrub(home)
    assert (counts["checked"], counts["ok"], counts["changed"]) == (5, 4, 1)
    assert await damaged(home) == [(victim.name, "changed")]
    assert victim.read_bytes() == rotten


async def test_a_file_someone_edited_or_took_away_is_the_scans_business_not_rot(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 12)
    await scan()
    first, second, *_ = sorted(photos.iterdir())
    first.write_bytes(first.read_bytes() + b"edited")
    second.unlink()
    await scrub(home)
    assert await damaged(home) == [(second.name, "missing")]
    await scan()
    assert await damaged(home) == []  # its path is forgotten with it


async def test_the_night_has_a_budget_and_the_longest_unread_come_first(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 40)
    await scan()
    await change_settings(home.db, LOCAL_ADMIN, {"scrub_gb_per_night": 0})
    assert (await scrub(home))["checked"] == 0
    assert (await scrub(home, everything=True))["checked"] == 40
    (photos / "new.jpg").write_bytes(jpeg(900))
    await scan()
    first, *rest = await checks.longest_unread(home.db, before=now(), limit=100)
    assert (Path(first.file).name, len(rest)) == ("new.jpg", 40)


async def back_up(home: Home, disk: Path) -> None:
    disk.mkdir()
    await change_settings(home.db, LOCAL_ADMIN, {"backup_folder": str(disk)})
    await BackUp().run(home, Progress(lambda: None))


async def test_healing_brings_the_backups_bytes_and_keeps_the_damaged_ones(
    home: Home, photos: Path, scan: Scan, tmp_path: Path
) -> None:
    write_jpegs(photos, 4)
    await scan()
    await back_up(home, tmp_path / "disk")
    victim = sorted(photos.iterdir())[0]
    stat = victim.stat()
    good = rot(victim)
    rotten = victim.read_bytes()
    await scrub(home)
    (row,) = (await checks.problems(home.db, LOCAL_ADMIN))["items"]
    with pytest.raises(PermissionDeniedError):
        await heal(home, Viewer(user_id=new_id()), row["path_id"])
    await heal(home, LOCAL_ADMIN, row["path_id"])
    assert victim.read_bytes() == good
    assert victim.stat().st_mtime_ns == stat.st_mtime_ns
    assert await damaged(home) == []
    (kept_aside,) = (home.paths.versions / "damaged").iterdir()
    assert kept_aside.read_bytes() == rotten
    with pytest.raises(NotFoundError):
        await heal(home, LOCAL_ADMIN, row["path_id"])


async def test_what_somebody_changed_or_unplugged_since_is_not_healed(
    home: Home, photos: Path, scan: Scan, tmp_path: Path
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await back_up(home, tmp_path / "disk")
    victim = sorted(photos.iterdir())[0]
    rot(victim)
    await scrub(home)
    (row,) = (await checks.problems(home.db, LOCAL_ADMIN))["items"]
    victim.write_bytes(jpeg(500))  # in a program for photos, a moment ago
    with pytest.raises(ConflictError, match="changed since"):
        await heal(home, LOCAL_ADMIN, row["path_id"])
    assert victim.read_bytes() == jpeg(500)
    away = photos.rename(photos.with_name("away"))
    photos.mkdir()  # the mount point of a disk that is not there
    with pytest.raises(ConflictError, match="away"):
        await heal(home, LOCAL_ADMIN, row["path_id"])
    assert list(photos.iterdir()) == []
    assert (away / victim.name).exists()


async def test_without_a_sound_copy_nothing_is_replaced(home: Home, photos: Path, scan: Scan, tmp_path: Path) -> None:
    write_jpegs(photos, 2)
    await scan()
    victim = sorted(photos.iterdir())[0]
    rot(victim)
    rotten = victim.read_bytes()
    await scrub(home)
    (row,) = (await checks.problems(home.db, LOCAL_ADMIN))["items"]
    with pytest.raises(ConflictError, match="no backup"):
        await heal(home, LOCAL_ADMIN, row["path_id"])
    await change_settings(home.db, LOCAL_ADMIN, {"backup_folder": str(tmp_path / "nowhere")})
    with pytest.raises(ConflictError, match="no sound copy"):
        await heal(home, LOCAL_ADMIN, row["path_id"])
    assert victim.read_bytes() == rotten


async def test_the_rehearsal_says_whether_a_restore_would_work(
    home: Home, photos: Path, scan: Scan, tmp_path: Path
) -> None:
    write_jpegs(photos, 6)
    await scan()
    drill = RestoreDrill()
    assert "backup_folder is empty" in (await drill.run(home, Progress(lambda: None)))["skipped"]
    disk = tmp_path / "disk"
    await back_up(home, disk)
    told = await drill.run(home, Progress(lambda: None))
    assert (told["rows"], told["files"], told["failed"]) == (6, 6, 0)
    assert not list(home.paths.root.glob(".drill-*"))
    (copy,) = [path for path in (disk / "originals").iterdir() if path.is_dir()]
    rot(sorted(copy.iterdir())[0])
    sorted(copy.iterdir())[1].unlink()
    with pytest.raises(StorageError, match="would lose 2 files"):
        await drill.run(home, Progress(lambda: None))
    assert (await kept.remembered(home.db, STATE))["failed"] == 2
