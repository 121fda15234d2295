"""Videos: a poster frame to show on the timeline, and where the moving part of a motion photo lies."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
from PIL import Image, ImageStat

from appliance.errors import UnreadableFileError
from appliance.media.ffmpeg import run_ffmpeg, run_ffprobe
from appliance.media.guard import check_pixels

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_HDR_TRANSFERS: Final = ("smpte2084", "arib-std-b67")
_TONE_MAP: Final = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0,zscale=t=bt709:m=bt709:r=pc"
)
"""npl: 203 cd/m2 is diffuse white in HDR video (ITU-R BT.2408)."""
_DULL: Final = 10.0
"""Spread of brightness (of 255) below which a poster says nothing: a fade from black or white, a pocket, a sky."""


class Poster(msgspec.Struct, frozen=True):
    """`image` upright sRGB; `width`, `height` of the video as it is shown."""

    image: Image.Image
    width: int
    height: int


class MotionVideo(msgspec.Struct, frozen=True):
    """The bytes of a photo file that are a playable video of their own."""

    offset: int
    length: int


class _Stream(msgspec.Struct, frozen=True):
    width: int
    height: int
    duration_s: float
    hdr: bool


def read_poster(path: Path, *, max_side: int) -> Poster:
    """A frame near the start that is not all of one colour, long side at most `max_side`."""
    stream = _probe(path)
    # A keyframe near a tenth of the way is cheap and past most titles; exact seeking decodes everything before it.
    start_s = min(stream.duration_s * 0.1, 60.0)
    attempts = [("-noaccurate_seek", "-ss", f"{start_s:.3f}"), ("-ss", f"{stream.duration_s * 0.5:.3f}"), ()]
    best: Image.Image | None = None
    failure: UnreadableFileError | None = None
    for before in attempts:
        try:
            image = _frame(path, stream, before=before, max_side=max_side)
        except UnreadableFileError as error:
            failure = failure or error
            continue
        if image is None:
            continue
        if best is None or _liveliness(image) > _liveliness(best):
            best = image
        if _liveliness(best) >= _DULL:
            break
    if best is None:
        raise failure or UnreadableFileError(
            str(path), "No picture could be read from the video.", hint="Play it to see whether it is damaged."
        )
    return Poster(image=best, width=stream.width, height=stream.height)


def read_frames(path: Path, *, count: int, max_side: int) -> list[NDArray[np.uint8]]:
    """Up to `count` upright sRGB frames from moments spread evenly over the video, those that say nothing left out.

    Raises UnreadableFileError when no frame can be read.
    """
    import numpy as np

    stream = _probe(path)
    frames: list[NDArray[np.uint8]] = []
    if stream.duration_s > 0:
        for number in range(count):
            moment_s = stream.duration_s * (number + 0.5) / count
            try:
                image = _frame(path, stream, before=("-noaccurate_seek", "-ss", f"{moment_s:.3f}"), max_side=max_side)
            except UnreadableFileError:
                continue  # a video may be cut short: its beginning is as good
            if image is not None and _liveliness(image) >= _DULL:
                frames.append(np.asarray(image.convert("RGB")))
    return frames or [np.asarray(read_poster(path, max_side=max_side).image.convert("RGB"))]


def _frame(path: Path, stream: _Stream, *, before: tuple[str, ...], max_side: int) -> Image.Image | None:
    ratio = min(1.0, max_side / max(stream.width, stream.height))
    width, height = max(1, round(stream.width * ratio)), max(1, round(stream.height * ratio))
    filters = [f"scale={width}:{height}:flags=area", "setsar=1", "thumbnail=5"]
    if stream.hdr:
        filters.append(_TONE_MAP)
    data = run_ffmpeg(
        path,
        before=before,
        after=("-map", "0:V:0", "-an", "-sn", "-dn", "-vf", ",".join(filters), "-frames:v", "1",
               "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe"),
    )  # fmt: skip
    if not data:
        return None
    image: Image.Image = Image.open(io.BytesIO(data), formats=("PPM",))
    image.load()
    return image


def _liveliness(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).stddev[0]


def _probe(path: Path) -> _Stream:
    """The first stream that is a moving picture, as it is shown: turned and with square pixels."""
    told, streams = _told(path)
    if not told.get("format"):
        raise UnreadableFileError(
            str(path), "The video is damaged, or it was not recorded or copied to its end.", hint="Copy it again."
        )
    if not streams or not streams[0].get("width"):
        raise UnreadableFileError(
            str(path), "There is no picture in the video file.", hint="Play it to see whether it holds only sound."
        )
    stream = streams[0]
    width, height = int(stream["width"]), int(stream["height"])
    check_pixels(path, width, height)
    across, _, down = str(stream.get("sample_aspect_ratio", "1:1")).partition(":")
    if across.isdigit() and down.isdigit() and 0 < int(across) <= 10 * int(down) and int(down) <= 10 * int(across):
        width = max(1, round(width * int(across) / int(down)))
    if _rotation(stream) % 180 == 90:
        width, height = height, width
    return _Stream(
        width=width,
        height=height,
        duration_s=_seconds(stream.get("duration")) or _seconds(told.get("format", {}).get("duration")),
        hdr=stream.get("color_transfer") in _HDR_TRANSFERS,
    )


def read_facts(path: Path) -> dict[str, Any]:
    """Length and codec of a video that states none, as tags with exiftool's names; what is not known is left out."""
    told, streams = _told(path)
    stream = streams[0] if streams else {}
    facts: dict[str, Any] = {}
    if length := _seconds(told.get("format", {}).get("duration")) or _seconds(stream.get("duration")):
        facts["Composite:Duration"] = length
    if codec := stream.get("codec_name"):
        facts["File:Compression"] = str(codec)[:40]
    return facts


def _told(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What ffprobe says, and of that the streams that are moving pictures."""
    told: dict[str, Any] = json.loads(
        run_ffprobe(path, "-show_streams", "-show_format", "-select_streams", "v", "-of", "json") or b"{}"
    )
    return told, [s for s in told.get("streams", []) if not s.get("disposition", {}).get("attached_pic")]


def _rotation(stream: dict[str, Any]) -> int:
    for side in stream.get("side_data_list", []):
        if "rotation" in side:
            return round(float(side["rotation"]))
    return round(_seconds(stream.get("tags", {}).get("rotate")))


def _seconds(text: object) -> float:
    try:
        value = float(str(text))
    except ValueError:
        return 0.0
    return value if 0 < value < 1e7 else 0.0


def measure_motion_video(path: Path, offset: int) -> MotionVideo | None:
    """The MP4 that begins at byte `offset` of a motion photo; None if it is not whole and so not playable.

    Ends after its last box: makers append trailers of their own that players stumble over.
    """
    size = path.stat().st_size
    position = offset
    seen: set[bytes] = set()
    with path.open("rb") as file:
        while position + 8 <= size:
            file.seek(position)
            head = file.read(16)
            length, name = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1 and len(head) == 16:
                length = int.from_bytes(head[8:], "big")
            elif length == 0:
                length = size - position
            if name not in _MP4_BOXES or length < 8 or position + length > size:
                break
            if position == offset and name != b"ftyp":
                return None
            seen.add(name)
            position += length
    return MotionVideo(offset=offset, length=position - offset) if {b"ftyp", b"moov", b"mdat"} <= seen else None


_MP4_BOXES: Final = frozenset(
    {
        b"ftyp",
        b"moov",
        b"mdat",
        b"free",
        b"skip",
        b"wide",
        b"uuid",
        b"meta",
        b"udta",
        b"moof",
        b"mfra",
        b"styp",
        b"sidx",
    }
)
