"""What a file's own metadata says of it, as columns of its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.media.values import MediaMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA_STEP = "metadata"
#: What both a file and a person may say, in one column: the person's word stays.
MARKS = ("rating", "description")
#: A word in the column `by_hand` -> columns that a person has set, which reading the file again leaves alone.
SAID_BY_HAND = {
    "date": ("start", "end", "utc_offset_min", "local_start"),
    "location": ("latitude", "longitude", "altitude", "place"),
}
NOTHING_SAID: dict[str, object] = {"rating": None, "description": ""}


def describe(kind: str, mime_type: str, metadata: MediaMetadata | None) -> dict[str, object]:
    """Column values of a stored file that follow from its metadata; all empty when there is none."""
    known = metadata or _NO_METADATA
    return {
        "kind": metadata.kind if metadata else kind,
        "mime_type": metadata.mime_type if metadata else mime_type,
        "metadata": details(metadata) if metadata else "{}",
        "start": known.start,
        "end": known.end,
        "utc_offset_min": known.utc_offset_min,
        "local_start": known.start_local.isoformat(timespec="milliseconds") if known.start_local else "",
        "latitude": known.latitude,
        "longitude": known.longitude,
        "altitude": known.altitude,
        "place": msgspec.json.encode(known.place).decode() if known.place else None,
        "width": known.width,
        "height": known.height,
        "orientation": known.orientation,
        "duration_s": known.duration_s,
        "animated": known.animated,
        "motion_offset": known.motion_video_offset,
        "content_identifier": known.content_identifier,
        "burst_id": known.burst_id,
        "rating": known.rating,
        "title": known.title,
        "description": known.description,
    }


_NO_METADATA = MediaMetadata(kind="other", mime_type="", reader="none")


#: Columns of StoredFile; what else metadata holds goes into the JSON column.
_COLUMNS = frozenset(
    [
        "kind",
        "mime_type",
        "start",
        "end",
        "start_local",
        "utc_offset_min",
        "latitude",
        "longitude",
        "altitude",
        "place",
        "width",
        "height",
        "orientation",
        "duration_s",
        "animated",
        "motion_video_offset",
        "content_identifier",
        "burst_id",
        "rating",
        "title",
        "description",
        "keywords",
    ]
)


def details(metadata: MediaMetadata) -> str:
    """The `metadata` column: camera, lens, exposure, codec, face regions, raw tags; empty values left out."""
    values: dict[str, Any] = msgspec.to_builtins(metadata)
    rest = {name: value for name, value in values.items() if name not in _COLUMNS and value not in (None, "", [], {})}
    return msgspec.json.encode(rest).decode()


def processed(before: Mapping[str, Any], metadata: MediaMetadata | None, sidecar_sha: str) -> str:
    """`processor_metadata` after reading: by whom, with which sidecar, and the marks the file itself stated, so that
    what a person changed can be told from what the file said."""
    said = {name: getattr(metadata, name) for name in MARKS if getattr(metadata, name, None) not in (None, "")}
    reading = {"reader": metadata.reader if metadata else "none", "sidecar": sidecar_sha, "said": said}
    return msgspec.json.encode({**before, METADATA_STEP: reading}).decode()
