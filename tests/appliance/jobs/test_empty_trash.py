"""Emptying the trash: the one way a file leaves the disk, so only what was trashed, and still is that, may go."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.jobs.base import Progress
from appliance.jobs.empty_trash import EmptyTrash
from appliance.values import new_id, now
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

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
