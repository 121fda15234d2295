"""Shapes that more than one part of the API speaks: msgspec structs, converted from what `library` returns."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

Item = TypeVar("Item")


class Items(msgspec.Struct, Generic[Item], frozen=True):
    """A list that is always whole."""

    items: list[Item]


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Part of a list: `next` is the cursor of the following part, or null."""

    items: list[Item]
    total: int
    next: str | None


class User(msgspec.Struct, frozen=True):
    id: uuid.UUID
    username: str
    name: str
    role: Literal["admin", "user"]
    must_change_password: bool
    created: datetime
    disabled: bool = False
    shares: bool = False


class Place(msgspec.Struct, frozen=True):
    city: str = ""
    region: str = ""
    country: str = ""
    country_code: str = ""


class RelatedFile(msgspec.Struct, frozen=True):
    """Another file that belongs to this one; `role` is live_video, raw_of, edit_of, burst or sidecar_of."""

    id: uuid.UUID
    role: str
    filename: str
    kind: str


class Tag(msgspec.Struct, frozen=True):
    """A word; `source` is exif, manual or model:<name>."""

    name: str
    source: str


class Event(msgspec.Struct, frozen=True):
    id: uuid.UUID
    name: str
    source: str


class FacePerson(msgspec.Struct, frozen=True):
    """Who a face is; `name` is empty for a group nobody has named.  The age is at the time of the photo."""

    id: uuid.UUID
    name: str
    hidden: bool
    ignored: bool
    age_years: int | None
    age_months: int | None


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """A face on a photo.  `box`: left, top, width, height as fractions of the picture as it is shown, upright; empty
    where it was cropped away.

    `source` says who saw it: model, manual or exif.  `usable`: good enough to be grouped, else `reason` says why not.
    `confirmed`: somebody said who it is.  `person` is null while nobody is known, and where someone keeps them private.
    """

    id: uuid.UUID
    file: uuid.UUID
    box: list[float]
    score: float
    quality: float
    usable: bool
    reason: str
    confirmed: bool
    source: str
    person: FacePerson | None
    thumbnail_url: str


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A photo, video, RAW or sidecar: everything known of it, flat.

    `user` is null for the family's files; `shared`: its owner lets the whole family see it; `locked`: only they see it,
    after saying the password again; `content` is the path below the library's root; times are UTC, `start` and
    `end` say when it was taken; `location` is [longitude, latitude].  `adjusted`: what its picture was turned, cropped
    or lit by, in twelve digits, empty while it is shown as taken; `width`, `height`, `thumbhash` are of what is shown.
    """

    id: uuid.UUID
    filename: str
    kind: str
    mime_type: str
    size_bytes: int
    metadata: dict[str, Any] | None
    processor_metadata: dict[str, Any] | None
    user: uuid.UUID | None
    library: uuid.UUID
    content: str
    paths: list[str]
    content_sha: str
    content_sha1: str
    start: datetime | None
    end: datetime | None
    utc_offset_min: int | None
    latitude: float | None
    longitude: float | None
    altitude: float | None
    location: list[float] | None
    place: Place | None
    width: int | None
    height: int | None
    duration_s: float | None
    thumbhash: str | None
    animated: bool
    related_files: list[RelatedFile]
    tags: list[Tag]
    events: list[Event]
    albums: list[dict[str, Any]]
    faces: list[Face]
    captions: list[dict[str, Any]]
    title: str
    rating: int | None
    description: str
    favourite: bool
    archived: bool
    hidden: bool
    shared: bool
    locked: bool
    trashed_at: datetime | None
    missing_since: datetime | None
    created: datetime
    modified: datetime
    adjusted: str
    content_url: str
    preview_url: str
    thumbnail_url: str
    video_url: str | None


class LandedFile(msgspec.Struct, frozen=True):
    """`duplicate`: the same bytes were here already, and were read again to be sure."""

    status: Literal["created", "duplicate"]
    file: File
