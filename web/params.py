"""Parameters and values that several routes take: what is described of them, in one place.

Most limits are enforced by `library`, which says in words of the family what is wrong; `SAYS` and `schema_extra` only
describe them, and `tests/web/test_schemathesis.py` holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar.params import PathParameter, QueryParameter

#: Beyond what any library holds, and well within what SQLite counts with.
MOST = 1 << 40


def says(**schema: Any) -> msgspec.Meta:
    """Limits of a field as JSON schema has them, for those that `library` enforces."""
    return msgspec.Meta(extra_json_schema=schema)


_HOW_MANY = "How many at most"
Limit1000 = Annotated[int, QueryParameter(description=_HOW_MANY, schema_extra={"minimum": 1, "maximum": 1000})]
Limit500 = Annotated[int, QueryParameter(description=_HOW_MANY, schema_extra={"minimum": 1, "maximum": 500})]
Limit200 = Annotated[int, QueryParameter(description=_HOW_MANY, schema_extra={"minimum": 1, "maximum": 200})]
Limit50 = Annotated[int, QueryParameter(description=_HOW_MANY, schema_extra={"minimum": 1, "maximum": 50})]
Offset = Annotated[int, QueryParameter(description="How many to leave out", ge=0, le=MOST)]
Cursor = Annotated[str | None, QueryParameter(description="`next` of the part before; without it, the first part")]
MonthPath = Annotated[
    str, PathParameter(description="Such as 2024-05", schema_extra={"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"})
]
Known = Annotated[str, PathParameter(description="As the list of them says")]

NewPassword = Annotated[str, says(minLength=8, maxLength=1024)]
Title = Annotated[str, says(minLength=1, maxLength=200)]
TagName = Annotated[str, says(minLength=1, maxLength=100)]
Rating = Annotated[int, says(minimum=0, maximum=5)]
UserName = Annotated[str, says(minLength=1, maxLength=64, description="Letters, digits and . _ - @ +")]
Fraction = Annotated[float, says(minimum=0, maximum=1)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
