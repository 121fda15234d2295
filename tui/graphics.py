"""Pictures by the terminal's own protocol, Kitty's or sixel, drawn by textual-image.

Only the dashboard's process comes here, and only for terminals that can (`tui.terminal` says so).
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image
    from textual_image.widget import SixelImage, TGPImage

PROTOCOLS = ("kitty", "sixel")


def widget_for(kind: str, cell_px: tuple[int, int]) -> type[TGPImage | SixelImage]:
    """The widget that draws by that protocol.  The first call loads the library: blocking, call it in a thread."""
    from textual_image import _terminal  # its cache is the only way to tell it what was found out already

    vars(_terminal.get_cell_size)["_result"] = _terminal.CellSize(*cell_px)
    with _without_questions():
        importlib.import_module("textual_image.renderable")
    from textual_image.widget import SixelImage, TGPImage

    return TGPImage if kind == "kitty" else SixelImage


def decoded(data: bytes) -> Image | None:
    """The picture, or None for what is none.  Blocking."""
    import io

    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as opened:
            return opened.convert("RGB")
    except (UnidentifiedImageError, OSError):
        return None


@contextlib.contextmanager
def _without_questions() -> Iterator[None]:
    """The library asks the terminal three times while it is imported, the last time in a way that some print; where it
    believes that there is none, it asks nothing."""
    names: dict[str, Any] = vars(sys)
    kept = names["__stdout__"]
    names["__stdout__"] = None
    try:
        yield
    finally:
        names["__stdout__"] = kept
