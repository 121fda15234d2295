"""Backing up a real library to a real folder: complete, incremental, never deleting, readable without Homeroll."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from appliance.backup.folder import MARK, BackupFolder
from appliance.backup.originals import Item, copy_originals
from appliance.backup.restore import plan, restore
from appliance.backup.snapshots import list_snapshots
from appliance.errors import ConflictError, DiskFullError, InvalidInputError, StorageError
from appliance.importing.scan import scan_library
from appliance.jobs import back_up as back_up_job
from appliance.jobs.back_up import STATE, BackUp
from appliance.jobs.base import Progress
from appliance.library import kept, libraries
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.paths import DataPaths
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


def removed(disk: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (disk / "removed").rglob("*") if path.is_file())


async def test_what_another_program_wrote_over_is_kept_in_the_copy(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await back_up(home, disk)
    victim = photos / "0001.jpg"
    was = [victim.read_bytes()]
    for number in (300, 301):
        victim.write_bytes(jpeg(number))
        await scan()
        await back_up(home, disk)
        assert ((await the_copy(disk)) / victim.name).read_bytes() == jpeg(number)
        assert await asyncio.to_thread(removed, disk) == sorted(was)
        was.append(victim.read_bytes())


async def test_a_picture_that_is_missing_stays_in_the_copy_when_another_takes_its_name(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 12)
    await scan()
    await back_up(home, disk)
    victim = photos / "0001.jpg"
    only = victim.read_bytes()
    victim.unlink()
    await scan()
    victim.write_bytes(jpeg(300))
    await scan()
    await back_up(home, disk)
    assert await asyncio.to_thread(removed, disk) == [only]
    assert await home.db.value('SELECT count(*) FROM "stored_file"') == 13


async def test_a_name_that_is_given_up_twice_on_one_day_has_two_files_among_the_removed(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 12)
    await scan()
    gone = []
    for number in (300, 301):
        (photos / "some.jpg").write_bytes(jpeg(number))
        await scan()
        await back_up(home, disk)
        gone.append((photos / "some.jpg").read_bytes())
        (photos / "some.jpg").rename(photos / f"{number}.jpg")
        await scan()
        await back_up(home, disk)
    assert await asyncio.to_thread(removed, disk) == sorted(gone)


async def test_a_run_that_was_cut_off_before_its_list_sets_nothing_aside(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await back_up(home, disk)
    sums = (await the_copy(disk)).with_suffix(".sha256")
    before = sums.read_bytes()
    (photos / "0001.jpg").write_bytes(jpeg(300))
    await scan()
    await back_up(home, disk)
    aside = await asyncio.to_thread(removed, disk)
    sums.write_bytes(before)  # the file came, the list of that run did not
    await back_up(home, disk)
    assert await asyncio.to_thread(removed, disk) == aside


async def test_a_name_that_the_disk_of_the_copy_cannot_take_costs_one_file_not_the_backup(
    home: Home, photos: Path, scan: Scan, disk: Path
) -> None:
    write_jpegs(photos, 2)
    (photos / "0000.jpg").rename(photos / "a.jpg")
    await scan()
    copy = disk / "originals" / str(await home.db.value('SELECT "id" FROM "library"'))
    copy.mkdir(parents=True)
    (disk / MARK).write_text(
        f'{{"appliance": "{await kept.appliance_id(home.db)}", "created": "2026-01-01T00:00:00Z"}}'
    )
    (copy / "a.jpg").mkdir()  # what FAT says to a colon, or to a video of 4 GB, comes at the same moment
    result = await back_up(home, disk)
    assert (result["copied"], result["unreadable"]) == (1, 1)
    assert (copy / "0001.jpg").exists()


def test_names_that_differ_only_in_case_are_not_written_over_each_other(tmp_path: Path) -> None:
    """On a disk for which they are one, as every USB stick is out of the shop."""
    library, copy, aside = tmp_path / "library", tmp_path / "copy", tmp_path / "removed"
    for folder in (library, copy):
        folder.mkdir()
    items: list[Item] = []
    for name in ("IMG.jpg", "img.jpg"):
        (library / name).write_bytes(jpeg(len(items)))
        sha256 = hashlib.sha256(jpeg(len(items))).hexdigest()
        items.append(Item(path=name, size_bytes=(library / name).stat().st_size, mtime_ns=10**18, sha256=sha256))
    first, second = items
    assert [one.what for one in copy_originals(library, copy, [first], {}, removed=aside)] == ["copied"]
    (copy / "img.jpg").symlink_to("IMG.jpg")  # both names open the one file ..
    real = os.listdir
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            os, "listdir", lambda path: [name for name in real(path) if name != "img.jpg"]
        )  # .. which has one
        (other,) = copy_originals(library, copy, [second], {}, removed=aside)
    assert (other.what, "capitals" in other.why) == ("unreadable", True)
    assert (copy / "IMG.jpg").read_bytes() == jpeg(0)
    assert not aside.exists()


async def test_a_folder_that_was_a_backup_once_is_missed_whatever_was_set_meanwhile(
    home: Home, photos: Path, scan: Scan, disk: Path, tmp_path: Path
) -> None:
    write_jpegs(photos, 1)
    await scan()
    await back_up(home, disk)
    other = tmp_path / "another disk"
    other.mkdir()
    await back_up(home, other)
    shutil.rmtree(disk)
    disk.mkdir()  # its mount point
    with pytest.raises(StorageError, match="not in"):
        await back_up(home, disk)
    assert list(disk.iterdir()) == []


def test_a_disk_that_goes_while_it_is_written_to_leaves_nothing_at_its_mount_point(tmp_path: Path) -> None:
    library, gone = tmp_path / "library", tmp_path / "mount" / "originals" / "x"
    library.mkdir()
    (library / "a.jpg").write_bytes(jpeg(1))
    item = Item(path="a.jpg", size_bytes=1, mtime_ns=0, sha256=hashlib.sha256(jpeg(1)).hexdigest())
    (tmp_path / "mount").mkdir()
    with pytest.raises(StorageError, match="gone"):
        copy_originals(library, gone, [item], {}, removed=tmp_path / "removed")
    assert list((tmp_path / "mount").iterdir()) == []


async def test_libraries_that_are_called_alike_are_restored_into_folders_of_their_own(
    home: Home, photos: Path, scan: Scan, disk: Path, tmp_path: Path
) -> None:
    write_jpegs(photos, 1)
    await scan()
    others = [photos.with_name("other"), photos.with_name("third")]
    for number, root in enumerate(others, 300):
        root.mkdir()
        (root / "0000.jpg").write_bytes(jpeg(number))
    first = await home.db.value('SELECT "name" FROM "library"')
    for root, name in zip(others, (first, first.upper()), strict=True):
        await scan_library(home, await libraries.add_library(home.db, name=name, root=str(root)))
    await back_up(home, disk)
    backup, paths = BackupFolder(disk), DataPaths(tmp_path / "new machine")

    def bring_back() -> list[bytes]:
        _, places = plan(backup, paths, libraries_in=tmp_path / "restored")
        assert len({place.root for place in places}) == 3
        assert restore(backup, paths, places).problems == []
        return sorted(path.read_bytes() for path in (tmp_path / "restored").rglob("*.jpg"))

    was = sorted((root / "0000.jpg").read_bytes() for root in (photos, *others))
    assert await asyncio.to_thread(bring_back) == was


async def test_the_snapshot_comes_last_so_that_all_it_speaks_of_is_there(
    home: Home, photos: Path, scan: Scan, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 1)
    await scan()
    (home.paths.versions / "earlier.jpg").write_bytes(b"as it was")
    real, copied = back_up_job._copy_whole, []

    def noting(source: Path, target: Path) -> None:
        copied.append((target.parent.name, (disk / "libraries.json").exists()))
        real(source, target)

    monkeypatch.setattr(back_up_job, "_copy_whole", noting)
    await back_up(home, disk)
    assert copied == [("versions", False), ("database", True), ("database", True)]


async def test_half_a_file_in_the_place_of_a_restored_one_stays_and_is_named(
    home: Home, photos: Path, scan: Scan, disk: Path, tmp_path: Path
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await back_up(home, disk)
    (photos / "0001.jpg").write_bytes(b"half")
    backup, paths = BackupFolder(disk), DataPaths(tmp_path / "new machine")

    def bring_back() -> list[str]:
        _, places = plan(backup, paths)
        result = restore(backup, paths, places)
        assert (result.files, result.there) == (0, 1)
        return result.problems

    (problem,) = await asyncio.to_thread(bring_back)
    assert "0001.jpg: another file" in problem
    assert (photos / "0001.jpg").read_bytes() == b"half"


@pytest.mark.parametrize(
    "rot", [b"0123456789abcdef\n", b"\xff\xfe\xfd  nothing\n", b"\n", b"0" * 64 + b"  x/../../mine\n"]
)
async def test_a_list_of_hashes_that_has_rotted_moves_nothing_away(
    home: Home, photos: Path, scan: Scan, disk: Path, rot: bytes
) -> None:
    write_jpegs(photos, 2)
    (photos / "a carriage\rreturn.jpg").write_bytes(jpeg(300))
    (photos / "back\\new.jpg").write_bytes(jpeg(301))
    await scan()
    await back_up(home, disk)
    (disk / "originals" / "mine").write_bytes(b"not a copy of anything")
    copy = await the_copy(disk)
    sums = copy.with_suffix(".sha256")
    sums.write_bytes(sums.read_bytes() + rot)
    result = await back_up(home, disk)
    assert (result["same"], result["removed"]) == (4, 0)
    assert await asyncio.to_thread(files_in, copy) == await asyncio.to_thread(files_in, photos)
    assert (disk / "originals" / "mine").exists()
    checked = await asyncio.to_thread(
        subprocess.run, ["sha256sum", "--quiet", "--strict", "-c", sums.name], cwd=disk / "originals"
    )
    assert checked.returncode == 0


async def test_a_file_whose_line_has_rotted_is_restored_by_what_the_snapshot_says(
    home: Home, photos: Path, scan: Scan, disk: Path, tmp_path: Path
) -> None:
    write_jpegs(photos, 3)
    await scan()
    await back_up(home, disk)
    copy = await the_copy(disk)
    copy.with_suffix(".sha256").write_bytes(b"rotten\n")
    (copy / "0002.jpg").write_bytes(b"rotten, too")
    was = await asyncio.to_thread(files_in, photos)
    backup, paths = BackupFolder(disk), DataPaths(tmp_path / "new machine")

    def bring_back() -> list[str]:
        _, places = plan(backup, paths, libraries_in=tmp_path / "restored")
        return restore(backup, paths, places).problems

    (problem,) = await asyncio.to_thread(bring_back)
    assert "0002.jpg: the copy is damaged" in problem
    restored = await asyncio.to_thread(files_in, tmp_path / "restored" / "photos")
    assert restored == {name: sha256 for name, sha256 in was.items() if name != "0002.jpg"}
