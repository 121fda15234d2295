"""EXIF blocks, written here by hand or by Pillow."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from appliance.media.exif import read_apple_note, read_exif


def _exif(ifd0: dict[int, Any], exif: dict[int, Any] | None = None, gps: dict[int, Any] | None = None) -> bytes:
    tags = Image.Exif()
    for tag, value in ifd0.items():
        tags[tag] = value
    tags.get_ifd(0x8769).update(exif or {})
    tags.get_ifd(0x8825).update(gps or {})
    return tags.tobytes()


def test_tags_have_exiftool_s_names_and_plain_values() -> None:
    flat = read_exif(
        _exif(
            {0x010F: "Maker ", 0x0112: 6, 0x0132: "2019:01:02 03:04:05"},
            {0x829A: IFDRational(1, 250), 0x829D: IFDRational(28, 10), 0x8827: 400, 0x9291: "07"},
            {1: "S", 2: (IFDRational(33), IFDRational(51), IFDRational(2051, 100)), 7: (6, 16, IFDRational(5, 2))},
        )
    )
    assert flat["IFD0:Make"] == "Maker"
    assert flat["IFD0:Orientation"] == 6
    assert flat["IFD0:ModifyDate"] == "2019:01:02 03:04:05"
    assert flat["ExifIFD:ExposureTime"] == 0.004
    assert flat["ExifIFD:FNumber"] == 2.8
    assert flat["ExifIFD:ISO"] == 400
    assert flat["ExifIFD:SubSecTimeOriginal"] == "07"
    assert flat["GPS:GPSLatitudeRef"] == "S"
    assert flat["GPS:GPSLatitude"] == pytest.approx(33 + 51 / 60 + 20.51 / 3600)
    assert flat["GPS:GPSTimeStamp"] == "06:16:02.5"


@pytest.mark.parametrize(
    "degrees",
    [
        (IFDRational(0, 0), IFDRational(0, 0), IFDRational(0, 0)),
        (IFDRational(33, 1), IFDRational(5, 0), IFDRational(1, 1)),
        (1, 2, 3, 4, 5),
    ],
)
def test_positions_of_nothing_over_nothing_are_left_out(degrees: tuple[Any, ...]) -> None:
    assert "GPS:GPSLatitude" not in read_exif(_exif({}, gps={1: "N", 2: degrees}))


def test_text_is_utf_8_or_else_western() -> None:
    assert read_exif(_exif({0x010E: "Größe".encode()}))["IFD0:ImageDescription"] == "Größe"
    assert read_exif(_exif({0x010E: "Größe".encode("latin-1")}))["IFD0:ImageDescription"] == "Größe"
    assert read_exif(_exif({0x010E: b"a\0junk"}))["IFD0:ImageDescription"] == "a"


def test_windows_and_comment_text_are_two_byte_characters() -> None:
    flat = read_exif(
        _exif({0x9C9B: "Tïtle\0".encode("utf-16-le")}, {0x9286: b"UNICODE\0" + "Höhe".encode("utf-16-be")})
    )
    assert (flat["IFD0:XPTitle"], flat["ExifIFD:UserComment"]) == ("Tïtle", "Höhe")


def _apple_note(order: str, identifier: bytes) -> bytes:
    mark = {">": b"MM", "<": b"II"}[order]
    directory = struct.pack(f"{order}HHHLL", 1, 0x11, 2, len(identifier), 14 + 2 + 12 + 4)
    return b"Apple iOS\0\0\1" + mark + directory + struct.pack(f"{order}L", 0) + identifier


@pytest.mark.parametrize("order", [">", "<"])
def test_apple_s_content_identifier_is_found_in_its_note(order: str) -> None:
    note = _apple_note(order, b"9B539AB8-A668-4FA6-9207-EB653A5E7E3C\0")
    assert read_apple_note(note) == {"Apple:ContentIdentifier": "9B539AB8-A668-4FA6-9207-EB653A5E7E3C"}
    assert read_exif(_exif({}, {0x927C: note}))["Apple:ContentIdentifier"] == "9B539AB8-A668-4FA6-9207-EB653A5E7E3C"


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of damaged tags; the fast reader silences it
@given(st.binary(max_size=200), st.integers(min_value=0, max_value=400))
def test_any_bytes_are_survived(junk: bytes, at: int) -> None:
    good = _exif({0x010F: "Maker"}, {0x9003: "2019:01:02 03:04:05", 0x927C: _apple_note(">", b"x" * 36)}, {1: "N"})
    for data in (junk, b"Exif\0\0" + junk, b"Exif\0\0MM\0*" + junk, good[:at] + junk + good[at + len(junk) :]):
        read_exif(data)
    read_apple_note(b"Apple iOS\0\0\1MM" + junk)


def test_a_block_of_many_megabytes_says_nothing() -> None:
    assert read_exif(b"Exif\0\0MM\0*" + b"\0" * (5 << 20)) == {}
