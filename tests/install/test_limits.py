"""What the unit allows the service, in effect: on an emulated machine with a kernel and control groups of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.appliance.pictures import jpeg
from tests.install import virtual
from tests.install.machine import (
    REPOSITORY,
    configure,
    copy_repository,
    make_machine,
    missing_for_a_fresh_machine,
    start_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(1800)]
PROBE = Path(__file__).with_name("limits_probe.py")
PACKAGES = ("systemd-sysv", "dbus")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the probe found out on a machine on which the service runs."""
    if why := missing_for_a_fresh_machine():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("limits")
    tools = Path(virtual.PREPARED_TOOLS or folder / "tools")
    if not virtual.PREPARED_TOOLS:
        make_machine(tools, "bookworm", packages=virtual.TOOLS)
    root = folder / "root"
    if virtual.PREPARED_ROOT:
        subprocess.run(["cp", "-a", virtual.PREPARED_ROOT, str(root)], check=True)
    else:
        make_machine(root, "bookworm", packages=PACKAGES)
        install(root, folder)
    put_in_place(root)
    virtual.furnish(root, PROBE.read_text())
    told = virtual.run(root, tools)
    sys.stdout.write(f"\n{json.dumps(told, indent=1)}\n")
    assert "error" not in told, told["error"]
    yield told
    (tools / "disk.img").unlink()


def install(root: Path, folder: Path) -> None:
    """Homeroll's packages, by its own script; without a running systemd it makes no service of them."""
    configure(root, "bookworm")
    source = copy_repository(root, to="opt/homeroll/src")
    done = start_in(root, "./install.sh", "deps", photos=folder, cwd=source)
    told, _ = done.communicate(timeout=900)
    assert done.returncode == 0, told[-2000:]


def put_in_place(root: Path) -> None:
    """The unit as it is, and a photo that is small on the disk and large in memory beside one that is not."""

    def inside(*command: str) -> None:
        subprocess.run(["chroot", str(root), *command], check=True)

    (root / "opt/homeroll/venv").symlink_to("src/.venv")
    shutil.copy(REPOSITORY / "systemd/homeroll.service", root / "etc/systemd/system")
    inside("useradd", "--system", "--home-dir", "/var/lib/homeroll", "homeroll")
    inside("systemctl", "enable", "-q", "homeroll.service")
    (root / "etc/homeroll").mkdir()
    settings = 'host = "127.0.0.1"\ncompute_memory_mb = 4096\ncompute_workers = 1\nreserve_mb = 0\n'
    (root / "etc/homeroll/homeroll.toml").write_text(settings)
    photos = root / "srv/photos"
    photos.mkdir()
    (photos / "small.jpg").write_bytes(jpeg(1))
    Image.new("RGB", (12000, 9000), (90, 120, 90)).save(photos / "huge.png", compress_level=1)


def test_memory_processor_and_processes_are_limited_as_the_unit_says(said: dict[str, Any]) -> None:
    assert (said["state"], said["filesystem"]) == ("active", "cgroup2fs")
    memory, limits = int(said["memory_kb"]) << 10, said["limits"]
    assert int(limits["memory.high"]) == pytest.approx(memory * 0.60, rel=0.01)
    assert int(limits["memory.max"]) == pytest.approx(memory * 0.75, rel=0.01)
    assert limits["cpu.weight"] == "50"
    assert limits["pids.max"] == "256"
    assert said["io"] == "best-effort: prio 6"
    assert said["nice"] == "5"
    assert said["oom"] == "200"


def test_a_child_that_takes_more_than_there_is_ends_alone_and_its_file_is_marked(said: dict[str, Any]) -> None:
    assert said["narrowed"]["memory.max"] == str(400 << 20)
    killed = dict(line.split() for line in said["after"]["memory.events"].splitlines())
    assert int(killed["oom_kill"]) >= 1, "the kernel had to end something"
    assert (said["same_process"], said["restarts"], said["state_after"]) == (True, "0", "active")
    assert json.loads(said["scanned"])["failed"] == 1
    steps = {step["name"]: step for step in json.loads(said["status"])["steps"]}
    assert (steps["renditions"]["done"], steps["renditions"]["failed"]) == (1, 1)
