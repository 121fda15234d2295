"""How others find and reach this machine: the running service, its port, its name on the network."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.doctor.base import House, Said

LISTEN_S = 2.0
MDNS_PORT = 5353


def check_service(house: House) -> Iterator[Said]:
    from appliance.client import answers

    if answers(house.paths):
        yield "ok", f"running: {house.by.sentence() if house.by else 'it answers'}", ""
    elif house.by is not None:
        yield "ok", f"not running; the data is in use by {house.by.sentence()}", ""
    else:
        yield "ok", "not running", ""


def check_port(house: House) -> Iterator[Said]:
    host, port = house.settings.host, house.settings.port
    by = house.by if house.by is not None and house.by.command == "serve" else None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            yield (
                "broken",
                f"{port} is reserved for root",
                "Choose a port from 1024: `port` in homeroll.toml or --port.",
            )
        except OSError as error:
            if by:
                # Who holds it cannot be told without root; the service would not be up without a port.
                yield "ok", f"{port}, held by {by.sentence()}", ""
                return
            hint = "Is another Homeroll running?  Otherwise choose another: `port` in homeroll.toml or --port."
            yield "broken", f"{host}:{port} cannot be used: {error.strerror}", hint
        else:
            yield "ok", f"{port} is free" + (f"; {by.sentence()} was started with another" if by else ""), ""


class Heard(NamedTuple):
    """One Homeroll that answered on the network."""

    host: str
    port: int
    addresses: tuple[str, ...]


def check_name(house: House) -> Iterator[Said]:
    """Whether `homeroll.local` is heard by asking the network for it, as a phone does."""
    from appliance.mdns import own_addresses

    settings = house.settings
    if not settings.mdns or settings.host in ("127.0.0.1", "::1", "localhost"):
        yield "ok", "not announced on the network: the settings say so", ""
        return
    ours = own_addresses()
    if not ours:
        yield "broken", "this machine has no address on a network", "Is its cable in, or its wireless network known?"
        return
    try:
        heard = listen()
    except OSError as error:
        hint = f"Does a firewall, or another program, keep UDP port {MDNS_PORT} from us?"
        yield "broken", f"the network cannot be asked for names (mDNS): {error.strerror or error}", hint
        return
    mine = [one for one in heard if set(one.addresses) & set(ours)]
    others = ", ".join(f"{one.host} ({', '.join(one.addresses)})" for one in heard if one not in mine)
    if mine:
        beside = f"; also on this network: {others}" if others else ""
        yield "ok", f"http://{mine[0].host}:{mine[0].port} is announced{beside}", ""
    elif house.is_served:
        yield (
            "warning",
            f"nobody answers for this machine at {', '.join(ours)}",
            f"Let UDP port {MDNS_PORT} through the firewall (sudo ufw allow {MDNS_PORT}/udp), and switch off what"
            " separates devices in the router (“client isolation”).  The address itself always works.",
        )
    else:
        beside = f"; on this network: {others}" if others else ""
        yield "ok", f"the service announces itself when it runs{beside}", ""


def listen() -> list[Heard]:
    """Every Homeroll that answers within two seconds; raises OSError where nothing can be asked."""
    return asyncio.run(_listen())


async def _listen() -> list[Heard]:
    from zeroconf import IPVersion
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

    from appliance.mdns import TYPES, own_addresses

    addresses = own_addresses()
    both = any(":" in address for address in addresses)
    zeroconf = AsyncZeroconf(interfaces=list(addresses), ip_version=IPVersion.All if both else IPVersion.V4Only)
    names: set[str] = set()
    try:
        browser = AsyncServiceBrowser(
            zeroconf.zeroconf, TYPES[0], handlers=[lambda zeroconf, service_type, name, state_change: names.add(name)]
        )
        await asyncio.sleep(LISTEN_S)
        await browser.async_cancel()
        heard = []
        for name in sorted(names):
            info = AsyncServiceInfo(TYPES[0], name)
            if await info.async_request(zeroconf.zeroconf, LISTEN_S * 1000):
                told = tuple(address.partition("%")[0] for address in info.parsed_scoped_addresses())
                heard.append(Heard((info.server or name).rstrip("."), info.port or 0, told))
        return heard
    finally:
        await zeroconf.async_close()
