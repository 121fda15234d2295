"""A damaged database is refused with the way back, and the way back works; the photos have no part in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance import cli
from appliance.backup.database import put_back
from appliance.backup.snapshots import list_snapshots, take_snapshot
from appliance.config import Settings
from appliance.daemon import open_home, open_house
from appliance.db import engine
from appliance.errors import DatabaseDamagedError, NotFoundError, ReadOnlyError, StorageError
from appliance.importing.uploads import Uploads
from appliance.jobs.base import Progress
from appliance.jobs.check_database import CheckDatabase
from appliance.library import users
from appliance.library.viewers import LOCAL_ADMIN
from appliance.paths import DataPaths
from appliance.protection.database import check_at_start, examine, glance
from appliance.values import now
from tests.appliance.pictures import jpeg
from tests.conftest import REPOSITORY
from tui.client import Address, Client, NotReachableError

if TYPE_CHECKING:
    from appliance.home import Home


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path / "data",
        host="127.0.0.1",
        compute="inline",
        compute_workers=1,
        watch=False,
        scan_interval_min=0,
        reserve_mb=0,
    )


@pytest.fixture
async def paths(settings: Settings) -> DataPaths:
    """A library of two uploads, with a snapshot that holds the first of them."""
    async with open_house(settings) as house:
        home = house.home
        user = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="long enough")
        for number in range(2):
            incoming = Uploads(home).new_incoming()
            await asyncio.to_thread(incoming.write_bytes, jpeg(number))
            await Uploads(home).land(incoming, user=user["id"], filename=f"{number}.jpg")
            if number == 0:
                await asyncio.to_thread(take_snapshot, home.paths.database, home.paths.backups, now())
    return DataPaths(settings.data.resolve())


def scribble(database: Path, at: int, size: int = 200) -> None:
    with database.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(size))


def damage(database: Path, how: str) -> None:
    size = database.stat().st_size
    if how == "its head":
        scribble(database, 0)
    elif how == "its end":
        os.truncate(database, size // 2)
    elif how == "a page of a table":
        with contextlib.closing(sqlite3.connect(database)) as db:
            (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'stored_file'").fetchone()
        scribble(database, (page - 1) * 4096, 4096)
    elif how == "all of it":
        database.unlink()
    else:
        database.write_bytes(b"")


KINDS = ("its head", "its end", "a page of a table", "all of it", "its content")


@pytest.mark.parametrize("how", KINDS)
async def test_a_damaged_database_is_refused_with_the_way_back_and_nothing_is_touched(
    settings: Settings, paths: DataPaths, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(paths.database, how)
    paths.suspect.touch()  # the power went: the start looks closely
    before = {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file() and path.suffix != ".lock"}
    with pytest.raises(DatabaseDamagedError) as caught:
        async with open_house(settings):
            pass
    assert "photos are untouched" in caught.value.message
    assert "homeroll restore --database" in caught.value.hint
    assert "1 file" in caught.value.hint
    after = {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert await asyncio.to_thread(paths.refused) == f"{caught.value.message}.\n{caught.value.hint}"
    before[paths.suspect] = after[paths.suspect]  # what it says to people
    assert {path: data for path, data in after.items() if path.name[-4:] not in ("-wal", "-shm")} == before

    assert await asyncio.to_thread(cli.main, ["restore", "--database", "--data", str(settings.data)]) == 0
    assert "1 file" in capsys.readouterr().out
    async with open_house(settings) as house:
        db = house.home.db
        assert await db.value('SELECT count(*) FROM "stored_file"') == 1
        await house.scheduler.run("scan_libraries")
        await house.scheduler.wait("scan_libraries")
        assert await db.value('SELECT count(*) FROM "stored_file"') == 2, "what came after the snapshot is found again"
        names = {row["filename"] for row in await db.fetch('SELECT "filename" FROM "stored_file"')}
        assert names == {"0.jpg", "1.jpg"}
    assert not paths.suspect.exists()
    kept = list((paths.root / "damaged").rglob("homeroll.db"))
    assert [path.read_bytes() for path in kept] == ([] if how == "all of it" else [before[paths.database]])


def test_head_and_size_are_looked_at_in_every_start(paths: DataPaths) -> None:
    assert not check_at_start(paths, closely=False)
    whole = paths.database.read_bytes()
    for how in ("its head", "its end", "all of it"):
        damage(paths.database, how)
        with pytest.raises(DatabaseDamagedError):
            check_at_start(paths, closely=False)
        paths.database.write_bytes(whole)
    assert check_at_start(paths, closely=False), "the refusals made this one look closely"
    assert not check_at_start(paths, closely=False)


def test_a_service_that_refuses_ends_with_the_status_of_its_own_and_everybody_says_what_to_do(
    paths: DataPaths, tmp_path: Path
) -> None:
    damage(paths.database, "its head")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        environ = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(tmp_path / "notify")}

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "appliance.cli", *words, "--data", str(paths.root)]
            return subprocess.run(command, env=environ, cwd=REPOSITORY, capture_output=True, text=True, check=False)

        served = run("serve", "--host", "127.0.0.1", "--port", "0")
        assert (served.returncode, served.stdout) == (cli.DAMAGED, "")
        told = systemd.recv(4096).decode()
    assert told.startswith("STATUS=The database is damaged")
    assert "\n" not in told
    unit = (REPOSITORY / "systemd/homeroll.service").read_text()
    assert f"RestartPreventExitStatus={cli.DAMAGED}\n" in unit
    status = run("status")
    assert status.returncode == 1
    for said in (told, served.stderr, status.stderr, run("doctor").stdout):
        assert "homeroll restore --database" in said


async def test_the_dashboard_says_why_nobody_answers(paths: DataPaths) -> None:
    damage(paths.database, "its head")
    with pytest.raises(DatabaseDamagedError):
        await asyncio.to_thread(check_at_start, paths, closely=False)
    client = Client(Address(socket=paths.admin_socket))
    with pytest.raises(NotReachableError) as caught:
        await client.get("/server")
    await client.close()
    assert "homeroll restore --database" in caught.value.hint


async def test_a_start_after_a_bad_end_reads_every_page(settings: Settings, paths: DataPaths) -> None:
    damage(paths.database, "a page of a table")
    assert await asyncio.to_thread(glance, paths.database) == ""
    assert await asyncio.to_thread(examine, paths.database) != ""
    paths.lock.write_text('{"pid": 1, "command": "serve"}', encoding="ascii")  # who held it did not let go of it
    with pytest.raises(DatabaseDamagedError):
        async with open_house(settings):
            pass


def test_the_newest_sound_snapshot_is_taken_and_bad_ones_are_named(paths: DataPaths) -> None:
    good = list_snapshots(paths.backups)[0]
    for hours in (1, 2):
        snapshot = take_snapshot(paths.database, paths.backups, now() + timedelta(seconds=hours))
        scribble(paths.backups / snapshot.name, 100)
    bad = [one.name for one in list_snapshots(paths.backups)[:2]]
    done = put_back(paths, paths.backups, now())
    assert (done.snapshot, done.bad) == (good.name, bad)
    (paths.backups / good.name).unlink()
    with pytest.raises(NotFoundError, match="sound"):
        put_back(paths, paths.backups, now())
    assert examine(paths.database) == ""


async def test_a_log_of_the_damaged_database_is_never_replayed_into_the_new_one(
    settings: Settings, paths: DataPaths
) -> None:
    log = Path(f"{paths.database}-wal")
    log.write_bytes(os.urandom(40_000))
    await asyncio.to_thread(put_back, paths, paths.backups, now())
    assert not log.exists()
    async with open_home(settings) as home:
        assert await home.db.value('SELECT count(*) FROM "stored_file"') == 1


async def test_damaged_thumbnails_are_made_again_and_nothing_else_is_lost(settings: Settings, paths: DataPaths) -> None:
    async with open_house(settings) as house, asyncio.timeout(60):
        while await house.home.db.value("SELECT count(*) FROM thumbs.thumbnail") < 2:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
    scribble(paths.thumbnails, 0, 5000)
    async with open_house(settings) as house, asyncio.timeout(60):
        assert await house.home.db.value('SELECT count(*) FROM "stored_file"') == 2
        while await house.home.db.value("SELECT count(*) FROM thumbs.thumbnail") < 2:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)


async def test_damage_found_at_night_stops_uploads_and_makes_the_next_start_look_closely(
    settings: Settings, paths: DataPaths
) -> None:
    async with open_home(settings) as home:
        assert (await CheckDatabase().run(home, Progress(lambda: None)))["sound"]
        await asyncio.to_thread(damage, paths.database, "a page of a table")
        result = await CheckDatabase().run(home, Progress(lambda: None))
        assert not result["sound"]
        with pytest.raises(DatabaseDamagedError):
            await asyncio.to_thread(Uploads(home).check_size, 1)
    assert paths.suspect.exists()


async def test_a_damaged_page_that_a_query_meets_is_noted_once(home: Home) -> None:
    told: list[str] = []
    home.db.on_damage = lambda: told.append(home.db.damage)
    for _ in range(3):
        with pytest.raises(DatabaseDamagedError), home.db._translated():
            raise sqlite3.DatabaseError("database disk image is malformed")
    assert told == ["database disk image is malformed"]


@pytest.mark.parametrize(("read_only", "error"), [(True, ReadOnlyError), (False, StorageError)])
def test_an_input_output_error_of_a_read_only_disk_is_called_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_only: bool, error: type[StorageError]
) -> None:
    monkeypatch.setattr(engine, "is_read_only", lambda folder: read_only)
    with pytest.raises(error) as caught, engine.translated(tmp_path / "a.db"):
        raise sqlite3.OperationalError("disk I/O error")
    assert type(caught.value) is error
