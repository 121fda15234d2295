"""This machine's own figures: processor, memory, temperature, what slows a Pi down, addresses; none of the service."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import msgspec
import psutil

THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
#: Bits of that number, as the firmware of a Raspberry Pi reports them; the same 16 bits higher: since it started.
BITS = ((0, "too little voltage"), (1, "processor slowed down"), (2, "throttled"), (3, "too hot"))


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """busy: share of all cores, 0..1; temperature_c: None where nothing measures it; slowed: why, or ""."""

    busy: float
    cores: int
    memory_used_bytes: int
    memory_total_bytes: int
    temperature_c: float | None
    slowed: str
    addresses: tuple[str, ...]


def measure() -> Machine:
    """`busy` is since the last call.  Blocking: call it in a thread."""
    memory = psutil.virtual_memory()
    return Machine(
        busy=psutil.cpu_percent() / 100,
        cores=psutil.cpu_count() or 1,
        memory_used_bytes=memory.total - memory.available,
        memory_total_bytes=memory.total,
        temperature_c=_temperature(),
        slowed=slowed(THROTTLED),
        addresses=_addresses(),
    )


def _temperature() -> float | None:
    """The hottest part that says how hot it is."""
    with contextlib.suppress(OSError, AttributeError):
        known = [one.current for sensors in psutil.sensors_temperatures().values() for one in sensors]
        return max((value for value in known if 0 < value < 150), default=None)
    return None


def slowed(file: Path) -> str:
    """What the firmware of a Pi holds against its power supply or cooling, now or earlier; "" elsewhere."""
    try:
        bits = int(file.read_text().strip(), 16)
    except (OSError, ValueError):
        return ""
    now = [name for bit, name in BITS if bits >> bit & 1]
    earlier = [name for bit, name in BITS if bits >> bit + 16 & 1]
    return ", ".join(now) if now else f"earlier: {', '.join(earlier)}" if earlier else ""


def _addresses() -> tuple[str, ...]:
    """Where other machines at home find this one, IPv4 only: what people type."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = [
        address.address
        for name, addresses in psutil.net_if_addrs().items()
        if name in up and not name.startswith(("docker", "br-", "veth", "virbr"))
        for address in addresses
        if address.family is socket.AF_INET and not address.address.startswith(("127.", "169.254."))
    ]
    return tuple(found)
