"""What the compute process does for adjusted pictures: pure functions, and what they give back.  Knows no tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.media.values import Renditions

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.media.recipe import Facts, Recipe


class Rendered(msgspec.Struct, frozen=True):
    """`adjusted`: what is shown of a picture with a recipe; `original`: as taken, None where it is there already."""

    original: Renditions | None
    adjusted: Renditions | None = None

    @property
    def shown(self) -> Renditions:
        shown = self.adjusted or self.original
        assert shown is not None
        return shown


def render_file(
    path: Path,
    kind: str,
    mime_type: str,
    orientation: int,
    recipe: Recipe | None = None,
    size: tuple[int, int] | None = None,
    with_original: bool = True,
) -> Rendered:
    """Renditions of an original, of what a recipe makes of it, or of both.  Raises MediaError."""
    original, adjusted = None, None
    if recipe is not None:
        from appliance.media.adjust import render_adjusted

        adjusted = render_adjusted(
            path, kind=kind, mime_type=mime_type, orientation=orientation, recipe=recipe, size=size
        )
    if recipe is None or with_original:
        from appliance.media.renditions import render

        original = render(path, kind=kind, mime_type=mime_type, orientation=orientation)
    return Rendered(original, adjusted)


def make_full_copy(
    path: Path,
    target: Path,
    kind: str,
    mime_type: str,
    orientation: int,
    recipe: Recipe,
    size: tuple[int, int],
    facts: Facts | None,
) -> None:
    """The adjusted picture at full size, as a JPEG."""
    from appliance.media.adjust import write_adjusted

    write_adjusted(
        path,
        target,
        kind=kind,
        mime_type=mime_type,
        orientation=orientation,
        recipe=recipe,
        size=size,
        facts=facts,
    )
