"""Pictures with text on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.base import Point, RGBImage

GREY, DARK = (222, 218, 210), (30, 30, 40)


def written(
    lines: Sequence[tuple[Point, str]], *, size: tuple[int, int] = (640, 400), font_px: int = 32, turned: int = 0
) -> RGBImage:
    """Each text with its top left corner at a point in pixels; the whole then turned by so many degrees clockwise."""
    image = Image.new("RGB", size, GREY)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(font_px)
    for corner, text in lines:
        draw.text(corner, text, font=font, fill=DARK)
    return np.array(image.rotate(-turned, expand=True, fillcolor=GREY, resample=Image.Resampling.BICUBIC))
