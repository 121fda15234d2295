"""A family's folder in small: photos, pictures, copies, sidecars, live photos, and files that are broken."""

from __future__ import annotations

import os
import random
import subprocess
from typing import TYPE_CHECKING

from PIL import Image

from tests.appliance.pictures import jpeg, png, write_jpegs

if TYPE_CHECKING:
    from pathlib import Path

SIDECAR = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:Rating="4">
<dc:subject><rdf:Bag><rdf:li>beach</rdf:li><rdf:li>number {number}</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
SETTLED = 1_700_000_000  # nothing here was written a moment ago


def make_folder(folder: Path, *, seed: int = 1) -> None:
    """More than 300 files in five folders, the same for the same seed."""
    chance = random.Random(seed)
    years = [folder / name for name in ("2021", "2022", "2023/summer", "2023/winter", "unsorted")]
    for index, year in enumerate(years):
        write_jpegs(year, 44, first=index * 44, size=(480, 360))
    for number in range(8):
        (years[1] / f"big-{number}.jpg").write_bytes(jpeg(900 + number, size=(1600, 1200)))
    for number in range(20):
        (years[0] / f"drawing-{number}.png").write_bytes(png(number))
    for number in range(24):
        source = years[number % 5] / f"{(number % 5) * 44 + number:04}.jpg"
        (years[(number + 2) % 5] / f"copy-{number}.jpg").write_bytes(source.read_bytes())
    for number in range(10):
        (years[2] / f"{88 + number:04}.xmp").write_text(SIDECAR.format(number=number))
    for number in range(4):
        _animation(years[3] / f"moving-{number}.gif", number)
    _live_photos(years[4], 2)
    for number in range(20):
        _broken(years[number % 5] / f"broken-{number}.jpg", number, chance)
    (years[0] / "empty.jpg").touch()
    (years[1] / "empty.png").touch()
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (SETTLED, SETTLED))


def _animation(path: Path, number: int) -> None:
    frames = [Image.new("P", (30, 30), (number * 5 + shade) % 256) for shade in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)


def _live_photos(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"IMG_{number:04}.jpg").write_bytes(jpeg(800 + number))
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc=size=64x48:rate=10:duration={number + 1}"]
        subprocess.run([*command, "-pix_fmt", "yuv420p", str(folder / f"IMG_{number:04}.mov")], check=True)


def _broken(path: Path, number: int, chance: random.Random) -> None:
    data = bytearray(jpeg(700 + number))
    if number % 3 == 0:
        data = data[: chance.randrange(10, len(data) // 2)]
    elif number % 3 == 1:
        data = bytearray(chance.randbytes(500))
    else:
        for _ in range(200):
            data[chance.randrange(2, len(data))] = chance.randrange(256)
    path.write_bytes(data)
