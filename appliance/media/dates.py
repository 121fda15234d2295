"""When a picture was taken: every date a file offers, in a fixed order, and the zone it was meant in.

The order of preference and its reasons stand in docs/metadata.md; the tuple `_SOURCES` below is that order.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from appliance.media import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.media.values import DateSource

FIRST_YEAR = 1601
LAST_YEAR = 2100
FUTURE = timedelta(days=366)
"""A clock may be ahead, or a year wrong; more than this after both the file's time and now is nonsense."""

_SENTINELS = {
    datetime(1601, 1, 1),  # noqa: DTZ001 - wall clock: Windows' zero
    datetime(1904, 1, 1),  # noqa: DTZ001 - QuickTime's zero
    datetime(1970, 1, 1),  # noqa: DTZ001 - Unix' zero
    datetime(1980, 1, 1),  # noqa: DTZ001 - the zero of FAT and of cameras whose battery ran out
}
_STAMP = re.compile(
    r"\s*(\d{4})[:\-/.](\d\d?)[:\-/.](\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?)?"
    r"\s*(?:(Z)|(?:GMT)?([+-])(\d\d?):?(\d\d)?)?"
)
_PARTIAL = re.compile(
    r"\s*(\d{4})(?:[:\-/.](\d\d|  )(?:[:\-/.](?:00|  ))?)?(?:[T ](?:00|  ):(?:00|  ):(?:00|  ).*)?[\s\0]*"
)
"""EXIF leaves parts that are not known blank, programs write zeros there, XMP leaves them out."""
_OFFSET = re.compile(r"\s*([+-])(\d\d?):?(\d\d)\s*$")
_ZONES_MIN = (*range(-12 * 60, 14 * 60 + 1, 30), 345, 525, 765, 825)
"""Zones off the full hour exist only at the half hour and in a few places a quarter beside it."""
_LONGEST_BEHIND_S = 25 * 60.0
_CLOCK = re.compile(r"(\d\d?):(\d\d):(\d\d)(?:\.\d*)?(?:([+-])(\d\d):?(\d\d)|(Z))?")


class Stamp(NamedTuple):
    """A wall clock as written, and the offset written with it."""

    local: datetime
    offset_min: int | None
    has_time: bool


class Taken(NamedTuple):
    """The decision."""

    start: datetime
    start_local: datetime
    utc_offset_min: int | None
    source: DateSource


def parse_stamp(value: object) -> Stamp | None:
    """EXIF, XMP or ISO text to a wall clock; None for zeros, sentinels, odd text and impossible days."""
    if not isinstance(value, str) or (match := _STAMP.match(value[:64])) is None:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = int(match[4] or 0), int(match[5] or 0), int(match[6] or 0)
    microsecond = int((match[7] or "0").ljust(6, "0")[:6])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    carry = hour == 24 and minute == 0  # some cameras write midnight so
    try:
        day_begins = datetime(year, month, day)  # noqa: DTZ001 - a wall clock, by meaning
        local = day_begins.replace(
            hour=0 if carry else hour, minute=minute, second=min(second, 59), microsecond=microsecond
        )
    except ValueError:
        return None
    local += timedelta(days=1) if carry else timedelta()
    if local in _SENTINELS:
        return None
    offset = None
    if match[8]:
        offset = 0
    elif match[9] and match[4]:
        offset = _offset(match[9], match[10], match[11] or "0")
    return Stamp(local, offset, match[4] is not None)


def parse_partial(value: object) -> Stamp | None:
    """A year alone, or a year and a month, as people date what they scan: the first day of it; None for all else."""
    if not isinstance(value, str) or (match := _PARTIAL.fullmatch(value[:64])) is None:
        return None
    year, month = int(match[1]), int((match[2] or "").strip() or 0) or 1
    if not FIRST_YEAR <= year <= LAST_YEAR or month > 12:
        return None
    return Stamp(datetime(year, month, 1), None, has_time=False)  # noqa: DTZ001 - a wall clock, by meaning


