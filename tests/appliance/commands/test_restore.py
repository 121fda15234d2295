"""The whole way: a library with uploads, names and marks is backed up, lost, and restored on an empty machine."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.appliance.commands.test_service import Machine
from tests.appliance.pictures import jpeg, write_jpegs

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("stored_file", "file_path", "library", "account", "api_key", "file_tag")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    write_jpegs(made.photos, 8)
    (made.photos / "2019" / "Straße").mkdir(parents=True)
    (made.photos / "2019" / "Straße" / "ü.jpg").write_bytes(jpeg(99))
    made.json("library", "add", str(made.photos), "--name", "Family")
    made.json("scan", "--wait", "--until", "renditions")
    return made


def files_in(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    with contextlib.closing(sqlite3.connect(f"file:{data / 'homeroll.db'}?mode=ro", uri=True)) as db:
        return {table: sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in TABLES}


def test_a_lost_machine_comes_back_with_every_byte_row_and_name(machine: Machine, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = machine.json("backup", "--to", str(disk))
    assert (done["copied"], done["unreadable"]) == (9, 0)
    photos, database = files_in(machine.photos), rows(machine.data)

    shutil.rmtree(machine.photos)
    shutil.rmtree(machine.data)
    restored = machine.json("restore", str(disk))
    assert (restored["files"], restored["problems"]) == (9, [])
    assert files_in(machine.photos) == photos
    found = rows(machine.data)
    for table in TABLES:
        assert found[table] == database[table], table
    again = machine.json("scan", "--wait", "--until", "renditions")
    assert {name: again[name] for name in ("found", "added", "changed", "missing", "failed")} == {
        "found": 9,
        "added": 0,
        "changed": 0,
        "missing": 0,
        "failed": 0,
    }
    shown = machine.json("backup")  # the setting came back too, and the copy is complete
    assert (shown["copied"], shown["same"]) == (0, 9)


def test_libraries_can_go_elsewhere_and_what_is_damaged_in_the_copy_is_named(machine: Machine, tmp_path: Path) -> None:
    disk, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    disk.mkdir()
    machine.json("backup", "--to", str(disk))
    (copy,) = [path for path in (disk / "originals").iterdir() if path.is_dir()]
    first, second, *_ = sorted(path for path in copy.iterdir() if path.is_file())
    first.write_bytes(first.read_bytes()[:-1] + b"!")
    second.unlink()
    shutil.rmtree(machine.data)
    done = machine.run("restore", str(disk), "--libraries-in", str(elsewhere), "--json")
    assert done.returncode == 1
    assert f"Family/{first.name}: the copy is damaged" in done.stderr
    assert f"Family/{second.name}: is not in the backup" in done.stderr
    assert len(files_in(elsewhere / "Family")) == 7
    assert machine.json("library", "list")[0]["root"] == str(elsewhere / "Family")
    assert len(files_in(machine.photos)) == 9  # where they were, nothing was touched


def test_a_data_directory_in_use_and_a_folder_that_is_no_backup_are_refused(machine: Machine, tmp_path: Path) -> None:
    refused = machine.run("restore", str(machine.photos))
    assert refused.returncode == 1
    assert "no backup" in refused.stderr
    disk = tmp_path / "disk"
    disk.mkdir()
    machine.json("backup", "--to", str(disk))
    refused = machine.run("restore", str(disk))
    assert refused.returncode == 1
    assert "--data" in refused.stderr


def test_a_restore_that_was_cut_off_goes_on_where_it_was(machine: Machine, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    machine.json("backup", "--to", str(disk))
    kept = sorted(path for path in machine.photos.rglob("*") if path.is_file())
    for path in kept[:4]:
        path.unlink()
    shutil.rmtree(machine.data)
    machine.data.mkdir()
    (machine.data / f".part-{uuid.uuid4().hex}").mkdir()
    restored = machine.json("restore", str(disk))
    assert (restored["files"], restored["there"]) == (4, 5)
