"""One file's metadata: both readers behind one question, sidecars merged, damage survived."""

from __future__ import annotations

import io
import json
import pickle
import random
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PIL import Image

from appliance.errors import MediaError, UnreadableFileError, UnsupportedFormatError
from appliance.media import exiftool
from appliance.media.interpret import interpret
from appliance.media.metadata import read_metadata
from appliance.media.tagvalues import MAX_TAGS_BYTES, clean_text, number
from appliance.media.values import FaceRegion, MediaMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_TIME = datetime(2024, 3, 1, 10, 30, tzinfo=UTC)
SIDECAR = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmp:Rating="5" exif:DateTimeOriginal="2001-02-03T04:05:06+01:00"
 exif:GPSLatitude="52,31.2N" exif:GPSLongitude="13,24.3E">
<dc:subject><rdf:Bag><rdf:li>beside</rdf:li></rdf:Bag></dc:subject>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">From the sidecar</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.fixture(autouse=True)
def _exiftool_ended() -> Iterator[None]:
    yield
    exiftool.shared().close()


def _jpeg(exif: dict[int, Any] | None = None, original: str = "", size: tuple[int, int] = (8, 6)) -> bytes:
    tags = Image.Exif()
    for tag, value in (exif or {}).items():
        tags[tag] = value
    if original:
        tags.get_ifd(0x8769)[0x9003] = original
    out = io.BytesIO()
    Image.new("RGB", size).save(out, "JPEG", exif=tags)
    return out.getvalue()


def _read(tmp_path: Path, content: bytes, name: str = "photo.jpg", **more: Any) -> MediaMetadata:
    file = tmp_path / name
    file.write_bytes(content)
    return read_metadata(file, filename=name, file_modified=FILE_TIME, **more)


def test_bytes_in_memory_and_the_file_say_the_same(tmp_path: Path) -> None:
    content = _jpeg({0x010F: "Maker", 0x0112: 6}, "2019:01:02 03:04:05")
    meta = _read(tmp_path, content)
    assert (meta.kind, meta.mime_type, meta.reader) == ("photo", "image/jpeg", "pillow")
    assert (meta.width, meta.height, meta.orientation) == (6, 8, 6)
    assert (meta.camera_make, meta.start) == ("Maker", datetime(2019, 1, 2, 3, 4, 5, tzinfo=UTC))
    absent = tmp_path / "absent.jpg"
    assert read_metadata(absent, data=content, filename="photo.jpg", file_modified=FILE_TIME) == meta


def test_the_result_travels_between_processes_and_into_json(tmp_path: Path) -> None:
    meta = _read(tmp_path, _jpeg({0x010F: "Maker"}, "2019:01:02 03:04:05"))
    assert pickle.loads(pickle.dumps(meta)) == meta
    assert msgspec.json.decode(msgspec.json.encode(meta), type=MediaMetadata) == meta