def parse_offset(value: object) -> int | None:
    """`+05:45` to 345; None for anything that no clock on earth shows."""
    if value == "Z":
        return 0
    if not isinstance(value, str) or (match := _OFFSET.match(value)) is None:
        return None
    return _offset(match[1], match[2], match[3])


def _offset(sign: str, hours: str, minutes: str) -> int | None:
    total = int(hours) * 60 + int(minutes)
    total = -total if sign == "-" else total
    return total if -12 * 60 <= total <= 14 * 60 and int(minutes) < 60 else None


def file_date(seconds: float) -> datetime:
    """A file's time; one that no calendar has, or that is far ahead (2107: an empty field on a stick), is now."""
    today = datetime.now(UTC)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return today
    return moment if moment <= today + FUTURE else today


# Names that hold a date.  A group of digits must not touch other digits.
_NAME_DATE_TIME = re.compile(
    r"(?<!\d)((?:18|19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?:[-_ T.]|\s?at\s?)+"
    r"([0-2]\d)([-_.:h]?)([0-5]\d)\6([0-5]\d)?(\d{3})?(?!\d)"
)
_NAME_HALF_DAYS = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_.])(\d\d)\2(\d\d)(?:[-_ ,]|\s?at\s?)+"
    r"(1[0-2]|0?[1-9])([-_.:])([0-5]\d)(?:\6([0-5]\d))?\s?([AaPp])\.?[Mm](?![A-Za-z])"
)
"""Screen Shot 2021-03-04 at 3.04.05 PM: macOS and WhatsApp where clocks have twelve hours."""
_NAME_DAY = re.compile(r"(?<!\d)((?:18|19|20)\d\d)([-_.]?)([01]\d)\2([0-3]\d)(?!\d)")
_NAME_PACKED = re.compile(r"(?<!\d)(20\d\d)([01]\d)([0-3]\d)([0-2]\d)([0-5]\d)([0-5]\d)(?:\d{3})?(?!\d)")
_NAME_UNIX_MS = re.compile(r"^(?:FB_IMG_|received_|mmexport|wx_camera_|IMG_|VID_|image-|signal-)?(1[0-9]{12})(?!\d)")
_UTC_NAMES = ("PXL_",)
"""Pixel phones name their files by UTC; everyone else by the wall clock."""


def stamp_from_name(filename: str) -> Stamp | None:
    """The date in a file's name: IMG_20190102_030405, 2019-01-02 03.04.05, PXL_..., IMG-20190102-WA0001, Unix ms."""
    name = filename[:255]
    if match := _NAME_UNIX_MS.match(name):
        moment = datetime.fromtimestamp(int(match[1]) / 1000, tz=UTC)
        return Stamp(moment.replace(tzinfo=None), 0, has_time=True)
    if match := _NAME_HALF_DAYS.search(name):
        hour = int(match[5]) % 12 + (12 if match[9] in "Pp" else 0)
        text = f"{match[1]}:{match[3]}:{match[4]} {hour:02d}:{match[7]}:{match[8] or '00'}"
        if stamp := parse_stamp(text):
            return stamp
    for pattern, order in ((_NAME_PACKED, (1, 2, 3, 4, 5, 6)), (_NAME_DATE_TIME, (1, 3, 4, 5, 7, 8))):
        for match in pattern.finditer(name):
            year, month, day, hour, minute, second = (int(match[group] or 0) for group in order)
            text = f"{year:04d}:{month:02d}:{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
            if stamp := parse_stamp(text):
                return stamp._replace(offset_min=0 if name.startswith(_UTC_NAMES) else None)
    for match in _NAME_DAY.finditer(name):
        if stamp := parse_stamp(f"{match[1]}:{match[3]}:{match[4]}"):
            return stamp
    return None


class _Source(NamedTuple):
    key: str
    source: DateSource
    sub_second: str = ""
    is_utc: bool = False


