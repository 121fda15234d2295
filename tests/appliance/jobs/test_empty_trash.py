"""Emptying the trash: the one way a file leaves the disk, so only what was trashed, and still is that, may go."""

from __future__ import annotations

import asyncio
import os
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.backup.database import note_put_back
from appliance.errors import ComputeError
from appliance.importing.scan import scan_library
from appliance.jobs import empty_trash
from appliance.jobs.base import Progress
from appliance.jobs.empty_trash import EmptyTrash
from appliance.library import libraries
from appliance.media.hashes import hash_file
from appliance.values import new_id, now
from tests.appliance.pictures import jpeg, write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home
    from appliance.media.values import FileHashes

    Scan = Callable[..., Awaitable[Any]]


async def trash(home: Home, *names: str, days_ago: float) -> None:
    async with home.db.write():
        for name in names:
            await home.db.fetch(
                'UPDATE "stored_file" SET "trashed_at" = ? WHERE "filename" = ?',
                [now() - timedelta(days=days_ago), name],
            )


async def empty(home: Home, **arguments: Any) -> dict[str, Any]:
    return await EmptyTrash().run(home, Progress(lambda: None), **arguments)


async def names(home: Home) -> list[str]:
    return [row["filename"] for row in await home.db.fetch('SELECT "filename" FROM "stored_file" ORDER BY "filename"')]


def on_disk(photos: Path) -> list[str]:
    return sorted(path.name for path in photos.iterdir())


async def test_only_what_was_trashed_long_enough_ago_is_deleted(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 4)
    await scan()
    await trash(home, "0001.jpg", days_ago=31)
    await trash(home, "0002.jpg", days_ago=29)
    assert await empty(home) == {"deleted": 1, "kept": 0}
    assert await names(home) == on_disk(photos) == ["0000.jpg", "0002.jpg", "0003.jpg"]
    assert await home.db.value('SELECT count(*) FROM "file_path"') == 3
    assert await empty(home) == {"deleted": 0, "kept": 0}


def crash_at_the_first(path: Path) -> FileHashes:
    if path.name == "0000.jpg":
        raise ComputeError("The process that read this file ended")
    return hash_file(path)


async def test_one_that_cannot_be_read_again_keeps_no_other_in_the_trash(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 3)
    await scan()
    await trash(home, "0000.jpg", "0001.jpg", days_ago=31)
    monkeypatch.setattr(empty_trash, "hash_file", crash_at_the_first)
    assert await empty(home) == {"deleted": 1, "kept": 1}
    assert await names(home) == on_disk(photos) == ["0000.jpg", "0002.jpg"]


