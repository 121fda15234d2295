"""`sudo ./install.sh` on a booted Debian: the service, a reboot, upgrades good and bad, trouble, removal, no network.

One machine for the whole module and one family's photo on it; the tests are a story and run in the order they are in.
"""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from tests.install.booted import GUEST, BootedMachine, booted_machine, missing_for_a_booted_machine
from tests.install.machine import SUITES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(1200)]

CHECKOUT = "/home/anna/homeroll"
URL = f"http://{GUEST}:8420"
PASSPHRASE = "quite a long passphrase"
MIGRATION = '''
"""A change of the tables that a test wants."""
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from appliance.db.tables import StoredFile

ID = "{id}"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="homeroll", description="test")

    async def run() -> None:
        await StoredFile.raw("{sql}")

    manager.add_raw(run)
    return manager
'''


@dataclass
class Story:
    """The machine, and what was found out on the way."""

    machine: BootedMachine
    client: httpx.Client
    said: str = ""
    photo: bytes = b""
    file: dict[str, Any] = field(default_factory=dict)

    def install(self, *options: str) -> tuple[int, str]:
        """`sudo ./install.sh` as anna; exit code and what it said."""
        began = time.monotonic()
        done = self.machine.run("sudo", "./install.sh", *options, cwd=CHECKOUT, timeout_s=900)
        sys.stdout.write(f"\n--- install.sh {' '.join(options)}: {time.monotonic() - began:.0f} s\n{done.stdout}")
        return done.returncode, done.stdout

    def show(self, *names: str) -> list[str]:
        """Properties of the unit."""
        flags = [word for name in names for word in ("--property", name)]
        told = self.machine.root_run("systemctl", "show", *flags, "homeroll.service").stdout
        values = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        return [values[name] for name in names]

    def migration(self, name: str, identity: str, sql: str) -> None:
        """Make the checkout a version that has one more migration."""
        folder = self.machine.root / f"{CHECKOUT[1:]}/appliance/db"
        (folder / f"piccolo_migrations/{name}.py").write_text(MIGRATION.format(id=identity, sql=sql))
        listed = folder / "migrations.py"
        text = listed.read_text()
        listed.write_text(re.sub(r"(MIGRATIONS = \(.*?)\n\)", rf'\1\n    "{name}",\n)', text, count=1, flags=re.DOTALL))

    def without_migration(self, name: str) -> None:
        folder = self.machine.root / f"{CHECKOUT[1:]}/appliance/db"
        (folder / f"piccolo_migrations/{name}.py").unlink()
        listed = folder / "migrations.py"
        listed.write_text(listed.read_text().replace(f'    "{name}",\n', ""))

    def assert_the_photo_is_there(self) -> None:
        """With anna still logged in, the same row, and every byte."""
        seen = self.client.get(f"/api/v1/files/{self.file['id']}").json()
        assert {name: seen[name] for name in ("id", "filename", "content_sha")} == {
            name: self.file[name] for name in ("id", "filename", "content_sha")
        }
        assert self.client.get(f"/api/v1/files/{self.file['id']}/content").content == self.photo


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


def _until(condition: Any, *, within_s: float, every_s: float = 0.5) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(every_s)


def _answers(story: Story) -> bool:
    try:
        return story.client.get("/api/v1/server").is_success
    except httpx.TransportError:
        return False


def test_one_command_and_the_page_is_there_for_the_house(story: Story) -> None:
    code, story.said = story.install()
    assert code == 0
    assert story.show("ActiveState", "Type", "UnitFileState", "User") == ["active", "notify", "enabled", "homeroll"]
    assert f"URL: {URL}" in story.said
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
    for folder in ("/home/anna", "/etc", "/etc/homeroll", "/opt/homeroll", "/usr/bin", "/var/lib", "/root"):
        assert inside("touch", f"{folder}/probe") != 0


