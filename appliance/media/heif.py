"""HEIC and HEIF by libheif, and what the container says that its decoders do not pass on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.media.guard import MAX_PIXELS_COSTLY, check_pixels
from appliance.media.hdr import CodePoints

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2"}
)
_MAX_META_BYTES: Final = 1 << 20
_MAX_BOXES: Final = 50


def read_heif(path: Path) -> Image.Image:
    """The main picture at full size, turned and mirrored as the container says.

    Raises ValueError and others of libheif's; also for AV1 inside HEIF, which this build does not decode.
    """
    import pi_heif

    heif = pi_heif.open_heif(path, convert_hdr_to_8bit=True)
    check_pixels(path, *heif.size, limit=MAX_PIXELS_COSTLY)
    image: Image.Image = heif.to_pillow()
    return image


def read_code_points(path: Path) -> CodePoints | None:
    """What the container says of its colours by number; None if it does not."""
    meta = _meta_box(path)
    at = meta.find(b"colrnclx")
    if at < 0 or at + 12 > len(meta):
        return None
    return CodePoints(int.from_bytes(meta[at + 8 : at + 10], "big"), int.from_bytes(meta[at + 10 : at + 12], "big"))


def turns_itself(path: Path) -> bool:
    """Whether the container holds a rotation or mirror box.

    By the standard only those count and EXIF's orientation is a copy.  Files with none of them were written by software
    that took EXIF at its word, and lie on their side unless it is followed.
    """
    meta = _meta_box(path)
    return b"irot" in meta or b"imir" in meta


def _meta_box(path: Path) -> bytes:
    with path.open("rb") as file:
        position = 0
        for _ in range(_MAX_BOXES):
            file.seek(position)
            head = file.read(16)
            if len(head) < 8:
                break
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if head[4:8] == b"meta":
                file.seek(position)
                return file.read(min(length or _MAX_META_BYTES, _MAX_META_BYTES))
            if length < 8:
                break
            position += length
    return b""
