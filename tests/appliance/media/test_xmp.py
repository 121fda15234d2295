"""XMP packets."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from appliance.media.xmp import MAX_XMP_BYTES, read_xmp

_NAMES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
        "stArea": "http://ns.adobe.com/xmp/sType/Area#",
        "MP": "http://ns.microsoft.com/photo/1.2/",
        "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
        "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
        "unknown": "http://example.org/",
    }.items()
)


def _packet(inner: str, attributes: str = "") -> bytes:
    body = f"<rdf:RDF {_NAMES}><rdf:Description rdf:about='' {attributes}>{inner}</rdf:Description></rdf:RDF>"
    return (
        f"<?xpacket begin='\ufeff'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>{body}</x:xmpmeta><?xpacket end='w'?>".encode()
    )


def test_attributes_and_elements_say_the_same() -> None:
    as_element = read_xmp(_packet("<xmp:Rating>4</xmp:Rating>"))
    assert as_element == read_xmp(_packet("", "xmp:Rating='4'")) == {"XMP-xmp:Rating": "4"}


def test_lists_languages_and_dates_are_read() -> None:
    flat = read_xmp(
        _packet(
            "<dc:subject><rdf:Bag><rdf:li>Zoë</rdf:li><rdf:li/><rdf:li>b</rdf:li></rdf:Bag></dc:subject>"
            "<dc:title><rdf:Alt><rdf:li xml:lang='de'>Haus</rdf:li><rdf:li xml:lang='x-default'>House</rdf:li>"
            "</rdf:Alt></dc:title><xmp:CreateDate>2019-01-02T03:04:05.5+05:45</xmp:CreateDate>"
            "<unknown:Thing>1</unknown:Thing>"
        )
    )
    assert flat == {
        "XMP-dc:Subject": ["Zoë", "b"],
        "XMP-dc:Title": "House",
        "XMP-xmp:CreateDate": "2019:01:02 03:04:05.5+05:45",
    }


def test_positions_and_fractions_become_numbers() -> None:
    flat = read_xmp(_packet("", "exif:GPSLatitude='33,51.3419S' exif:GPSLongitude='151,12,37.5E' exif:FNumber='28/10'"))
    assert round(flat["XMP-exif:GPSLatitude"], 6) == -33.855698  # -(33 + 51.3419 / 60)
    assert round(flat["XMP-exif:GPSLongitude"], 6) == 151.210417  # 151 + 12 / 60 + 37.5 / 3600
    assert flat["XMP-exif:FNumber"] == 2.8


def test_regions_of_both_makers_are_structures() -> None:
    flat = read_xmp(
        _packet(
            "<mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:RegionList><rdf:Bag><rdf:li>"
            "<rdf:Description mwg-rs:Name='Ann' mwg-rs:Type='Face'>"
            "<mwg-rs:Area stArea:x='0.5' stArea:y='0.25' stArea:w='0.2' stArea:h='0.1'/></rdf:Description>"
            "</rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
            "<MP:RegionInfo><rdf:Description><MPRI:Regions><rdf:Bag>"
            "<rdf:li MPReg:PersonDisplayName='Ben' MPReg:Rectangle='0.1, 0.2, 0.3, 0.4'/>"
            "</rdf:Bag></MPRI:Regions></rdf:Description></MP:RegionInfo>"
        )
    )
    area = {"X": "0.5", "Y": "0.25", "W": "0.2", "H": "0.1"}
    assert flat == {
        "XMP-mwg-rs:RegionInfo": {"RegionList": [{"Name": "Ann", "Type": "Face", "Area": area}]},
        "XMP-MP:RegionInfoMP": {"Regions": [{"PersonDisplayName": "Ben", "Rectangle": "0.1, 0.2, 0.3, 0.4"}]},
    }


def test_two_byte_characters_padding_and_control_characters_are_survived() -> None:
    good = _packet("<xmp:Rating>4</xmp:Rating>")
    for packet in (
        good.decode().encode("utf-16"),
        good + b"\0" * 2000,
        b"junk" + good,
        good.replace(b"<xmp:Rating>4", b"<xmp:Label>a\x01b</xmp:Label><xmp:Rating>4"),
    ):
        assert read_xmp(packet)["XMP-xmp:Rating"] == "4"


def test_entities_are_refused_and_not_expanded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "' + b"ha" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]>'
    packet = bomb + _packet("<xmp:Label>&b;</xmp:Label><xmp:Rating>4</xmp:Rating>")
    assert read_xmp(packet) == {}


def test_a_packet_over_a_megabyte_says_nothing() -> None:
    assert read_xmp(_packet("<xmp:Rating>4</xmp:Rating>" + " " * MAX_XMP_BYTES)) == {}


def test_a_deep_and_a_wide_packet_cost_little() -> None:
    begun = time.process_time()
    deep = "<rdf:Bag><rdf:li>" * 20_000 + "</rdf:li></rdf:Bag>" * 20_000
    read_xmp(_packet(f"<dc:subject>{deep}</dc:subject>"))
    wide = read_xmp(_packet(f"<dc:subject><rdf:Bag>{'<rdf:li>x</rdf:li>' * 50_000}</rdf:Bag></dc:subject>"))
    assert len(wide["XMP-dc:Subject"]) == 1000
    assert time.process_time() - begun < 2


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=800))
def test_any_bytes_are_survived(junk: bytes, at: int) -> None:
    good = _packet("<dc:subject><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></dc:subject>", "xmp:Rating='4'")
    read_xmp(junk)
    read_xmp(good[:at] + junk + good[at:])
    read_xmp(good[:at] + good[at + len(junk) :])
