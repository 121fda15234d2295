"""Small photos made here: colours and shapes, with a date, a camera and a place."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path

SIZES = ((1600, 1200), (1200, 1600), (1600, 1067), (1600, 900))
NEWEST = datetime(2024, 7, 28, 18, 30)  # noqa: DTZ001 - EXIF dates are the wall clock, without a zone


def make_photos(folder: Path, count: int, *, seed: int = 1) -> list[Path]:
    """Write `count` different JPEGs over about as many weeks, newest first; the same for the same seed."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    made = []
    for number in range(count):
        image = _picture(chance)
        path = folder / f"IMG_{number:04d}.jpg"
        taken = NEWEST - timedelta(days=7 * (number // 4), minutes=11 * number)
        image.save(path, quality=85, exif=_exif(taken))
        made.append(path)
    return made


def _picture(chance: random.Random) -> Image.Image:
    width, height = chance.choice(SIZES)
    ramp = Image.linear_gradient("L").resize((width, height))
    bands = []
    for _ in range(3):
        low, high = chance.randint(0, 255), chance.randint(0, 255)
        bands.append(ramp.point([low + (high - low) * value // 255 for value in range(256)]))
    image = Image.merge("RGB", bands)
    draw = ImageDraw.Draw(image)
    for _ in range(7):
        x, y, radius = chance.randint(0, width), chance.randint(0, height), chance.randint(60, 320)
        colour = (chance.randint(0, 255), chance.randint(0, 255), chance.randint(0, 255))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


def _exif(taken: datetime) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Homeroll"
    exif[ExifTags.Base.Model] = "Paintbox 1"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
    details[ExifTags.Base.OffsetTimeOriginal] = "+01:00"
    details[ExifTags.Base.ExposureTime] = 0.004
    details[ExifTags.Base.FNumber] = 2.8
    details[ExifTags.Base.ISOSpeedRatings] = 200
    details[ExifTags.Base.FocalLength] = 23.0
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (38.0, 43.0, 20.0)
    place[ExifTags.GPS.GPSLongitudeRef] = "W"
    place[ExifTags.GPS.GPSLongitude] = (9.0, 8.0, 21.0)
    return exif
