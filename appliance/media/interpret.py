"""From a flat dictionary of tags, whoever read it, to MediaMetadata.  Where each field comes from: docs/metadata.md.

No function here raises for an odd tag: what cannot be understood says nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from appliance.media import dates, places, regions
from appliance.media.tagvalues import bounded_tags, clean_text, first_text, number, positive, seconds, texts
from appliance.media.values import Kind, MediaMetadata, Place, Reader

MAX_TITLE = 500
MAX_DESCRIPTION = 4000
MAX_KEYWORDS = 300
MAX_KEYWORD = 200
_ORIENTATIONS = frozenset(range(1, 9))
_CAMERA_CHATTER = {
    "olympus digital camera",
    "sony dsc",
    "minolta digital camera",
    "konica minolta digital camera",
    "digital camera",
    "dcf 1.0",
    "default",
    "samsung",
    "kodak digital still camera",
}
"""What cameras write where a person's words belong."""

_TITLES = (
    "XMP-dc:Title",
    "XMP-photoshop:Headline",
    "IPTC:ObjectName",
    "IPTC:Headline",
    "IFD0:XPTitle",
    "Keys:Title",
    "ItemList:Title",
    "Keys:DisplayName",
)
_DESCRIPTIONS = (
    "XMP-dc:Description",
    "IPTC:Caption-Abstract",
    "IFD0:ImageDescription",
    "XMP-tiff:ImageDescription",
    "ExifIFD:UserComment",
    "IFD0:XPComment",
    "Keys:Description",
    "ItemList:Description",
    "ItemList:Comment",
)
_LENSES = (
    "ExifIFD:LensModel",
    "XMP-aux:Lens",
    "XMP-exifEX:LensModel",
    "Keys:CameraLensModel",
    "Canon:LensModel",
)
_LIVE = ("Apple:ContentIdentifier", "Keys:ContentIdentifier", "Apple:MediaGroupUUID")
_BURSTS = ("Apple:BurstUUID", "XMP-GCamera:BurstID", "XMP-GCamera:BurstPrimary")
_CODECS = {
    "avc1": "h264",
    "avc3": "h264",
    "v_mpeg4/iso/avc": "h264",
    "h264": "h264",
    "hvc1": "hevc",
    "hev1": "hevc",
    "v_mpegh/iso/hevc": "hevc",
    "mp4v": "mpeg4",
    "fmp4": "mpeg4",
    "xvid": "mpeg4",
    "divx": "mpeg4",
    "dx50": "mpeg4",
    "vp08": "vp8",
    "v_vp8": "vp8",
    "vp09": "vp9",
    "v_vp9": "vp9",
    "av01": "av1",
    "v_av1": "av1",
    "mjpg": "mjpeg",
    "jpeg": "mjpeg",
    "spmp": "mjpeg",
    "s263": "h263",
    "ap4h": "prores",
    "apch": "prores",
    "apcn": "prores",
}
_TRANSPORT_CODECS = {1: "mpeg1video", 2: "mpeg2video", 16: "mpeg4", 27: "h264", 36: "hevc"}
_STARS_BY_PERCENT = ((88, 5), (63, 4), (38, 3), (13, 2), (1, 1))