def test_a_sidecar_wins_but_not_over_the_camera_s_own_date(tmp_path: Path) -> None:
    dated = _read(tmp_path, _jpeg({0x4746: 2, 0x010E: "Inside"}, "2019:01:02 03:04:05"), sidecar=SIDECAR)
    assert (dated.rating, dated.title, dated.description) == (5, "From the sidecar", "Inside")
    assert dated.start_local == datetime(2019, 1, 2, 3, 4, 5, tzinfo=UTC).replace(tzinfo=None)
    undated = _read(tmp_path, _jpeg(), name="IMG_20150102_030405.jpg", sidecar=SIDECAR)
    assert undated.start == datetime(2001, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert (undated.date_source, undated.utc_offset_min, undated.keywords) == ("sidecar", 60, ("beside",))
    assert undated.latitude == pytest.approx(52.52)
    assert undated.place is not None
    assert undated.place.city == "Berlin"


def test_a_broken_sidecar_changes_nothing(tmp_path: Path) -> None:
    content = _jpeg({0x4746: 2}, "2019:01:02 03:04:05")
    assert _read(tmp_path, content, sidecar=b"<x:xmpmeta") == _read(tmp_path, content)


def test_a_sidecar_file_gives_its_own_metadata(tmp_path: Path) -> None:
    meta = _read(tmp_path, SIDECAR, name="photo.jpg.xmp")
    assert (meta.kind, meta.rating, meta.keywords) == ("sidecar", 5, ("beside",))


def test_content_counts_and_not_the_name(tmp_path: Path) -> None:
    meta = _read(tmp_path, _jpeg(), name="really.heic")
    assert (meta.kind, meta.mime_type, meta.width) == ("photo", "image/jpeg", 8)


def test_png_metadata_behind_the_pixels_is_read_without_decoding(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (5, 4)).save(out, "PNG")
    chunk = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + SIDECAR
    late = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    end = out.getvalue().index(b"IEND") - 4
    meta = _read(tmp_path, out.getvalue()[:end] + late + out.getvalue()[end:], name="a.png")
    assert (meta.reader, meta.rating, meta.width) == ("exiftool", 5, 5)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_the_size_is_that_of_the_upright_picture(tmp_path: Path, image_format: str, orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    out = io.BytesIO()
    Image.new("RGB", (16, 12)).save(out, image_format, exif=tags)
    meta = _read(tmp_path, out.getvalue(), name=f"a.{image_format.lower()}")
    assert (meta.orientation, meta.width, meta.height) == (orientation, *((12, 16) if orientation > 4 else (16, 12)))


def test_moving_pictures_are_known(tmp_path: Path) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (5, 4), color) for color in ("red", "green")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert _read(tmp_path, out.getvalue(), name="a.gif").animated
    assert not _read(tmp_path, _jpeg()).animated


def test_a_hundred_megabytes_of_exif_before_the_pixels_take_no_minute(tmp_path: Path) -> None:
    content = _jpeg()
    body = b"Exif\0\0MM\0*\0\0\0\x08" + b"\0" * 65_000
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    begun = time.monotonic()
    meta = _read(tmp_path, content[:2] + segment * 800 + content[2:])
    assert time.monotonic() - begun < 10
    assert (meta.reader, meta.width) == ("exiftool", 8)


def test_text_in_a_png_that_unpacks_to_gigabytes_is_one_failed_file(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (5, 4)).save(out, "PNG")
    packer = zlib.compressobj(1)
    packed = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(600)), packer.flush()])
    chunk = b"zTXtname\0\0" + packed
    bomb = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    with pytest.raises(UnreadableFileError):
        _read(tmp_path, out.getvalue()[:33] + bomb + out.getvalue()[33:], name="a.png")


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="empty") as caught:
        _read(tmp_path, b"")
    assert caught.value.hint


def test_what_is_no_media_is_unsupported(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormatError):
        _read(tmp_path, b"hello", name="notes.txt")


def test_garbage_under_a_photo_s_name_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="damaged"):
        _read(tmp_path, b"garbage" * 100)


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be opened"):
        read_metadata(tmp_path / "absent.jpg", filename="absent.jpg", file_modified=FILE_TIME)


def _interpret(flat: dict[str, Any], **more: Any) -> MediaMetadata:
    arguments: dict[str, Any] = {
        "kind": "photo",
        "mime_type": "image/jpeg",
        "reader": "pillow",
        "filename": "x.jpg",
        "file_modified": FILE_TIME,
    }
    return interpret(flat, **{**arguments, **more})


@pytest.mark.parametrize(
    "flat",
    [
        {"GPS:GPSLatitude": 0, "GPS:GPSLatitudeRef": "N", "GPS:GPSLongitude": 0, "GPS:GPSLongitudeRef": "E"},
        {"GPS:GPSLatitude": 91.0, "GPS:GPSLatitudeRef": "N", "GPS:GPSLongitude": 1.0, "GPS:GPSLongitudeRef": "E"},
        {"GPS:GPSLatitude": 10.0, "GPS:GPSLatitudeRef": "N", "GPS:GPSLongitude": 181.0, "GPS:GPSLongitudeRef": "E"},
        {"GPS:GPSLatitude": float("nan"), "GPS:GPSLatitudeRef": "N", "GPS:GPSLongitude": 1, "GPS:GPSLongitudeRef": "E"},
        {"GPS:GPSLatitude": 10.0, "GPS:GPSLongitude": 20.0},  # which quarter of the globe?
        {"GPS:GPSLatitude": "undef", "GPS:GPSLatitudeRef": "N", "GPS:GPSLongitude": 1, "GPS:GPSLongitudeRef": "E"},
        {"Keys:GPSCoordinates": "0 0 0"},
        {"Keys:GPSCoordinates": "nowhere"},
    ],
)
def test_impossible_and_empty_positions_are_no_positions(flat: dict[str, Any]) -> None:
    meta = _interpret(flat)
    assert (meta.latitude, meta.longitude, meta.place) == (None, None, None)


