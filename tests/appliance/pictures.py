"""Small pictures to import; no two of one test are alike."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def jpeg(number: int, *, size: tuple[int, int] = (64, 48), taken: str = "2024:05:01 12:00:00") -> bytes:
    """A JPEG of one colour that `number` decides, with a date."""
    image = Image.new("RGB", size, (number * 37 % 256, number * 101 % 256, number // 256 * 16 % 256))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken  # DateTimeOriginal
    exif[0x010E] = f"picture {number}"  # ImageDescription
    data = io.BytesIO()
    image.save(data, "JPEG", exif=exif)
    return data.getvalue()


def png(number: int) -> bytes:
    image = Image.new("RGBA", (40, 40), (number % 256, number // 256, 99, 128))
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def write_jpegs(folder: Path, count: int, *, first: int = 0, size: tuple[int, int] = (64, 48)) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04}.jpg" for number in range(first, first + count)]
    for number, path in enumerate(paths, first):
        path.write_bytes(jpeg(number, size=size))
    return paths
