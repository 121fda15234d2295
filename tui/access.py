"""Whether a user may open the admin's socket, asked before the dashboard is drawn."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from appliance.access import not_allowed

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.errors import PermissionDeniedError


def refusal(data: Path) -> PermissionDeniedError | None:
    """Why this user may not manage the Homeroll in `data`, or None.  Blocking, for before the dashboard opens."""
    try:
        (data / "admin.sock").stat()
    except PermissionError:
        return not_allowed(data)
    except OSError:  # not there: that the service does not run is said on the screen
        return None
    return None if os.access(data / "admin.sock", os.R_OK | os.W_OK) else not_allowed(data)
