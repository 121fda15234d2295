"""Every statement the corpus makes about a file's metadata, against what Homeroll reads.

A statement that Homeroll does not repeat stands in an exceptions table with its reason; one that is no longer needed
fails too.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import MediaError
from appliance.media import exiftool
from appliance.media.interpret import interpret
from appliance.media.metadata import read_metadata
from appliance.media.places import find_place
from appliance.media.sniff import sniff
from tests.conftest import CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from appliance.media.values import MediaMetadata

pytestmark = [pytest.mark.corpus, pytest.mark.slow]
FILE_TIME = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)  # a date no file of the corpus states


@pytest.fixture(scope="module", autouse=True)
def _exiftool_open() -> Iterator[None]:
    """One exiftool for the module, started before the guards look and ended after them."""
    tool = exiftool.shared()
    if CORPUS.is_dir():
        tool.read(CORPUS / "MANIFEST.md")
    yield
    tool.close()


def _rows(name: str) -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # the corpus was trimmed after its tables were made
    return [row for row in rows if (CORPUS / row["path"]).is_file()]


@cache
def _read(path: str) -> MediaMetadata:
    file = CORPUS / path
    if file.suffix == ".xmp":  # a row about a sidecar states what its picture is once it is merged
        file = file.with_suffix(".jpg")
    beside = next((s for s in (file.with_name(f"{file.name}.xmp"), file.with_suffix(".xmp")) if s.is_file()), None)
    sidecar = beside.read_bytes() if beside and path.startswith("sidecars/") else None
    return read_metadata(file, filename=file.name, file_modified=FILE_TIME, sidecar=sidecar)


def _disagreements(
    name: str, compare: Callable[[MediaMetadata, dict[str, str]], str | None], key: str = "key"
) -> dict[tuple[str, str], str]:
    wrong = {}
    for row in _rows(name):
        try:
            problem = compare(_read(row["path"]), row)
        except MediaError as error:
            problem = error.message
        if problem is not None:
            wrong[row["path"], row.get(key, "")] = problem
    return wrong


def _judge(wrong: dict[tuple[str, str], str], exceptions: dict[tuple[str, str], str]) -> None:
    unexpected = {place: problem for place, problem in wrong.items() if place not in exceptions}
    assert unexpected == {}, "\n".join(f"{place}: {problem}" for place, problem in unexpected.items())
    assert sorted(exceptions.keys() - wrong.keys()) == [], "these exceptions are no longer needed"


# ---------------------------------------------------------------------------------------------------------- exif.csv


def _same_number(actual: float | None, stated: str, tolerance: float = 0.0) -> bool:
    """Equal to the last digit that is stated."""
    try:
        expected = float(Fraction(stated))
    except (ValueError, ZeroDivisionError):
        return actual is None
    if expected == 0:  # 0 is how these tags say "unknown"
        return actual is None or actual == 0
    rounded = 0.5 / 10 ** len(stated.partition(".")[2]) if "." in stated else 1e-9
    return actual is not None and abs(actual - expected) <= abs(expected) * tolerance + rounded + 1e-9


def _same_text(actual: str, stated: str) -> bool:
    return " ".join(actual.split()) == " ".join(stated.replace("\0", "").split())


def _words(stated: str) -> set[str]:
    return {word.strip() for word in stated.split("; ")}


def _is_no_date(stated: str) -> bool:
    return not stated.strip() or stated.startswith("0000") or not re.match(r"\d{4}", stated)


def _stamp(stated: str) -> datetime | None:
    match = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?", stated)
    if match is None:
        return None
    try:
        return datetime(*(int(part) for part in match.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001 - six ints; wall clock
    except ValueError:
        return None


def _compare_exif(meta: MediaMetadata, row: dict[str, str]) -> str | None:
    key, stated = row["key"], row["value"]
    check = _CHECKS.get(key)
    if check is None:
        pytest.fail(f"exif.csv states {key!r}, which no check knows")
    actual, same = check(meta, stated)
    return None if same else f"stated {stated!r}, read {actual!r}"


def _check_original(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
    expected = _stamp(stated)
    actual = meta.start_local.replace(microsecond=0) if meta.start_local else None
    if expected is None:
        return meta.date_source, meta.tags.get("ExifIFD:DateTimeOriginal") in (None, stated) or _is_no_date(stated)
    return actual, actual == expected


def _check_modified(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
    actual = meta.tags.get("IFD0:ModifyDate")
    return actual, actual == stated.strip() or (actual is None and _is_no_date(stated))


def _check_created_utc(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
    expected = datetime.fromisoformat(stated)
    return meta.start, meta.start is not None and abs(meta.start - expected) < timedelta(seconds=1)


def _check_offset(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
    sign, hours, minutes = stated[0], int(stated[1:3]), int(stated[4:6])
    return meta.utc_offset_min, meta.utc_offset_min == (-1 if sign == "-" else 1) * (hours * 60 + minutes)


def _check_coordinate(value: float | None, other: float | None, stated: str) -> tuple[object, bool]:
    expected = float(stated)
    if expected != expected or (expected == 0 and value is None):  # NaN, or the null island
        return value, value is None and other is None
    return value, value is not None and abs(value - expected) < 2e-4


def _check_faces(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
    names = sorted(face.name for face in meta.face_regions)
    return names, names == sorted(stated.split("; "))


def _check_keywords(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
    # The source takes names of faces out of the keywords; Homeroll leaves both as they are written.
    names = {face.name for face in meta.face_regions}
    return meta.keywords, set(meta.keywords) - names == _words(stated) - names


def _check_tag(*names: str) -> Callable[[MediaMetadata, str], tuple[object, bool]]:
    def check(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
        keys = [f"{prefix}{name}" for prefix in ("Sidecar:", "") for name in names]
        values = [meta.tags[key] for key in keys if key in meta.tags]
        return values, any(_same_text(str(value), stated) for value in values)

    return check


def _check_stored_side(name: str) -> Callable[[MediaMetadata, str], tuple[object, bool]]:
    def check(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
        turned = meta.orientation >= 5
        turned |= any(k.endswith("MatrixStructure") and str(v).startswith("0 ") for k, v in meta.tags.items())
        upright = (meta.width, meta.height)
        stored = upright[::-1] if turned else upright
        actual = stored[0 if name == "width" else 1]
        return actual, str(actual) == stated.split()[0]

    return check


def _is_position(meta: MediaMetadata, stated: str) -> bool:
    latitude, longitude = (float(part) for part in stated.split())
    return (meta.latitude or 0.0, meta.longitude or 0.0) == (latitude, longitude)


def _seconds(stated: str) -> float:
    hours, minutes, seconds = (float(part) for part in stated.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def _check_local_date(meta: MediaMetadata, stated: str) -> tuple[object, bool]:
    """Java's date text; the dump was made in Sydney."""
    parts = stated.replace("AEST", "+10:00").replace("AEDT", "+11:00").split()
    offset = next(part for part in parts if part.startswith("+"))
    clock = next(part for part in parts if ":" in part and not part.startswith("+"))
    moment = datetime.strptime(f"{parts[-1]} {parts[1]} {parts[2]} {clock} {offset}", "%Y %b %d %H:%M:%S %z")
    actual = datetime.strptime(str(meta.tags.get("QuickTime:CreateDate")), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    return actual, actual == moment


_CODECS = {"avc1": "h264", "hvc1": "hevc", "H.264": "h264", "MPEG-4": "mpeg4", "MPEG-4 Visual": "mpeg4"}
_CHECKS: dict[str, Callable[[MediaMetadata, str], tuple[object, bool]]] = {
    "DateTimeOriginal": _check_original,
    "DateTime": _check_modified,
    "CreateDate": lambda m, s: (m.date_source, not _is_no_date(s) or m.date_source != "quicktime"),
    "CreationDateUTC": _check_created_utc,
    "OffsetTime": _check_offset,
    "DisplayWidth": lambda m, s: (m.width, str(m.width) == s),
    "DisplayHeight": lambda m, s: (m.height, str(m.height) == s),
    "ImageWidth": _check_stored_side("width"),
    "ImageHeight": _check_stored_side("height"),
    "Orientation": lambda m, s: (m.orientation, str(m.orientation) == s or s == ""),
    "Make": lambda m, s: (m.camera_make, _same_text(m.camera_make, s)),
    "Model": lambda m, s: (m.camera_model, _same_text(m.camera_model, s)),
    "Lens": lambda m, s: (m.lens, _same_text(m.lens, s)),
    "ExposureTime": lambda m, s: (m.exposure_s, _same_number(m.exposure_s, s, 0.06)),  # dumps round to 1/n
    "FNumber": lambda m, s: (m.f_number, _same_number(m.f_number, s)),
    "FocalLength": lambda m, s: (m.focal_length_mm, _same_number(m.focal_length_mm, s)),
    "ISO": lambda m, s: (m.iso, _same_number(m.iso, s)),
    "GPSLatitude": lambda m, s: _check_coordinate(m.latitude, m.longitude, s),
    "GPSLongitude": lambda m, s: _check_coordinate(m.longitude, m.latitude, s),
    "GPSPosition": lambda m, s: (m.latitude, _is_position(m, s)),
    "caption": lambda m, s: (m.description, _same_text(m.description, s)),
    "title": lambda m, s: (m.title, _same_text(m.title, s)),
    "rating": lambda m, s: (m.rating, str(m.rating) == s),
    "keywords": _check_keywords,
    "faces": _check_faces,
    "city": _check_tag("XMP-photoshop:City", "IPTC:City"),
    "state": _check_tag("XMP-photoshop:State", "IPTC:Province-State"),
    "country": _check_tag("XMP-photoshop:Country", "IPTC:Country-PrimaryLocationName"),
    "MIMEType": lambda m, s: (m.mime_type, m.mime_type == s),
    "CompressorID": lambda m, s: (m.codec, m.codec == _CODECS[s]),
    "Duration": lambda m, s: (m.duration_s, _same_number(m.duration_s, s)),
    "duration_ms": lambda m, s: (m.duration_s, m.duration_s is not None and abs(m.duration_s * 1000 - float(s)) < 2),
    "Rotation": lambda m, s: (m.width, True),
    "MP4 Creation Time": _check_local_date,
    "QuickTime Creation Time": _check_local_date,
    "MP4 Duration": lambda m, s: (None, True),  # in units of a time scale that the dump does not state
    "QuickTime Duration": lambda m, s: (None, True),
    "MP4 Duration in Seconds": lambda m, s: (m.duration_s, abs((m.duration_s or 0) - _seconds(s)) < 1),
    "QuickTime Duration in Seconds": lambda m, s: (m.duration_s, abs((m.duration_s or 0) - _seconds(s)) < 1),
    "MP4 Rotation": lambda m, s: (m.width, s == "0"),
    "QuickTime Rotation": lambda m, s: (m.width, s == "-90"),
    "MP4 Video Compression Type": lambda m, s: (m.codec, m.codec == _CODECS[s]),
    "QuickTime Video Compression Type": lambda m, s: (m.codec, m.codec == _CODECS[s]),
    "MP4 Video Width": lambda m, s: (m.width, f"{m.width} pixels" == s),
    "MP4 Video Height": lambda m, s: (m.height, f"{m.height} pixels" == s),
    "QuickTime Video Width": lambda m, s: (m.height, f"{m.height} pixels" == s),  # before the turn by 90 degrees
    "QuickTime Video Height": lambda m, s: (m.width, f"{m.width} pixels" == s),
    "QuickTime Metadata Creation Date": lambda m, s: (m.start, m.start == datetime.fromisoformat(s)),
}

_NO_ZONE = "the source knows no zone and reads the wall clock as UTC; the position tells the zone"
EXIF_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("exif/dates/corrupted_city.JPG", "CreationDateUTC"): _NO_ZONE,
    ("exif/descriptive/Chars_exiftool.jpg", "CreationDateUTC"): _NO_ZONE,
    ("exif/descriptive/exiftool.jpg", "CreationDateUTC"): _NO_ZONE,
    ("exif/descriptive/test image öüóőúéáű-.,.jpg", "CreationDateUTC"): _NO_ZONE,
    ("sidecars/testimagedesc1.jpg", "CreationDateUTC"): _NO_ZONE,
    ("sidecars/testimagedesc1.xmp", "CreationDateUTC"): _NO_ZONE,
    ("sidecars/testimagedesc2.jpg", "CreationDateUTC"): _NO_ZONE,
    ("sidecars/testimagedesc2.xmp", "CreationDateUTC"): _NO_ZONE,
    ("sidecars/20240128_185808.JPG", "CreationDateUTC"): (
        "18:58:08 is the wall clock; the source states +01:00 beside it and yet gives it as UTC"
    ),
    ("exif/descriptive/special_names.jpg", "keywords"): "the source lists some twice, once escaped for HTML",
}


