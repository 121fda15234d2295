"""EXIF bytes to a flat dictionary with exiftool's names ("ExifIFD:DateTimeOriginal"), numbers as numbers.

Pillow reads the directories: it bounds the sum of all values by the size of the block, so a hostile one cannot swell.
"""

from __future__ import annotations

import io
import math
import struct
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

PIL_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    MemoryError,
)
"""What Pillow's parsers are known to raise on malformed input."""

MAX_EXIF_BYTES = 4 << 20
MAX_TEXT = 4000
MAX_NUMBERS = 16

_IFD0 = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0112: "Orientation",
    0x0131: "Software",
    0x0132: "ModifyDate",
    0x013B: "Artist",
    0x4746: "Rating",
    0x4749: "RatingPercent",
    0x8298: "Copyright",
    0x9003: "DateTimeOriginal",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
}
_EXIF = {
    0x829A: "ExposureTime",
    0x829D: "FNumber",
    0x8822: "ExposureProgram",
    0x8827: "ISO",
    0x8831: "StandardOutputSensitivity",
    0x8832: "RecommendedExposureIndex",
    0x9003: "DateTimeOriginal",
    0x9004: "CreateDate",
    0x9010: "OffsetTime",
    0x9011: "OffsetTimeOriginal",
    0x9012: "OffsetTimeDigitized",
    0x9201: "ShutterSpeedValue",
    0x9202: "ApertureValue",
    0x9204: "ExposureCompensation",
    0x9206: "SubjectDistance",
    0x9207: "MeteringMode",
    0x9208: "LightSource",
    0x9209: "Flash",
    0x920A: "FocalLength",
    0x9286: "UserComment",
    0x9290: "SubSecTime",
    0x9291: "SubSecTimeOriginal",
    0x9292: "SubSecTimeDigitized",
    0xA001: "ColorSpace",
    0xA402: "ExposureMode",
    0xA403: "WhiteBalance",
    0xA404: "DigitalZoomRatio",
    0xA405: "FocalLengthIn35mmFormat",
    0xA406: "SceneCaptureType",
    0xA420: "ImageUniqueID",
    0xA430: "OwnerName",
    0xA431: "SerialNumber",
    0xA432: "LensInfo",
    0xA433: "LensMake",
    0xA434: "LensModel",
    0xA460: "CompositeImage",
}
_GPS = {
    0x0001: "GPSLatitudeRef",
    0x0002: "GPSLatitude",
    0x0003: "GPSLongitudeRef",
    0x0004: "GPSLongitude",
    0x0005: "GPSAltitudeRef",
    0x0006: "GPSAltitude",
    0x0007: "GPSTimeStamp",
    0x000C: "GPSSpeedRef",
    0x000D: "GPSSpeed",
    0x0010: "GPSImgDirectionRef",
    0x0011: "GPSImgDirection",
    0x0012: "GPSMapDatum",
    0x001D: "GPSDateStamp",
    0x001F: "GPSHPositioningError",
}
_APPLE = {0x000B: "BurstUUID", 0x0011: "ContentIdentifier", 0x0015: "ImageUniqueID"}
_UTF16 = {"XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject"}
_APPLE_START = b"Apple iOS\x00"


def read_exif(data: bytes) -> dict[str, Any]:
    """Every tag Homeroll has a use for, of a block that may begin with `Exif\\0\\0`; damaged parts are left out."""
    if not data or len(data) > MAX_EXIF_BYTES:
        return {}
    exif = Image.Exif()
    try:
        exif.load(data)
    except PIL_ERRORS:
        return {}
    return flatten(exif)


def flatten(exif: Image.Exif) -> dict[str, Any]:
    """The same of a block that Pillow has loaded (a TIFF file is its own)."""
    flat: dict[str, Any] = {}
    _collect(flat, "IFD0", _IFD0, exif)
    directory = _directory(exif, IFD.Exif)
    _collect(flat, "ExifIFD", _EXIF, directory)
    _collect(flat, "GPS", _GPS, _directory(exif, IFD.GPSInfo))
    note = directory.get(0x927C)
    if isinstance(note, bytes) and note.startswith(_APPLE_START):
        flat.update(read_apple_note(note))
    return flat


