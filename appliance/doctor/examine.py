"""Every check of `homeroll doctor`, in the order in which they are shown.

Checks read; none changes anything, and none needs a running service or stops because another one failed.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from appliance.doctor import copies, data, https, machine, models, mounts, network
from appliance.doctor.base import Finding, House
from appliance.errors import HomerollError
from appliance.lock import holder
from appliance.paths import DataPaths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.config import Settings
    from appliance.doctor.base import Said

CHECKS: tuple[tuple[str, Callable[[House], Iterator[Said]]], ...] = (
    ("python", machine.check_python),
    ("sqlite", machine.check_sqlite),
    ("programs", machine.check_programs),
    ("data directory", data.check_data),
    ("mount", mounts.check_mount),
    ("disk", data.check_disk),
    ("memory", machine.check_memory),
    ("heat", machine.check_heat),
    ("power", machine.check_power),
    ("clock", machine.check_clock),
    ("service", network.check_service),
    ("port", network.check_port),
    ("name", network.check_name),
    ("https", https.check_https),
    ("database", data.check_database),
    ("copies", copies.check_copies),
    ("originals", copies.check_originals),
    ("models", models.check_models),
    ("libraries", data.check_libraries),
    ("watching", machine.check_watching),
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Run every check."""
    paths = DataPaths(settings.data)
    try:
        by = holder(paths)
    except HomerollError as error:
        yield Finding("data directory", "broken", error.message, error.hint)
        by = None
    house = House(settings, paths, by)
    for name, check in CHECKS:
        try:
            for state, message, hint in check(house):
                yield Finding(name, state, message, hint)
        except (OSError, sqlite3.Error, HomerollError) as error:
            hint = error.hint if isinstance(error, HomerollError) else "Run this as the owner of the data directory."
            yield Finding(name, "broken", str(error), hint)
