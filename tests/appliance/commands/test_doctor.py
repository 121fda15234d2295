"""`homeroll doctor`: each thing that can be wrong is named, with how to mend it."""

from __future__ import annotations

import os
import socket
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.backup.snapshots import take_snapshot
from appliance.config import Settings
from appliance.doctor import machine, network
from appliance.doctor.base import House
from appliance.doctor.examine import CHECKS
from appliance.lock import Holder
from appliance.paths import DataPaths
from appliance.values import now
from ml import registry
from tests.ports import free_port

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


def test_a_service_that_was_started_with_another_port_holds_not_that_of_the_settings(data: Path) -> None:
    settings = Settings(data=data, host="127.0.0.1", port=free_port())
    house = House(settings, DataPaths(data), Holder(pid=7, command="serve"))
    with socket.socket() as taken:
        taken.bind((settings.host, settings.port))
        taken.listen()
        assert [said for _, said, _ in network.check_port(house)] == [
            f"{settings.port}, held by `homeroll serve` (process 7)"
        ]
    ((state, said, _),) = network.check_port(house)
    assert (state, said) == ("ok", f"{settings.port} is free; `homeroll serve` (process 7) was started with another")


def heard(host: str, *addresses: str) -> network.Heard:
    return network.Heard(host, 8420, addresses)


@pytest.mark.parametrize(
    ("on_the_network", "is_served", "state", "word"),
    [
        ([heard("homeroll.local", "192.168.1.5")], True, "ok", "http://homeroll.local:8420 is announced"),
        (
            [heard("homeroll.local", "192.168.1.9"), heard("homeroll-2.local", "192.168.1.5")],
            True,
            "ok",
            "homeroll-2.local:8420 is announced; also on this network: homeroll.local (192.168.1.9)",
        ),
        ([heard("homeroll.local", "192.168.1.9")], True, "warning", "nobody answers for this machine"),
        ([], True, "warning", "nobody answers for this machine"),
        ([], False, "ok", "announces itself when it runs"),
    ],
)
def test_the_network_is_asked_for_the_name_as_a_phone_asks(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    on_the_network: list[network.Heard],
    is_served: bool,
    state: str,
    word: str,
) -> None:
    monkeypatch.setattr(network, "listen", lambda: on_the_network)
    monkeypatch.setattr("appliance.mdns.own_addresses", lambda: ("192.168.1.5",))
    by = Holder(pid=1, command="serve") if is_served else None
    ((found_state, message, hint),) = network.check_name(House(Settings(data=data), DataPaths(data), by))
    assert (found_state, word in message, bool(hint)) == (state, True, state != "ok"), message


