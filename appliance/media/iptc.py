"""IPTC-IIM records to a flat dictionary with exiftool's names ("IPTC:Keywords")."""

from __future__ import annotations

MAX_IPTC_BYTES = 1 << 20
MAX_VALUES = 1000
MAX_TEXT = 4000

_NAMES = {
    5: "ObjectName",
    25: "Keywords",
    55: "DateCreated",
    60: "TimeCreated",
    80: "By-line",
    90: "City",
    92: "Sub-location",
    95: "Province-State",
    100: "Country-PrimaryLocationCode",
    101: "Country-PrimaryLocationName",
    105: "Headline",
    116: "CopyrightNotice",
    120: "Caption-Abstract",
}
_LISTS = {"Keywords", "By-line"}


def read_iptc(data: bytes) -> dict[str, str | list[str]]:
    """Records `1C rr dd ss ss ...` one after the other; stops at the first that is damaged."""
    flat: dict[str, str | list[str]] = {}
    utf8 = False
    at = 0
    end = min(len(data), MAX_IPTC_BYTES)
    for _ in range(MAX_VALUES):
        if at + 5 > end or data[at] != 0x1C:
            break
        record, number = data[at + 1], data[at + 2]
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        at += 5
        if size & 0x8000 or at + size > end:  # extended sizes are for pictures inside, which nobody writes
            break
        value = data[at : at + size]
        at += size
        if record == 1 and number == 90:
            utf8 = value == b"\x1b%G"
        elif record == 2 and number in _NAMES:
            _add(flat, _NAMES[number], _decode(value, utf8))
    return flat


def _decode(value: bytes, utf8: bool) -> str:
    try:
        text = value[:MAX_TEXT].decode("utf-8")
    except UnicodeDecodeError:
        text = value[:MAX_TEXT].decode("utf-8" if utf8 else "cp1252", "replace")
    return text.replace("\0", "").strip()


def _add(flat: dict[str, str | list[str]], name: str, text: str) -> None:
    if name == "DateCreated" and len(text) == 8 and text.isdecimal():
        text = f"{text[:4]}:{text[4:6]}:{text[6:]}"
    elif name == "TimeCreated" and len(text) >= 6 and text[:6].isdecimal():
        zone = text[6:]
        text = f"{text[:2]}:{text[2:4]}:{text[4:6]}" + (f"{zone[:3]}:{zone[3:]}" if len(zone) == 5 else "")
    key = f"IPTC:{name}"
    if name not in _LISTS:
        flat.setdefault(key, text)
        return
    values = flat.setdefault(key, [])
    if isinstance(values, list) and text:
        values.append(text)
