"""A family's story on a booted machine: what its tests do to the service, and look at."""

from __future__ import annotations

import re
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.install.booted import GUEST, BootedMachine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    upgraded: str = ""
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

    def bad_version(self) -> None:
        """Make the checkout one that first loses every photo, then fails."""
        self.migration("m2030_emptied", "2030-01-01T00:00:00:000000", "DELETE FROM stored_file")
        self.migration("m2030_failing", "2030-01-02T00:00:00:000000", "ALTER TABLE no_such_table ADD COLUMN x")

    def good_version(self) -> None:
        for name in ("m2030_emptied", "m2030_failing"):
            self.without_migration(name)

    @property
    def venv(self) -> Path:
        """The environment that is in use, as the machine's link names it."""
        return (self.machine.root / "opt/homeroll/venv").readlink()

    def install_until(self, moment: Callable[[], bool]) -> None:
        """Upgrade, and cut the power at that moment; the machine is on again afterwards."""
        upgrade = threading.Thread(target=self.install, name="upgrade")
        upgrade.start()
        until(moment, within_s=120, every_s=0.01)
        self.machine.cut_power()
        upgrade.join(60)
        self.machine.boot()

    def without_migration(self, name: str) -> None:
        folder = self.machine.root / f"{CHECKOUT[1:]}/appliance/db"
        (folder / f"piccolo_migrations/{name}.py").unlink()
        listed = folder / "migrations.py"
        listed.write_text(listed.read_text().replace(f'    "{name}",\n', ""))

    def answers(self) -> bool:
        try:
            return self.client.get("/api/v1/server").is_success
        except httpx.TransportError:
            return False

    def drop_in(self, text: str) -> None:
        """Change settings of the unit for a test."""
        folder = self.machine.root / "etc/systemd/system/homeroll.service.d"
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(text)
        self.machine.root_run("systemctl", "daemon-reload")
        self.machine.root_run("systemctl", "reset-failed", "homeroll.service")

    def assert_the_photo_is_there(self) -> None:
        """With anna still logged in, the same row, and every byte."""
        seen = self.client.get(f"/api/v1/files/{self.file['id']}").json()
        assert {name: seen[name] for name in ("id", "filename", "content_sha")} == {
            name: self.file[name] for name in ("id", "filename", "content_sha")
        }
        assert self.client.get(f"/api/v1/files/{self.file['id']}/content").content == self.photo


def until(holds: Callable[[], bool], *, within_s: float = 60, every_s: float = 0.5) -> None:
    """Wait for what nobody announces."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(every_s)
