"""Mutants of small media files: the same files for the same seed."""

from __future__ import annotations

import io
import random
import struct
import subprocess
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from tests.appliance.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Small files of the corpus that this machine cannot make itself.
CORPUS_SEEDS = ("heif/invalid_id.heic", "wrong_extension/hopper.heif")
HEADS = (
    b"\xff\xd8\xff\xe1",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\xff\xff\xff\x7fWEBP",
    b"II*\0\x08\0\0\0",
    b"MM\0*",
    b"\0\0\0\x18ftypheic",
    b"\0\0\0\x18ftypavif",
    b"\0\0\0\x18ftypmp42",
    b"BM",
    b"\0" * 32,
)
VIDEOS = ("mp4", "mov", "avi", "webm")


def write_mutants(folder: Path, *, count: int, videos: int, seed: int, corpus: Path | None) -> None:
    """Write `count` mutated files, `videos` of them videos, into folders of 100."""
    chance = random.Random(seed)
    pictures = picture_seeds(corpus)
    films = video_seeds(folder.parent / "films")
    for number in range(count):
        seeds = films if number < videos else pictures
        ending, data = seeds[chance.randrange(len(seeds))]
        others = [other for kind, other in seeds if kind == ending]
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            data = chance.choice(MUTATIONS)(data, chance, chance.choice(others))
        path = folder / f"{number // 100:02}" / f"mutant-{number:04}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def picture_seeds(corpus: Path | None) -> list[tuple[str, bytes]]:
    """(ending, bytes) of small pictures in every format that Pillow writes."""
    found = [("jpg", jpeg(3)), ("jpg", jpeg(4, size=(160, 120))), ("jpg", _saved("JPEG", progressive=True))]
    found += [("png", _saved("PNG")), ("png", _saved("PNG", mode="P")), ("png", _saved("PNG", mode="I;16"))]
    found += [("gif", _saved("GIF", mode="P")), ("gif", _moving("GIF"))]
    found += [("webp", _saved("WEBP")), ("webp", _saved("WEBP", lossless=True)), ("webp", _moving("WEBP"))]
    found += [("tif", _saved("TIFF", compression=name)) for name in ("raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate")]
    found += [("avif", _saved("AVIF")), ("bmp", _saved("BMP"))]
    if corpus is not None:
        paths = [corpus / "broken" / name for name in CORPUS_SEEDS]
        found += [("heic", path.read_bytes()) for path in paths if path.is_file()]
    return found


def video_seeds(folder: Path) -> list[tuple[str, bytes]]:
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for ending in VIDEOS:
        path = folder / f"film.{ending}"
        source = ["-f", "lavfi", "-i", "testsrc=size=48x32:rate=5:duration=1", "-pix_fmt", "yuv420p"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", *source, str(path)], check=True)
        found.append((ending, path.read_bytes()))
        path.unlink()
    folder.rmdir()
    return found


def _picture(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (72, 54), (200, 120, 40))
    draw = ImageDraw.Draw(image)
    draw.ellipse((5, 5, 60, 40), fill=(20, 90, 200))
    draw.line((0, 0, 71, 53), fill=(255, 255, 255))
    return image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)


def _saved(kind: str, *, mode: str = "RGB", **options: object) -> bytes:
    data = io.BytesIO()
    _picture(mode).save(data, kind, **options)
    return data.getvalue()


def _moving(kind: str) -> bytes:
    data = io.BytesIO()
    frames = [_picture().rotate(angle) for angle in (30, 60)]
    _picture().save(data, kind, save_all=True, append_images=frames, duration=80)
    return data.getvalue()


def _truncated(data: bytes, chance: random.Random, other: bytes) -> bytes:
    return data[: chance.randrange(1, len(data))]


def _flipped(data: bytes, chance: random.Random, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 50))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwritten(data: bytes, chance: random.Random, other: bytes) -> bytes:
    begin = chance.randrange(len(data))
    length = chance.choice((1, 4, 16, 64))
    return (
        data[:begin]
        + chance.choice((b"\0" * length, b"\xff" * length, chance.randbytes(length)))
        + data[begin + length :]
    )


def _with_lying_length(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """A number of 2 or 4 bytes somewhere near the beginning, where formats keep sizes, becomes an extreme one."""
    kind = chance.choice((">H", "<H", ">I", "<I"))
    size = struct.calcsize(kind)
    begin = chance.randrange(max(1, min(len(data) - size, 400)))
    most = (1 << size * 8) - 1
    value = chance.choice((0, 1, most, most // 2, most // 2 + 1, 65535, chance.randrange(most)))
    return data[:begin] + struct.pack(kind, min(value, most)) + data[begin + size :]


def _spliced(data: bytes, chance: random.Random, other: bytes) -> bytes:
    return data[: chance.randrange(1, len(data) + 1)] + other[chance.randrange(len(other)) :]


def _repeated(data: bytes, chance: random.Random, other: bytes) -> bytes:
    begin = chance.randrange(len(data))
    end = min(len(data), begin + chance.randrange(1, 300))
    return data[:end] + data[begin:end] * chance.choice((1, 5, 40)) + data[end:]


def _with_another_header(data: bytes, chance: random.Random, other: bytes) -> bytes:
    head = chance.choice(HEADS)
    return head + data[len(head) :]


MUTATIONS: tuple[Callable[[bytes, random.Random, bytes], bytes], ...] = (
    _truncated,
    _flipped,
    _flipped,
    _overwritten,
    _with_lying_length,
    _with_lying_length,
    _spliced,
    _repeated,
    _with_another_header,
)