def interpret(
    flat: dict[str, Any],
    *,
    kind: Kind,
    mime_type: str,
    reader: Reader,
    filename: str,
    file_modified: datetime,
    sidecar: dict[str, Any] | None = None,
    motion_video_offset: int | None = None,
) -> MediaMetadata:
    """Put every field together; `sidecar` are the tags of the XMP file beside it, written last by someone's program."""
    beside = sidecar or {}
    orientation = _orientation(flat)
    stored = _stored_size(flat, kind)
    width, height = _upright_size(stored, flat, kind, orientation)
    position = _position(flat) or _position(beside)
    camera = {**beside, **flat} if beside else flat  # what the file itself says of the camera goes first
    duration = duration_s(flat) if kind == "video" else None
    taken = dates.choose(
        flat,
        sidecar=beside,
        filename=filename,
        file_modified=file_modified,
        position=position[:2] if position else None,
        duration_s=duration,
    )
    return MediaMetadata(
        kind=kind,
        mime_type=mime_type,
        reader=reader,
        width=width,
        height=height,
        orientation=orientation,
        animated=bool(flat.get("File:Animated")),
        codec=_codec(flat) if kind == "video" else "",
        start=taken.start,
        start_local=taken.start_local,
        utc_offset_min=taken.utc_offset_min,
        date_source=taken.source,
        end=_end(taken.start, duration),
        duration_s=duration,
        latitude=position[0] if position else None,
        longitude=position[1] if position else None,
        altitude=_altitude(flat) if _position(flat) else _altitude(beside),
        place=places.find_place(position[0], position[1]) if position else _stated_place({**flat, **beside}),
        camera_make=first_text(camera, ("IFD0:Make", "Keys:Make", "UserData:Make", "XMP-tiff:Make"), 100),
        camera_model=first_text(
            camera, ("IFD0:Model", "Keys:Model", "UserData:Model", "H264:Model", "XMP-tiff:Model"), 100
        ),
        lens=first_text(camera, _LENSES, 200),
        exposure_s=positive(camera, ("ExifIFD:ExposureTime", "IFD0:ExposureTime", "XMP-exif:ExposureTime"), 86_400),
        f_number=positive(camera, ("ExifIFD:FNumber", "IFD0:FNumber", "XMP-exif:FNumber"), 1000),
        iso=_iso(camera),
        focal_length_mm=positive(camera, ("ExifIFD:FocalLength", "IFD0:FocalLength", "XMP-exif:FocalLength"), 100_000),
        focal_length_35mm=positive(
            camera, ("ExifIFD:FocalLengthIn35mmFormat", "XMP-exif:FocalLengthIn35mmFormat"), 100_000
        ),
        rating=_either(_rating(beside), _rating(flat)),
        title=first_text(beside, _TITLES, MAX_TITLE) or _words(flat, _TITLES, MAX_TITLE),
        description=first_text(beside, _DESCRIPTIONS, MAX_DESCRIPTION) or _words(flat, _DESCRIPTIONS, MAX_DESCRIPTION),
        keywords=_keywords(flat, beside),
        face_regions=regions.read_faces(beside, stored, orientation) or regions.read_faces(flat, stored, orientation),
        content_identifier=first_text(flat, _LIVE, 64),
        motion_video_offset=motion_video_offset,
        burst_id=first_text(flat, _BURSTS, 64),
        tags=bounded_tags(flat, beside),
    )


def _words(flat: dict[str, Any], keys: tuple[str, ...], limit: int) -> str:
    """As above, of a person's words: not the phrases cameras put there by themselves."""
    found = (clean_text(flat.get(key), limit) for key in keys)
    return next((text for text in found if text and text.lower() not in _CAMERA_CHATTER), "")


def _iso(flat: dict[str, Any]) -> int | None:
    keys = (
        "ExifIFD:ISO",
        "IFD0:ISO",
        "ExifIFD:RecommendedExposureIndex",
        "ExifIFD:StandardOutputSensitivity",
        "XMP-exif:ISO",
    )
    found = positive(flat, keys, 10_000_000)
    return round(found) if found else None


def _orientation(flat: dict[str, Any]) -> int:
    for key in ("IFD0:Orientation", "XMP-tiff:Orientation"):
        found = number(flat.get(key))
        if found in _ORIENTATIONS:
            return int(found or 1)
    return 1


