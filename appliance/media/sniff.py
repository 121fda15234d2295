"""What a file is: by its first bytes, and only where those are silent by its name."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.media.values import Kind

HEAD_BYTES = 4096
"""How much of a file `sniff` wants to see."""

_PHOTO: dict[str, str] = {
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif", "mpo"), "image/jpeg"),
    **dict.fromkeys(("heic", "heics"), "image/heic"),
    **dict.fromkeys(("heif", "heifs", "hif"), "image/heif"),
    **dict.fromkeys(("tif", "tiff"), "image/tiff"),
    **dict.fromkeys(("png", "apng"), "image/png"),
    **dict.fromkeys(("avif", "avifs"), "image/avif"),
    **dict.fromkeys(("jp2", "j2k", "jpf", "jpx"), "image/jp2"),
    **dict.fromkeys(("ppm", "pgm", "pbm", "pnm"), "image/x-portable-anymap"),
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "jxl": "image/jxl",
    "psd": "image/vnd.adobe.photoshop",
    "ico": "image/x-icon",
}
_RAW: dict[str, str] = {
    "dng": "image/x-adobe-dng",
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "crw": "image/x-canon-crw",
    "nef": "image/x-nikon-nef",
    "nrw": "image/x-nikon-nrw",
    "arw": "image/x-sony-arw",
    "sr2": "image/x-sony-sr2",
    "srf": "image/x-sony-srf",
    "raf": "image/x-fuji-raf",
    "orf": "image/x-olympus-orf",
    "rw2": "image/x-panasonic-rw2",
    "rwl": "image/x-leica-rwl",
    "pef": "image/x-pentax-pef",
    "srw": "image/x-samsung-srw",
    "kdc": "image/x-kodak-kdc",
    "dcr": "image/x-kodak-dcr",
    "mrw": "image/x-minolta-mrw",
    "x3f": "image/x-sigma-x3f",
    "erf": "image/x-epson-erf",
    "3fr": "image/x-hasselblad-3fr",
    "fff": "image/x-hasselblad-fff",
    "iiq": "image/x-phaseone-iiq",
    "mef": "image/x-mamiya-mef",
    "mos": "image/x-leaf-mos",
    "gpr": "image/x-gopro-gpr",
}
_VIDEO: dict[str, str] = {
    **dict.fromkeys(("mp4", "m4v"), "video/mp4"),
    **dict.fromkeys(("mov", "qt"), "video/quicktime"),
    **dict.fromkeys(("3gp", "3gpp", "3g2"), "video/3gpp"),
    **dict.fromkeys(("mts", "m2ts", "ts", "m2t"), "video/mp2t"),
    **dict.fromkeys(("mpg", "mpeg", "vob"), "video/mpeg"),
    "avi": "video/x-msvideo",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "wmv": "video/x-ms-wmv",
    "flv": "video/x-flv",
}
_SIDECAR: dict[str, str] = {"xmp": "application/rdf+xml", "aae": "application/x-apple-adjustments"}

KINDS_BY_EXTENSION: dict[str, tuple[Kind, str]] = {
    **{extension: ("photo", mime) for extension, mime in _PHOTO.items()},
    **{extension: ("raw", mime) for extension, mime in _RAW.items()},
    **{extension: ("video", mime) for extension, mime in _VIDEO.items()},
    **{extension: ("sidecar", mime) for extension, mime in _SIDECAR.items()},
}
"""What a scan considers: extension in lower case, without the dot."""

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_STARTS: tuple[tuple[bytes, Kind, str], ...] = (
    (b"\xff\xd8\xff", "photo", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "photo", "image/png"),
    (b"GIF87a", "photo", "image/gif"),
    (b"GIF89a", "photo", "image/gif"),
    (b"\xff\x0a", "photo", "image/jxl"),
    (b"\x00\x00\x00\x0cJXL ", "photo", "image/jxl"),
    (b"\x00\x00\x00\x0cjP  ", "photo", "image/jp2"),
    (b"\xff\x4f\xff\x51", "photo", "image/jp2"),
    (b"8BPS", "photo", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x01\x00", "photo", "image/x-icon"),
    (b"FUJIFILMCCD-RAW", "raw", "image/x-fuji-raf"),
    (b"IIRO", "raw", "image/x-olympus-orf"),
    (b"IIRS", "raw", "image/x-olympus-orf"),
    (b"MMOR", "raw", "image/x-olympus-orf"),
    (b"IIU\x00", "raw", "image/x-panasonic-rw2"),
    (b"FOVb", "raw", "image/x-sigma-x3f"),
    (b"\x00MRM", "raw", "image/x-minolta-mrw"),
    (b"\x00\x00\x01\xba", "video", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video", "video/mpeg"),
    (b"FLV\x01", "video", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video", "video/x-ms-wmv"),
)


def extension_of(filename: str) -> str:
    """The last extension, lower case, without its dot."""
    return PurePath(filename).suffix.lower().lstrip(".")


def fitting_name(filename: str, mime_type: str) -> str:
    """The name with the extension that its content has, behind any that would have it opened as something else: a
    picture may hold a page or a program as well, and is one where its name says so."""
    kind, _ = KINDS_BY_EXTENSION.get(extension_of(filename), ("other", ""))
    if kind in ("photo", "raw", "video"):
        return filename
    extension = next((one for one, (_, mime) in KINDS_BY_EXTENSION.items() if mime == mime_type), "")
    return f"{filename}.{extension}" if extension else filename


def is_sidecar(filename: str) -> bool:
    """Whether a name says: I describe another file."""
    return extension_of(filename) in _SIDECAR


def sniff(head: bytes, filename: str) -> tuple[Kind, str]:
    """Kind and MIME type of a file whose first bytes are `head`; ("other", "application/octet-stream") if unknown."""
    extension = extension_of(filename)
    if (found := _by_content(head, extension)) is not None:
        return found
    return KINDS_BY_EXTENSION.get(extension, ("other", "application/octet-stream"))


def _by_content(head: bytes, extension: str) -> tuple[Kind, str] | None:
    for start, kind, mime in _STARTS:
        if head.startswith(start):
            return kind, mime
    if head[4:8] == b"ftyp":
        return _by_brand(head, extension)
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        if head[8:10] == b"CR":
            return "raw", _RAW["cr2"]
        # Most RAW formats are TIFF files like any other: only the name tells them apart.
        return ("raw", _RAW[extension]) if extension in _RAW else ("photo", "image/tiff")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "photo", "image/webp"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video", "video/x-msvideo"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return ("video", "video/webm") if b"webm" in head[:64] else ("video", "video/x-matroska")
    if head[:2] == b"BM" and len(head) > 18 and head[6:10] == b"\0\0\0\0" and head[15:18] == b"\0\0\0":
        return "photo", "image/bmp"
    if head[6:14] == b"HEAPCCDR":
        return "raw", _RAW["crw"]
    if head[4:8] in _QUICKTIME_BOXES:
        return "video", "video/quicktime"
    if _is_transport_stream(head):
        return "video", "video/mp2t"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "photo", "image/x-portable-anymap"
    return _by_text(head, extension)


def _by_brand(head: bytes, extension: str) -> tuple[Kind, str]:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {major, *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if major == b"crx ":
        return "raw", _RAW["cr3"]
    if brands & _AVIF_BRANDS and not major.startswith(b"hei"):
        return "photo", "image/avif"
    if brands & _HEIC_BRANDS:
        return "photo", "image/heic"
    if major in (b"mif1", b"msf1", b"miaf"):
        return "photo", "image/heif"
    if major == b"qt  ":
        return "video", "video/quicktime"
    if major[:3] in (b"3gp", b"3g2"):
        return "video", "video/3gpp"
    if major in (b"M4A ", b"M4B "):
        return "other", "audio/mp4"
    return "video", "video/quicktime" if extension == "mov" else "video/mp4"


def _is_transport_stream(head: bytes) -> bool:
    for packet, first in ((188, 0), (192, 4)):  # plain, and with Blu-ray's four byte time stamp before each packet
        places = range(first, len(head), packet)
        if len(places) >= 3 and all(head[at] == 0x47 for at in places):
            return True
    return False


def _by_text(head: bytes, extension: str) -> tuple[Kind, str] | None:
    if b"<x:xmpmeta" in head or b"<?xpacket" in head or b"<\0x\0:\0x\0m\0p\0m\0e\0t\0a" in head:
        return "sidecar", _SIDECAR["xmp"]
    if extension == "aae" and head.lstrip()[:5] == b"<?xml":
        return "sidecar", _SIDECAR["aae"]
    return None
