"""What reading a file gives back: plain frozen values that travel between processes.  Nothing here opens anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Kind = Literal["photo", "video", "raw", "sidecar", "other"]
Reader = Literal["pillow", "exiftool", "none"]
"""`none`: the file gave no metadata at all (unknown to both readers); only its name and time spoke."""
DateSource = Literal["exif", "gps", "quicktime", "xmp", "iptc", "sidecar", "filename", "file"]


PREVIEW_PX = 1440
"""Long side of a preview; a smaller original keeps its size."""


class FileHashes(msgspec.Struct, frozen=True, kw_only=True):
    """Both checksums and the size, of one and the same read."""

    sha256: str
    sha1: str
    size_bytes: int


class FaceRegion(msgspec.Struct, frozen=True, kw_only=True):
    """A face that the file itself names; `x`, `y` is the left top corner, all four fractions of the upright image."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a position is; `region` is the state or province and may be empty."""

    city: str
    region: str
    country: str
    country_code: str


class Renditions(msgspec.Struct, frozen=True, kw_only=True):
    """What is derived from one original for showing it; `width`, `height` are the upright original's.

    `warning` is a sentence for the family when the file is damaged but part of it could be shown; else empty.
    """

    thumbnail_webp: bytes
    preview: bytes
    preview_mime: str
    thumbhash: bytes
    width: int
    height: int
    animated: bool = False
    warning: str = ""


class MediaMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one file says about itself; None or empty where it says nothing."""

    kind: Kind
    mime_type: str
    reader: Reader
    width: int | None = None
    """Upright display size, after the orientation (photos) or rotation (videos) was applied."""
    height: int | None = None
    orientation: int = 1
    """1..8 as the EXIF tag states it; 1 when it states none.  A HEIF container that turns the picture itself has done
    so when it is decoded; of AVIF this is the container's own turn, which is what Pillow leaves to be done."""
    animated: bool = False
    codec: str = ""

    start: datetime | None = None
    """Aware, UTC."""
    start_local: datetime | None = None
    """Naive: what a clock on the wall showed at the place."""
    utc_offset_min: int | None = None
    """None: the zone is unknown, and `start` is the wall clock read as UTC."""
    date_source: DateSource = "file"
    end: datetime | None = None
    """Videos: start + duration.  Aware, UTC."""
    duration_s: float | None = None

    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    place: Place | None = None

    camera_make: str = ""
    camera_model: str = ""
    lens: str = ""
    exposure_s: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    focal_length_35mm: float | None = None

    rating: int | None = None
    """0..5 stars; -1 rejected."""
    title: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    face_regions: tuple[FaceRegion, ...] = ()

    content_identifier: str = ""
    """Apple's name for a live photo: the same in the still and in its video."""
    motion_video_offset: int | None = None
    """Byte at which a Google or Samsung motion photo's own video begins."""
    burst_id: str = ""

    tags: dict[str, Any] = {}
    """Raw readable tags by exiftool's names; at most 64 KB of JSON."""
