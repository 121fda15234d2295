"""Pictures of people as `tests.fakes.FakeFaceEngine` sees them: coloured patches on white, a hue for each person."""

from __future__ import annotations

import colorsys
import io
import random

from PIL import Image

WIDTH, HEIGHT = 480, 360
FACE = 90  # px

HUES = {"anna": 0.0, "bruno": 0.15, "carla": 0.33, "dora": 0.5, "emil": 0.66, "frida": 0.83}


def portrait(*people: str | float, number: int = 0, taken: str = "2024:05:01 12:00:00") -> bytes:
    """A JPEG with one patch for each of `people` (a name of HUES, or a hue), from left to right; `number` tells photos
    of the same people apart."""
    chance = random.Random(f"{people} {number}")
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    for place, person in enumerate(people):
        hue = HUES[person] if isinstance(person, str) else person
        hue = (hue + chance.uniform(-0.004, 0.004)) % 1.0
        left, top = 15 + (place % 4) * 115, 15 + place // 4 * 115
        for y in range(0, FACE, 10):
            for x in range(0, FACE, 10):
                value = 1.0 if (x + y) // 10 % 2 else 0.55  # a pattern, or it would be too blurred to be a face
                red, green, blue = colorsys.hsv_to_rgb(hue, 1.0, value)
                square = Image.new("RGB", (10, 10), (round(red * 255), round(green * 255), round(blue * 255)))
                image.paste(square, (left + x, top + y))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken  # DateTimeOriginal
    exif[0x010E] = f"{people} {number}"
    data = io.BytesIO()
    image.save(data, "JPEG", exif=exif, quality=92, subsampling=0)
    return data.getvalue()
