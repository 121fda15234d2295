"""Announces the service on the LAN (mDNS, RFC 6762 and 6763), beside an avahi that may run here too.

`_http._tcp` and `_homeroll._tcp`, with a host name of our own, `homeroll.local`: a family types one name, whatever the
machine is called.  The announcement follows the machine: another address, another network or a wake from sleep make it
anew, another appliance of the same name makes it `homeroll-2.local`, and a stop withdraws it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import logging
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil
from zeroconf import (  # type: ignore[attr-defined]  # AddressResolver is public, but not in __all__
    AddressResolver,
    BadTypeInNameException,
    IPVersion,
    NonUniqueNameException,
)
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from appliance.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

log = logging.getLogger(__name__)

TYPES = ("_homeroll._tcp.local.", "_http._tcp.local.")
#: For what nobody tells: a wake from sleep, another port for https.  Addresses that come and go the kernel tells.
LOOK_EVERY_S = 30.0
#: Addresses come and go in groups, and some machines' networks never rest: one look for all that happens meanwhile.
SETTLE_S, LOOK_AT_MOST_EVERY_S = 1.0, 5.0
#: rtnetlink(7): what happens to links, IPv4 and IPv6 addresses.
_LINKS, _ADDRESSES_4, _ADDRESSES_6 = 0x1, 0x10, 0x100
PROBE_EVERY_S = 60.0
PROBE_MS = 900  # RFC 6762 section 8.1: three probes, 250 ms apart, and some patience
SLEPT_S = 3.0  # the clock that counts sleep ran ahead by more than this: the machine was asleep
NAMES_TRIED = 20
#: A label has at most 63 bytes (RFC 6763 section 4.1.1), some of them for a number after a conflict.
LONGEST_NAME_BYTES = 58


class Told(NamedTuple):
    """`name`: what people see, such as "Homeroll".  `properties`: what the TXT record says."""

    name: str
    properties: dict[str, str]


class Announcer:
    """`start`, then it looks after itself until `stop`.

    tells: what is announced, now.   host: the first choice of a name below `.local`.
    addresses: where this machine is.  Both are asked when the kernel tells of the network, and every `look_every_s`.
    """

    def __init__(
        self,
        *,
        port: int,
        tells: Callable[[], Awaitable[Told]],
        host: str = "homeroll",
        addresses: Callable[[], tuple[str, ...]] | None = None,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._port, self._tells, self._wanted_host = port, tells, host
        self._told: Told | None = None  # as announced
        self._addresses_now = addresses or own_addresses
        self._look_every_s = look_every_s
        self._zeroconf: AsyncZeroconf | None = None
        self._task: asyncio.Task[None] | None = None
        self._happened = asyncio.Event()
        self._addresses: tuple[str, ...] | None = None  # as announced; None before the first look
        self.host = ""
        """The name that was announced, such as `homeroll.local`; "" when none is."""
        self.problem = ""
        """Why nothing is announced, for people."""

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="mdns")

    async def stop(self) -> None:
        """Withdraw the announcement, so that it vanishes from lists at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._withdraw()

    async def _run(self) -> None:
        with network_changes(self._happened.set):
            await self._look_after()

    async def _rest(self) -> None:
        """Until something happens to the network, or it is time to look all the same."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._look_every_s):
                await asyncio.sleep(min(LOOK_AT_MOST_EVERY_S, self._look_every_s))
                await self._happened.wait()
                await asyncio.sleep(SETTLE_S)
        self._happened.clear()

    async def _look_after(self) -> None:
        asleep_s, probed = _asleep_s(), time.monotonic()
        told: Told | None = None
        while True:
            try:
                slept = _asleep_s() - asleep_s > SLEPT_S
                asleep_s = _asleep_s()
                found = await asyncio.to_thread(self._addresses_now)
                with contextlib.suppress(StorageError):  # whoever asks the database next tells of it
                    told = await self._tells()
                if told is not None and (told != self._told or found != self._addresses or slept or self.problem):
                    self._told = told
                    await self._announce(found)
                    probed = time.monotonic()
                elif self.host and time.monotonic() - probed > PROBE_EVERY_S:
                    probed = time.monotonic()
                    if await self._must_yield():
                        await self._announce(found)
            except (OSError, NonUniqueNameException, BadTypeInNameException) as error:
                self._fail(f"This machine cannot announce itself on the network: {error}")
            await self._rest()

    async def _announce(self, addresses: tuple[str, ...]) -> None:
        await self._withdraw()
        assert self._told is not None
        self._addresses = addresses
        if not addresses:
            self._fail("This machine has no address on a network")
            return
        both = any(":" in address for address in addresses)
        self._zeroconf = AsyncZeroconf(
            interfaces=list(addresses), ip_version=IPVersion.All if both else IPVersion.V4Only
        )
        host = await self._free_host(self._zeroconf, addresses)
        for service in TYPES:
            info = AsyncServiceInfo(
                service,
                f"{_label(self._told.name)}.{service}",
                port=self._port,
                properties=self._told.properties,
                server=f"{host}.",
                parsed_addresses=list(addresses),
            )
            await (await self._zeroconf.async_register_service(info, allow_name_change=True))
        self.host, self.problem = host, ""
        log.info("mdns host=%s addresses=%s", host, ",".join(addresses))

    async def _free_host(self, zeroconf: AsyncZeroconf, ours: Sequence[str]) -> str:
        """The wanted name, or the next one that no other machine answers to."""
        for number in itertools.count(1):
            host = f"{self._wanted_host}{f'-{number}' if number > 1 else ''}.local"
            others = await _others(zeroconf, host, ours)
            if not others or number == NAMES_TRIED:
                return host
            log.info("mdns host=%s belongs to %s", host, ",".join(others))
        raise AssertionError  # count never ends

    async def _must_yield(self) -> bool:
        """Whether another machine has our name by now (networks were joined); the greater address keeps it."""
        if self._zeroconf is None or not self._addresses:
            return False
        others = await _others(self._zeroconf, self.host, self._addresses)
        return bool(others) and max(map(_rank, others)) > max(map(_rank, self._addresses))

    async def _withdraw(self) -> None:
        zeroconf, self._zeroconf, self.host = self._zeroconf, None, ""
        if zeroconf is not None:
            with contextlib.suppress(OSError):  # the network may be gone: nobody is left to tell
                await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()

    def _fail(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("mdns %s", problem)
        self.problem = problem


def _label(name: str) -> str:
    """As zeroconf can announce it, which takes what stands before a dot for a label of its own."""
    spaced = " ".join(name.replace(".", " ").split())
    return spaced.encode()[:LONGEST_NAME_BYTES].decode(errors="ignore").strip() or "Homeroll"


@contextlib.contextmanager
def network_changes(happened: Callable[[], None]) -> Iterator[None]:
    """Have `happened` called in the event loop whenever a link or an address of this machine changes.

    What changed is not read, only that something did: which addresses there are is asked anew.  Where the kernel does
    not tell (another system, a sandbox), nothing is ever said.
    """
    loop = asyncio.get_running_loop()
    try:
        told = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except (AttributeError, OSError):
        yield
        return

    def read() -> None:
        with contextlib.suppress(OSError):  # nothing more, or more than there was room for
            while told.recv(65536):
                pass
        happened()

    with told:
        try:
            told.bind((0, _LINKS | _ADDRESSES_4 | _ADDRESSES_6))
            loop.add_reader(told, read)
        except OSError:
            yield
            return
        try:
            yield
        finally:
            loop.remove_reader(told)


def own_addresses() -> tuple[str, ...]:
    """This machine's addresses on its networks, IPv4 and IPv6; link-local ones only where there are no others."""
    found: set[ipaddress.IPv4Address | ipaddress.IPv6Address] = set()
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    for name, addresses in psutil.net_if_addrs().items():
        for address in addresses if name in up else ():
            if address.family in (socket.AF_INET, socket.AF_INET6):
                found.add(ipaddress.ip_address(address.address.partition("%")[0]))
    usable = {address for address in found if not address.is_loopback and not address.is_unspecified}
    routed = {address for address in usable if not address.is_link_local}
    return tuple(str(address) for address in sorted(routed or usable, key=_order))


async def _others(zeroconf: AsyncZeroconf, host: str, ours: Sequence[str]) -> list[str]:
    """Addresses that other machines say `host` has; the avahi of this machine says ours."""
    asked = AddressResolver(f"{host}.")
    await zeroconf.zeroconf.async_wait_for_start()
    if not await asked.async_request(zeroconf.zeroconf, PROBE_MS):
        return []
    told = {address.partition("%")[0] for address in asked.parsed_scoped_addresses()}
    mine = {*ours, *await asyncio.to_thread(_every_own_address)}
    return sorted(told - mine)


def _every_own_address() -> set[str]:
    return {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
    }


def _asleep_s() -> float:
    """Seconds that this machine has slept since it started, more or less: one clock counts them, the other does not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def _order(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> tuple[int, int]:
    return address.version, int(address)


def _rank(address: str) -> tuple[int, int]:
    return _order(ipaddress.ip_address(address))
