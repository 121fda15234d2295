"""One file's metadata, by the fast reader where it can and by exiftool where it must."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from appliance.errors import MediaError, UnreadableFileError, UnsupportedFormatError
from appliance.media import exiftool, fastreader, motion, xmp
from appliance.media.interpret import duration_s, interpret
from appliance.media.sniff import HEAD_BYTES, sniff

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from appliance.media.values import Kind, MediaMetadata, Reader

BUFFER_BYTES = 1 << 16  # a JPEG's EXIF block at its largest: most photos are then read in one go


def read_metadata(
    path: Path,
    *,
    data: bytes | None = None,
    filename: str,
    file_modified: datetime,
    sidecar: bytes | None = None,
) -> MediaMetadata:
    """Everything the file says about itself, and the XMP file beside it (`sidecar`) about it.

    data: the whole file if it is in memory already; `path` is then opened only when exiftool is needed.
    file_modified: aware; the date of last resort.   filename: the name as received, for its date and extension.
    Damaged metadata is left out.  Raises UnreadableFileError for an empty file and for one that neither reader can
    open, UnsupportedFormatError for what is no photo, video, RAW or sidecar.
    """
    try:
        stream: IO[bytes] = io.BytesIO(data) if data is not None else path.open("rb", buffering=BUFFER_BYTES)
    except OSError as error:
        raise UnreadableFileError(
            str(path), f"The file cannot be opened: {error.strerror}.", hint="Check that it is there and may be read."
        ) from error
    with stream:
        try:
            head = stream.read(HEAD_BYTES)
        except OSError as error:
            raise UnreadableFileError(
                str(path), f"The file cannot be read: {error.strerror}.", hint="The disk may be failing."
            ) from error
        if not head:
            raise UnreadableFileError(str(path), "The file is empty.", hint="Copy it again from where it came from.")
        kind, mime_type = sniff(head, filename)
        if kind == "other":
            raise UnsupportedFormatError(
                str(path), "This is not a photo or video Homeroll knows.", hint="It is left as it is."
            )
        beside = xmp.read_xmp(sidecar) if sidecar else {}
        flat, reader, offset = _read(path, stream, kind, mime_type)
    return interpret(
        flat,
        kind=kind,
        mime_type=mime_type,
        reader=reader,
        filename=filename,
        file_modified=file_modified,
        sidecar=beside,
        motion_video_offset=offset,
    )


def _read(path: Path, stream: IO[bytes], kind: Kind, mime_type: str) -> tuple[dict[str, Any], Reader, int | None]:
    if kind == "sidecar":
        stream.seek(0)
        return xmp.read_xmp(stream.read(xmp.MAX_XMP_BYTES + 1)), "pillow", None
    if kind == "photo":
        try:
            flat = fastreader.read(stream, mime_type)
            return flat, "pillow", motion.find_motion_video(stream, flat, mime_type)
        except fastreader.NotForPillowError:
            pass
        except OSError as error:
            raise UnreadableFileError(str(path), "The file cannot be read.", hint="The disk may be failing.") from error
    return _by_exiftool(path, kind), "exiftool", None


def _by_exiftool(path: Path, kind: Kind) -> dict[str, Any]:
    flat = exiftool.shared().read(path)
    if kind == "video" and duration_s(flat) is None:
        flat = _measured(path) | flat
    error = flat.get("ExifTool:Error")
    has_size = any(key.endswith((":ImageWidth", ":ExifImageWidth")) for key in flat)
    if error and not has_size:
        raise _unreadable(path, str(error))
    if kind == "photo" and not has_size:
        raise _unreadable(path, "no picture found in it")
    return flat


def _measured(path: Path) -> dict[str, Any]:
    """What ffprobe finds out by looking where nothing is stated (fragmented MP4, MPEG, WMV); {} when it cannot."""
    from appliance.media.video import read_facts

    try:
        return read_facts(path)
    except MediaError:
        return {}


def _unreadable(path: Path, reason: str) -> MediaError:
    return UnreadableFileError(
        str(path),
        f"The file is damaged or not what its name says ({reason[:200]}).",
        hint="Look for another copy of it.",
    )
