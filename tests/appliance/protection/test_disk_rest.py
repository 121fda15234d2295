"""Disks that may sleep: known by what the kernel counts, left alone by scans, and woken once for all that read them."""

from __future__ import annotations

import asyncio
import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.jobs.scan_libraries import ScanLibraries
from appliance.jobs.schedule import Scheduler
from appliance.library import libraries
from appliance.mounts import mount_of
from appliance.protection.disk_rest import DiskRest
from appliance.values import now
from tests.appliance.jobs.scheduled import scheduling
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress

    Scan = Callable[..., Awaitable[Any]]

HOUR_S, DAY_S = 3600.0, 24 * 3600.0


class Machine:
    """`/sys` and the mounts of a machine whose disks do what the test says."""

    def __init__(self, root: Path) -> None:
        self.sys, self.mounts = root / "sys", root / "mountinfo"
        self.mounts.write_text("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        self.did("8:1", 1)

    def mount(self, point: Path, kind: str, device: str) -> None:
        with self.mounts.open("a") as table:
            table.write(f"30 21 {device} / {point} rw - {kind} /dev/some rw\n")

    def did(self, device: str, number: int) -> None:
        folder = self.sys / "dev" / "block" / device
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "stat").write_text(f" {number} 0 {number * 8} 5 {number} 0 {number * 8} 9 0 3 4 0 0 0 0 0 0\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "kernel").mkdir()
    return Machine(tmp_path / "kernel")


@pytest.fixture
async def library(home: Home, photos: Path, scan: Scan) -> str:
    """Scanned and watched."""
    write_jpegs(photos, 3)
    await scan()
    (row,) = await home.db.fetch("""SELECT "id" FROM "library" WHERE "kind" = 'folder'""")
    home.watched.add(str(row["id"]))
    return str(row["id"])


async def test_a_library_rests_until_its_disk_does_something(home: Home, library: str, machine: Machine) -> None:
    rest = DiskRest(home, sys=machine.sys, mounts=machine.mounts)
    assert await rest.libraries() == [], "nothing is known yet"
    await rest.note()
    assert await rest.libraries() == [library]
    machine.did("8:1", 2)
    assert await rest.libraries() == []
    await rest.note()
    assert await rest.libraries() == [library]


async def test_what_is_not_watched_was_scanned_long_ago_or_is_frozen_is_never_left_out(
    home: Home, library: str, machine: Machine
) -> None:
    rest = DiskRest(home, sys=machine.sys, mounts=machine.mounts)
    await rest.note()
    home.watched.clear()
    assert await rest.libraries() == []
    home.watched.add(library)
    assert await rest.libraries() == [library]
    async with home.db.write():
        await home.db.fetch('UPDATE "library" SET "last_scan" = ?', [now() - timedelta(days=1)])
    assert await rest.libraries() == []
    async with home.db.write():
        await home.db.fetch("""UPDATE "library" SET "last_scan" = ?, "status" = 'frozen'""", [now()])
    assert await rest.libraries() == []


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "overlay", "zfs", "tmpfs"])
async def test_a_disk_of_which_the_system_does_not_tell_is_scanned_as_ever(
    home: Home, photos: Path, library: str, machine: Machine, kind: str
) -> None:
    machine.mount(photos, kind, "0:40")
    rest = DiskRest(home, sys=machine.sys, mounts=machine.mounts)
    await rest.note()
    assert await rest.libraries() == []


async def test_a_disk_that_is_mounted_inside_a_library_counts_too(
    home: Home, photos: Path, library: str, machine: Machine
) -> None:
    machine.mount(photos / "card", "ext4", "8:17")
    rest = DiskRest(home, sys=machine.sys, mounts=machine.mounts)
    await rest.note()
    assert await rest.libraries() == [], "nothing is counted for it"
    machine.did("8:17", 5)
    await rest.note()
    assert await rest.libraries() == [library]
    machine.did("8:17", 6)
    assert await rest.libraries() == []


async def test_another_disk_in_the_place_of_one_is_no_rest(
    home: Home, photos: Path, library: str, machine: Machine
) -> None:
    rest = DiskRest(home, sys=machine.sys, mounts=machine.mounts)
    await rest.note()
    machine.mount(photos, "ext4", "8:33")
    machine.did("8:33", 1)
    assert await rest.libraries() == []


