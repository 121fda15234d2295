"""JSON bodies are read as they are described: `0` is not false, `"5"` is no number."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request

from appliance.errors import InvalidInputError


class StrictRequest(Request[Any, Any, Any]):
    """Litestar converts bodies as leniently as query strings, which are nothing but text."""

    async def json(self) -> Any:
        """The body as the type that the handler wants; raises InvalidInputError for one that is not that."""
        try:
            value = await super().json()
        except RecursionError as error:
            raise InvalidInputError("The request cannot be understood: brackets within brackets") from error
        wanted = self.route_handler.parsed_fn_signature.parameters.get("data")
        if wanted is None:
            return value
        try:
            return msgspec.convert(value, wanted.annotation)
        except msgspec.ValidationError as error:
            raise InvalidInputError(f"The request cannot be understood: {error}") from error
