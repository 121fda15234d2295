from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from appliance.media.standin import stand_in

from .pictures import difference, encoded, exif, opened, save, scene, stored_as

if TYPE_CHECKING:
    from pathlib import Path


def camera_jpeg(path: Path, thumbnail: Image.Image, *, orientation: int = 1, order: str = "little") -> Path:
    """A JPEG whose EXIF holds `thumbnail`, as cameras write it: in the second directory."""
    small = encoded(thumbnail, "JPEG", quality=90)
    mark = b"II*\x00" if order == "little" else b"MM\x00*"

    def number(value: int, size: int = 4) -> bytes:
        return value.to_bytes(size, "little" if order == "little" else "big")

    def entry(tag: int, kind: int, value: int) -> bytes:
        packed = number(value, 2) + b"\x00\x00" if kind == 3 else number(value)
        return number(tag, 2) + number(kind, 2) + number(1) + packed

    first = number(1, 2) + entry(0x0112, 3, orientation) + number(8 + 18)
    at = 8 + 18 + 2 + 3 * 12 + 4
    second = number(3, 2) + entry(0x103, 3, 6) + entry(0x201, 4, at) + entry(0x202, 4, len(small)) + number(0)
    tiff = mark + number(8) + first + second + small
    return save(path, stored_as(scene(640, 480), orientation), exif=b"Exif\x00\x00" + tiff)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_embedded_thumbnail_is_given_upright(tmp_path: Path, orientation: int, order: str) -> None:
    thumbnail = stored_as(scene(160, 120), orientation)
    path = camera_jpeg(tmp_path / "a.jpg", thumbnail, orientation=orientation, order=order)
    data = stand_in(path, orientation=orientation)
    assert data is not None
    assert difference(opened(data), scene(160, 120)) < 4


@pytest.mark.parametrize("orientation", [1, 6])
def test_black_bars_are_cut_off(tmp_path: Path, orientation: int) -> None:
    barred = Image.new("RGB", (160, 120))
    barred.paste(scene(160, 107), (0, 7))
    path = camera_jpeg(tmp_path / "a.jpg", stored_as(barred, orientation), orientation=orientation)
    data = stand_in(path, orientation=orientation, width=3000, height=2000)
    assert data is not None
    assert opened(data).size == (160, 106)
    assert np.asarray(opened(data))[0].mean() > 60


def test_a_file_without_a_thumbnail_gives_none(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "a.tiff", "a.webp"):
        assert stand_in(save(tmp_path / name, scene(), exif=exif(6)), orientation=6) is None
    (tmp_path / "empty.jpg").touch()
    assert stand_in(tmp_path / "empty.jpg", orientation=1) is None
    assert stand_in(tmp_path / "gone.jpg", orientation=1) is None


def test_a_broken_thumbnail_gives_none(tmp_path: Path) -> None:
    path = camera_jpeg(tmp_path / "a.jpg", Image.effect_noise((160, 120), 60).convert("RGB"))
    data = bytearray(path.read_bytes())
    at = data.index(b"\xff\xd8", 2)
    data[at + 700 : at + 1500] = bytes(800)
    path.write_bytes(data)
    assert stand_in(path, orientation=1) is None


def test_nothing_escapes_mutated_files(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    whole = camera_jpeg(tmp_path / "a.jpg", scene(160, 120), orientation=6).read_bytes()
    given = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(int(random.integers(1, 6))):
            data[int(random.integers(2, 200))] = int(random.integers(0, 256))
        (tmp_path / "b.jpg").write_bytes(data)
        given += stand_in(tmp_path / "b.jpg", orientation=6) is not None
    assert 0 < given < 300


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("formats/raw/Issue 247-1.nef", (106, 160)),
        ("formats/raw/canon_eos_6d.dng", (256, 171)),
        ("formats/raw_metadata_only/FujiFilm.raf", (160, 120)),
    ],
)
def test_raw_files_give_their_thumbnail(corpus: Path, name: str, size: tuple[int, int]) -> None:
    data = stand_in(corpus / name, orientation=1)
    assert data is not None
    assert opened(data).size == size
