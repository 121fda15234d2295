"""A machine with a kernel of its own, emulated: for what a container is not given, such as control groups.

qemu and the kernel come from a Debian made for it (`TOOLS`), so that this machine needs neither.  Everything happens by
one program that the machine runs when it is up; what that prints comes back.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = ("qemu-system-x86", "linux-image-cloud-amd64", "initramfs-tools")
#: Roots that somebody prepared: one with `TOOLS`, one with Homeroll's packages in /opt/homeroll/src/.venv.
PREPARED_TOOLS, PREPARED_ROOT = os.environ.get("TEST_TOOLS", ""), os.environ.get("TEST_ROOT", "")
MEMORY_MB, DISK_MB, BOOT_S = 2048, 6144, 900
SAID = "SAID "
PROBE_UNIT = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /usr/local/bin/probe
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
[Install]
WantedBy=default.target
"""


def furnish(root: Path, program: str) -> None:
    """Have the machine run `program` (Python; it prints `SAID` and JSON) when it is up, and then end."""
    (root / "usr/local/bin/probe").write_text(program)
    unit = root / "etc/systemd/system/probe.service"
    unit.write_text(PROBE_UNIT)
    subprocess.run(["chroot", str(root), "systemctl", "enable", "-q", unit.name], check=True)
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
    (root / "etc/hostname").write_text("attic\n")


def run(root: Path, tools: Path) -> dict[str, Any]:
    """Start a machine from `root` and return what its program said; the console too where it said nothing."""
    image = tools / "disk.img"
    image.unlink(missing_ok=True)
    subprocess.run(["truncate", "-s", f"{DISK_MB}M", str(image)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", str(root), str(image)], check=True)
    command = ["chroot", str(tools), "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max"]
    command += ["-m", str(MEMORY_MB), "-smp", "2", "-nographic", "-no-reboot", "-nic", "none"]
    command += ["-kernel", "/vmlinuz", "-initrd", "/initrd.img", "-drive", "file=/disk.img,format=raw,if=virtio"]
    command += ["-append", "root=/dev/vda rw console=ttyS0 panic=-1 quiet"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=BOOT_S, check=False
    )
    for line in done.stdout.splitlines():
        if SAID in line:
            said: dict[str, Any] = json.loads(line.partition(SAID)[2])
            return said
    raise AssertionError(f"the machine said nothing: {done.stdout[-3000:]}{done.stderr[-500:]}")
