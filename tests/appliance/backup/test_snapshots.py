"""Snapshots of a real database: of one moment, proven, thinned out, and never half there."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import sqlite3
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.backup.snapshots import (
    Snapshot,
    check_snapshot,
    list_snapshots,
    remove_snapshots,
    superfluous,
    take_snapshot,
    unpack_snapshot,
)
from appliance.errors import DiskFullError, StorageError
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path
    from typing import Any

    from appliance.home import Home

MOMENT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


async def test_a_snapshot_of_a_library_in_use_opens_and_holds_what_it_says(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    write_jpegs(photos, 7)
    await scan()
    snapshot = await asyncio.to_thread(take_snapshot, home.paths.database, home.paths.backups, MOMENT)
    assert snapshot.name == "homeroll-2026-11-21T03-00-00Z.db.gz"
    assert snapshot.rows["stored_file"] == 7
    assert await asyncio.to_thread(list_snapshots, home.paths.backups) == [snapshot]
    assert sorted(path.name for path in home.paths.backups.iterdir()) == [snapshot.name, f"{snapshot.name}.json"]
    opened = tmp_path / "opened.db"
    await asyncio.to_thread(unpack_snapshot, home.paths.backups / snapshot.name, opened)
    with contextlib.closing(sqlite3.connect(opened)) as db:
        names = {name for (name,) in db.execute('SELECT "filename" FROM "stored_file"')}
    assert names == {path.name for path in photos.iterdir()}


def test_a_snapshot_taken_while_others_write_is_of_one_moment(tmp_path: Path) -> None:
    database, stop = tmp_path / "busy.db", threading.Event()
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.executescript("PRAGMA journal_mode=WAL; CREATE TABLE stored_file (n); CREATE TABLE file_path (n);")

    def write() -> None:
        with contextlib.closing(sqlite3.connect(database, timeout=10)) as db:
            while not stop.is_set():
                with db:  # both or none
                    db.execute("INSERT INTO stored_file VALUES (1)")
                    db.execute("INSERT INTO file_path VALUES (1)")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            snapshot = take_snapshot(database, tmp_path / "out", MOMENT + timedelta(seconds=number))
            assert snapshot.rows["stored_file"] == snapshot.rows["file_path"]
    finally:
        stop.set()
        writer.join()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "some.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE stored_file (n); INSERT INTO stored_file VALUES (1), (2), (3);")
    return path


@pytest.mark.parametrize("damage", ["cut", "bit", "emptied", "not gzip"])
def test_a_damaged_snapshot_is_never_called_sound(database: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "out"
    snapshot = take_snapshot(database, folder, MOMENT)
    path = folder / snapshot.name
    data = bytearray(path.read_bytes())
    if damage == "bit":
        data[len(data) // 2] ^= 1
    left = {"cut": bytes(data[:-20]), "bit": bytes(data), "emptied": b"", "not gzip": b"x" * len(data)}
    path.write_bytes(left[damage])
    with pytest.raises(StorageError, match="damaged"):
        check_snapshot(path, snapshot, scratch=tmp_path)


def test_a_snapshot_that_lacks_rows_is_not_sound_whatever_its_hash(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    snapshot = take_snapshot(database, folder, MOMENT)
    more = Snapshot(
        name=snapshot.name,
        taken=MOMENT,
        size_bytes=snapshot.size_bytes,
        sha256=snapshot.sha256,
        rows={"stored_file": 4},
    )
    with pytest.raises(StorageError, match="does not hold"):
        check_snapshot(folder / snapshot.name, more, scratch=tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("only root mounts a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path, small_disk: Path) -> None:
    database = tmp_path / "large.db"
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute("CREATE TABLE stored_file (n)")
        db.executemany("INSERT INTO stored_file VALUES (randomblob(4000))", [()] * 500)
    with pytest.raises(DiskFullError):
        take_snapshot(database, small_disk, MOMENT)
    assert list(small_disk.iterdir()) == []


def test_a_database_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4000)
    with pytest.raises(StorageError, match="could not be copied"):
        take_snapshot(tmp_path / "broken.db", tmp_path / "out", MOMENT)
    assert list((tmp_path / "out").iterdir()) == []


def made(*moments: datetime) -> list[Snapshot]:
    return [Snapshot(name=f"{moment}", taken=moment, size_bytes=1, sha256="", rows={}) for moment in moments]


def test_a_year_of_nights_is_kept_as_days_then_weeks_then_months() -> None:
    nights = made(*(MOMENT - timedelta(days=number) for number in range(365)))
    gone = {one.name for one in superfluous(nights)}
    kept = [one.taken for one in nights if one.name not in gone]
    assert [moment.date() for moment in kept[:7]] == [(MOMENT - timedelta(days=number)).date() for number in range(7)]
    assert len({moment.strftime("%Y-%m") for moment in kept}) == 12
    assert len(kept) <= 7 + 4 + 12


@given(st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)), max_size=40, unique=True))  # noqa: DTZ001 - made aware below
def test_the_newest_is_always_kept_and_thinning_twice_takes_nothing_more(moments: list[datetime]) -> None:
    snapshots = made(*(moment.replace(tzinfo=UTC) for moment in moments))
    gone = superfluous(snapshots)
    left = [one for one in snapshots if one not in gone]
    assert superfluous(left) == []
    if snapshots:
        assert max(snapshots, key=lambda one: one.taken) in left


def test_a_file_without_its_description_is_no_snapshot_and_removing_takes_both(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    snapshot = take_snapshot(database, folder, MOMENT)
    (folder / "homeroll-2020-01-01T00-00-00Z.db.gz").write_bytes(gzip.compress(b"who knows"))
    (folder / "homeroll-2020-01-02T00-00-00Z.db.gz.json").write_text("{}")
    assert list_snapshots(folder) == [snapshot]
    assert remove_snapshots(folder, [snapshot]) == 1
    assert list_snapshots(folder) == []
