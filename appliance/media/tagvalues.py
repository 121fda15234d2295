"""Single tags to plain values: text without dirt, numbers that are numbers, and the readable rest, all bounded."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_TAGS_BYTES = 64 << 10
MAX_TAG_TEXT = 1000
MAX_TEXTS = 600

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"\s*([+-]?\d{1,15}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?)\s*(?:/\s*(\d{1,10}))?")
_CLOCK = re.compile(r"\s*(\d{1,3}):([0-5]?\d):([0-5]?\d(?:\.\d{1,9})?)")
_QUIET_GROUPS = ("System", "ExifTool", "ICC", "JFIF", "Composite", "PrintIM", "Preview", "CanonCustom", "APP14")


def clean_text(value: object, limit: int) -> str:
    """Text without control characters and surrogates, at most `limit` long; empty for what is no text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return _CONTROL.sub("", str(value)[: limit + 100]).strip()[:limit]


def first_text(flat: dict[str, Any], keys: tuple[str, ...], limit: int) -> str:
    """The first of these tags that has text."""
    return next((text for key in keys if (text := clean_text(flat.get(key), limit))), "")


def number(value: object) -> float | None:
    """A finite number, or text that begins with one ("1/60", "4.5 mm"); None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e300 and math.isfinite(value) else None
    if not isinstance(value, str) or (match := _NUMBER.match(value)) is None:
        return None
    value = float(match[1])
    if match[2]:
        return value / int(match[2]) if int(match[2]) else None
    return value


def seconds(value: object) -> float | None:
    """A number, or a clock's hours, minutes and seconds: what programs write into Matroska is `00:01:02.500000000`."""
    if isinstance(value, str) and (match := _CLOCK.match(value)) is not None:
        return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
    return number(value)


def positive(flat: dict[str, Any], keys: tuple[str, ...], limit: float) -> float | None:
    """The first of these tags that is a number above 0 and below `limit`."""
    for key in keys:
        found = number(flat.get(key))
        if found is not None and 0 < found < limit:
            return found
    return None


def texts(value: object) -> list[str]:
    """A list tag, or a lone value, as texts."""
    values = value if isinstance(value, list) else [value]
    return [str(item) for item in values[:MAX_TEXTS] if isinstance(item, (str, int, float))]


def bounded_tags(flat: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """The readable tags as they are, sidecar's marked, until 64 KB are full."""
    tags: dict[str, Any] = {}
    room = MAX_TAGS_BYTES - 2
    marked = {f"Sidecar:{key}": value for key, value in beside.items()}
    for key, value in [*flat.items(), *marked.items()]:
        if key.startswith(_QUIET_GROUPS) or (plain := _readable(value, 0)) is None:
            continue
        room -= len(key) + len(json.dumps(plain)) + 6
        if room < 0:
            break
        tags[key] = plain
    return tags


def _readable(value: object, depth: int) -> Any:
    if isinstance(value, str):
        text = clean_text(value, MAX_TAG_TEXT)
        return None if text.startswith("(Binary data") else text or None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else str(value)[:40]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > 8:
        return None
    if isinstance(value, list):
        return [plain for item in value[:300] if (plain := _readable(item, depth + 1)) is not None] or None
    if isinstance(value, dict):
        return {
            clean_text(k, 100): p for k, v in list(value.items())[:100] if (p := _readable(v, depth + 1)) is not None
        }
    return None
