"""Which methods an address has: Litestar answers for one route of it, and an address may have several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.exceptions import HTTPException

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.types import Method

METHODS: tuple[Method, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def allowed_methods(app: Litestar, path: str) -> str:
    """For the header `Allow` (RFC 9110, section 10.2.1)."""
    return ", ".join(method for method in METHODS if _has(app, path, method))


def _has(app: Litestar, path: str, method: Method) -> bool:
    try:
        app.asgi_router.handle_routing(path=path, method=method)
    except HTTPException:
        return False
    return True
