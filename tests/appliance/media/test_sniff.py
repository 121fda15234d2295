"""What a file is, from its first bytes."""

from __future__ import annotations

import pytest

from appliance.media.sniff import KINDS_BY_EXTENSION, is_sidecar, sniff


def _box(brand: bytes, *compatible: bytes) -> bytes:
    body = brand + b"\0\0\0\0" + b"".join(compatible)
    return (8 + len(body)).to_bytes(4, "big") + b"ftyp" + body


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"\xff\xd8\xff\xe1", "a.heic", ("photo", "image/jpeg")),
        (b"\x89PNG\r\n\x1a\n", "a.jpg", ("photo", "image/png")),
        (b"GIF89a", "a", ("photo", "image/gif")),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a.jpg", ("photo", "image/webp")),
        (b"RIFF\0\0\0\0AVI LIST", "a.jpg", ("video", "video/x-msvideo")),
        (_box(b"heic", b"mif1"), "a.jpg", ("photo", "image/heic")),
        (_box(b"mif1", b"heic"), "a.heif", ("photo", "image/heic")),
        (_box(b"mif1", b"avif"), "a.heif", ("photo", "image/avif")),
        (_box(b"avif", b"mif1"), "a.heif", ("photo", "image/avif")),
        (_box(b"qt  "), "a.mp4", ("video", "video/quicktime")),
        (_box(b"isom", b"mp42"), "a.jpg", ("video", "video/mp4")),
        (_box(b"3gp4"), "a.mp4", ("video", "video/3gpp")),
        (_box(b"crx "), "a.bin", ("raw", "image/x-canon-cr3")),
        (_box(b"M4A "), "a.m4a", ("other", "audio/mp4")),
        (b"II*\0\x10\0\0\0CR\2\0", "a.tif", ("raw", "image/x-canon-cr2")),
        (b"MM\0*\0\0\0\x08", "a.nef", ("raw", "image/x-nikon-nef")),
        (b"MM\0*\0\0\0\x08", "a.jpg", ("photo", "image/tiff")),
        (b"FUJIFILMCCD-RAW 0201", "a.raf", ("raw", "image/x-fuji-raf")),
        (b"\x1a\x45\xdf\xa3" + b"\x42\x82\x84webm", "a.mkv", ("video", "video/webm")),
        (b"\x1a\x45\xdf\xa3" + b"\x42\x82\x88matroska", "a.webm", ("video", "video/x-matroska")),
        ((b"\0\0\0\0\x47" + b"x" * 187) * 3, "a.mts", ("video", "video/mp2t")),
        (b"\0\0\0\x14moov", "a", ("video", "video/quicktime")),
        (b"\xff\x0a\xfa", "a.jxl", ("photo", "image/jxl")),
        (b"<?xpacket begin='' id=''?><x:xmpmeta>", "a.xmp", ("sidecar", "application/rdf+xml")),
        (b"<?xml version='1.0'?><plist>", "IMG_1.AAE", ("sidecar", "application/x-apple-adjustments")),
        (b"\0" * 100, "a.jpg", ("photo", "image/jpeg")),
        (b"", "a.mov", ("video", "video/quicktime")),
        (b"hello", "notes.txt", ("other", "application/octet-stream")),
        (b"BM hello", "notes", ("other", "application/octet-stream")),
        (b"", "", ("other", "application/octet-stream")),
    ],
)
def test_content_decides_and_the_name_helps(head: bytes, name: str, expected: tuple[str, str]) -> None:
    assert sniff(head, name) == expected


def test_a_scan_considers_every_format_the_family_may_have() -> None:
    wanted = "jpg png gif webp tif bmp heic heif avif jxl dng cr2 cr3 nef arw raf orf rw2 mp4 mov 3gp avi mkv webm xmp"
    assert set(wanted.split()) <= KINDS_BY_EXTENSION.keys()
    assert "txt" not in KINDS_BY_EXTENSION


def test_sidecars_are_known_by_name() -> None:
    assert is_sidecar("IMG_1.JPG.xmp")
    assert is_sidecar("IMG_1.AAE")
    assert not is_sidecar("xmp.jpg")
