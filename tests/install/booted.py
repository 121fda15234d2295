"""A whole Debian, booted by its own systemd in its own network: what the appliance is installed on.

It is on a network of its own, as GUEST beside a NEIGHBOUR, and a router stands between that network and this machine,
HOST: services that announce themselves here, for other tests, are not its neighbours.  Its root is an overlay, so that
what it was made from (see `machine.py`) stays as it was.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.install.machine import configure, copy_repository, make_machine, missing_for_a_fresh_machine
from tests.install.proxy import proxy
from tests.lan import ip

if TYPE_CHECKING:
    from collections.abc import Iterator

#: By process, so that two runs of these tests do not meet.
_NET = os.getpid() % 256
GATEWAY, GUEST, NEIGHBOUR = (f"10.213.{_NET}.{end}" for end in (1, 2, 3))
GUEST_6, NEIGHBOUR_6 = (f"fd13:{_NET:x}::{end}" for end in (2, 3))
HOST, _FAR_SIDE = (f"10.214.{_NET}.{end}" for end in (1, 2))
ROUTER, BRIDGE = f"hrr{os.getpid()}", "house"
#: A root that somebody prepared, to save the minutes of debootstrap and apt while working on these tests.
PREPARED = os.environ.get("TEST_MACHINE", "")
PACKAGES = ("systemd-sysv", "dbus", "iproute2", "sudo")
BOOT_S = 120
NETWORK_UNIT = f"""\
[Unit]
DefaultDependencies=no
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/ip address add {GUEST}/24 dev wire
ExecStart=/bin/ip address add {GUEST_6}/64 dev wire nodad
ExecStart=/bin/ip link set wire up
ExecStart=/bin/ip route add default via {GATEWAY}
[Install]
WantedBy=multi-user.target
"""
REBOOT = 133  # how nspawn ends when the machine inside wants to be started again


def missing_for_a_booted_machine() -> str:
    """What this machine lacks to boot another one; empty if nothing."""
    if not shutil.which("systemd-nspawn"):
        return "needs systemd-nspawn (systemd-container)"
    return missing_for_a_fresh_machine()


class BootedMachine:
    """`run` does something on it as the user anna, who may use sudo, or as root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._wire = f"hr{os.getpid()}"
        self._nspawn: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        console = (self.root.parent / "console.log").open("ab")
        command = [
            *("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe"),
            *(f"--directory={self.root}", f"--network-veth-extra={self._wire}:wire", "--resolv-conf=off"),
            *("--kill-signal=SIGRTMIN+3", "--link-journal=no"),
            # For the systemd inside: Debian 13's would not start below a machine with the older control groups.
            "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
        ]
        with console:
            self._nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        deadline = time.monotonic() + BOOT_S
        while not Path(f"/sys/class/net/{self._wire}").exists():
            assert time.monotonic() < deadline, "nspawn does not start"
            time.sleep(0.1)
        ip("link", "set", self._wire, "netns", ROUTER)
        ip("-n", ROUTER, "link", "set", self._wire, "master", BRIDGE, "up")
        state = ""
        while state not in {"running", "degraded"}:
            assert time.monotonic() < deadline, f"the machine does not come up: {state}"
            time.sleep(0.5)
            state = self.root_run("systemctl", "is-system-running").stdout.strip()

    def reboot(self) -> None:
        self.root_run("systemctl", "reboot")
        assert self._nspawn is not None
        assert self._nspawn.wait(BOOT_S) == REBOOT
        self.boot()

    def cut_power(self) -> None:
        """Everything on it ends this instant; `boot` starts it again."""
        assert self._nspawn is not None
        os.kill(self._leader(), signal.SIGKILL)
        self._nspawn.wait(BOOT_S)

    def stop(self) -> None:
        if self._nspawn is not None and self._nspawn.poll() is None:
            self._nspawn.send_signal(signal.SIGTERM)
            try:
                self._nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait(30)

    def run(self, *command: str, cwd: str = "/", timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """As anna, logged in anew; output and errors together."""
        return self.root_run("runuser", "-u", "anna", "--", *command, cwd=cwd, timeout_s=timeout_s)

    def root_run(self, *command: str, cwd: str = "/", timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "--target", str(self._leader()), "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
        clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        return subprocess.run(
            [*enter, "--wdns=/", *clean, "LANG=C.UTF-8", "/bin/sh", "-c", 'cd "$0" && exec "$@"', cwd, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def _leader(self) -> int:
        """The machine's process 1, as this machine numbers it."""
        assert self._nspawn is not None
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return int(children[0]) if children else self._nspawn.pid


@contextlib.contextmanager
def booted_machine(folder: Path, suite: str) -> Iterator[BootedMachine]:
    """A machine that is up, with anna, this repository in /home/anna/homeroll, and its way to the packages."""
    lower, root = Path(PREPARED or folder / "base"), folder / "root"
    began = time.monotonic()
    if not PREPARED:
        make_machine(lower, suite, packages=PACKAGES)
        sys.stdout.write(f"a fresh {suite} after {time.monotonic() - began:.0f} s\n")
    for name in ("root", "upper", "work"):
        (folder / name).mkdir()
    layers = f"lowerdir={lower},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(root)], check=True)
    machine = BootedMachine(root)
    try:
        configure(root, suite)
        _furnish(root)
        with _network(), proxy(HOST) as url:
            _lead_out(root, url)
            try:
                machine.boot()
                yield machine
            finally:
                machine.stop()
    finally:
        subprocess.run(["umount", str(root)], check=True)


@contextlib.contextmanager
def _network() -> Iterator[None]:
    near = f"hru{os.getpid()}"
    ip("netns", "add", ROUTER)
    try:
        ip("-n", ROUTER, "link", "add", BRIDGE, "type", "bridge", "mcast_snooping", "0")
        ip("-n", ROUTER, "address", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        ip("link", "add", near, "type", "veth", "peer", "name", "out", "netns", ROUTER)
        ip("address", "add", f"{HOST}/30", "dev", near)
        ip("-n", ROUTER, "address", "add", f"{_FAR_SIDE}/30", "dev", "out")
        for name in ("lo", BRIDGE, "out"):
            ip("-n", ROUTER, "link", "set", name, "up")
        ip("link", "set", near, "up")
        ip("route", "add", f"{GATEWAY}/32", "via", _FAR_SIDE)
        ip("route", "add", f"{GUEST}/32", "via", _FAR_SIDE)
        ip("netns", "exec", ROUTER, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        yield
    finally:
        ip("netns", "del", ROUTER)


def _furnish(root: Path) -> None:
    unit = root / "etc/systemd/system/wire.service"
    unit.write_text(NETWORK_UNIT)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")
    # The machine's own: an empty identity is a first boot, which nspawn would answer questions for.
    (root / "etc/hostname").write_text("attic\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost attic\n")
    subprocess.run(["chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", "anna"], check=True)
    (root / "etc/sudoers.d").mkdir(exist_ok=True)
    (root / "etc/sudoers.d/anna").write_text("anna ALL=(ALL) NOPASSWD: ALL\n")
    copy_repository(root, to="home/anna/homeroll")
    subprocess.run(["chroot", str(root), "chown", "-R", "anna:anna", "/home/anna"], check=True)


def _lead_out(root: Path, url: str) -> None:
    (root / "etc/apt/apt.conf.d/90wire").write_text(f'Acquire::http::Proxy "{url}";\nAcquire::https::Proxy "{url}";\n')
    (root / "etc/pip.conf").write_text(f"{_global(root / 'etc/pip.conf')}proxy = {url}\n")


def _global(pip_conf: Path) -> str:
    """pip's configuration, ending where another line of its section [global] may follow."""
    text = pip_conf.read_text() if pip_conf.is_file() else ""
    lines = [line for line in text.splitlines() if line.strip()]
    assert not any(line.startswith("[") and line.strip() != "[global]" for line in lines), "a section that is new here"
    return "".join(f"{line}\n" for line in (lines or ["[global]"]))