def test_every_statement_of_exif_csv_holds() -> None:
    _judge(_disagreements("exif.csv", _compare_exif), EXIF_EXCEPTIONS)


# --------------------------------------------------------------------------------------------------------- video.csv


def _compare_video(meta: MediaMetadata, row: dict[str, str]) -> str | None:
    turned = abs(int(row["rotation_deg"])) % 180 == 90
    size = (int(row["width"]), int(row["height"]))
    problems = []
    if (meta.width, meta.height) != (size[::-1] if turned else size):
        problems.append(f"size {meta.width}x{meta.height}")
    if meta.codec != row["video_codec"]:
        problems.append(f"codec {meta.codec}")
    if meta.duration_s is None or abs(meta.duration_s - float(row["duration_s"])) > 0.1:
        problems.append(f"duration {meta.duration_s}")
    stated = row["quicktime_creationdate"] or row["creation_time"]
    if stated:
        moment = datetime.fromisoformat(stated)
        if meta.start != moment:
            problems.append(f"start {meta.start}")
        if row["quicktime_creationdate"] and meta.start_local != moment.replace(tzinfo=None):
            problems.append(f"local {meta.start_local}")
    elif meta.date_source not in ("file", "filename", "sidecar"):
        problems.append(f"date from {meta.date_source}")
    if row["location"]:
        latitude, longitude = (float(n) for n in re.findall(r"[+-][\d.]+", row["location"])[:2])
        expected = None if latitude == longitude == 0 else (latitude, longitude)
        if (None if meta.latitude is None else (meta.latitude, meta.longitude)) != expected:
            problems.append(f"position {meta.latitude}, {meta.longitude}")
    elif meta.latitude is not None:
        problems.append(f"position {meta.latitude}")
    return "; ".join(problems) or None


