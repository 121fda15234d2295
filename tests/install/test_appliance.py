"""`sudo ./install.sh` on a booted Debian: the service, its name, upgrades good and bad, trouble, removal, no network.

One machine for the whole module and one family's photo on it; the tests are a story and run in the order they are in.
"""

from __future__ import annotations

import io
import json
import re
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image

from tests.install.booted import (
    BRIDGE,
    GUEST,
    GUEST_6,
    NEIGHBOUR,
    NEIGHBOUR_6,
    ROUTER,
    booted_machine,
    missing_for_a_booted_machine,
)
from tests.install.machine import SUITES
from tests.install.story import CHECKOUT, PASSPHRASE, URL, Story, until
from tests.lan import Machine, neighbour

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(1200)]


@pytest.fixture(autouse=True)
def _nothing_left_running() -> None:
    """A machine starts what it likes; all of it ends with the machine, whose own process is waited for."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    if why := missing_for_a_booted_machine():
        pytest.skip(why)
    with (
        booted_machine(tmp_path_factory.mktemp("appliance"), SUITES[0]) as machine,
        httpx.Client(base_url=URL, timeout=60, headers={"Origin": URL}) as client,
    ):
        yield Story(machine, client)


def test_one_command_and_the_page_is_there_for_the_house(story: Story) -> None:
    code, story.said = story.install()
    assert code == 0
    assert story.show("ActiveState", "Type", "UnitFileState", "User") == ["active", "notify", "enabled", "homeroll"]
    assert f"URL: {URL}" in story.said
    page = story.client.get("/")
    assert page.is_success
    assert "<html" in page.text
    user, password = (re.search(rf"^{name}: (\S+)$", story.said, re.MULTILINE) for name in ("User", "Password"))
    assert user
    assert password
    assert password[1] not in story.machine.root_run("journalctl", "--no-pager").stdout
    answer = story.client.post(
        "/api/v1/setup",
        json={
            "one_time_password": password[1],
            "username": user[1],
            "name": "Anna",
            "password": PASSPHRASE,
        },
    )
    assert answer.is_success, answer.text
    picture = io.BytesIO()
    Image.effect_noise((1200, 900), 60).save(picture, "JPEG")
    story.photo = picture.getvalue()
    sent = story.client.post("/api/v1/files", files={"file": ("attic.jpg", story.photo, "image/jpeg")})
    assert sent.is_success, sent.text
    listed = story.client.get("/api/v1/files").json()["items"]
    assert len(listed) == 1
    story.file = listed[0]
    story.assert_the_photo_is_there()


def test_who_installed_it_may_manage_it_without_sudo_and_others_may_not(story: Story) -> None:
    told = story.machine.run("homeroll", "status", "--json")
    assert told.returncode == 0, told.stdout
    refused = story.machine.root_run("runuser", "-u", "nobody", "--", "homeroll", "status")
    assert refused.returncode == 1
    assert "group homeroll" in refused.stdout


def test_doctor_finds_nothing_broken(story: Story) -> None:
    told = story.machine.root_run("runuser", "-u", "homeroll", "--", "homeroll", "doctor", "--json")
    broken = [
        finding for finding in json.loads(told.stdout[: told.stdout.rindex("]") + 1]) if finding["state"] == "broken"
    ]
    assert broken == []


def test_the_unit_is_clean_and_exposed_by_less_than_2(story: Story) -> None:
    verified = story.machine.root_run("systemd-analyze", "verify", "/etc/systemd/system/homeroll.service")
    assert (verified.returncode, verified.stdout) == (0, "")
    told = story.machine.root_run("systemd-analyze", "security", "--no-pager", "homeroll.service").stdout
    level = re.search(r"Overall exposure level for homeroll.service: ([\d.]+)", told)
    assert level
    sys.stdout.write(f"\nexposure {level[1]}\n")
    assert float(level[1]) <= 2.0
    ignored = story.machine.root_run("journalctl", "-b", "--no-pager", "-o", "cat", "_PID=1").stdout
    sys.stdout.write("".join(f"{line}\n" for line in ignored.splitlines() if "homeroll" in line and "gnor" in line))


def test_the_service_reads_homes_writes_disks_and_nothing_else(story: Story) -> None:
    (process,) = story.show("MainPID")

    def inside(*command: str) -> int:
        """As root in the service's view of the disks: what is refused is refused by the sandbox."""
        return story.machine.root_run("nsenter", "--target", process, "--mount", *command).returncode

    assert inside("test", "-r", f"{CHECKOUT}/README.md") == 0
    for folder in ("/srv", "/mnt", "/media", "/var/lib/homeroll"):
        assert inside("touch", f"{folder}/probe") == 0
        assert inside("rm", f"{folder}/probe") == 0
    # A disk that is plugged in while the service runs.
    assert story.machine.root_run("sh", "-c", "mkdir /media/disk && mount -t tmpfs disk /media/disk").returncode == 0
    try:
        assert inside("touch", "/media/disk/probe") == 0
        assert story.machine.root_run("test", "-f", "/media/disk/probe").returncode == 0
    finally:
        story.machine.root_run("umount", "/media/disk")
    for folder in ("/home/anna", "/etc", "/etc/homeroll", "/opt/homeroll", "/usr/bin", "/var/lib", "/root"):
        assert inside("touch", f"{folder}/probe") != 0


