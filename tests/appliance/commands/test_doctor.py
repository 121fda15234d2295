"""`homeroll doctor`: each thing that can be wrong is named, with how to mend it."""

from __future__ import annotations

import os
import socket
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from appliance.doctor import machine, network
from appliance.doctor.examine import CHECKS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.appliance.commands.conftest import Ran, Run

LIBRARY = "CREATE TABLE library (name, root, status, reason, hint, kind)"
PATHS = "CREATE TABLE file_path (library, folder)"


@pytest.fixture(autouse=True)
def _own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEROLL_PORT", "0")  # the tests' machine may serve on the default one
    monkeypatch.setattr(network, "listen", list)  # and nobody is asked on its network


def found(ran: Ran, check: str) -> list[dict[str, Any]]:
    return [item for item in ran.json if item["check"] == check]


def database(data: Path, *libraries: tuple[str, ...]) -> None:
    connection = sqlite3.connect(data / "homeroll.db")
    connection.execute(LIBRARY)
    connection.execute(PATHS)
    connection.executemany("INSERT INTO library VALUES (?, ?, ?, ?, ?, ?)", libraries)
    connection.commit()
    connection.close()


def test_a_healthy_machine_has_every_check_and_exits_0(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    database(data, ("Family", str(tmp_path / "photos"), "ready", "", "", "folder"))
    ran = run("doctor", "--json")
    broken = [item for item in ran.json if item["state"] == "broken" and item["check"] != "programs"]
    assert broken == []
    assert {item["check"] for item in ran.json} == {name for name, _ in CHECKS}
    assert run("doctor").out.count("\n") >= len(CHECKS)


def test_a_database_that_everyone_may_read_deserves_a_look(run: Run, data: Path) -> None:
    database(data)
    (data / "homeroll.db").chmod(0o644)
    data.chmod(0o755)
    item = found(run("doctor", "--json"), "data directory")[0]
    assert (item["state"], item["hint"]) == ("warning", f"chmod o-rwx {data}")
    data.chmod(0o750)
    assert found(run("doctor", "--json"), "data directory")[0]["state"] == "ok"


def test_what_is_not_ok_says_how_to_mend_it(run: Run, data: Path) -> None:
    (data / "homeroll.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    ran = run("doctor", "--json")
    assert ran.code == 1
    assert all(item["hint"] for item in ran.json if item["state"] != "ok")
    assert found(ran, "database")[0]["state"] == "broken"
    assert "restore a backup" in found(ran, "database")[0]["hint"]


def test_missing_programs_are_named_with_their_package(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ran = run("doctor", "--json")
    assert ran.code == 1
    assert [item["hint"] for item in found(ran, "programs")] == [
        "sudo apt-get install libimage-exiftool-perl",
        "sudo apt-get install ffmpeg",
        "sudo apt-get install ffmpeg",
    ]


def test_library_roots_that_are_gone_empty_or_frozen_are_told_apart(run: Run, data: Path, tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    full.mkdir()
    (full / "a.jpg").touch()
    database(
        data,
        ("Gone", str(tmp_path / "gone"), "ready", "", "", "folder"),
        ("Empty", str(empty), "ready", "", "", "folder"),
        ("Frozen", str(full), "frozen", "half is missing", "look", "folder"),
        ("Uploads", "/nowhere", "ready", "", "", "uploads"),
    )
    states = [(item["message"].split(":")[0], item["state"]) for item in found(run("doctor", "--json"), "libraries")]
    assert states == [("Gone", "broken"), ("Empty", "warning"), ("Frozen is frozen", "warning")]


def test_a_port_that_someone_else_holds_is_broken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("HOMEROLL_HOST", "127.0.0.1")
        monkeypatch.setenv("HOMEROLL_PORT", str(other.getsockname()[1]))
        assert found(run("doctor", "--json"), "port")[0]["state"] == "broken"


def test_a_clock_that_was_set_back_is_broken(run: Run, data: Path) -> None:
    database(data)
    os.utime(data / "homeroll.db", (4e9, 4e9))
    assert found(run("doctor", "--json"), "clock")[0]["state"] == "broken"


def test_too_few_watches_say_how_to_get_more(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database(data)
    connection = sqlite3.connect(data / "homeroll.db")
    connection.executemany("INSERT INTO file_path VALUES (1, ?)", [(str(number),) for number in range(100)])
    connection.commit()
    connection.close()
    monkeypatch.setattr(machine, "WATCHES_SPARE", 1e9)
    item = found(run("doctor", "--json"), "watching")[0]
    assert item["state"] == "warning"
    assert "fs.inotify.max_user_watches=524288" in item["hint"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_files_of_another_account_are_named(run: Run, data: Path) -> None:
    database(data)
    os.chown(data / "homeroll.db", 1234, 1234)
    item = found(run("doctor", "--json"), "data directory")[0]
    assert "homeroll.db" in item["message"]
    assert item["hint"].startswith("sudo chown -R root ")


def test_doctor_looks_at_a_machine_without_any_data(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance import cli

    monkeypatch.chdir(tmp_path)
    cli.main(["doctor"])
    assert "python" in capsys.readouterr().out
