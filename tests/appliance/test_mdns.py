"""Announcing on a real network, seen by Debian's avahi: the name, a second appliance, another address, and the end."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING

import pytest

from appliance import mdns
from appliance.mdns import Announcer, Told, own_addresses
from tests.lan import Machine, needs_a_lan, two_machines, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.timeout(400)  # what is heard on a network comes when it comes


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    with two_machines(tmp_path) as machines:
        yield machines


def announce(name: str, *more: str) -> tuple[str, ...]:
    return sys.executable, "-m", "tests.appliance.announcing", name, *more


def browse(machine: Machine, service: str = "_homeroll._tcp") -> list[list[str]]:
    """Resolved services: interface, protocol, name, type, domain, host, address, port, text."""
    lines = machine.run("avahi-browse", "-trpk", service).splitlines()
    return [line.split(";")[1:] for line in lines if line.startswith("=")]


def spelt(name: str) -> str:
    """As avahi-browse escapes it: each byte that is no letter or digit as a backslash and three decimals."""
    plain = re.sub(rb"\\(\d{3})", lambda found: bytes([int(found[1])]), name.encode())
    return re.sub(rb"\\(.)", rb"\1", plain).decode()


@needs_a_lan
def test_an_avahi_elsewhere_sees_the_service_with_its_host_by_both_protocols(lan: tuple[Machine, Machine]) -> None:
    here, there = lan
    with here.start(*announce("one")):
        until(lambda: {found[1] for found in browse(there)} == {"IPv4", "IPv6"})
        for service in ("_homeroll._tcp", "_http._tcp"):
            for found in browse(there, service):
                assert found[2:4] == ["Homeroll", service]
                assert (found[5], found[7]) == ("homeroll.local", "8420")
                assert {'"id=one"', '"path=/"', '"version=1.2.3"'} == set(found[8].split(" "))
        until(lambda: "10.77.0.1" in there.run("avahi-resolve", "-4", "-n", "homeroll.local"))
        until(lambda: "fd77::1" in there.run("avahi-resolve", "-6", "-n", "homeroll.local"))
    until(lambda: browse(there) == [])  # withdrawn at the stop, not only when it expires


@needs_a_lan
def test_a_second_appliance_takes_the_next_name_beside_an_avahi_on_its_own_machine(
    lan: tuple[Machine, Machine],
) -> None:
    here, there = lan
    with here.start(*announce("one")):
        until(lambda: len(browse(there)) == 2)
        with there.start(*announce("two")):
            until(lambda: {found[5] for found in browse(there)} == {"homeroll.local", "homeroll-2.local"})
            by_host = {found[5]: found[8] for found in browse(there)}
            assert '"id=one"' in by_host["homeroll.local"]
            assert '"id=two"' in by_host["homeroll-2.local"]
            until(lambda: "10.77.0.2" in there.run("avahi-resolve", "-4", "-n", "homeroll-2.local"))


@needs_a_lan
def test_another_address_is_announced_without_a_restart(lan: tuple[Machine, Machine]) -> None:
    here, there = lan
    with here.start(*announce("one")):
        until(lambda: "10.77.0.1" in {found[6] for found in browse(there)})
        here.remove_address("10.77.0.1/24")
        here.add_address("10.77.0.77/24")
        until(lambda: "10.77.0.77" in there.run("avahi-resolve", "-4", "-n", "homeroll.local"))


@needs_a_lan
def test_https_is_said_as_long_as_it_is_served(lan: tuple[Machine, Machine], tmp_path: Path) -> None:
    here, there = lan
    served = tmp_path / "served"
    with here.start(*announce("one", str(served))):
        until(lambda: len(browse(there)) == 2)
        assert not any('"https=' in found[8] for found in browse(there))
        served.touch()
        until(lambda: ['"https=8443"' in found[8] for found in browse(there)] == [True, True])
        served.unlink()
        until(lambda: ['"https=' in found[8] for found in browse(there)] == [False, False])


@needs_a_lan
def test_another_name_is_announced_and_takes_the_place_of_the_first(
    lan: tuple[Machine, Machine], tmp_path: Path
) -> None:
    here, there = lan
    name = tmp_path / "name"
    with here.start(*announce("one", str(name))):
        for written, seen in ((None, "Homeroll"), ("Dr. Müller", "Dr Müller"), ("😀" * 40, "😀" * 14)):
            if written:
                (tmp_path / "next").write_text(written, encoding="utf-8")
                (tmp_path / "next").rename(name)
            until(lambda seen=seen: [spelt(found[2]) for found in browse(there)] == [seen, seen])


async def told() -> Told:
    return Told("Homeroll", {})


async def test_a_wake_from_sleep_announces_again_and_no_network_is_no_disaster(monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[tuple[str, ...]] = []
    slept_s = 0.0

    async def announce(self: Announcer, addresses: tuple[str, ...]) -> None:
        announced.append(addresses)
        self._addresses = addresses

    monkeypatch.setattr(Announcer, "_announce", announce)
    monkeypatch.setattr(mdns, "_asleep_s", lambda: slept_s)
    announcer = Announcer(port=1, tells=told, addresses=lambda: ("192.0.2.1",), look_every_s=0.01)
    await announcer.start()
    async with asyncio.timeout(60):
        while not announced:  # noqa: ASYNC110 - it looks for itself
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert len(announced) == 1
        slept_s = 60.0
        while len(announced) < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(announced) == 2
    await announcer.stop()


async def test_without_any_address_it_waits_and_says_so() -> None:
    announcer = Announcer(port=1, tells=told, addresses=tuple, look_every_s=0.01)
    await announcer.start()
    async with asyncio.timeout(60):
        while "no address" not in announcer.problem:  # noqa: ASYNC110 - it looks for itself
            await asyncio.sleep(0.01)
    assert announcer.host == ""
    await announcer.stop()


def test_addresses_of_this_machine_never_name_itself_alone() -> None:
    assert not {"127.0.0.1", "::1", "0.0.0.0"} & set(own_addresses())
