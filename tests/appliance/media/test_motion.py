"""Videos inside photos: only where an MP4 really begins."""

from __future__ import annotations

import io
from typing import Any

import pytest

from appliance.media.motion import find_motion_video

JPEG = b"\xff\xd8\xff" + b"picture" * 100 + b"\xff\xd9"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x10mdat" + b"video" * 50


def _directory(*items: tuple[str, int, int]) -> dict[str, Any]:
    entries = [{"Item": {"Semantic": s, "Length": str(n), "Padding": str(p)}} for s, n, p in items]
    return {"XMP-GCamera:MotionPhoto": "1", "XMP-GContainer:Directory": entries}


def test_google_s_directory_counts_from_the_end() -> None:
    flat = _directory(("Primary", 0, 0), ("MotionPhoto", len(MP4), 0))
    assert find_motion_video(io.BytesIO(JPEG + MP4), flat, "image/jpeg") == len(JPEG)


def test_a_gain_map_between_picture_and_video_is_stepped_over() -> None:
    flat = _directory(("Primary", 0, 0), ("GainMap", 500, 0), ("MotionPhoto", len(MP4), 0))
    assert find_motion_video(io.BytesIO(JPEG + b"g" * 500 + MP4), flat, "image/jpeg") == len(JPEG) + 500


def test_the_older_tag_counts_from_the_end_too() -> None:
    flat = {"XMP-GCamera:MicroVideo": 1, "XMP-GCamera:MicroVideoOffset": str(len(MP4))}
    assert find_motion_video(io.BytesIO(JPEG + MP4), flat, "image/jpeg") == len(JPEG)


def test_a_wrong_count_is_corrected_by_looking() -> None:
    flat = {"XMP-GCamera:MicroVideo": 1, "XMP-GCamera:MicroVideoOffset": "5"}
    assert find_motion_video(io.BytesIO(JPEG + MP4), flat, "image/jpeg") == len(JPEG)


def test_an_announced_video_that_was_cut_off_is_none() -> None:
    flat = _directory(("Primary", 0, 0), ("MotionPhoto", len(MP4), 0))
    assert find_motion_video(io.BytesIO(JPEG), flat, "image/jpeg") is None


def test_nothing_is_searched_where_nothing_is_announced() -> None:
    assert find_motion_video(io.BytesIO(JPEG + MP4), {}, "image/jpeg") is None


def test_samsung_s_trailer_leads_to_the_video() -> None:
    block = b"\0\0\x30\x0a" + (16).to_bytes(4, "little") + b"MotionPhoto_Data" + MP4
    entry = b"\0\0\x30\x0a" + len(block).to_bytes(4, "little") + len(block).to_bytes(4, "little")
    head = b"SEFH" + (107).to_bytes(4, "little") + (1).to_bytes(4, "little") + entry
    data = JPEG + block + head + len(head).to_bytes(4, "little") + b"SEFT"
    assert find_motion_video(io.BytesIO(data), {}, "image/jpeg") == len(JPEG) + 24


def test_heic_keeps_it_in_a_box() -> None:
    heic = (
        b"\0\0\0\x10ftypheic\0\0\0\0" + b"\0\0\0\x0cmeta....."[:12] + (8 + len(MP4)).to_bytes(4, "big") + b"mpvd" + MP4
    )
    assert find_motion_video(io.BytesIO(heic), {}, "image/heic") == 16 + 12 + 8


@pytest.mark.parametrize("mime_type", ["image/jpeg", "image/heic"])
@pytest.mark.parametrize("size", [0, 1, 7, 20])
def test_short_files_are_survived(mime_type: str, size: int) -> None:
    flat = _directory(("MotionPhoto", 10**12, -5)) | {"XMP-GCamera:MicroVideoOffset": "x"}
    assert find_motion_video(io.BytesIO(b"SEFTSEFTSEFTSEFTSEFT"[:size]), flat, mime_type) is None
