from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from appliance.errors import MediaError, UnsupportedFormatError
from appliance.media.jxl import read_jxl_size
from appliance.media.pixels import read_picture

from .pictures import difference, save, scene

if TYPE_CHECKING:
    from pathlib import Path


def header(*fields: tuple[int, int]) -> bytes:
    """A JPEG XL codestream of (value, bits) fields, lowest bit first."""
    value = position = 0
    for number, bits in fields:
        value |= number << position
        position += bits
    return b"\xff\x0a" + value.to_bytes(64, "little")


SMALL_SQUARE = header((1, 1), (4, 5), (1, 3), (1, 1))  # (4 + 1) * 8 high, ratio 1:1
LARGE = header((0, 1), (1, 2), (3023, 13), (0, 3), (1, 2), (4031, 13), (1, 1))
LARGE_TURNED = header((0, 1), (1, 2), (3023, 13), (0, 3), (1, 2), (4031, 13), (0, 1), (1, 1), (5, 3))
BOMB = header((0, 1), (3, 2), (99_999, 30), (1, 3), (1, 1))


@pytest.mark.parametrize(
    ("data", "size"), [(SMALL_SQUARE, (40, 40)), (LARGE, (4032, 3024)), (LARGE_TURNED, (3024, 4032))]
)
@pytest.mark.parametrize("boxed", [False, True])
def test_size_is_read_from_the_header(tmp_path: Path, data: bytes, size: tuple[int, int], boxed: bool) -> None:
    if boxed:
        signature = b"\x00\x00\x00\x0cJXL \r\n\x87\n" + b"\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl "
        data = signature + (len(data) + 8).to_bytes(4, "big") + b"jxlc" + data
    (tmp_path / "a.jxl").write_bytes(data)
    assert read_jxl_size(tmp_path / "a.jxl") == size


def test_a_bomb_is_refused_before_ffmpeg_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.jxl").write_bytes(BOMB)
    with pytest.raises(UnsupportedFormatError, match="10000 megapixels"):
        read_picture(tmp_path / "a.jxl", kind="photo", mime_type="", orientation=1, max_side=100)


@pytest.mark.parametrize("data", [b"\xff\x0a", b"\xff\x0a\xff", b"\x00\x00\x00\x0cJXL \r\n\x87\n", SMALL_SQUARE])
def test_a_file_without_a_picture_is_a_media_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jxl").write_bytes(data)
    with pytest.raises(MediaError):
        read_picture(tmp_path / "a.jxl", kind="photo", mime_type="", orientation=1, max_side=100)


def test_a_picture_is_decoded_by_ffmpeg(tmp_path: Path) -> None:
    encoders = subprocess.run(["ffmpeg", "-v", "error", "-encoders"], capture_output=True, text=True, check=True).stdout
    if "libjxl" not in encoders:
        pytest.skip("this ffmpeg has no libjxl")
    plain = save(tmp_path / "a.png", scene())
    path = tmp_path / "a.jxl"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(plain), "-c:v", "libjxl", str(path)], check=True)
    picture = read_picture(path, kind="photo", mime_type="image/jxl", orientation=6, max_side=320)
    assert (picture.width, picture.height) == (320, 240)  # EXIF's orientation does not count for JPEG XL
    assert difference(picture.image, scene()) < 5