def test_a_network_that_cannot_be_asked_is_broken_with_the_port(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[network.Heard]:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(network, "listen", refuse)
    monkeypatch.setattr("appliance.mdns.own_addresses", lambda: ("192.168.1.5",))
    ((state, message, hint),) = network.check_name(House(Settings(data=data), DataPaths(data), None))
    assert (state, "5353" in hint) == ("broken", True), message


def test_copies_that_are_missing_old_or_on_the_same_disk_deserve_a_look(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database(data)
    connection = sqlite3.connect(data / "homeroll.db")
    connection.execute("CREATE TABLE stored_file (id)")
    connection.execute("CREATE TABLE site_setting (name, value)")
    assert [item["message"] for item in found(run("doctor", "--json"), "copies")] == ["nothing to copy yet"]
    connection.execute("INSERT INTO stored_file VALUES (1)")
    connection.commit()
    words = [item["message"] for item in found(run("doctor", "--json"), "copies")]
    assert ["no snapshot" in words[0], "no copy on another disk" in words[1]] == [True, True]
    take_snapshot(data / "homeroll.db", data / "backups", now() - timedelta(days=4))
    (tmp_path / "copy").mkdir()
    connection.execute("INSERT INTO site_setting VALUES ('backup_folder', ?)", [f'"{tmp_path / "copy"}"'])
    connection.commit()
    connection.close()
    items = found(run("doctor", "--json"), "copies")
    assert [item["state"] for item in items[:2]] == ["warning", "warning"]
    assert "the newest snapshot" in items[0]["message"]
    assert "same disk" in items[1]["message"]
    take_snapshot(data / "homeroll.db", data / "backups", now())
    assert found(run("doctor", "--json"), "copies")[0]["state"] == "ok"


def test_a_damaged_database_says_which_snapshot_to_go_back_to(run: Run, data: Path) -> None:
    database(data)
    snapshot = take_snapshot(data / "homeroll.db", data / "backups", now())
    (data / "homeroll.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    item = found(run("doctor", "--json"), "database")[0]
    assert item["state"] == "broken"
    assert f"{snapshot.taken:%F %R}" in item["hint"]
    assert "homeroll restore --database" in item["hint"]


def test_models_that_are_cut_short_deserve_a_look_and_those_never_fetched_do_not(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database(data)
    (item,) = [one for one in found(run("doctor", "--json"), "models") if "siglip2" in one["message"]][:1]
    assert (item["state"], "homeroll models pull siglip2" in item["message"]) == ("ok", True)
    folder = data / "models" / "siglip2"
    folder.mkdir(parents=True)
    (folder / registry.model("siglip2").files[0].name).parent.mkdir(parents=True, exist_ok=True)
    (folder / registry.model("siglip2").files[0].name).write_bytes(b"half of it")
    items = [one for one in found(run("doctor", "--json"), "models") if "siglip2" in one["message"]]
    assert {one["state"] for one in items} == {"warning"}
    assert all(one["hint"] for one in items)


@pytest.mark.parametrize(("synchronised", "state"), [(True, "ok"), (False, "warning")])
def test_a_clock_that_nobody_set_deserves_a_look(
    run: Run, monkeypatch: pytest.MonkeyPatch, synchronised: bool, state: str
) -> None:
    monkeypatch.setattr("appliance.protection.clock.is_synchronised", lambda: synchronised)
    assert found(run("doctor", "--json"), "clock")[0]["state"] == state


@pytest.mark.parametrize(("celsius", "state"), [(None, "ok"), (55.0, "ok"), (85.0, "warning")])
def test_a_hot_processor_deserves_a_look(
    run: Run, monkeypatch: pytest.MonkeyPatch, celsius: float | None, state: str
) -> None:
    monkeypatch.setattr("appliance.protection.strain.Gauge.celsius", lambda gauge: celsius)
    assert found(run("doctor", "--json"), "heat")[0]["state"] == state


@pytest.mark.parametrize(
    ("said", "state", "word"),
    [
        ("0", "ok", "strong enough"),
        ("50005", "broken", "too weak just now, and the processor is held back"),
        ("10000", "warning", "too weak at some time"),
        ("e0008", "warning", "held back"),
    ],
)
def test_a_weak_supply_of_a_raspberry_pi_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, state: str, word: str
) -> None:
    folder = tmp_path / "sys/devices/platform/soc/soc:firmware"
    folder.mkdir(parents=True)
    (folder / "get_throttled").write_text(f"{said}\n")
    monkeypatch.setattr(machine, "SYS", tmp_path / "sys")
    item = found(run("doctor", "--json"), "power")[0]
    assert (item["state"], word in item["message"], bool(item["hint"])) == (state, True, state != "ok")


@pytest.mark.parametrize(("alarm", "state"), [("0", "ok"), ("1", "broken")])
def test_a_newer_kernel_tells_of_the_supply_by_an_alarm(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alarm: str, state: str
) -> None:
    for number, name in enumerate(("cpu_thermal", "rpi_volt")):
        folder = tmp_path / f"sys/class/hwmon/hwmon{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "in0_lcrit_alarm").write_text(f"{alarm}\n")
    monkeypatch.setattr(machine, "SYS", tmp_path / "sys")
    assert found(run("doctor", "--json"), "power")[0]["state"] == state