def test_after_a_reboot_it_is_back_by_itself(story: Story) -> None:
    story.machine.reboot()
    until(story.answers, within_s=60)
    story.assert_the_photo_is_there()


@pytest.fixture(scope="module")
def next_door(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A computer on the same network, with Debian's own mDNS."""
    assert story.file, "there is no service to be seen"
    addresses = (f"{NEIGHBOUR}/24", f"{NEIGHBOUR_6}/64")
    folder = tmp_path_factory.mktemp("next-door")
    with neighbour(folder, router=ROUTER, bridge=BRIDGE, addresses=addresses) as machine:
        yield machine


def _seen(machine: Machine, service: str = "_homeroll._tcp") -> set[tuple[str, str, str]]:
    """(IPv4 or IPv6, host, port) of the services that its avahi can resolve."""
    lines = machine.run("avahi-browse", "-trpk", service).splitlines()
    return {(cells[2], cells[6], cells[8]) for cells in (line.split(";") for line in lines) if cells[0] == "="}


def _hosts(machine: Machine) -> set[str]:
    return {host for _, host, _ in _seen(machine)}


def _resolved(machine: Machine, name: str) -> set[str]:
    told = [machine.run("avahi-resolve", family, "-n", name).split() for family in ("-4", "-6")]
    return {words[1] for words in told if len(words) == 2}


def test_the_house_finds_it_by_name(story: Story, next_door: Machine) -> None:
    both = {("IPv4", "homeroll.local", "8420"), ("IPv6", "homeroll.local", "8420")}
    until(lambda: _seen(next_door) == both)
    until(lambda: _seen(next_door, "_http._tcp") == both)
    assert _resolved(next_door, "homeroll.local") == {GUEST, GUEST_6}
    assert story.client.get("/", headers={"Host": "homeroll.local:8420"}).is_success


def test_of_two_appliances_each_has_a_name_of_its_own(
    story: Story, next_door: Machine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    second = (sys.executable, "-m", "appliance.cli", "serve", "--data", str(tmp_path_factory.mktemp("second")))
    with next_door.start(*second):
        until(lambda: _hosts(next_door) == {"homeroll.local", "homeroll-2.local"})
        assert _resolved(next_door, "homeroll.local") == {GUEST, GUEST_6}
        assert _resolved(next_door, "homeroll-2.local") == {NEIGHBOUR, NEIGHBOUR_6}
    story.machine.root_run("systemctl", "stop", "homeroll.service")
    until(lambda: _hosts(next_door) == set())
    with next_door.start(*second):
        until(lambda: _hosts(next_door) == {"homeroll.local"})
        story.machine.root_run("systemctl", "start", "homeroll.service", timeout_s=120)
        until(lambda: _hosts(next_door) == {"homeroll.local", "homeroll-2.local"})
        assert _resolved(next_door, "homeroll.local") == {NEIGHBOUR, NEIGHBOUR_6}
        assert _resolved(next_door, "homeroll-2.local") == {GUEST, GUEST_6}
        assert story.client.get("/", headers={"Host": "homeroll-2.local:8420"}).is_success
    story.machine.root_run("systemctl", "restart", "homeroll.service", timeout_s=120)
    until(lambda: _hosts(next_door) == {"homeroll.local"})


def test_it_stands_beside_an_avahi_on_its_own_machine(story: Story, next_door: Machine) -> None:
    get = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy", "--no-install-recommends")
    story.machine.root_run(*get, "update", timeout_s=300)
    done = story.machine.root_run(*get, "install", "avahi-daemon", timeout_s=300)
    assert done.returncode == 0, done.stdout
    assert story.machine.root_run("systemctl", "is-active", "avahi-daemon").returncode == 0
    until(lambda: GUEST in _resolved(next_door, "attic.local"))  # its avahi's own name
    story.machine.root_run("systemctl", "restart", "homeroll.service", timeout_s=120)
    until(lambda: _resolved(next_door, "homeroll.local") == {GUEST, GUEST_6})
    assert _hosts(next_door) == {"homeroll.local"}


def test_the_same_command_again_disturbs_nothing(story: Story) -> None:
    before = story.show("MainPID")
    settings = story.machine.root / "etc/homeroll/homeroll.toml"
    settings.write_text(settings.read_text() + "trash_days = 31\n")
    code, said = story.install()
    assert code == 0
    assert "Password" not in said
    assert story.show("MainPID") == before
    assert settings.read_text().endswith("trash_days = 31\n")


def test_a_version_whose_migration_fails_is_undone(story: Story) -> None:
    old = story.venv
    story.bad_version()
    code, said = story.install()
    assert code == 1
    assert "the upgrade was undone" in said
    assert "no_such_table" in said
    assert story.show("ActiveState") == ["active"]
    assert story.venv == old
    story.assert_the_photo_is_there()


def test_a_bad_upgrade_cut_off_by_a_power_cut_is_undone_by_the_next_run(story: Story) -> None:
    old = story.venv
    # What the last test left is a complete environment: only the switch is left to do.
    story.install_until(lambda: story.venv != old)
    assert story.show("ActiveState") != ["active"]
    code, said = story.install()
    assert code == 1
    assert "the upgrade was undone" in said
    assert story.venv == old
    story.assert_the_photo_is_there()


def test_after_a_bad_upgrade_that_a_power_cut_ended_a_mended_version_starts_from_before_it(story: Story) -> None:
    old = story.venv
    story.install_until(lambda: story.venv != old)
    assert story.show("ActiveState") != ["active"]
    story.good_version()
    code, said = story.install()
    assert code == 0
    assert "the last upgrade was cut off" in said
    story.assert_the_photo_is_there()


def test_a_power_cut_while_a_new_version_is_made_leaves_the_old_one_at_work(story: Story) -> None:
    old = story.venv
    story.migration("m2030_good", "2030-01-03T00:00:00:000000", "CREATE TABLE new_in_2030 (x INTEGER)")
    story.install_until((story.machine.root / "opt/homeroll/build").is_dir)
    until(story.answers, within_s=60)
    assert story.venv == old
    story.assert_the_photo_is_there()


def test_a_good_version_takes_its_place(story: Story) -> None:
    code, story.upgraded = story.install()
    assert code == 0
    assert "snapshot: /var/lib/homeroll/backups/homeroll-" in story.upgraded
    assert len(list((story.machine.root / "opt/homeroll").glob("venv-*"))) == 1
    story.assert_the_photo_is_there()


def test_an_older_version_comes_back_with_the_snapshot_of_its_time(story: Story) -> None:
    snapshot = re.search(r"^ *snapshot: \S+/(homeroll-\S+)$", story.upgraded, re.MULTILINE)
    assert snapshot
    newer = story.venv
    story.without_migration("m2030_good")
    code, said = story.install()  # its database is not for this version
    assert code == 1
    assert "the upgrade was undone" in said
    assert story.venv == newer
    code, said = story.install("--snapshot", "homeroll-none")
    assert code == 1
    assert "there is no snapshot" in said
    code, _ = story.install("--snapshot", snapshot[1])
    assert code == 0
    assert story.venv != newer
    story.assert_the_photo_is_there()
    assert story.install()[0] == 0


def test_a_good_upgrade_cut_off_by_a_power_cut_finishes_by_itself(story: Story) -> None:
    old = story.venv
    story.migration("m2030_better", "2030-01-04T00:00:00:000000", "CREATE TABLE better_in_2030 (x INTEGER)")
    story.install_until(lambda: story.venv != old)
    until(story.answers, within_s=60)
    assert story.venv != old
    # What is uploaded from here on is a promise: no snapshot from before may come back.
    assert not (story.machine.root / "opt/homeroll/state/upgrade").exists()
    code, _ = story.install()
    assert code == 0
    story.assert_the_photo_is_there()


def test_a_service_that_does_not_answer_is_replaced(story: Story) -> None:
    story.drop_in("[Service]\nWatchdogSec=6s\nTimeoutAbortSec=3s\nRestartSec=1s\n")
    story.machine.root_run("systemctl", "restart", "homeroll.service", timeout_s=120)
    (hung,) = story.show("MainPID")
    assert story.machine.root_run("sh", "-c", f"kill -STOP {hung}").returncode == 0
    began = time.monotonic()
    until(lambda: story.show("MainPID")[0] not in {hung, "0"} and story.answers(), within_s=90)
    sys.stdout.write(f"\nreplaced after {time.monotonic() - began:.0f} s\n")
    assert (
        "watchdog" in story.machine.root_run("journalctl", "-u", "homeroll.service", "-o", "cat", "--no-pager").stdout
    )
    (restarted,) = story.show("MainPID")
    assert story.install()[0] == 0
    assert story.show("MainPID") == [restarted]
    story.assert_the_photo_is_there()


def test_a_service_that_cannot_start_is_left_alone_in_the_end(story: Story) -> None:
    story.drop_in("[Service]\nRestartSec=100ms\n")
    settings = story.machine.root / "etc/homeroll/homeroll.toml"
    good = settings.read_text()
    settings.write_text(good + "prot = 8420\n")
    story.machine.root_run("systemctl", "restart", "homeroll.service", timeout_s=120)
    until(lambda: story.show("ActiveState") == ["failed"], within_s=120)
    restarts = story.show("NRestarts")
    sys.stdout.write(f"\ngiven up after {restarts[0]} restarts\n")
    assert int(restarts[0]) <= 10
    time.sleep(5)
    assert story.show("ActiveState", "NRestarts") == ["failed", *restarts]
    told = story.machine.root_run("journalctl", "-u", "homeroll.service", "-o", "cat", "--no-pager").stdout
    assert "Did you mean port?" in told
    settings.write_text(good)
    story.drop_in("")
    assert story.machine.root_run("systemctl", "start", "homeroll.service", timeout_s=120).returncode == 0
    story.assert_the_photo_is_there()


def test_a_damaged_database_is_no_reason_to_try_again_and_everybody_says_what_is(story: Story) -> None:
    assert story.machine.run("homeroll", "backup").returncode == 0
    story.machine.root_run("systemctl", "stop", "homeroll.service", timeout_s=120)
    database = story.machine.root / "var/lib/homeroll/homeroll.db"
    whole = database.read_bytes()
    database.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4000 + whole[4016:])
    assert story.machine.root_run("systemctl", "start", "homeroll.service", timeout_s=120).returncode != 0
    time.sleep(7)  # longer than RestartSec
    assert story.show("ActiveState", "NRestarts", "ExecMainStatus") == ["failed", "0", "3"]
    asked = (
        story.machine.root_run("systemctl", "status", "--no-pager", "--lines=0", "homeroll.service"),
        story.machine.run("homeroll", "status"),
        story.machine.root_run("runuser", "-u", "homeroll", "--", "homeroll", "doctor"),
    )
    for told in asked:
        sys.stdout.write(f"\n{told.stdout}")
        assert "homeroll restore --database" in told.stdout
    mend = ("runuser", "-u", "homeroll", "--", "homeroll", "restore", "--database")
    assert story.machine.root_run(*mend).returncode == 0
    assert story.machine.root_run("systemctl", "start", "homeroll.service", timeout_s=120).returncode == 0
    until(story.answers, within_s=60)
    story.assert_the_photo_is_there()


def test_uninstalling_keeps_the_library_and_the_settings(story: Story) -> None:
    code, said = story.install("--uninstall")
    assert code == 0
    assert "/var/lib/homeroll" in said
    assert "/etc/homeroll/homeroll.toml" in said
    root = story.machine.root
    assert (root / "var/lib/homeroll/homeroll.db").is_file()
    assert (root / "etc/homeroll/homeroll.toml").is_file()
    assert not (root / "opt/homeroll").exists()
    assert not (root / "usr/local/bin/homeroll").is_symlink()
    assert story.machine.root_run("systemctl", "status", "homeroll.service").returncode == 4  # no such unit


def test_a_bundle_brings_it_back_without_a_network(story: Story) -> None:
    gathered = story.machine.run("./install.sh", "bundle", "/home/anna/bundle", cwd=CHECKOUT, timeout_s=900)
    sys.stdout.write(f"\n{gathered.stdout}")
    assert gathered.returncode == 0
    # The machine has no way to anywhere but the proxy, which pip now no longer knows; nor what pip has kept.
    (story.machine.root / "etc/pip.conf").unlink()
    story.machine.root_run("rm", "-rf", "/root/.cache/pip", "/home/anna/.cache/pip")
    code, _ = story.install("--offline", "/home/anna/bundle")
    assert code == 0
    story.assert_the_photo_is_there()
