"""IPTC records."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.media.iptc import read_iptc


def _record(number: int, value: bytes, record: int = 2) -> bytes:
    return bytes([0x1C, record, number]) + len(value).to_bytes(2, "big") + value


def test_fields_are_named_as_exiftool_names_them() -> None:
    data = (
        _record(90, b"\x1b%G", record=1) + _record(25, "Größe".encode()) + _record(25, b"two") + _record(105, b"Head")
    )
    data += _record(55, b"20190102") + _record(60, b"030405+0545")
    assert read_iptc(data) == {
        "IPTC:Keywords": ["Größe", "two"],
        "IPTC:Headline": "Head",
        "IPTC:DateCreated": "2019:01:02",
        "IPTC:TimeCreated": "03:04:05+05:45",
    }


def test_text_that_states_no_character_set_is_read_as_what_it_looks_like() -> None:
    assert read_iptc(_record(90, "Malmö".encode())) == {"IPTC:City": "Malmö"}
    assert read_iptc(_record(90, "Malmö".encode("latin-1"))) == {"IPTC:City": "Malmö"}


def test_what_stands_before_the_damage_is_kept() -> None:
    assert read_iptc(_record(90, b"Lund") + b"\x1c\x02\x19\xff\xff") == {"IPTC:City": "Lund"}


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    read_iptc(data)
    read_iptc(b"\x1c\x02\x19" + data)