VIDEO_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("formats/video/Sony ILCE-7M3 (A7M3).mts", ""): "ffmpeg reads no date in it; it stands in the H.264 stream",
    ("sidecars/bunny_1sec.mp4", ""): "its sidecar states another date, which goes before QuickTime's (see exif.csv)",
}


def test_every_row_of_video_csv_holds() -> None:
    _judge(_disagreements("video.csv", _compare_video), VIDEO_EXCEPTIONS)


# ----------------------------------------------------------------------------------------------------------- geo.csv


def _compare_geo(meta: MediaMetadata, row: dict[str, str]) -> str | None:
    latitude, longitude = float(row["lat"]), float(row["lon"])
    if not row["country"]:
        return None if meta.latitude is None and meta.place is None else f"{meta.latitude}, {meta.place}"
    if meta.latitude is None or meta.longitude is None:
        return "no position"
    if abs(meta.latitude - latitude) > 1e-4 or abs(meta.longitude - longitude) > 1e-4:
        return f"position {meta.latitude}, {meta.longitude}"
    if meta.place is None or meta.place.country_code != row["country"]:
        return f"place {meta.place}"
    return None


GEO_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("exif/gps_edge/Nikon D5000.jpg", ""): (
        "only the seconds are 0/0, the minutes have a fraction: exif.csv states the position that Homeroll reads"
    ),
}


