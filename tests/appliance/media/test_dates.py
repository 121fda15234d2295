"""When a picture was taken: each date a file offers, their order, and their zones."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from appliance.media.dates import Taken, choose, file_date, parse_offset, parse_stamp, stamp_from_name

FILE_TIME = datetime(2024, 3, 1, 10, 30, tzinfo=UTC)
BERLIN = (52.52, 13.405)
KATHMANDU = (27.694, 85.2853)


def _wall(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - up to seven ints; a wall clock has no zone


def _choose(flat: dict[str, Any], **more: Any) -> Taken:
    arguments: dict[str, Any] = {"sidecar": {}, "filename": "x.jpg", "file_modified": FILE_TIME, "position": None}
    return choose(flat, **{**arguments, **more})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019:01:02 03:04:05", (_wall(2019, 1, 2, 3, 4, 5), None)),
        ("2019-01-02T03:04:05.25+05:45", (_wall(2019, 1, 2, 3, 4, 5, 250_000), 345)),
        ("2019:01:02 03:04:05Z", (_wall(2019, 1, 2, 3, 4, 5), 0)),
        ("2024-04-22T14:38:09GMT+2", (_wall(2024, 4, 22, 14, 38, 9), 120)),
        ("1899:12:31 23:59:59", (_wall(1899, 12, 31, 23, 59, 59), None)),
        ("2019:01:02 24:00:00", (_wall(2019, 1, 3), None)),
        ("2019:01:02 03:04:60", (_wall(2019, 1, 2, 3, 4, 59), None)),
        ("2019:01:02", (_wall(2019, 1, 2), None)),
        ("2019:04:24 22:24:00+02:00 DST", (_wall(2019, 4, 24, 22, 24), 120)),
    ],
)
def test_dates_are_read_as_cameras_and_programs_write_them(text: str, expected: tuple[datetime, int | None]) -> None:
    stamp = parse_stamp(text)
    assert stamp is not None
    assert (stamp.local, stamp.offset_min) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "1970:01:01 00:00:00",
        "1904:01:01 00:00:00",
        "1980:01:01 00:00:00",
        "2019:02:30 10:00:00",
        "2019:13:01 10:00:00",
        "2019:01:01 25:00:00",
        "9999:99:99 99:99:99",
        "",
        "yesterday",
        "20190102",
        None,
        20190102,
        ["2019:01:02 03:04:05"],
    ],
)
def test_zeros_sentinels_and_nonsense_are_no_dates(text: object) -> None:
    assert parse_stamp(text) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+05:45", 345),
        ("-08:00", -480),
        ("+0200", 120),
        ("Z", 0),
        ("+99:00", None),
        ("", None),
        (2, None),
        ("+1:99", None),
    ],
)
def test_offsets_are_what_clocks_on_earth_show(text: object, minutes: int | None) -> None:
    assert parse_offset(text) == minutes


@pytest.mark.parametrize(
    ("name", "local", "offset"),
    [
        ("IMG_20190102_030405.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("20190102_030405.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("20190102_030405(0).jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("IMG_20190102_030405_1.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("VID_20190102_030405.mp4", _wall(2019, 1, 2, 3, 4, 5), None),
        ("PXL_20201224_175959123.MP.jpg", _wall(2020, 12, 24, 17, 59, 59), 0),
        ("2019-01-02 03.04.05.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("2019-01-02 03-04-05.png", _wall(2019, 1, 2, 3, 4, 5), None),
        ("2018-04-12 19_24_49.mov", _wall(2018, 4, 12, 19, 24, 49), None),
        ("Screenshot_20190102-030405_Chrome.png", _wall(2019, 1, 2, 3, 4, 5), None),
        ("Screenshot_2019-01-02-03-04-05-123_com.app.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("Screenshot 2023-05-06 at 07.08.09.png", _wall(2023, 5, 6, 7, 8, 9), None),
        ("signal-2019-01-02-030405.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("signal-2021-03-04-05-06-07-089.jpg", _wall(2021, 3, 4, 5, 6, 7), None),
        ("photo_2019-01-02_03-04-05.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("IMG-20190102-WA0001.jpg", _wall(2019, 1, 2), None),
        ("WhatsApp Image 2019-01-02 at 03.04.05.jpeg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("VID-20190102-WA0007.mp4", _wall(2019, 1, 2), None),
        ("1546398245000.jpg", _wall(2019, 1, 2, 3, 4, 5), 0),
        ("FB_IMG_1546398245000.jpg", _wall(2019, 1, 2, 3, 4, 5), 0),
        ("20190102030405.jpg", _wall(2019, 1, 2, 3, 4, 5), None),
        ("1998-07-01 Grandma.jpg", _wall(1998, 7, 1), None),
        ("Screen Shot 2021-03-04 at 11.34.56 PM.png", _wall(2021, 3, 4, 23, 34, 56), None),
        ("Screenshot 2021-03-04 at 3.34.56\u202fPM.png", _wall(2021, 3, 4, 15, 34, 56), None),
        ("WhatsApp Image 2021-03-04 at 12.01.02 AM (1).jpeg", _wall(2021, 3, 4, 0, 1, 2), None),
        ("2021-03-04 at 12.01.02 am.jpeg", _wall(2021, 3, 4, 0, 1, 2), None),
    ],
)
def test_names_that_phones_and_programs_give_hold_a_date(name: str, local: datetime, offset: int | None) -> None:
    stamp = stamp_from_name(name)
    assert stamp is not None
    assert (stamp.local.replace(microsecond=0), stamp.offset_min) == (local, offset)


@pytest.mark.parametrize(
    "name",
    [
        "IMG_1234.jpg",
        "DSC00123.ARW",
        "IMG_20191302_030405.jpg",
        "9783161484100.jpg",
        "12345678.jpg",
        "DSC_20190.jpg",
        "",
    ],
)
def test_other_names_hold_none(name: str) -> None:
    assert stamp_from_name(name) is None


_EVERY_DATE: list[tuple[str, dict[str, Any], str]] = [
    ("ExifIFD:DateTimeOriginal", {"ExifIFD:DateTimeOriginal": "2001:01:01 10:00:00"}, "exif"),
    ("Keys:CreationDate", {"Keys:CreationDate": "2002:01:01 10:00:00+00:00"}, "quicktime"),
    ("sidecar", {}, "sidecar"),
    ("XMP", {"XMP-exif:DateTimeOriginal": "2006:01:01 10:00:00"}, "xmp"),
    ("ExifIFD:CreateDate", {"ExifIFD:CreateDate": "2003:01:01 10:00:00"}, "exif"),
    ("GPS", {"GPS:GPSDateStamp": "2004:01:01", "GPS:GPSTimeStamp": "10:00:00"}, "gps"),
    ("QuickTime:CreateDate", {"QuickTime:CreateDate": "2005:01:01 10:00:00"}, "quicktime"),
    ("IPTC", {"IPTC:DateCreated": "2007:01:01", "IPTC:TimeCreated": "10:00:00+00:00"}, "iptc"),
    ("name", {}, "filename"),
    ("ModifyDate", {"IFD0:ModifyDate": "2008:01:01 10:00:00"}, "exif"),
    ("file", {}, "file"),
]


@pytest.mark.parametrize("place", range(len(_EVERY_DATE)))
def test_the_order_of_preference_is_the_documented_one(place: int) -> None:
    left = _EVERY_DATE[place:]
    flat = {key: value for _, tags, _ in left for key, value in tags.items()}
    names = {name for name, _, _ in left}
    taken = _choose(
        flat,
        sidecar={"XMP-exif:DateTimeOriginal": "2009:01:01 10:00:00"} if "sidecar" in names else {},
        filename="IMG_20100101_100000.jpg" if "name" in names else "IMG_1234.jpg",
    )
    years = [2001, 2002, 2009, 2006, 2003, 2004, 2005, 2007, 2010, 2008, 2024]
    assert (taken.start_local.year, taken.source) == (years[place], left[0][2])


def test_sub_seconds_are_added() -> None:
    taken = _choose({"ExifIFD:DateTimeOriginal": "2019:01:02 03:04:05", "ExifIFD:SubSecTimeOriginal": "04"})
    assert taken.start == datetime(2019, 1, 2, 3, 4, 5, 40_000, tzinfo=UTC)


def test_without_any_zone_the_wall_clock_counts_as_utc_and_the_offset_is_unknown() -> None:
    taken = _choose({"ExifIFD:DateTimeOriginal": "2019:07:02 03:04:05"})
    assert taken == Taken(datetime(2019, 7, 2, 3, 4, 5, tzinfo=UTC), _wall(2019, 7, 2, 3, 4, 5), None, "exif")


def test_the_offset_tag_goes_before_the_zone_of_the_place() -> None:
    flat = {"ExifIFD:DateTimeOriginal": "2019:07:02 03:04:05", "ExifIFD:OffsetTimeOriginal": "+09:00"}
    assert _choose(flat, position=BERLIN).start == datetime(2019, 7, 1, 18, 4, 5, tzinfo=UTC)


def test_gps_time_tells_the_zone_to_the_minute_or_two() -> None:
    flat = {
        "ExifIFD:DateTimeOriginal": "2019:07:02 12:00:40",
        "GPS:GPSDateStamp": "2019:07:02",
        "GPS:GPSTimeStamp": "06:16:02",  # Nepal is 5:45 ahead; the fix is 22 seconds old
    }
    assert _choose(flat).utc_offset_min == 345


def test_a_stale_gps_time_tells_nothing() -> None:
    flat = {
        "ExifIFD:DateTimeOriginal": "2019:07:02 12:00:40",
        "GPS:GPSDateStamp": "2019:07:02",
        "GPS:GPSTimeStamp": "09:53:10",
    }
    assert _choose(flat).utc_offset_min is None
    assert _choose(flat, position=BERLIN).utc_offset_min == 120


@pytest.mark.parametrize(("month", "minutes"), [(1, 60), (7, 120)])
def test_the_zone_of_the_place_knows_summer_time(month: int, minutes: int) -> None:
    taken = _choose({"ExifIFD:DateTimeOriginal": f"2019:{month:02d}:02 12:00:00"}, position=BERLIN)
    assert taken.utc_offset_min == minutes
    assert taken.start == datetime(2019, month, 2, 12, tzinfo=UTC) - timedelta(minutes=minutes)


def test_a_moment_in_utc_is_shown_in_the_zone_of_its_place() -> None:
    taken = _choose({"QuickTime:CreateDate": "2019:07:02 20:00:00"}, position=KATHMANDU)
    assert (taken.start, taken.start_local, taken.utc_offset_min) == (
        datetime(2019, 7, 2, 20, tzinfo=UTC),
        _wall(2019, 7, 3, 1, 45),
        345,
    )


def test_a_date_beyond_tomorrow_s_year_is_passed_over() -> None:
    flat = {"ExifIFD:DateTimeOriginal": "2099:01:01 00:00:01", "ExifIFD:CreateDate": "2019:01:01 00:00:01"}
    assert _choose(flat).start_local.year == 2019


def test_the_zone_is_borrowed_from_the_same_moment_written_elsewhere() -> None:
    flat = {
        "XMP-exif:DateTimeOriginal": "1980:06:02 18:19:58",
        "XMP-photoshop:DateCreated": "1980:06:02 18:19:58-06:00",
    }
    assert _choose(flat).utc_offset_min == -360


@pytest.mark.parametrize("odd", [None, 7, [], {}, "", "x" * 100_000, "2019:01:02 03:04:05" * 5000])
def test_odd_values_never_raise(odd: object) -> None:
    keys = ["ExifIFD:DateTimeOriginal", "ExifIFD:SubSecTimeOriginal", "ExifIFD:OffsetTimeOriginal", "GPS:GPSDateStamp"]
    keys += [
        "GPS:GPSTimeStamp",
        "IPTC:DateCreated",
        "IPTC:TimeCreated",
        "Keys:CreationDate",
        "XMP-exif:DateTimeOriginal",
    ]
    _choose(dict.fromkeys(keys, odd), filename=str(odd))


@pytest.mark.parametrize("seconds", [13_569_465_600.0, 400_000_000_000.0, -100_000_000_000.0, 4_354_819_198.0])
def test_a_files_time_that_cannot_be_is_as_good_as_now(seconds: float) -> None:
    assert abs(file_date(seconds) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_files_time_long_ago_is_believed() -> None:
    assert file_date(-157_766_400.0) == datetime(1965, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1985", _wall(1985, 1, 1)),
        ("1985-06", _wall(1985, 6, 1)),
        ("1985:06", _wall(1985, 6, 1)),
        ("1985:00:00 00:00:00", _wall(1985, 1, 1)),
        ("1985:06:00", _wall(1985, 6, 1)),
        ("1985:  :     :  :  ", _wall(1985, 1, 1)),
        ("1985:06:     :  :  ", _wall(1985, 6, 1)),
        ("1980", _wall(1980, 1, 1)),
    ],
)
def test_a_year_that_somebody_gave_a_scanned_picture_counts(text: str, day: datetime) -> None:
    scanned = {"XMP-photoshop:DateCreated": text, "ExifIFD:CreateDate": "2019:01:02 03:04:05"}
    assert (_choose(scanned).start_local, _choose(scanned).source) == (day, "xmp")
    assert _choose({}, sidecar={"XMP-photoshop:DateCreated": text}).start_local == day


@pytest.mark.parametrize("text", ["0000", "0000:00:00 00:00:00", "1985-13", "1985:02:30", "12", "1985 or so", "9999"])
def test_what_is_no_year_is_no_date(text: str) -> None:
    assert _choose({"XMP-photoshop:DateCreated": text}).source == "file"


@pytest.mark.parametrize(
    ("name", "created", "offset"),
    [
        ("VID_20210705_003000.mp4", "2021:07:04 22:30:02", 120),
        ("VID_20210705_003000.mp4", "2021:07:04 22:40:01", 120),  # when it ended
        ("20210704_203000.mp4", "2021:07:05 00:30:00", -240),
        ("VID_20210705_003000.mp4", "2021:07:05 00:30:02", None),
        ("VID_20210705_003000.mp4", "2021:07:04 22:50:00", None),
        ("VID-20210705-WA0003.mp4", "2021:07:04 22:30:02", None),
        ("PXL_20210704_223000123.mp4", "2021:07:04 22:30:02", None),
    ],
)
def test_a_videos_utc_is_shown_by_the_wall_clock_in_its_name(name: str, created: str, offset: int | None) -> None:
    taken = _choose({"QuickTime:CreateDate": created}, filename=name, duration_s=600.0)
    utc = datetime.strptime(created + "+0000", "%Y:%m:%d %H:%M:%S%z")
    assert (taken.start, taken.utc_offset_min) == (utc, offset)
    assert taken.start_local == utc.replace(tzinfo=None) + timedelta(minutes=offset or 0)


def test_a_file_without_a_date_is_of_the_day_on_which_the_house_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Australia/Sydney")
    time.tzset()
    try:
        taken = _choose({}, file_modified=datetime(2021, 7, 4, 22, 0, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (taken.start_local, taken.utc_offset_min) == (_wall(2021, 7, 5, 8), 600)
    assert taken.start == datetime(2021, 7, 4, 22, 0, tzinfo=UTC)
