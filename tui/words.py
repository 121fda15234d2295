"""How values are written on the screen: short enough for 80 columns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Iterable

FULL, EMPTY = "━", "─"
LEVELS = " ▁▂▃▄▅▆▇█"


def size(number: float | None) -> str:
    if number is None:
        return "?"
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def span(seconds: float | None) -> str:
    """How long, in one unit or two: "40 s", "12 min", "3 h 20 min", "5 days"."""
    if seconds is None:
        return ""
    seconds = round(seconds)
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 10 and minutes:
        return f"{hours} h {minutes} min"
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


def when(text: str | None) -> str:
    """An ISO-8601 time as seen from now: "12 min ago", "in 3 h"; older than two days as a date."""
    if not text:
        return "never"
    moment = datetime.fromisoformat(text)
    passed = now() - moment
    if abs(passed) > timedelta(days=2):
        return moment.astimezone().strftime("%Y-%m-%d")
    if abs(passed) < timedelta(seconds=1):
        return "now"
    seconds = passed.total_seconds()
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def days_since(text: str) -> int:
    if not text:
        return 0
    return (now() - datetime.fromisoformat(text)).days


def clock(text: str) -> str:
    if not text:
        return "?"
    return datetime.fromisoformat(text).astimezone().strftime("%H:%M:%S")


def moment(text: str) -> str:
    """An ISO-8601 time to the minute, here."""
    if not text:
        return "?"
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")


def plural(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}s"


def bar(share: float, width: int) -> str:
    full = round(max(0.0, min(1.0, share)) * width)
    return FULL * full + EMPTY * (width - full)


def curve(values: Iterable[float], *, most: float | None = None) -> str:
    """One character for each value, as high as its share of `most` (or of the largest); 0 alone is empty."""
    values = list(values)
    most = most or max(values, default=0) or 1
    steps = len(LEVELS) - 1
    return "".join(LEVELS[min(steps, max(1, round(value / most * steps))) if value > 0 else 0] for value in values)


def graph(values: Iterable[float], lines: int, *, most: float | None = None) -> list[str]:
    """The same on several lines, the highest first."""
    values = list(values)
    most = most or max(values, default=0) or 1
    steps = len(LEVELS) - 1
    eighths = [max(1, round(min(1.0, value / most) * lines * steps)) if value > 0 else 0 for value in values]
    return [
        "".join(LEVELS[max(0, min(steps, height - line * steps))] for height in eighths)
        for line in range(lines - 1, -1, -1)
    ]


def cut(text: str, width: int) -> str:
    """At most `width` characters; an ellipsis where some are missing."""
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…" if width > 0 else ""


def clean(text: object) -> str:
    """One line without the control characters that a file's name could steer a terminal with."""
    shown = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join(shown.split())


def result(values: dict[str, object] | None) -> str:
    """What a job reports, without its zeros: "6 found, 2 added"."""
    shown = [(name.replace("_", " "), value) for name, value in (values or {}).items() if value not in (0, "", None)]
    return ", ".join(
        f"{value:,} {name}" if isinstance(value, int) and not isinstance(value, bool) else f"{name} {value}"
        for name, value in shown
        if not isinstance(value, (dict, list))
    )
