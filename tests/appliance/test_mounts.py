"""Which disk a folder is on, read from tables as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config import Settings
from appliance.doctor import mounts as doctor
from appliance.doctor.base import House
from appliance.mounts import is_read_only, mount_of
from appliance.paths import DataPaths

TABLE = r"""21 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
30 21 8:17 / /media/usb\040disk rw,nosuid shared:2 - ext4 /dev/sdb1 rw,emergency_ro
31 21 0:40 / /srv rw - nfs4 nas:/photos rw,vers=4.2
32 21 8:33 / /mnt rw - vfat /dev/sdc1 rw
33 32 8:34 / /mnt/deep ro,noatime - ext4 /dev/sdc2 rw
34 21 0:50 / /run rw - tmpfs tmpfs rw
35 21 8:49 / /data rw - ext4 /dev/sdd1 rw,nobarrier
36 21 8:50 / /data/good rw - ext4 /dev/sdd2 rw
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(TABLE)
    return file


@pytest.mark.parametrize(
    ("path", "point"),
    [
        ("/var/lib/homeroll", "/"),
        ("/media/usb disk/photos", "/media/usb disk"),
        ("/media/usb", "/"),
        ("/mnt/deep/er", "/mnt/deep"),
        ("/mnt/deeper", "/mnt"),
    ],
)
def test_the_mount_of_a_folder_is_the_deepest_that_holds_it(table: Path, path: str, point: str) -> None:
    mount = mount_of(Path(path), table)
    assert mount is not None
    assert mount.point == point


def test_a_system_without_such_a_table_tells_nothing(tmp_path: Path) -> None:
    assert mount_of(tmp_path, tmp_path / "none") is None
    assert not is_read_only(tmp_path / "none")


@pytest.mark.parametrize(
    ("path", "state", "word"),
    [
        ("/media/usb disk", "broken", "read-only"),
        ("/mnt/deep", "broken", "read-only"),
        ("/srv", "broken", "network"),
        ("/mnt", "warning", "power cut"),
        ("/run", "warning", "memory"),
        ("/data", "warning", "nobarrier"),
        ("/data/good", "ok", "/dev/sdd2"),
    ],
)
def test_the_doctor_names_mounts_that_a_database_does_not_survive(
    table: Path, monkeypatch: pytest.MonkeyPatch, path: str, state: str, word: str
) -> None:
    monkeypatch.setattr(doctor, "mount_of", lambda place: mount_of(Path(path), table))
    ((found, message, hint),) = doctor.check_mount(House(Settings(), DataPaths(Path(path)), None))
    assert (found, word in message, bool(hint)) == (state, True, state != "ok")
