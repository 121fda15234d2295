"""Pictures by the terminal's own protocol: Kitty's by `tui.kitty`, sixel by textual-image.

Only the dashboard's process comes here, and only for terminals that can (`tui.terminal` says so).
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image
    from textual_image.widget import SixelImage

    from tui.kitty import KittyImage

#: Pictures are fetched side by side; meanwhile there is no terminal for those that would draw already.
_LOADING = threading.Lock()
CLASSES = "drawn"


def drawer_for(kind: str, image: Image, cell_px: tuple[int, int]) -> KittyImage | SixelImage:
    """What draws by that protocol; `prepare` was called before."""
    if kind == "kitty":
        from tui.kitty import KittyImage

        return KittyImage(image, cell_px, classes=CLASSES)
    from textual_image.widget import SixelImage

    return SixelImage(image, classes=CLASSES)


def prepare(kind: str, cell_px: tuple[int, int]) -> None:
    """Load what draws by that protocol, once.  Blocking: call it in a thread."""
    if kind == "kitty":
        importlib.import_module("tui.kitty")
        return
    with _LOADING:
        if "textual_image.widget" not in sys.modules:
            from textual_image import _terminal  # its cache is the only way to tell it what was found out already

            vars(_terminal.get_cell_size)["_result"] = _terminal.CellSize(*cell_px)
            with _without_questions():
                importlib.import_module("textual_image.renderable")
            importlib.import_module("textual_image.widget")


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