def test_after_a_reboot_it_is_back_by_itself(story: Story) -> None:
    story.machine.reboot()
    _until(lambda: _answers(story), within_s=60)
    story.assert_the_photo_is_there()


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
    old = (story.machine.root / "opt/homeroll/venv").readlink()
    story.migration("m2030_emptied", "2030-01-01T00:00:00:000000", "DELETE FROM stored_file")
    story.migration("m2030_failing", "2030-01-02T00:00:00:000000", "ALTER TABLE no_such_table ADD COLUMN x")
    code, said = story.install()
    assert code == 1
    assert "the upgrade was undone" in said
    assert "no_such_table" in said
    assert story.show("ActiveState") == ["active"]
    assert (story.machine.root / "opt/homeroll/venv").readlink() == old
    story.assert_the_photo_is_there()


def test_a_bad_upgrade_cut_off_by_a_power_cut_is_undone_by_the_next_run(story: Story) -> None:
    root = story.machine.root
    old = (root / "opt/homeroll/venv").readlink()
    # What the last test left is a complete environment: only the switch is left to do.
    upgrade = threading.Thread(target=story.install, name="upgrade")
    upgrade.start()
    _until(lambda: (root / "opt/homeroll/venv").readlink() != old, within_s=120, every_s=0.01)
    story.machine.cut_power()
    upgrade.join(60)
    story.machine.boot()
    assert story.show("ActiveState") != ["active"]
    code, said = story.install()
    assert code == 1
    assert "the upgrade was undone" in said
    assert (root / "opt/homeroll/venv").readlink() == old
    story.assert_the_photo_is_there()


def test_a_good_version_takes_its_place(story: Story) -> None:
    story.without_migration("m2030_emptied")
    story.without_migration("m2030_failing")
    story.migration("m2030_good", "2030-01-03T00:00:00:000000", "CREATE TABLE new_in_2030 (x INTEGER)")
    code, said = story.install()
    assert code == 0
    assert "snapshot: /var/lib/homeroll/backups/homeroll-" in said
    assert len(list((story.machine.root / "opt/homeroll").glob("venv-*"))) == 1
    story.assert_the_photo_is_there()


def _drop_in(story: Story, text: str) -> None:
    folder = story.machine.root / "etc/systemd/system/homeroll.service.d"
    folder.mkdir(exist_ok=True)
    (folder / "test.conf").write_text(text)
    story.machine.root_run("systemctl", "daemon-reload")
    story.machine.root_run("systemctl", "reset-failed", "homeroll.service")


def test_a_service_that_does_not_answer_is_replaced(story: Story) -> None:
    _drop_in(story, "[Service]\nWatchdogSec=6s\nTimeoutAbortSec=3s\nRestartSec=1s\n")
    story.machine.root_run("systemctl", "restart", "homeroll.service", timeout_s=120)
    (hung,) = story.show("MainPID")
    assert story.machine.root_run("sh", "-c", f"kill -STOP {hung}").returncode == 0
    began = time.monotonic()
    _until(lambda: story.show("MainPID")[0] not in {hung, "0"} and _answers(story), within_s=90)
    sys.stdout.write(f"\nreplaced after {time.monotonic() - began:.0f} s\n")
    assert (
        "watchdog" in story.machine.root_run("journalctl", "-u", "homeroll.service", "-o", "cat", "--no-pager").stdout
    )
    story.assert_the_photo_is_there()


def test_a_service_that_cannot_start_is_left_alone_in_the_end(story: Story) -> None:
    _drop_in(story, "[Service]\nRestartSec=100ms\n")
    settings = story.machine.root / "etc/homeroll/homeroll.toml"
    good = settings.read_text()
    settings.write_text(good + "prot = 8420\n")
    story.machine.root_run("systemctl", "restart", "homeroll.service", timeout_s=120)
    _until(lambda: story.show("ActiveState") == ["failed"], within_s=120)
    restarts = story.show("NRestarts")
    sys.stdout.write(f"\ngiven up after {restarts[0]} restarts\n")
    assert int(restarts[0]) <= 10
    time.sleep(5)
    assert story.show("ActiveState", "NRestarts") == ["failed", *restarts]
    told = story.machine.root_run("journalctl", "-u", "homeroll.service", "-o", "cat", "--no-pager").stdout
    assert "Did you mean port?" in told
    settings.write_text(good)
    _drop_in(story, "")
    assert story.machine.root_run("systemctl", "start", "homeroll.service", timeout_s=120).returncode == 0
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