_EXIF_ORIGINAL = (
    _Source("ExifIFD:DateTimeOriginal", "exif", "ExifIFD:SubSecTimeOriginal"),
    _Source("IFD0:DateTimeOriginal", "exif"),
    _Source("H264:DateTimeOriginal", "quicktime"),
    _Source("Keys:CreationDate", "quicktime"),
    _Source("UserData:DateTimeOriginal", "quicktime"),
    _Source("Matroska:DateTimeOriginal", "quicktime"),
)
_SIDECAR = (
    _Source("XMP-exif:DateTimeOriginal", "sidecar"),
    _Source("XMP-photoshop:DateCreated", "sidecar"),
    _Source("XMP-xmp:CreateDate", "sidecar"),
)
_OTHERS = (
    # Embedded, but the moment of the picture, where the next is that of its scan.
    _Source("XMP-exif:DateTimeOriginal", "xmp"),
    _Source("XMP-photoshop:DateCreated", "xmp"),
    _Source("ExifIFD:CreateDate", "exif", "ExifIFD:SubSecTimeDigitized"),
    _Source("GPS:GPSDateTime", "gps", is_utc=True),
    _Source("XMP-exif:GPSDateTime", "gps", is_utc=True),
    _Source("RIFF:DateTimeOriginal", "quicktime"),
    _Source("QuickTime:CreateDate", "quicktime", is_utc=True),
    _Source("XMP-xmp:CreateDate", "xmp"),
    _Source("XMP-exif:DateTimeDigitized", "xmp"),
    _Source("IPTC:DateTimeCreated", "iptc"),
)
_LAST = (
    _Source("IFD0:ModifyDate", "exif", "ExifIFD:SubSecTime"),
    _Source("PNG:CreationTime", "exif"),
)


def choose(
    flat: dict[str, Any],
    *,
    sidecar: dict[str, Any],
    filename: str,
    file_modified: datetime,
    position: tuple[float, float] | None,
    duration_s: float | None = None,
) -> Taken:
    """The first usable date in the documented order, with its zone; there is always one, if only the file's time."""
    limit = max(file_modified, datetime.now(UTC)) + FUTURE
    for stamp, source in _candidates(flat, sidecar, filename):
        offset = stamp.offset_min
        if offset is None:
            offset = _zone(stamp, {**flat, **sidecar} if source == "sidecar" else flat, source, position)
        taken = _settle(stamp.local, offset, source, position)
        if taken is not None and source == "quicktime" and offset == 0 and position is None:
            taken = _by_the_names_clock(taken, filename, duration_s)
        if taken is not None and taken.start <= limit:
            return taken
    return _at_home(file_modified)


def _candidates(flat: dict[str, Any], sidecar: dict[str, Any], filename: str) -> Iterator[tuple[Stamp, DateSource]]:
    combined = {**flat, **_joined(flat)}
    for sources, values in ((_EXIF_ORIGINAL, combined), (_SIDECAR, sidecar), (_OTHERS, combined)):
        yield from _stamps(sources, values)
    if named := stamp_from_name(filename):
        yield named, "filename"
    yield from _stamps(_LAST, combined)


def _stamps(sources: tuple[_Source, ...], values: dict[str, Any]) -> Iterator[tuple[Stamp, DateSource]]:
    for item in sources:
        value = values.get(item.key)
        stamp = parse_stamp(value) or parse_partial(value)
        if stamp is None:
            continue
        if item.sub_second and not stamp.local.microsecond:
            digits = str(values.get(item.sub_second, "")).strip()
            if digits.isdecimal() and digits.isascii():
                stamp = stamp._replace(local=stamp.local.replace(microsecond=int(digits.ljust(6, "0")[:6])))
        if item.is_utc and stamp.offset_min is None:
            stamp = stamp._replace(offset_min=0)
        yield stamp, item.source


def _joined(flat: dict[str, Any]) -> dict[str, str]:
    """Dates that are written in two tags."""
    joined: dict[str, str] = {}
    day, clock = flat.get("GPS:GPSDateStamp"), flat.get("GPS:GPSTimeStamp")
    if isinstance(day, str) and isinstance(clock, str):
        joined["GPS:GPSDateTime"] = f"{day} {clock}Z"
    day, clock = flat.get("IPTC:DateCreated"), flat.get("IPTC:TimeCreated")
    if isinstance(day, str):
        # IPTC demands a zone, so programs that know none write +00:00: it says nothing.
        wall = clock.split("+")[0].split("-")[0] if isinstance(clock, str) else ""
        joined["IPTC:DateTimeCreated"] = f"{day} {wall}"
    return joined