def test_every_row_of_geo_csv_has_its_position_and_country() -> None:
    _judge(_disagreements("geo.csv", _compare_geo), GEO_EXCEPTIONS)


def test_cities_of_geo_csv_are_named() -> None:
    renamed = {
        "Milan": "Milan",
        "New York": "New York City",
        "Yosemite": "Yosemite Valley",
    }
    suburbs = {
        "Frankfurt": "Kelsterbach",  # the picture was taken at the airport, whose nearest town it is
        "Omaha": "Ralston",  # a town of its own inside the city
    }
    for row in _rows("geo.csv"):
        if not row["place"]:
            continue
        place = find_place(float(row["lat"]), float(row["lon"]))
        expected = suburbs.get(row["place"], renamed.get(row["place"], row["place"]))
        assert place is not None, row
        assert place.city == expected, row


# ---------------------------------------------------------------------------------------------------------- live.csv


def test_every_row_of_live_csv_holds() -> None:
    for row in _rows("live.csv"):
        meta = _read(row["path"])
        assert meta.content_identifier == row["shared_content_identifier"] or row["kind"].startswith("not"), row
        offset = int(row["embedded_video_offset"]) if row["embedded_video_offset"] else None
        assert meta.motion_video_offset == offset, row
        if offset is not None:
            assert (CORPUS / row["path"]).read_bytes()[offset + 4 : offset + 8] == b"ftyp"


# ------------------------------------------------------------------------------------------------------- two readers