@pytest.fixture
def disk(photos: Path) -> Iterator[Path]:
    """`photos` on an ext4 of its own, a real block device with counters of its own."""
    image = photos.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(16 << 20)
    made = subprocess.run(
        ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image)],
        capture_output=True,
        check=False,
    )
    if made.returncode == 0:
        made = subprocess.run(["mount", "-o", "loop", str(image), str(photos)], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    yield photos
    subprocess.run(["umount", "-l", str(photos)], check=True)


def done_by(disk: Path) -> list[str]:
    mount = mount_of(disk)
    assert mount is not None
    fields = Path(f"/sys/dev/block/{mount.device}/stat").read_text(encoding="ascii").split()
    return [fields[2], fields[6]]


def mount_again(disk: Path) -> None:
    """Nothing of it is in memory any more."""
    for command in (["umount", str(disk)], ["mount", "-o", "loop", str(disk.with_suffix(".img")), str(disk)]):
        subprocess.run(command, check=True)
    os.sync()


async def test_an_hourly_scan_touches_no_disk_that_rests_and_finds_what_is_new_on_one_that_does_not(
    home: Home, disk: Path, scan: Scan
) -> None:
    write_jpegs(disk, 20)
    await scan()
    (row,) = await home.db.fetch("""SELECT "id" FROM "library" WHERE "kind" = 'folder'""")
    home.watched.add(str(row["id"]))
    rest = DiskRest(home)
    scheduler = Scheduler(home, (ScanLibraries(),), disks=rest)
    await scheduler.start()
    try:
        await asyncio.to_thread(mount_again, disk)
        await rest.note()
        before = await asyncio.to_thread(done_by, disk)
        await scheduler._by_the_clock("scan_libraries")
        assert (await scheduler.wait("scan_libraries"))["found"] == 0
        await asyncio.to_thread(os.sync)
        assert await asyncio.to_thread(done_by, disk) == before
        write_jpegs(disk, 1, first=500)
        await asyncio.to_thread(os.sync)
        await scheduler._by_the_clock("scan_libraries")
        assert (await scheduler.wait("scan_libraries"))["added"] == 1
        assert await asyncio.to_thread(done_by, disk) != before
    finally:
        await scheduler.stop()


class Noted:
    """A job that notes its turn."""

    title = "Note"

    def __init__(self, name: str, ran: list[str], *, every_s: float = DAY_S, reads_disks: bool = True) -> None:
        self.name, self.every_s, self.reads_disks, self._ran = name, every_s, reads_disks, ran

    def interval_s(self, settings: Settings) -> float | None:
        return self.every_s

    async def run(self, home: Home, progress: Progress, **arguments: Any) -> dict[str, Any]:
        self._ran.append(f"{self.name} begins")
        await asyncio.sleep(0.02)
        self._ran.append(f"{self.name} ends")
        return {}


async def test_what_reads_disks_once_a_day_is_done_together_one_after_the_other_and_not_again(home: Home) -> None:
    ran: list[str] = []
    jobs = (
        Noted("scan", ran, every_s=HOUR_S),
        Noted("back up", ran),
        Noted("tidy", ran, reads_disks=False),
        Noted("scrub", ran),
        Noted("rehearse", ran, every_s=30 * DAY_S),
    )
    async with scheduling(home, *jobs) as scheduler:
        scheduler._clock.modify_job("rehearse", next_run_time=now() + timedelta(days=3))
        await scheduler._by_the_clock("scrub")
        assert scheduler._days_work is not None
        await scheduler._days_work
        names = ("scan", "back up", "scrub")
        assert ran == [f"{name} {what}" for name in names for what in ("begins", "ends")]
        planned = {one.id: one.next_run_time - now() for one in scheduler._clock.get_jobs()}
        assert planned["back up"] > timedelta(hours=23)
        assert planned["tidy"] < timedelta(hours=1), "it reads no disk with photos: it keeps its own time"
        assert "disks" in planned, "looked at when all is written down"


async def test_an_hourly_scan_alone_brings_no_daily_work_with_it(home: Home) -> None:
    ran: list[str] = []
    async with scheduling(home, Noted("scan", ran, every_s=HOUR_S), Noted("back up", ran)) as scheduler:
        await scheduler._by_the_clock("scan")
        await scheduler.wait("scan")
        assert ran == ["scan begins", "scan ends"]


async def test_a_watched_library_is_known_as_such_as_long_as_it_is_watched(home: Home, photos: Path) -> None:
    from appliance.importing.watch import Watcher

    async def changed(library: str, folders: list[str]) -> None:
        return

    row = await libraries.add_library(home.db, name="photos", root=str(photos))
    watcher = Watcher(home, changed)
    await watcher.start()
    async with asyncio.timeout(60):
        while not home.watched:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    assert home.watched == {row["id"]}
    await watcher.stop()
    assert home.watched == set()
