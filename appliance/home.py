"""The parts that almost everything needs, built once by the daemon (or a command) and passed down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from appliance.compute import Compute
    from appliance.config import Settings
    from appliance.db.engine import Database
    from appliance.messages import Bus
    from appliance.paths import DataPaths


class Home(msgspec.Struct, frozen=True, kw_only=True):
    settings: Settings
    paths: DataPaths
    db: Database
    bus: Bus
    compute: Compute
