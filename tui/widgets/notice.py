"""Said over everything else while the service does not answer, or not as expected: that it is so, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.told import SHOWN
from tui.widgets.calm import Calm

if TYPE_CHECKING:
    from appliance.errors import HomerollError
    from tui.service import Starter

#: Where the two are of different versions.
WHAT_TO_DO = "Leave with q and type `homeroll` again; if it still says so, upgrade the older one: Updates says how."


class Notice(Calm):
    """Hidden as long as all is well."""

    def tell(self, error: HomerollError | None, starter: Starter, *, local: bool, differs: str = "") -> None:
        """differs: that the service is of another version, if it is."""
        self.display = error is not None or bool(differs)
        if error is None:
            self._tell_difference(differs)
            return
        parts: list[Content | tuple[str, str] | str] = [(f"{error.message}.", "bold"), "\n"]
        if error.hint:
            parts.append(f"{error.hint}  ")
        if local:
            parts += [("Press S to start it" if starter.possible else "To start it, type", ""), ":  "]
            parts += [(starter.typed, "bold"), "\n"]
        parts.append("Trying again every two seconds; what is shown may be old.")
        self.update(Content.assemble(*parts))

    def _tell_difference(self, differs: str) -> None:
        if differs:
            left_out = f": what only one of them knows is left out, or shown as {SHOWN}.\n"
            self.update(Content.assemble((differs, "bold"), left_out, WHAT_TO_DO))
