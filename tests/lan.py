"""A small network of its own: machines are network namespaces on one cable, with a real avahi where one is wanted."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

needs_a_lan = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip"), reason="network namespaces are made by root, with iproute2"
)
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
<allow user="*"/></policy></busconfig>"""
_AVAHI = "[server]\nuse-ipv4=yes\nuse-ipv6=yes\n[wide-area]\nenable-wide-area=no\n"


class Machine:
    """One network namespace; `run` and `start` run programs in it."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.name, self._environment = name, dict(environment)
        self.interface = f"{name}0"

    def run(self, *command: str, timeout_s: float = 20) -> str:
        """What it prints, or nothing when it does not end: avahi-browse waits for ever for what went away meanwhile."""
        try:
            done = subprocess.run(
                ["ip", "netns", "exec", self.name, *command],
                capture_output=True,
                text=True,
                timeout=timeout_s,
                env=os.environ | self._environment,
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout

    @contextlib.contextmanager
    def start(self, *command: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            ["ip", "netns", "exec", self.name, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | self._environment,
        ) as program:
            try:
                yield program
            finally:
                program.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.wait(timeout=10)
                program.kill()

    def add_address(self, address: str) -> None:
        ip("-n", self.name, "addr", "add", address, "dev", self.interface, *(["nodad"] if ":" in address else []))

    def remove_address(self, address: str) -> None:
        ip("-n", self.name, "addr", "del", address, "dev", self.interface)


@contextlib.contextmanager
def two_machines(folder: Path) -> Iterator[tuple[Machine, Machine]]:
    """Joined by one cable: 10.77.0.1 and fd77::1, 10.77.0.2 and fd77::2.  An avahi runs on the second."""
    bus = folder / "bus"
    machines = tuple(
        Machine(f"hr{os.getpid() % 100_000}{letter}", {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus}"})
        for letter in "ab"
    )
    first, second = machines
    try:
        for machine in machines:
            ip("netns", "add", machine.name)
            ip("-n", machine.name, "link", "set", "lo", "up")
        ip("link", "add", first.interface, "netns", first.name, "type", "veth", "peer", "name", second.interface,
           "netns", second.name)  # fmt: skip
        for number, machine in enumerate(machines, start=1):
            ip("-n", machine.name, "link", "set", machine.interface, "up")
            machine.add_address(f"10.77.0.{number}/24")
            machine.add_address(f"fd77::{number}/64")
            ip("-n", machine.name, "route", "add", "224.0.0.0/4", "dev", machine.interface)
        with _avahi(second, folder, bus):
            yield first, second
    finally:
        for machine in machines:
            subprocess.run(["ip", "netns", "del", machine.name], check=False, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def _avahi(machine: Machine, folder: Path, bus: Path) -> Iterator[None]:
    (folder / "bus.conf").write_text(_BUS.format(socket=bus))
    (folder / "avahi.conf").write_text(_AVAHI)
    os.makedirs("/run/avahi-daemon", exist_ok=True)  # noqa: PTH103 - avahi wants it just there
    # `ip netns exec` gives it mounts of its own: what other avahis keep there, in tests beside this one, stays theirs.
    apart = ("/bin/sh", "-c", 'mount -t tmpfs tmpfs /run/avahi-daemon && exec "$@"', "sh")
    with machine.start(
        "dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address"
    ) as messages:
        _wait_for_line(messages, "unix:")  # an avahi that finds no bus gives up at once
        with machine.start(
            *apart, "avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", str(folder / "avahi.conf")
        ) as avahi:
            _wait_for_line(avahi, "startup complete")
            yield


def _wait_for_line(program: subprocess.Popen[str], expected: str) -> None:
    assert program.stdout is not None
    said: list[str] = []
    for line in program.stdout:
        if expected in line:
            return
        said.append(line)
    raise AssertionError(f"{program.args!r} ended without {expected!r}:\n{''.join(said)}")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=60)


def until(holds: object, *, seconds: float = 100) -> None:
    """Poll a function until it says yes; programs on a network tell nobody when they are ready."""
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)


@contextlib.contextmanager
def neighbour(folder: Path, *, router: str, bridge: str, addresses: tuple[str, ...]) -> Iterator[Machine]:
    """One more machine, with an avahi, on a network that there is: a bridge in the network namespace `router`."""
    bus = folder / "bus"
    machine = Machine(f"hr{os.getpid() % 100_000}n", {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus}"})
    end = f"{machine.name}1"
    try:
        ip("netns", "add", machine.name)
        ip("-n", machine.name, "link", "set", "lo", "up")
        ip("-n", router, "link", "add", end, "type", "veth", "peer", "name", machine.interface, "netns", machine.name)
        ip("-n", router, "link", "set", end, "master", bridge, "up")
        ip("-n", machine.name, "link", "set", machine.interface, "up")
        for address in addresses:
            machine.add_address(address)
        ip("-n", machine.name, "route", "add", "224.0.0.0/4", "dev", machine.interface)
        with _avahi(machine, folder, bus):
            yield machine
    finally:
        subprocess.run(["ip", "netns", "del", machine.name], check=False, stderr=subprocess.DEVNULL)
