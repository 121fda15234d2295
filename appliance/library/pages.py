"""Lists in parts: how long a part may be, and the place where the next one begins."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from appliance.db.engine import Row
from appliance.errors import InvalidInputError

MAX_LIMIT = 1000

Place = TypeVar("Place")
#: What places are made of, of which anybody may send any: SQLite takes no larger numbers, and ids as they are stored.
Whole = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class After(NamedTuple):
    """The total goes along, because counting a large library costs more than a part of it."""

    last: Id
    total: Whole


class Page(msgspec.Struct, frozen=True):
    """`next`: the cursor of the following part, None after the last."""

    items: list[Row]
    total: int
    next: str | None


def check_limit(limit: int, most: int = MAX_LIMIT) -> None:
    """Raises InvalidInputError."""
    if not 1 <= limit <= most:
        raise InvalidInputError(f"limit must be between 1 and {most}")


def encode_cursor(*place: Any) -> str:
    """Opaque to clients, but no secret: never what the viewer may not know."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode_cursor(cursor: str, kind: type[Place]) -> Place:
    """The place that was encoded.  kind: the tuple that it is.  Raises InvalidInputError."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidInputError("The cursor cannot be understood", hint="Start again without one.") from error
