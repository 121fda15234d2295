"""Pictures in a terminal: half-blocks, two pixels to a character.  The only place that decodes pictures."""

from __future__ import annotations

import io

from textual.content import Content

#: Cells of a picture by a terminal's protocol: thumbnails are sharp up to there, more would be more bytes.
LARGEST = (44, 22)
UPPER = "▀"
GREYS = ("ansi_black", "ansi_bright_black", "ansi_white", "ansi_bright_white")  # what sixteen colours have of them


def fitted(size_px: tuple[int, int], room: tuple[int, int], cell_px: tuple[int, int]) -> tuple[int, int]:
    """Columns and lines of a picture as large as fits into so many, its shape kept."""
    across, down = (min(cells, most) * pixels for cells, most, pixels in zip(room, LARGEST, cell_px, strict=True))
    scale = min(across / size_px[0], down / size_px[1])
    return max(1, round(size_px[0] * scale / cell_px[0])), max(1, round(size_px[1] * scale / cell_px[1]))


def half_blocks(data: bytes, columns: int, lines: int, *, greys: bool = False) -> Content:
    """The picture as large as fits; "" for what is no picture.  greys: for terminals of sixteen colours.  Blocking."""
    from PIL import Image, UnidentifiedImageError  # only people who look at faces pay for it

    try:
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("L" if greys else "RGB")
    except (UnidentifiedImageError, OSError):
        return Content("")
    image.thumbnail((max(1, columns), max(1, lines * 2)))
    width, height = image.size
    pixels = image.load()
    assert pixels is not None, "a converted image is loaded"
    parts: list[str | tuple[str, str]] = []
    for y in range(0, height, 2):
        last, run = "", 0
        for x in range(width):
            lower = pixels[x, y + 1] if y + 1 < height else pixels[x, y]
            style = f"{_colour(pixels[x, y])} on {_colour(lower)}"
            if style != last and run:
                parts.append((UPPER * run, last))
                run = 0
            last, run = style, run + 1
        parts += [(UPPER * run, last), "\n"]
    return Content.assemble(*parts[:-1])


def _colour(pixel: object) -> str:
    if isinstance(pixel, tuple):
        red, green, blue = pixel
        return f"#{red:02x}{green:02x}{blue:02x}"
    return GREYS[int(str(pixel)) * len(GREYS) // 256]