def read_apple_note(note: bytes) -> dict[str, Any]:
    """Apple's maker note: a TIFF directory at byte 14, in the byte order named just before, offsets from its start.

    Pillow knows only Fujifilm's and Nintendo's notes, and exiftool costs ten times the whole photo; but Pillow's
    directory reader reads this one as soon as it is shown where it begins.
    """
    flat: dict[str, Any] = {}
    order = note[12:14]
    if order not in (b"MM", b"II"):
        return flat
    head = b"MM\x00*\x00\x00\x00\x08" if order == b"MM" else b"II*\x00\x08\x00\x00\x00"
    stream = io.BytesIO(note)
    stream.seek(14)
    try:
        directory = ImageFileDirectory_v2(head)
        directory.load(stream)
    except PIL_ERRORS:
        return flat
    _collect(flat, "Apple", _APPLE, directory)
    return flat


def _directory(exif: Image.Exif, which: int) -> dict[int, Any]:
    try:
        return exif.get_ifd(which)
    except PIL_ERRORS:
        return {}


def _collect(flat: dict[str, Any], group: str, names: dict[int, str], directory: Any) -> None:
    for tag, name in names.items():
        try:
            value = directory.get(tag)
        except PIL_ERRORS:
            continue
        if value is not None and (plain := _plain(name, value)) is not None:
            flat[f"{group}:{name}"] = plain


def _plain(name: str, value: Any) -> Any:
    """One Pillow value as exiftool -n would give it; None for what says nothing."""
    if name in ("GPSLatitude", "GPSLongitude"):
        return _degrees(value)
    if name == "GPSTimeStamp":
        return _clock(value)
    if name in _UTF16:
        return _utf16(value)
    if name == "UserComment":
        return _comment(value)
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return decode_text(value)
    if isinstance(value, bytes):
        return int.from_bytes(value, "big") if len(value) == 1 else None
    if isinstance(value, (int, float, IFDRational)):
        return _number(value)
    if isinstance(value, tuple) and len(value) <= MAX_NUMBERS:
        if name == "ISO":  # some cameras repeat it; the first is the one used
            return _number(value[0]) if value else None
        numbers = [_number(item) for item in value]
        return " ".join("undef" if number is None else str(number) for number in numbers)
    return None


def decode_text(text: str) -> str | None:
    """Pillow decodes text as Latin-1; cameras and programs write UTF-8 there as often."""
    raw = text.split("\0", 1)[0][:MAX_TEXT].encode("latin-1", "replace")
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace").strip()


def _number(value: Any) -> int | float | None:
    if isinstance(value, int):
        return value
    if isinstance(value, IFDRational):
        if not value.denominator:
            return None
        if value.denominator == 1:
            return int(value.numerator)
        return float(value.numerator) / float(value.denominator)
    return value if isinstance(value, float) and math.isfinite(value) else None


def _degrees(value: Any) -> float | None:
    """Degrees, minutes, seconds to degrees, unsigned as the tag has it; 0/0 anywhere makes it worthless."""
    parts = value if isinstance(value, tuple) else (value,)
    if not 1 <= len(parts) <= 3:
        return None
    numbers = [_number(part) for part in parts]
    if numbers[0] is None or all(number is None for number in numbers):
        return None
    if any(number is None for number in numbers[:2]):
        return None
    return float(sum((number or 0) / 60**power for power, number in enumerate(numbers)))


def _clock(value: Any) -> str | None:
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    hours, minutes, seconds = (_number(part) for part in value)
    if hours is None or minutes is None or seconds is None:
        return None
    total = hours * 3600 + minutes * 60 + seconds
    if not 0 <= total < 86400 * 2:
        return None
    whole = int(total)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    fraction = round(total - whole, 6)
    return text + (f"{fraction:.6f}"[1:].rstrip("0") if 0 < fraction < 1 else "")


def _utf16(value: Any) -> str | None:
    if isinstance(value, tuple) and all(isinstance(item, int) and 0 <= item < 256 for item in value):
        value = bytes(value)
    if not isinstance(value, bytes):
        return None
    return value[: 2 * MAX_TEXT].decode("utf-16-le", "replace").split("\0", 1)[0].strip()


def _comment(value: Any) -> str | None:
    if isinstance(value, str):
        return decode_text(value)
    if not isinstance(value, bytes) or len(value) <= 8:
        return None
    charset, body = value[:8], value[8 : 8 + 2 * MAX_TEXT]
    if charset.startswith(b"UNICODE"):
        # The standard forgot to say which byte order; text is mostly Latin, so its zero bytes tell.
        big = body[0:40:2].count(0) > body[1:40:2].count(0)
        return body.decode("utf-16-be" if big else "utf-16-le", "replace").split("\0", 1)[0].strip()
    if charset.startswith((b"ASCII", b"\0\0\0\0\0\0\0\0")):
        return decode_text(body.decode("latin-1"))
    return None
