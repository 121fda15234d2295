"""The fast reader: Pillow opens the file without decoding it, and its EXIF, XMP and IPTC become one flat dictionary.

Same names and shapes as exiftool's (`exiftool.py`), so that `interpret.py` need not know who read.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

from appliance.media import exif, iptc, xmp

FORMATS: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/webp": ("WEBP",),
    "image/tiff": ("TIFF",),
    "image/gif": ("GIF",),
    "image/bmp": ("BMP", "DIB"),
    "image/heic": ("HEIF",),
    "image/heif": ("HEIF", "AVIF"),
    "image/avif": ("AVIF",),
    "image/jp2": ("JPEG2000",),
    "image/x-portable-anymap": ("PPM",),
    "image/x-icon": ("ICO",),
}
"""MIME types the fast reader is tried on, with Pillow's names."""

_MOVING = ("GIF", "WEBP", "PNG", "AVIF")  # several pictures in a TIFF, MPO or HEIF are pages, views and bursts
_TIFF_XMP = 700
_TIFF_IPTC = 33723
_PHOTOSHOP_IPTC = 0x0404
_MAX_PNG_CHUNKS = 100_000
_MAX_JPEG_HEADER_BYTES = 16 << 20
_MAX_JPEG_SEGMENTS = 20_000
_MAX_BOXES = 50
_MAX_META_BYTES = 1 << 20


class NotForPillowError(Exception):
    """Pillow cannot open this one, or would miss what it holds: exiftool should."""


def read(stream: IO[bytes], mime_type: str) -> dict[str, Any]:
    """What `stream` says, without decoding pixels.  Raises NotForPillowError."""
    formats = FORMATS.get(mime_type)
    if formats is None:
        raise NotForPillowError(mime_type)
    if "HEIF" in formats:
        _register_heif()
    elif mime_type == "image/png" and _has_late_metadata(stream):
        raise NotForPillowError("metadata behind the pixels")
    elif mime_type == "image/jpeg" and not _has_a_bounded_header(stream):
        raise NotForPillowError("endless metadata before the pixels")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged tags: left out, and nobody reads a child's warnings
        try:
            stream.seek(0)
            image = Image.open(stream, formats=formats)
            flat = _flatten(image)
            if image.format == "TIFF" or (image.format == "HEIF" and _turns_itself(stream)):
                _state_stored_size(flat)
            return flat
        except (*exif.PIL_ERRORS, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise NotForPillowError(str(error)) from error


@cache
def _register_heif() -> None:
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def _flatten(image: Image.Image) -> dict[str, Any]:
    info = image.info
    flat: dict[str, Any] = {"File:ImageWidth": image.width, "File:ImageHeight": image.height}
    if image.format in _MOVING and getattr(image, "is_animated", False):
        flat["File:Animated"] = True
    if image.format == "TIFF":
        flat.update(_from_tiff(image))
        return flat
    if exif_bytes := info.get("exif"):
        flat.update(exif.read_exif(exif_bytes))
    elif isinstance(profile := info.get("Raw profile type exif"), str):
        flat.update(exif.read_exif(_raw_profile(profile)))
    if (original := info.get("original_orientation")) is not None:  # pi_heif has set the tag to 1
        flat["IFD0:Orientation"] = original
    photoshop = info.get("photoshop")
    if isinstance(photoshop, dict) and isinstance(record := photoshop.get(_PHOTOSHOP_IPTC), bytes):
        flat.update(iptc.read_iptc(record))
    elif isinstance(profile := info.get("Raw profile type iptc"), str):
        flat.update(iptc.read_iptc(_iptc_in_resources(_raw_profile(profile))))
    packet = info.get("xmp") or info.get("XML:com.adobe.xmp")
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    if isinstance(packet, bytes):
        flat.update(xmp.read_xmp(packet))
    if isinstance(created := info.get("Creation Time"), str):
        flat["PNG:CreationTime"] = created[:64]
    return flat


def _state_stored_size(flat: dict[str, Any]) -> None:
    """Undo what Pillow (TIFF) and libheif have done already: the size here is the one before turning, as exiftool's."""
    if flat.get("IFD0:Orientation") in (5, 6, 7, 8):
        flat["File:ImageWidth"], flat["File:ImageHeight"] = flat["File:ImageHeight"], flat["File:ImageWidth"]


def _turns_itself(stream: IO[bytes]) -> bool:
    """Whether a HEIF's `meta` box holds a turn or a mirror; else EXIF's orientation is still to be applied."""
    at = 0
    for _ in range(_MAX_BOXES):
        stream.seek(at)
        head = stream.read(8)
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"meta":
            box = stream.read(min(length, _MAX_META_BYTES))
            return b"irot" in box or b"imir" in box
        if len(head) < 8 or length < 8:
            return False
        at += length
    return False


def _from_tiff(image: Image.Image) -> dict[str, Any]:
    tags = getattr(image, "tag_v2", {})
    flat = exif.flatten(image.getexif())
    packet = tags.get(_TIFF_XMP)
    if isinstance(packet, tuple):
        packet = bytes(packet)
    if isinstance(packet, bytes):
        flat.update(xmp.read_xmp(packet))
    record = tags.get(_TIFF_IPTC)
    if isinstance(record, bytes):
        flat.update(iptc.read_iptc(record))
    return flat


def _raw_profile(text: str) -> bytes:
    """ImageMagick's way of hiding EXIF and IPTC in a PNG: name, length, hexadecimal."""
    lines = text.strip().split("\n", 2)
    if len(lines) < 3 or len(text) > 2 * exif.MAX_EXIF_BYTES:
        return b""
    try:
        return bytes.fromhex("".join(lines[2].split()))
    except ValueError:
        return b""


def _iptc_in_resources(data: bytes) -> bytes:
    at = data.find(b"8BIM\x04\x04")
    if at < 0:
        return data if data[:1] == b"\x1c" else b""
    name_size = data[at + 6] + 1 if at + 6 < len(data) else 1
    begin = at + 6 + name_size + name_size % 2
    size = int.from_bytes(data[begin : begin + 4], "big")
    return data[begin + 4 : begin + 4 + size]


def _has_a_bounded_header(stream: IO[bytes]) -> bool:
    """Whether a JPEG's pixels begin within 16 MB: Pillow joins EXIF segments in a time that grows with their square."""
    at = 2
    for _ in range(_MAX_JPEG_SEGMENTS):
        stream.seek(at)
        head = stream.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] == 0xDA:  # the end, damage (Pillow's to judge), or the pixels
            return True
        at += 1 if head[1] == 0xFF else 2 + int.from_bytes(head[2:], "big")
        if at > _MAX_JPEG_HEADER_BYTES:
            return False
    return False


def _has_late_metadata(stream: IO[bytes]) -> bool:
    """Whether a PNG's EXIF or XMP comes after its pixels, where Pillow finds it only by decoding them."""
    at = 8
    pixels_seen = False
    for _ in range(_MAX_PNG_CHUNKS):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return False
        if head[4:] == b"IDAT":
            pixels_seen = True
        elif pixels_seen and head[4:] in (b"eXIf", b"iTXt", b"zTXt"):
            return True
        at += 12 + int.from_bytes(head[:4], "big")
    return False
