"""The whole way: a library with a name and marks is backed up, checked, lost, and restored on an empty machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from appliance.backup.database import when_put_back
from appliance.paths import DataPaths
from tests.appliance.commands.test_service import Machine
from tests.appliance.pictures import jpeg, write_jpegs

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("stored_file", "file_path", "library", "account", "api_key", "file_tag")


class Lost(Machine):
    """A machine whose photos and data are gone; `disk` holds its backup, the rest is what it was."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.files: dict[str, tuple[str, int]] = {}
        self.rows: dict[str, list[tuple[Any, ...]]] = {}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """Made once: a real service, a backup, a rehearsal, a healed file; then the disaster."""
    machine = Lost(tmp_path_factory.mktemp("machine"))
    write_jpegs(machine.photos, 8)
    (machine.photos / "2019" / "Straße").mkdir(parents=True)
    (machine.photos / "2019" / "Straße" / "ü.jpg").write_bytes(jpeg(99))
    machine.start()
    try:
        machine.json("library", "add", str(machine.photos), "--name", "Family")
        machine.json("scan", "--wait", "--until", "renditions")
        done = machine.json("backup", "--to", str(machine.disk))
        assert (done["copied"], done["unreadable"]) == (9, 0)
        drilled = machine.json("drill", "--all")
        assert (drilled["files"], drilled["failed"]) == (9, 0)
        verify_and_heal(machine)
        machine.files, machine.rows = files_in(machine.photos), rows(machine.data)
    finally:
        machine.stop()
    shutil.rmtree(machine.photos)
    shutil.rmtree(machine.data)
    return machine


@pytest.fixture
def lost(once: Lost) -> Lost:
    """As after the disaster, whatever another test restored."""
    for folder in (once.photos, once.data):
        shutil.rmtree(folder, ignore_errors=True)
    return once


def verify_and_heal(machine: Machine) -> None:
    assert machine.run("verify").returncode == 0
    victim = sorted(machine.photos.glob("*.jpg"))[0]
    was, stat = victim.read_bytes(), victim.stat()
    victim.write_bytes(was[:-3] + b"rot")
    os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    found = machine.run("verify", "--all")
    assert (found.returncode, victim.name in found.stdout) == (1, True)
    healed = machine.run("verify", "--no-scrub", "--heal")
    assert (healed.returncode, victim.read_bytes()) == (0, was)


def files_in(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    with contextlib.closing(sqlite3.connect(f"file:{data / 'homeroll.db'}?mode=ro", uri=True)) as db:
        return {table: sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in TABLES}


def test_a_lost_machine_comes_back_with_every_byte_row_and_name(lost: Lost) -> None:
    restored = lost.json("restore", str(lost.disk))
    assert (restored["files"], restored["problems"]) == (9, [])
    assert files_in(lost.photos) == lost.files
    assert when_put_back(DataPaths(lost.data)) is not None  # days in the trash count from now
    found = rows(lost.data)
    for table in TABLES:
        assert found[table] == lost.rows[table], table
    again = lost.json("scan", "--wait", "--until", "metadata")
    assert {name: again[name] for name in ("found", "added", "changed", "missing", "failed")} == {
        "found": 9,
        "added": 0,
        "changed": 0,
        "missing": 0,
        "failed": 0,
    }
    shown = lost.json("backup")  # the setting came back too, and the copy is complete
    assert (shown["copied"], shown["same"]) == (0, 9)


def test_libraries_can_go_elsewhere_and_what_is_damaged_in_the_copy_is_named(lost: Lost, tmp_path: Path) -> None:
    disk, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    shutil.copytree(lost.disk, disk)
    (copy,) = [path for path in (disk / "originals").iterdir() if path.is_dir()]
    first, second, *_ = sorted(path for path in copy.iterdir() if path.is_file())
    first.write_bytes(first.read_bytes()[:-1] + b"!")
    second.unlink()
    done = lost.run("restore", str(disk), "--libraries-in", str(elsewhere), "--json")
    assert done.returncode == 1
    assert f"Family/{first.name}: the copy is damaged" in done.stderr
    assert f"Family/{second.name}: is not in the backup" in done.stderr
    assert len(files_in(elsewhere / "Family")) == 7
    assert ("Family", str(elsewhere / "Family")) in {(row[1], row[2]) for row in rows(lost.data)["library"]}
    assert not lost.photos.exists()


def test_a_restore_that_was_cut_off_goes_on_where_it_was_and_a_used_directory_is_refused(lost: Lost) -> None:
    copy = next(path for path in (lost.disk / "originals").iterdir() if path.is_dir())
    lost.photos.mkdir()
    for path in sorted(copy.glob("*.jpg"))[:4]:
        shutil.copy2(path, lost.photos / path.name)
    lost.data.mkdir()
    (lost.data / ".part-left-behind").mkdir()
    restored = lost.json("restore", str(lost.disk))
    assert (restored["files"], restored["there"]) == (5, 4)
    refused = lost.run("restore", str(lost.disk))
    assert (refused.returncode, "--data" in refused.stderr) == (1, True)


def test_a_folder_that_is_no_backup_is_refused(lost: Lost, tmp_path: Path) -> None:
    refused = lost.run("restore", str(tmp_path))
    assert (refused.returncode, "no backup" in refused.stderr) == (1, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_on_a_machine_that_was_just_installed_root_restores_for_the_services_account(lost: Lost) -> None:
    lost.data.mkdir()
    assert lost.run("user", "list").returncode == 0  # as a first start, which makes a database
    for path in (lost.data, *lost.data.rglob("*")):
        os.chown(path, 1234, 1234)
    restored = lost.json("restore", str(lost.disk))
    assert (restored["files"], restored["problems"]) == (9, [])
    assert rows(lost.data)["stored_file"] == lost.rows["stored_file"]
    kept = list((lost.data / "damaged").rglob("homeroll.db"))
    assert len(kept) == 1, "what the first start made is set aside"
    made = [lost.photos, *lost.photos.rglob("*"), *lost.data.rglob("*")]
    assert {path.lstat().st_uid for path in made} == {1234}
    assert {path.stat().st_mode & 0o777 for path in lost.photos.glob("*.jpg")} == {0o644}
