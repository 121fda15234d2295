"""Answers of a service that may be of another version: what is not in them has a stand-in, and is remembered.

Every answer and message is read here, so that no screen has to ask whether a field is there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from appliance.errors import HomerollError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHOWN = "\N{REPLACEMENT CHARACTER}"


class VersionsDifferError(HomerollError):
    """What the service says cannot be understood, or what is to be said to it is not known."""

    code = "versions_differ"


class Untold(str):
    """Stands for a value that was not told: no word, 0 in sums, nothing to go through, untrue; shown as `SHOWN`."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __new__(cls) -> Untold:
        return super().__new__(cls, SHOWN)

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __contains__(self, item: object) -> bool:
        return False

    def __getitem__(self, key: object) -> Untold:
        return self

    def get(self, name: str, default: Any = None) -> Any:
        return default

    def items(self) -> tuple[tuple[str, Any], ...]:
        return ()

    def __format__(self, how: str) -> str:
        try:
            return super().__format__(how)
        except ValueError:  # how a number is to be written
            return SHOWN

    def __int__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0

    def __round__(self, digits: int | None = None) -> int:
        return 0

    def __neg__(self) -> int:
        return 0

    def __add__(self, other: Any) -> Any:
        return super().__add__(other) if isinstance(other, str) and other is not self else other

    def __radd__(self, other: Any) -> Any:
        return other

    def __sub__(self, other: Any) -> Any:
        return -other

    def __rsub__(self, other: Any) -> Any:
        return other

    def __mul__(self, other: Any) -> Any:
        return other * 0

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> float:
        return 0.0

    __rtruediv__ = __truediv__

    def __lt__(self, other: Any) -> bool:
        return super().__lt__(other) if isinstance(other, str) else other > 0

    def __gt__(self, other: Any) -> bool:
        return super().__gt__(other) if isinstance(other, str) else other < 0

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not self < other


UNTOLD = Untold()


class Told(dict[str, Any]):
    """An object of an answer; a field that is not there is `UNTOLD`, and its name is put into `missed`."""

    __slots__ = ("missed",)

    def __init__(self, fields: Mapping[str, Any], missed: set[str]) -> None:
        super().__init__(fields)
        self.missed = missed

    def __missing__(self, name: str) -> Untold:
        self.missed.add(name)
        return UNTOLD

    def __or__(self, other: Mapping[str, Any]) -> Told:  # type: ignore[override]  # a dict's makes a dict of it
        return Told({**self, **other}, self.missed)


class Reader:
    """`missed`: the names of fields that were looked for in its answers, and were not there."""

    def __init__(self) -> None:
        self.missed: set[str] = set()
        self._decode = json.JSONDecoder(object_hook=lambda fields: Told(fields, self.missed)).decode

    def read(self, text: str) -> Any:
        """Raises ValueError where it is no JSON."""
        return self._decode(text)


def holds_untold(value: object) -> bool:
    """Whether something that is to be sent is made of what nobody told."""
    if isinstance(value, dict):
        return any(map(holds_untold, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_untold, value))
    return isinstance(value, str) and SHOWN in str(value)