def _stored_size(flat: dict[str, Any], kind: Kind) -> tuple[int, int] | None:
    groups: tuple[str, ...] = ("File", "PNG", "GIF", "RIFF", "H264", "MPEG", "Flash", "ASF", "Matroska", "QuickTime")
    if kind == "video":
        groups = (*(f"Track{track}" for track in range(1, 10)), *groups)
    elif kind == "raw":
        # IFD0 of a RAW often describes the small preview; the largest directory is the picture.
        sizes = [
            size
            for group in ("SubIFD", "SubIFD1", "SubIFD2", "SubIFD3", "IFD0", "IFD3", "ExifIFD", "File", "RAF", "RAF2")
            for names in (("ImageWidth", "ImageHeight"), ("ExifImageWidth", "ExifImageHeight"))
            if (size := _size(flat, f"{group}:{names[0]}", f"{group}:{names[1]}"))
        ]
        return max(sizes, key=lambda size: size[0] * size[1], default=None)
    for group in groups:
        if size := _size(flat, f"{group}:ImageWidth", f"{group}:ImageHeight"):
            return size
    others = (("Photoshop:ImageWidth", "Photoshop:ImageHeight"), ("IFD0:ImageWidth", "IFD0:ImageHeight"))
    for names in (*others, ("ExifIFD:ExifImageWidth", "ExifIFD:ExifImageHeight")):
        if size := _size(flat, *names):
            return size
    return None


def _size(flat: dict[str, Any], width_key: str, height_key: str) -> tuple[int, int] | None:
    width, height = number(flat.get(width_key)), number(flat.get(height_key))
    if width is None or height is None or not 0 < width < 1e7 or not 0 < height < 1e7:
        return None
    return int(width), int(height)


def _upright_size(
    stored: tuple[int, int] | None, flat: dict[str, Any], kind: Kind, orientation: int
) -> tuple[int | None, int | None]:
    if stored is None:
        return None, None
    by_matrix = (number(flat.get("Composite:Rotation")) or 0) % 180 == 90
    turned = by_matrix if kind == "video" else orientation >= 5
    return (stored[1], stored[0]) if turned else stored


def _position(flat: dict[str, Any]) -> tuple[float, float] | None:
    """Latitude and longitude; not the null island that devices without a fix are on, nor what is off the globe."""
    pairs = [
        (_signed(flat, "Latitude", "S"), _signed(flat, "Longitude", "W")),
        (number(flat.get("XMP-exif:GPSLatitude")), number(flat.get("XMP-exif:GPSLongitude"))),
        *(_coordinates(flat.get(f"{group}:GPSCoordinates")) for group in ("Keys", "ItemList", "UserData", "QuickTime")),
    ]
    for latitude, longitude in pairs:
        if latitude is None or longitude is None or (abs(latitude) < 1e-9 and abs(longitude) < 1e-9):
            continue
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None


def _signed(flat: dict[str, Any], name: str, negative: str) -> float | None:
    degrees = number(flat.get(f"GPS:GPS{name}"))
    reference = clean_text(flat.get(f"GPS:GPS{name}Ref"), 10).upper()
    if degrees is None or not reference:
        return None  # half of the globe is a guess
    return -abs(degrees) if reference.startswith(negative) else degrees


def _coordinates(value: object) -> tuple[float | None, float | None]:
    parts = value.split() if isinstance(value, str) else []
    return (number(parts[0]), number(parts[1])) if len(parts) >= 2 else (None, None)


def _altitude(flat: dict[str, Any]) -> float | None:
    altitude = number(flat.get("GPS:GPSAltitude"))
    below = number(flat.get("GPS:GPSAltitudeRef")) in (1, 3)
    if altitude is None:
        altitude = number(flat.get("XMP-exif:GPSAltitude"))
        below = number(flat.get("XMP-exif:GPSAltitudeRef")) == 1
    for group in ("Keys", "ItemList", "UserData", "QuickTime"):
        parts = flat.get(f"{group}:GPSCoordinates")
        if altitude is None and isinstance(parts, str) and len(parts.split()) == 3:
            altitude = number(parts.split()[2])
    if altitude is None or abs(altitude) > 100_000:
        return None
    return -abs(altitude) if below else altitude