async def test_whoever_presses_the_button_does_not_wait(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    await trash(home, "0001.jpg", days_ago=0)
    assert await empty(home, everything=True) == {"deleted": 1, "kept": 0}
    assert on_disk(photos) == ["0000.jpg", "0002.jpg"]


async def test_a_file_that_changed_since_is_kept_at_all_its_paths(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 2)
    (photos / "copy.jpg").write_bytes((photos / "0001.jpg").read_bytes())
    await scan()
    await trash(home, "0001.jpg", "copy.jpg", days_ago=31)
    (photos / "copy.jpg").write_bytes(b"something new")
    assert await empty(home) == {"deleted": 0, "kept": 1}
    assert on_disk(photos) == ["0000.jpg", "0001.jpg", "copy.jpg"]
    assert len(await names(home)) == 2


async def test_every_copy_of_a_trashed_file_is_deleted(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 2)
    (photos / "copy.jpg").write_bytes((photos / "0001.jpg").read_bytes())
    await scan()
    await trash(home, "0001.jpg", "copy.jpg", days_ago=31)
    assert await empty(home) == {"deleted": 1, "kept": 0}
    assert on_disk(photos) == ["0000.jpg"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may delete anything")
async def test_a_file_that_may_not_be_deleted_is_kept(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 2)
    await scan()
    await trash(home, "0001.jpg", days_ago=31)
    photos.chmod(0o500)
    try:
        assert await empty(home) == {"deleted": 0, "kept": 1}
    finally:
        photos.chmod(0o700)
    assert len(await names(home)) == 2


async def test_a_disk_that_refuses_keeps_the_file_and_the_others_go(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 3)
    await scan()
    await trash(home, "0000.jpg", "0001.jpg", days_ago=31)
    real = os.unlink

    def unlink(path: Path, **options: Any) -> None:
        if path.name == "0000.jpg":
            raise OSError(30, "Read-only file system")
        real(path, **options)

    monkeypatch.setattr(os, "unlink", unlink)
    assert await empty(home) == {"deleted": 1, "kept": 1}
    assert await names(home) == on_disk(photos) == ["0000.jpg", "0002.jpg"]


async def test_a_library_whose_disk_is_away_keeps_everything(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    await trash(home, "0001.jpg", days_ago=31)
    away = photos.with_name("away")
    photos.rename(away)
    assert await empty(home) == {"deleted": 0, "kept": 1}
    photos.mkdir()
    assert await empty(home) == {"deleted": 0, "kept": 1}
    photos.rmdir()
    away.rename(photos)
    async with home.db.write():
        await home.db.fetch("""UPDATE "library" SET "status" = 'frozen'""")
    assert await empty(home) == {"deleted": 0, "kept": 0}
    assert len(await names(home)) == 3


async def test_a_kill_between_file_and_row_is_finished_by_the_next_run(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    await trash(home, "0001.jpg", days_ago=31)
    (photos / "0001.jpg").unlink()
    assert await empty(home) == {"deleted": 1, "kept": 0}
    assert await names(home) == ["0000.jpg", "0002.jpg"]


async def test_old_contents_go_with_their_file(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 2)
    await scan()
    rows = await home.db.fetch('SELECT "id", "filename" FROM "stored_file" ORDER BY "filename"')
    for row in rows:
        await keep_version(home, row["id"], row["filename"])
    await trash(home, "0001.jpg", days_ago=31)
    assert await empty(home) == {"deleted": 1, "kept": 0}
    assert sorted(path.name for path in home.paths.versions.iterdir()) == ["0000.jpg"]


async def keep_version(home: Home, file: uuid.UUID, kept_as: str) -> None:
    (home.paths.versions / kept_as).write_bytes(b"as it was")
    async with home.db.write():
        await home.db.fetch(
            """INSERT INTO "file_version"
               ("id", "file", "content_sha", "content_sha1", "size_bytes", "kept_as", "created")
               VALUES (?, ?, 'a', 'b', 9, ?, ?)""",
            [str(new_id()), str(file), kept_as, now()],
        )


class Meanwhile(Progress):
    """Somebody takes a file out of the trash while it is being emptied, in the pause before its turn."""

    def __init__(self, home: Home, name: str) -> None:
        super().__init__(lambda: None)
        self._home, self._name = home, name

    async def check_in(self) -> None:
        async with self._home.db.write():
            await self._home.db.fetch('UPDATE "stored_file" SET "trashed_at" = NULL WHERE "filename" = ?', [self._name])


async def test_what_is_taken_out_of_the_trash_while_it_is_emptied_stays(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    await trash(home, "0000.jpg", "0001.jpg", days_ago=31)
    assert await EmptyTrash().run(home, Meanwhile(home, "0001.jpg")) == {"deleted": 1, "kept": 1}
    assert await names(home) == on_disk(photos) == ["0001.jpg", "0002.jpg"]


async def test_the_last_copy_within_reach_waits_for_the_one_that_was_kept(
    home: Home, photos: Path, scan: Scan, tmp_path: Path
) -> None:
    write_jpegs(photos, 2)
    await scan()
    best = tmp_path / "another disk"
    best.mkdir()
    (best / "best.jpg").write_bytes((photos / "0001.jpg").read_bytes())
    other = await libraries.add_library(home.db, name="Another", root=str(best))
    await scan_library(home, other)
    await trash(home, "0001.jpg", days_ago=31)
    other_id = uuid.UUID(other["id"])
    await libraries.set_status(home.db, other_id, libraries.FROZEN, reason="its disk is away")
    assert await empty(home) == {"deleted": 0, "kept": 1}
    await libraries.set_status(home.db, other_id, libraries.READY)
    (best / "best.jpg").unlink()
    (best / "more.jpg").write_bytes(b"x")
    assert await empty(home) == {"deleted": 0, "kept": 1}  # the tables believe it is there; it is not
    assert on_disk(photos) == ["0000.jpg", "0001.jpg"]
    assert await empty(home, everything=True) == {"deleted": 1, "kept": 0}  # who presses the button is obeyed


async def test_a_database_of_an_earlier_day_takes_nothing_for_old(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 2)
    await scan()
    await trash(home, "0001.jpg", days_ago=31)
    await asyncio.to_thread(note_put_back, home.paths, now() - timedelta(days=29))
    told = await empty(home)
    assert (told["deleted"], "put back" in told["waits"]) == (0, True)
    assert on_disk(photos) == ["0000.jpg", "0001.jpg"]
    await asyncio.to_thread(note_put_back, home.paths, now() - timedelta(days=31))
    assert await empty(home) == {"deleted": 1, "kept": 0}


async def test_nothing_is_deleted_behind_a_link_outside_of_the_library(
    home: Home, photos: Path, scan: Scan, tmp_path: Path
) -> None:
    (photos / "2019").mkdir()
    write_jpegs(photos / "2019", 1)
    write_jpegs(photos, 12)
    await scan()
    async with home.db.write():
        await home.db.fetch(
            'UPDATE "stored_file" SET "trashed_at" = ? WHERE "filename" = ?', [now() - timedelta(days=31), "0000.jpg"]
        )
    elsewhere = (photos / "2019").rename(tmp_path / "elsewhere")
    (photos / "2019").symlink_to(elsewhere)
    assert await empty(home) == {"deleted": 0, "kept": 1}
    assert on_disk(elsewhere) == ["0000.jpg"]


async def test_a_picture_that_took_the_place_of_a_trashed_one_unnoticed_stays(
    home: Home, photos: Path, scan: Scan
) -> None:
    """Frames of a burst, of one size and one second, numbered anew: to a scan nothing has changed."""
    frames = [data.ljust(4000, b"\0") for data in (jpeg(1), jpeg(2))]
    for name, data in zip("ab", frames, strict=True):
        (photos / f"{name}.jpg").write_bytes(data)
        os.utime(photos / f"{name}.jpg", (10**9, 10**9))
    await scan()
    (photos / "a.jpg").rename(photos / "c")
    (photos / "b.jpg").rename(photos / "a.jpg")
    (photos / "c").rename(photos / "b.jpg")
    assert (await scan()).changed == 0
    await trash(home, "a.jpg", days_ago=31)
    assert await empty(home, everything=True) == {"deleted": 0, "kept": 1}
    assert sorted(path.read_bytes() for path in photos.iterdir()) == sorted(frames)
    (photos / "a.jpg").write_bytes(b"rotten".ljust(4000, b"\0"))  # what nothing else is may go
    os.utime(photos / "a.jpg", (10**9, 10**9))
    assert await empty(home, everything=True) == {"deleted": 1, "kept": 0}
