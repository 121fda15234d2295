"""The frame of a dialog: what is in it, and below it the keys that answer it."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content


class Box(Vertical):
    """keys: (key, what it does); they stand in the lower border, so that they cost no line."""

    def __init__(self, *keys: tuple[str, str], classes: str = "") -> None:
        super().__init__(classes=f"dialog {classes}".strip())
        parts: list[tuple[str, str]] = []
        for key, what in keys:
            parts += [("  " if parts else " ", ""), (key, "bold $footer-key-foreground"), (f" {what}", "")]
        self.border_subtitle = Content.assemble(*parts, " ") if parts else None
