"""XMP packets, embedded or beside the file, to a flat dictionary with exiftool's names ("XMP-dc:Subject").

Lists are lists, structures are dictionaries, dates are written as exiftool writes them.  Nothing is raised: a packet
that cannot be read says nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError  # the exception only; parsing goes through defusedxml

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_XMP_BYTES = 1 << 20
MAX_DEPTH = 12
MAX_PROPERTIES = 2000
MAX_LIST = 1000
MAX_TEXT = 4000

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_GROUPS = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.microsoft.com/photo/1.0/": "microsoft",
    "http://ns.microsoft.com/photo/1.0": "microsoft",
    "http://ns.microsoft.com/photo/1.2/": "MP",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.acdsee.com/iptc/1.0/": "acdsee",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "iptcCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "iptcExt",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/container/": "GContainer",
    "http://ns.apple.com/faceinfo/1.0/": "apple-fi",
    "http://ns.apple.com/ImageIO/1.0/": "ImageIO",
}
# Inside structures only the local name counts, so members from any namespace are let in.
_DATE = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:?\d\d)?)?)?$")
_FRACTION = re.compile(r"(-?\d{1,12})/(\d{1,12})$")
_COORDINATE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])$")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FRACTION_GROUPS = {"exif", "exifEX", "tiff", "aux"}


def read_xmp(packet: bytes) -> dict[str, Any]:
    """The properties of one packet; empty when it is larger than a megabyte or not well-formed."""
    if not packet or len(packet) > MAX_XMP_BYTES:
        return {}
    root = _parse(packet)
    if root is None:
        return {}
    flat: dict[str, Any] = {}
    for description in root.iter(f"{_RDF}RDF"):
        for node in description:
            if node.tag == f"{_RDF}Description":
                _read_description(node, flat)
    return flat


def _parse(packet: bytes) -> Element | None:
    for text in (packet, _repaired(packet)):
        if text is None:
            continue
        try:
            root: Element = fromstring(text, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError):
            continue  # LookupError: a made-up encoding
        return root
    return None


def _repaired(packet: bytes) -> bytes | None:
    """The rdf element alone, control characters gone: what padding, junk around it and sloppy writers need."""
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff") or packet[:4].count(0) == 2:
        packet = packet.decode("utf-16", "ignore").encode()
    begin, end = packet.find(b"<rdf:RDF"), packet.rfind(b"</rdf:RDF>")
    if begin < 0 or end < begin:
        return None
    inner = packet[begin : end + len(b"</rdf:RDF>")].decode("utf-8", "replace").encode()
    return _CONTROL.sub(b"", inner)


def _read_description(node: Element, flat: dict[str, Any]) -> None:
    for name, value in node.attrib.items():
        _store(flat, name, value)
    for child in node:
        _store(flat, child.tag, _value(child, 0))


def _store(flat: dict[str, Any], name: str, value: Any) -> None:
    uri, _, local = name[1:].partition("}")
    group = _GROUPS.get(uri)
    if group is None or not local or value in (None, "", []) or len(flat) >= MAX_PROPERTIES:
        return
    title = _RENAMED.get((group, local), local[0].upper() + local[1:])
    flat.setdefault(f"XMP-{group}:{title}", _plain(group, title, value))


_RENAMED = {
    ("mwg-rs", "Regions"): "RegionInfo",
    ("MP", "RegionInfo"): "RegionInfoMP",
    ("microsoft", "Rating"): "RatingPercent",
    ("exif", "ISOSpeedRatings"): "ISO",
    ("exif", "FocalLengthIn35mmFilm"): "FocalLengthIn35mmFormat",
    ("exif", "GPSTimeStamp"): "GPSDateTime",
}


def _value(node: Element, depth: int) -> Any:
    """One property: text, a list, the default language's text, or a structure."""
    if depth > MAX_DEPTH:
        return None
    resource = node.attrib.get(f"{_RDF}resource")
    if resource is not None:
        return resource[:MAX_TEXT]
    if node.attrib.get(f"{_RDF}parseType") == "Resource":
        return _structure(node, depth)
    first = next(iter(node), None)
    if first is None:
        members = {
            key: text for key, text in node.attrib.items() if not key.startswith((_RDF, "{http://www.w3.org/XML"))
        }
        return {_local(key): text for key, text in members.items()} if members else (node.text or "").strip()[:MAX_TEXT]
    if first.tag in (f"{_RDF}Bag", f"{_RDF}Seq"):
        return [item for child in list(first)[:MAX_LIST] if (item := _value(child, depth + 1)) not in (None, "")]
    if first.tag == f"{_RDF}Alt":
        return _alternative(first)
    if first.tag == f"{_RDF}Description":
        return _structure(first, depth)
    return None


def _structure(node: Element, depth: int) -> dict[str, Any]:
    members: dict[str, Any] = {_local(k): text for k, text in node.attrib.items() if not k.startswith(_RDF)}
    for child in list(node)[:MAX_LIST]:
        members[_local(child.tag)] = _value(child, depth + 1)
    return members


def _alternative(node: Element) -> str:
    """Text in several languages: the default one, else the first."""
    texts = [(child.attrib.get(_XML_LANG, ""), (child.text or "").strip()) for child in list(node)[:MAX_LIST]]
    default = next((text for language, text in texts if language == "x-default"), texts[0][1] if texts else "")
    return default[:MAX_TEXT]


def _local(name: str) -> str:
    local = name.rpartition("}")[2]
    return local[:1].upper() + local[1:]


def _plain(group: str, title: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value[0] if title == "ISO" and isinstance(value, list) and value else value
    if (match := _DATE.match(value)) and match[3]:
        clock = f" {match[4]}{match[5] or ''}" if match[4] else ""
        return f"{match[1]}:{match[2]}:{match[3]}{clock}"
    if group in _FRACTION_GROUPS:
        if (match := _FRACTION.match(value)) and int(match[2]):
            return int(match[1]) / int(match[2])
        if match := _COORDINATE.match(value):
            degrees = int(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
            return -degrees if match[4] in "SW" else degrees
    return value[:MAX_TEXT]