def test_south_west_and_below_the_sea_are_negative() -> None:
    flat = {"GPS:GPSLatitude": 10.5, "GPS:GPSLatitudeRef": "S", "GPS:GPSLongitude": 70.25, "GPS:GPSLongitudeRef": "W"}
    meta = _interpret({**flat, "GPS:GPSAltitude": 12.0, "GPS:GPSAltitudeRef": 1})
    assert (meta.latitude, meta.longitude, meta.altitude) == (-10.5, -70.25, -12.0)


@pytest.mark.parametrize(
    ("flat", "stars"),
    [
        ({"XMP-xmp:Rating": "4"}, 4),
        ({"XMP-xmp:Rating": -1}, -1),
        ({"XMP-xmp:Rating": 0, "IFD0:Rating": 3}, 0),
        ({"XMP-xmp:Rating": 99, "IFD0:Rating": 3}, 3),
        ({"XMP-microsoft:RatingPercent": 1}, 1),
        ({"XMP-microsoft:RatingPercent": 50}, 3),
        ({"IFD0:RatingPercent": 99}, 5),
        ({"IFD0:Rating": "x"}, None),
        ({}, None),
    ],
)
def test_ratings_of_all_programs_are_stars(flat: dict[str, Any], stars: int | None) -> None:
    assert _interpret(flat).rating == stars


def test_phrases_that_cameras_write_are_no_descriptions() -> None:
    assert _interpret({"IFD0:ImageDescription": "OLYMPUS DIGITAL CAMERA         "}).description == ""
    assert _interpret({"IFD0:ImageDescription": "SONY DSC", "IFD0:XPComment": "Ours"}).description == "Ours"


