"""What needs somebody, the gravest first; the line at the top counts it, the overview lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.words import plural

if TYPE_CHECKING:
    from tui.house import House


class Point(NamedTuple):
    message: str
    hint: str = ""
    grave: bool = False


def points(house: House) -> list[Point]:
    """As far as is known; health's own reasons come first."""
    health = house.known.get("health", {"status": "", "reasons": []})
    failing = health["status"] == "failing"
    found = [Point(f"{one['message'].rstrip('.')}.", one["hint"], grave=failing) for one in health["reasons"]]
    if damaged := house.total("integrity"):
        message = f"{plural(damaged, 'original')} damaged on the disk."
        found.insert(0, Point(message, "Integrity heals them from the backup.", grave=True))
    found += [
        Point(f"“{job['title']}” failed: {job['error']}") for job in house.items("jobs") if job["status"] == "failed"
    ]
    if failed := house.total("failures"):
        found.append(Point(f"{plural(failed, 'file')} could not be dealt with.", "Failures says which and why."))
    if house.machine and house.machine.slowed:
        hint = "A better power supply or cooling mends that."
        found.append(Point(f"This machine is held back: {house.machine.slowed}.", hint))
    if house.known.get("server", {}).get("setup_required"):
        found.append(Point("The first admin has no password of their own yet.", "Ctrl+P, then First steps."))
    safe = house.known.get("integrity")
    if safe is not None and safe["last_backup"] is None and house.total("timeline"):
        found.append(Point("There is no backup yet.", "Backups makes one and names another disk for it."))
    return found