def _stated_place(flat: dict[str, Any]) -> Place | None:
    """The place a person typed, for pictures without a position."""
    city = first_text(flat, ("XMP-photoshop:City", "IPTC:City"), 200)
    country = first_text(flat, ("XMP-photoshop:Country", "IPTC:Country-PrimaryLocationName"), 200)
    if not city and not country:
        return None
    code = first_text(flat, ("XMP-iptcCore:CountryCode", "IPTC:Country-PrimaryLocationCode"), 10).upper()
    region = first_text(flat, ("XMP-photoshop:State", "IPTC:Province-State"), 200)
    return Place(city=city, region=region, country=country, country_code=code if len(code) == 2 else "")


def _either(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _rating(flat: dict[str, Any]) -> int | None:
    for key in ("XMP-xmp:Rating", "XMP-acdsee:Rating", "IFD0:Rating", "Keys:Rating"):
        stars = number(flat.get(key))
        if stars is not None and -1 <= stars <= 5:
            return round(stars)
    for key in ("XMP-microsoft:RatingPercent", "IFD0:RatingPercent"):
        percent = number(flat.get(key))
        if percent is not None and 0 <= percent <= 100:
            return next((stars for least, stars in _STARS_BY_PERCENT if percent >= least), 0)
    return None


def _keywords(flat: dict[str, Any], beside: dict[str, Any]) -> tuple[str, ...]:
    """The file's and the sidecar's, each once; the path-like and the Windows lists only where others are silent."""
    found: dict[str, None] = {}
    for tags in (flat, beside):
        values = [*texts(tags.get("XMP-dc:Subject")), *texts(tags.get("IPTC:Keywords"))]
        if not values:
            values = [
                *_leaves(tags.get("XMP-lr:HierarchicalSubject"), "|"),
                *_leaves(tags.get("XMP-digiKam:TagsList"), "/"),
            ]
        if not values:
            values = [part for text in texts(tags.get("IFD0:XPKeywords")) for part in text.split(";")]
        if not values:
            values = [part for text in texts(tags.get("Keys:Keywords")) for part in text.split(",")]
        for value in values[:MAX_KEYWORDS]:
            if (word := clean_text(value, MAX_KEYWORD)) and len(found) < MAX_KEYWORDS:
                found.setdefault(word)
    return tuple(found)


def _leaves(value: object, separator: str) -> list[str]:
    return [text.rsplit(separator, 1)[-1] for text in texts(value)]


def duration_s(flat: dict[str, Any]) -> float | None:
    keys = ("QuickTime:Duration", "Matroska:Duration", "M2TS:Duration", "RIFF:Duration", "Composite:Duration")
    found = (seconds(flat.get(key)) for key in (*keys, "ASF:PlayDuration", "Flash:Duration", "MPEG:Duration"))
    return next((value for value in found if value is not None and 0 < value < 1e6), None)


def _end(start: datetime, duration_s: float | None) -> datetime | None:
    try:
        return start + timedelta(seconds=duration_s) if duration_s is not None else None
    except OverflowError:
        return None


def _codec(flat: dict[str, Any]) -> str:
    if isinstance(stream_type := flat.get("M2TS:VideoStreamType"), int):
        return _TRANSPORT_CODECS.get(stream_type, str(stream_type))
    for track in range(1, 10):
        if _size(flat, f"Track{track}:ImageWidth", f"Track{track}:ImageHeight"):
            for name in ("CompressorID", "VideoCodecID", "CodecID"):
                if text := clean_text(flat.get(f"Track{track}:{name}"), 40):
                    return _CODECS.get(text.lower(), text.lower())
    text = first_text(flat, ("RIFF:VideoCodec", "RIFF:Compression", "File:Compression"), 40)
    return _CODECS.get(text.lower(), text.lower())