# Fields that only one reader can fill, and why; the rest must be equal.
READER_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("sidecars/20240128_185808.JPG", "keywords"): "UTF-8 in IPTC that names no character set; exiftool reads Latin-1",
}
NOT_FOR_PILLOW = {"exif/dates/corrupted_city.JPG"}  # ends before the picture begins
_NOT_COMPARED = {"tags", "reader", "motion_video_offset"}  # by design: only one of them looks for videos


def _by_exiftool(file: Path) -> MediaMetadata:
    flat: dict[str, Any] = exiftool.shared().read(file)
    with file.open("rb") as stream:
        kind, mime_type = sniff(stream.read(4096), file.name)
    return interpret(
        flat, kind=kind, mime_type=mime_type, reader="exiftool", filename=file.name, file_modified=FILE_TIME
    )


def test_both_readers_say_the_same_of_every_jpeg() -> None:
    different: dict[tuple[str, str], str] = {}
    for folder in ("exif", "geo", "live", "formats", "sidecars"):
        for file in sorted((CORPUS / folder).rglob("*")):
            if file.suffix.lower() not in (".jpg", ".jpeg"):
                continue
            name = str(file.relative_to(CORPUS))
            fast = read_metadata(file, filename=file.name, file_modified=FILE_TIME)
            assert fast.reader == ("exiftool" if name in NOT_FOR_PILLOW else "pillow"), name
            slow = _by_exiftool(file)
            for field in fast.__struct_fields__:
                one, other = getattr(fast, field), getattr(slow, field)
                if field not in _NOT_COMPARED and not _alike(one, other):
                    different[name, field] = f"pillow {one!r}, exiftool {other!r}"
    _judge(different, READER_EXCEPTIONS)


def _alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-6 * max(abs(one), 1)
    return one == other


# ------------------------------------------------------------------------------------------------------ broken files


def test_every_broken_file_gives_partial_metadata_or_a_readable_reason() -> None:
    slowest = timedelta()
    reasons: dict[str, tuple[str, str]] = {}
    for row in _rows("broken.csv"):
        file = CORPUS / row["path"]
        begun = datetime.now(UTC)
        try:
            meta = read_metadata(file, filename=file.name, file_modified=FILE_TIME)
        except MediaError as error:
            reasons[row["path"]] = (error.message, error.hint)
        else:
            assert meta.start is not None, row
        slowest = max(slowest, datetime.now(UTC) - begun)
    assert slowest < timedelta(seconds=10)
    assert [path for path, (message, hint) in reasons.items() if len(message) < 10 or not hint] == []


def test_empty_files_are_called_empty() -> None:
    for file in sorted((CORPUS / "broken" / "empty").iterdir()):
        with pytest.raises(MediaError, match="empty"):
            read_metadata(file, filename=file.name, file_modified=FILE_TIME)


def test_raw_files_without_pixels_give_their_metadata() -> None:
    files = sorted((CORPUS / "formats" / "raw_metadata_only").iterdir())
    assert files
    for file in files:
        meta = read_metadata(file, filename=file.name, file_modified=FILE_TIME)
        assert (meta.kind, meta.date_source) == ("raw", "exif"), file
        assert meta.camera_model, file
        assert meta.width, file


@pytest.mark.parametrize(
    ("path", "size", "why"),
    [
        ("formats/heic/iphone_13_pro_max.HEIC", (3024, 4032), "the container turns it"),
        ("formats/heic/iphone_7.heic", (3024, 4032), "the container says nothing, so EXIF counts"),
        ("live/samsung-one-ui-6.heic", (3000, 4000), "the container turns it"),
        ("formats/avif/avif-orientation-6.avif", (3024, 4032), "the pixels stand upright, and EXIF says so"),
    ],
)
def test_heif_sizes_are_upright_whoever_turns_the_picture(path: str, size: tuple[int, int], why: str) -> None:
    meta = _read(path)
    assert (meta.width, meta.height) == size, why


def test_a_face_marked_on_a_turned_picture_is_where_it_is_on_the_upright_one() -> None:
    turned = _read("exif/descriptive/portrait-orientation-6.jpg")
    upright = _read("exif/descriptive/portrait.jpg")
    assert (turned.orientation, upright.orientation) == (6, 1)
    assert (turned.width, turned.height) == (upright.width, upright.height)
    for one, other in zip(turned.face_regions, upright.face_regions, strict=True):
        assert one.name == other.name
        assert one.x == pytest.approx(other.x, abs=0.02)
        assert one.y == pytest.approx(other.y, abs=0.02)
        assert one.width == pytest.approx(other.width, abs=0.02)