def _zone(stamp: Stamp, flat: dict[str, Any], source: DateSource, position: tuple[float, float] | None) -> int | None:
    """The offset in minutes a wall clock was meant in: tag, other dates, GPS time, position; None if nothing tells."""
    if not stamp.has_time:
        return None
    if source == "exif":
        for key in ("ExifIFD:OffsetTimeOriginal", "ExifIFD:OffsetTimeDigitized", "ExifIFD:OffsetTime"):
            if (offset := parse_offset(flat.get(key))) is not None:
                return offset
    for item in _SIDECAR:  # the same moment written again, this time with its zone
        other = parse_stamp(flat.get(item.key))
        if other and other.offset_min and other.local.replace(microsecond=0) == stamp.local.replace(microsecond=0):
            return other.offset_min
    if source == "exif" and (offset := _zone_by_gps_time(stamp, flat)) is not None:
        return offset
    return places.utc_offset_min(*position, local=stamp.local) if position else None


def _zone_by_gps_time(stamp: Stamp, flat: dict[str, Any]) -> int | None:
    """Wall clock less GPS time, where that is within two minutes of a zone (a stale fix is not)."""
    gps = parse_stamp(_joined(flat).get("GPS:GPSDateTime")) or parse_stamp(flat.get("XMP-exif:GPSDateTime"))
    if gps is None or not gps.has_time:
        return None
    minutes = (stamp.local - gps.local).total_seconds() / 60
    nearest = round(minutes / 15) * 15
    if abs(minutes - nearest) > 2 or not -12 * 60 <= nearest <= 14 * 60:
        return None
    return nearest if nearest in _ZONES_MIN else None


def _settle(
    local: datetime, offset: int | None, source: DateSource, position: tuple[float, float] | None
) -> Taken | None:
    """Wall clock and offset to both clocks; a moment known in UTC is shown in the zone of its place."""
    try:
        start = (local - timedelta(minutes=offset or 0)).replace(tzinfo=UTC)
        if offset == 0 and position and source in ("gps", "quicktime", "filename"):
            offset = places.utc_offset_min(*position, utc=start)
            local = start.replace(tzinfo=None) + timedelta(minutes=offset or 0)
        elif offset == 0 and source in ("gps", "quicktime", "filename"):
            offset = None  # UTC by convention, not because the camera stood in Greenwich
    except OverflowError:
        return None
    return Taken(start, local, offset, source)


def _by_the_names_clock(taken: Taken, filename: str, duration_s: float | None) -> Taken:
    """A video's UTC in the zone of the wall clock in its name, where the two are a zone apart.

    Phones state when a recording ended or when it began; the name has when it began.
    """
    named = stamp_from_name(filename)
    if named is None or not named.has_time or named.offset_min is not None:
        return taken
    behind = (taken.start.replace(tzinfo=None) - named.local).total_seconds() / 60
    longest = 2 + min(duration_s or 0.0, _LONGEST_BEHIND_S) / 60
    fitting = [offset for offset in _ZONES_MIN if -2 <= behind + offset <= longest]
    if not fitting:
        return taken
    offset = min(fitting, key=lambda one: abs(behind + one))
    if offset == 0:
        return taken  # written by the clock on the wall, as some cameras do, or in Greenwich: who knows
    return taken._replace(start_local=taken.start_local + timedelta(minutes=offset), utc_offset_min=offset)


def _at_home(moment: datetime) -> Taken:
    """The file's own time, by the clock of the house: a screenshot of late in the evening is of that day."""
    try:
        local = moment.astimezone()
    except (OverflowError, ValueError, OSError):
        local = moment
    offset = local.utcoffset() or timedelta()
    return Taken(moment, local.replace(tzinfo=None), int(offset.total_seconds()) // 60 or None, "file")