# Where a box at the left top (a tenth in, a fifth down, three tenths wide, four high) goes when the picture is
# turned as the tag asks; drawn on paper.
_TURNED = {
    1: (0.1, 0.2, 0.3, 0.4),
    2: (0.6, 0.2, 0.3, 0.4),
    3: (0.6, 0.4, 0.3, 0.4),
    4: (0.1, 0.4, 0.3, 0.4),
    5: (0.2, 0.1, 0.4, 0.3),
    6: (0.4, 0.1, 0.4, 0.3),
    7: (0.4, 0.6, 0.4, 0.3),
    8: (0.2, 0.6, 0.4, 0.3),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_face_boxes_turn_with_the_picture(orientation: int) -> None:
    region = {"Name": "Ann", "Type": "Face", "Area": {"X": "0.25", "Y": "0.4", "W": "0.3", "H": "0.4"}}
    meta = _interpret(
        {
            "File:ImageWidth": 400,
            "File:ImageHeight": 300,
            "IFD0:Orientation": orientation,
            "XMP-mwg-rs:RegionInfo": {"AppliedToDimensions": {"W": 400, "H": 300}, "RegionList": [region]},
        }
    )
    x, y, width, height = _TURNED[orientation]
    assert meta.face_regions == (FaceRegion(name="Ann", x=x, y=y, width=width, height=height),)


def test_face_boxes_marked_on_the_upright_picture_stay() -> None:
    region = {"Name": "Ann", "Area": {"X": 0.25, "Y": 0.4, "W": 0.3, "H": 0.4}}
    info = {"AppliedToDimensions": {"W": 300, "H": 400}, "RegionList": [region]}
    flat = {"File:ImageWidth": 400, "File:ImageHeight": 300, "IFD0:Orientation": 6, "XMP-mwg-rs:RegionInfo": info}
    assert _interpret(flat).face_regions == (FaceRegion(name="Ann", x=0.1, y=0.2, width=0.3, height=0.4),)


def test_regions_that_are_no_faces_or_no_boxes_are_left_out() -> None:
    regions = [
        {"Type": "BarCode", "Area": {"X": 0.5, "Y": 0.5, "W": 0.1, "H": 0.1}},
        {"Type": "Face", "Area": {"X": "a", "Y": 0.5}},
        {"Type": "Face"},
        {"Type": "Face", "Area": {"X": 7, "Y": 0.5, "W": 0.1, "H": 0.1}},
        7,
    ]
    assert _interpret({"XMP-mwg-rs:RegionInfo": {"RegionList": regions}}).face_regions == ()


def test_odd_values_under_every_name_never_raise() -> None:
    names = ["Make", "Orientation", "ImageWidth", "ImageHeight", "ISO", "FNumber", "Rating", "Subject", "Keywords"]
    names += ["GPSLatitude", "GPSLatitudeRef", "GPSAltitude", "GPSCoordinates", "RegionInfo", "RegionInfoMP", "Title"]
    names += ["Duration", "Rotation", "CompressorID", "VideoStreamType", "FrameCount", "ContentIdentifier", "Directory"]
    groups = ["IFD0", "ExifIFD", "GPS", "XMP-dc", "XMP-exif", "XMP-mwg-rs", "XMP-MP", "IPTC", "Keys", "File", "Track1"]
    groups += ["Composite", "M2TS", "QuickTime", "XMP-GContainer", "Apple"]
    odd: list[Any] = [None, "", "x" * 10_000, -1, 10**400, float("inf"), float("nan"), [], [[]], {}, {"a": {}}, True]
    odd += ["0/0", "1e999", "\0\ud800", [None, 7, {}], {"RegionList": {}}, {"RegionList": [{"Area": []}]}]
    for value in odd:
        flat = {f"{group}:{name}": value for group in groups for name in names}
        for kind in ("photo", "video", "raw"):
            meta = _interpret(flat, kind=kind, sidecar=flat)
            msgspec.json.encode(meta)


def test_raw_tags_fit_into_their_room() -> None:
    meta = _interpret({f"IFD0:Tag{n}": "ü" * 900 for n in range(1000)})
    assert 1000 < len(json.dumps(meta.tags)) <= MAX_TAGS_BYTES


def test_text_is_cleaned_and_bounded() -> None:
    assert clean_text(" a\0b\x07\ud800 ", 10) == "ab"
    assert clean_text("x" * 1000, 10) == "x" * 10
    assert clean_text(["x"], 10) == ""


@pytest.mark.parametrize(
    ("value", "expected"), [("1/60", 1 / 60), ("4.5 mm", 4.5), ("0/0", None), ("x", None), (True, None)]
)
def test_numbers_are_numbers(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_five_hundred_mutated_photos_give_metadata_or_a_reason(tmp_path: Path) -> None:
    seed = random.Random(7)
    pictures = {"a.jpg": _jpeg({0x010F: "Maker", 0x0112: 6}, "2019:01:02 03:04:05")}
    for name, image_format in (
        ("a.png", "PNG"),
        ("a.webp", "WEBP"),
        ("a.tif", "TIFF"),
        ("a.avif", "AVIF"),
        ("a.gif", "GIF"),
    ):
        out = io.BytesIO()
        Image.new("RGB", (8, 6)).save(out, image_format)
        pictures[name] = out.getvalue()
    names = list(pictures)
    begun = time.monotonic()
    for number_of in range(500):
        name = names[number_of % len(names)]
        content = bytearray(pictures[name])
        for _ in range(seed.randint(1, 8)):
            content[seed.randrange(len(content))] = seed.randrange(256)
        content = content[: seed.randint(1, len(content))] if seed.random() < 0.3 else content
        try:
            meta = _read(tmp_path, bytes(content), name=name)
        except MediaError as error:
            if not error.message.endswith("."):
                raise
        else:
            assert meta.start is not None
    assert time.monotonic() - begun < 60
