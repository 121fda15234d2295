"""Backing up a real library to a real folder: complete, incremental, never deleting, readable without Homeroll."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from appliance.backup.folder import MARK
from appliance.backup.snapshots import list_snapshots
from appliance.errors import ConflictError, DiskFullError, InvalidInputError, StorageError
from appliance.jobs.back_up import STATE, BackUp
from appliance.jobs.base import Progress
from appliance.library import kept
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from tests.appliance.pictures import jpeg, write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from appliance.home import Home

    Scan = Callable[..., Awaitable[Any]]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "backup disk"
    folder.mkdir()
    return folder


async def back_up(home: Home, folder: Path | None) -> dict[str, Any]:
    await change_settings(home.db, LOCAL_ADMIN, {"backup_folder": str(folder or "")})
    return await BackUp().run(home, Progress(lambda: None))


def files_in(folder: Path) -> dict[str, str]:
    """path -> SHA-256 of every file below, worked out here."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


async def the_copy(disk: Path) -> Path:
    (folder,) = [path for path in (disk / "originals").iterdir() if path.is_dir()]
    return folder


async def test_without_a_folder_there_is_a_snapshot_and_no_more(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    result = await back_up(home, None)
    assert result["rows"] == 3
    assert "copied" not in result
    assert len(await asyncio.to_thread(list_snapshots, home.paths.backups)) == 1


async def test_the_copy_is_the_library_and_sha256sum_says_so(home: Home, photos: Path, scan: Scan, disk: Path) -> None:
    write_jpegs(photos, 9)
    (photos / "a folder" / "b").mkdir(parents=True)
    (photos / "a folder" / "b" / "back\\slash and\nnewline.jpg").write_bytes(jpeg(77))
    await scan()
    result = await back_up(home, disk)
    assert (result["copied"], result["same"], result["unreadable"]) == (10, 0, 0)
    copy = await the_copy(disk)
    assert await asyncio.to_thread(files_in, copy) == await asyncio.to_thread(files_in, photos)
    checked = await asyncio.to_thread(
        subprocess.run,
        ["sha256sum", "--quiet", "--strict", "-c", f"{copy.name}.sha256"],
        cwd=disk / "originals",
        capture_output=True,
    )
    assert (checked.returncode, checked.stdout) == (0, b"")
    assert [one["root"] for one in json.loads((disk / "libraries.json").read_text())] == [str(photos)]
    assert len(await asyncio.to_thread(list_snapshots, disk / "database")) == 1
    assert "sha256sum" in (disk / "README.txt").read_text()
    assert (await kept.remembered(home.db, STATE))["copied"] == 10


async def test_a_second_run_copies_what_is_new_and_keeps_what_was_taken_away(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 12)
    await scan()
    await back_up(home, disk)
    first, second, *_ = sorted(photos.iterdir())
    (photos / "moved").mkdir()
    first.rename(photos / "moved" / first.name)
    (photos / "new.jpg").write_bytes(jpeg(500))
    was = second.read_bytes()
    second.unlink()
    await scan()
    result = await back_up(home, disk)
    assert (result["copied"], result["same"]) == (2, 10)
    copy = await the_copy(disk)
    assert (copy / "moved" / first.name).exists()
    assert (copy / second.name).read_bytes() == was  # missing is not deleted
    removed = [path for path in (disk / "removed").rglob("*") if path.is_file()]
    assert [path.name for path in removed] == [first.name]  # its old place; the file itself is at its new one


async def test_a_bit_that_turned_in_the_library_never_replaces_the_good_copy(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 3)
    await scan()
    await back_up(home, disk)
    victim = sorted(photos.iterdir())[0]
    copy = (await the_copy(disk)) / victim.name
    good, stat = copy.read_bytes(), victim.stat()
    rotten = bytearray(good)
    rotten[-5] ^= 4
    victim.write_bytes(rotten)
    shutil.copystat(copy, victim)
    assert victim.stat().st_mtime_ns == stat.st_mtime_ns
    copy.touch()  # its time differs, so that it would be copied again
    result = await back_up(home, disk)
    assert result["changed"] == 1
    assert copy.read_bytes() == good


async def test_a_disk_that_is_not_mounted_is_said_and_nothing_is_written_below_it(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await back_up(home, disk)
    shutil.rmtree(disk)
    disk.mkdir()
    with pytest.raises(StorageError, match="not in") as caught:
        await back_up(home, disk)
    assert "mounted" in caught.value.hint
    assert list(disk.iterdir()) == []


async def test_a_folder_that_is_somebody_elses_is_refused(home: Home, disk: Path) -> None:
    (disk / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(InvalidInputError, match="not empty"):
        await back_up(home, disk)
    (disk / "holiday.jpg").unlink()
    (disk / MARK).write_text('{"appliance": "another", "created": "2026-01-01T00:00:00Z"}')
    with pytest.raises(ConflictError, match="another Homeroll"):
        await back_up(home, disk)
    with pytest.raises(InvalidInputError, match="no folder"):
        await back_up(home, disk / "nowhere")


@pytest.fixture
def small_disk(disk: Path) -> Iterator[Path]:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("only root mounts a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_a_copy_that_does_not_fit_is_refused_with_the_numbers(
    home: Home, photos: Path, scan: Scan, small_disk: Path
) -> None:
    write_jpegs(photos, 2)
    await scan()
    with pytest.raises((StorageError, DiskFullError), match="MB"):
        await back_up(home, small_disk)
    assert not list(small_disk.rglob("*.jpg"))


async def test_a_run_that_was_cut_off_is_completed_by_the_next(
    home: Home, photos: Path, scan: Scan, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 10)
    await scan()
    monkeypatch.setattr("appliance.jobs.back_up.BATCH_FILES", 3)

    class Killed(BaseException):
        pass

    class CutOff(Progress):
        async def check_in(self) -> None:
            if self.done >= 6:
                raise Killed

    await change_settings(home.db, LOCAL_ADMIN, {"backup_folder": str(disk)})
    with pytest.raises(Killed):
        await BackUp().run(home, CutOff(lambda: None))
    result = await back_up(home, disk)
    assert (result["copied"], result["same"]) == (4, 6)
