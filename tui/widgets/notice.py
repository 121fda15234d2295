"""Said over everything else while the service does not answer: that it does not, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.widgets.calm import Calm

if TYPE_CHECKING:
    from appliance.errors import HomerollError
    from tui.service import Starter


class Notice(Calm):
    """Hidden as long as all is well."""

    def tell(self, error: HomerollError | None, starter: Starter, *, local: bool) -> None:
        self.display = error is not None
        if error is None:
            return
        parts: list[Content | tuple[str, str] | str] = [(f"{error.message}.", "bold"), "\n"]
        if error.hint:
            parts.append(f"{error.hint}  ")
        if local:
            parts += [("Press S to start it" if starter.possible else "To start it, type", ""), ":  "]
            parts += [(starter.typed, "bold"), "\n"]
        parts.append("Trying again every two seconds; what is shown may be old.")
        self.update(Content.assemble(*parts))
